// SPDX-License-Identifier: MIT
// To be preloaded: has one allocation of a program fail, and leaves a file behind when it did.
//
//   FAIL_AT=N       the Nth allocation fails, from 1
//   FAIL_ON=1       and so do all after it; empty: it alone
//   FAIL_MARK=FILE  what is left behind
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

// NOLINTBEGIN: glibc's own names, and functions that the standard library has too
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
}

namespace {

bool fails() {
  static long seen = 0;
  const char* number = std::getenv("FAIL_AT");
  const char* on = std::getenv("FAIL_ON");
  const char* mark = std::getenv("FAIL_MARK");
  if (number == nullptr || on == nullptr || mark == nullptr) return false;
  const long at = std::strtol(number, nullptr, 10);
  ++seen;
  if (seen < at || (seen > at && *on == '\0')) return false;
  const int file = open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (file >= 0) close(file);
  errno = ENOMEM;
  return true;
}

}  // namespace

extern "C" {
[[gnu::visibility("default")]] void* malloc(std::size_t size) noexcept {
  return fails() ? nullptr : __libc_malloc(size);
}
[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails() ? nullptr : __libc_calloc(count, size);
}
[[gnu::visibility("default")]] void* realloc(void* memory, std::size_t size) noexcept {
  return fails() ? nullptr : __libc_realloc(memory, size);
}
}
// NOLINTEND
