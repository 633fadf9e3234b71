/* SPDX-License-Identifier: MIT
 * Preloaded under user-mode-linux 6.1, which dies at once on processors with AMX: its buffer for PTRACE_SETREGSET of
 * NT_X86_XSTATE is smaller than their XSAVE area, and the host takes only the whole area. So the whole is read, the given
 * part laid over its start, and the whole written. Where the buffer is large enough nothing is different.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Not on the stack: user-mode-linux calls with its kernel's small ones, and with one at a time. */
static char area[1 << 16];

static long set_whole_area(pid_t pid, void *address, const struct iovec *given) {
  struct iovec whole = {area, sizeof area};
  if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &whole) != 0 || whole.iov_len <= given->iov_len)
    return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, address, given);
  memcpy(area, given->iov_base, given->iov_len);
  return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, address, &whole);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && (uintptr_t)address == NT_X86_XSTATE)
    return set_whole_area(pid, address, data);
  if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
    return syscall(SYS_ptrace, request, pid, address, data);
  /* The system call stores what was read; the function returns it. */
  long value = 0;
  if (syscall(SYS_ptrace, request, pid, address, &value) == -1)
    return -1;
  errno = 0;
  return value;
}
