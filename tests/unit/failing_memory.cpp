// SPDX-License-Identifier: MIT
#include "failing_memory.hpp"

#include <cstdlib>
#include <new>

namespace failing_memory {
namespace {

std::size_t left = never;
bool failed = false;
int paused = 0;

bool next_fails() {
  if (paused > 0 || left == never) return false;
  if (left-- > 0) return false;
  left = never;
  failed = true;
  return true;
}

}  // namespace

void fail_after(std::size_t allocations) {
  left = allocations;
  failed = false;
}

bool stop() {
  left = never;
  return failed;
}

void pause(int by) { paused += by; }

}  // namespace failing_memory

void* operator new(std::size_t size) {
  void* memory = failing_memory::next_fails() ? nullptr : std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
// The sanitizer's own would not go with our delete.
void* operator new(std::size_t size, const std::nothrow_t& /*unused*/) noexcept {
  return failing_memory::next_fails() ? nullptr : std::malloc(size > 0 ? size : 1);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
