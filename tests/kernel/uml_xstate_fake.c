/* SPDX-License-Identifier: MIT
 * Preloaded to make any x86-64 processor look like one with AMX to ptrace: the XSAVE area is 8 KiB larger than it is, and a
 * part of it is refused, as Linux does. The test of uml_xstate.c stands on it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { more = 8192 };
static char real_area[1 << 16];

/* real SYSCALL: the C library's */
static long real(long number, long a, long b, long c, long d, long e, long f) {
  static long (*next)(long, ...);
  if (!next)
    next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  return next(number, a, b, c, d, e, f);
}

static long area_request(long request, long pid, struct iovec *given) {
  struct iovec whole = {real_area, sizeof real_area};
  if (real(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, (long)&whole, 0, 0) != 0)
    return -1;
  if (request == PTRACE_GETREGSET) {
    size_t size = whole.iov_len + more;
    if (given->iov_len > size)
      given->iov_len = size;
    memset(given->iov_base, 0, given->iov_len);
    memcpy(given->iov_base, real_area, given->iov_len < whole.iov_len ? given->iov_len : whole.iov_len);
    return 0;
  }
  if (given->iov_len < whole.iov_len + more) {
    errno = EFAULT;
    return -1;
  }
  memcpy(real_area, given->iov_base, whole.iov_len);
  return real(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, (long)&whole, 0, 0);
}

long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long);
  long d = va_arg(arguments, long), e = va_arg(arguments, long), f = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_ptrace && (a == PTRACE_GETREGSET || a == PTRACE_SETREGSET) && c == NT_X86_XSTATE)
    return area_request(a, b, (struct iovec *)d);
  return real(number, a, b, c, d, e, f);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  long pid = va_arg(arguments, pid_t), address = (long)va_arg(arguments, void *), data = (long)va_arg(arguments, void *);
  va_end(arguments);
  if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
    return syscall(SYS_ptrace, (long)request, pid, address, data, 0L, 0L);
  long value = 0;
  if (syscall(SYS_ptrace, (long)request, pid, address, (long)&value, 0L, 0L) == -1)
    return -1;
  errno = 0;
  return value;
}
