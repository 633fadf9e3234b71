// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>

/// The program's operator new counts, and fails once when asked to.
namespace failing_memory {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

/// Has the allocation fail before which `allocations` others succeed, and no other.
void fail_after(std::size_t allocations);
/// Ends that; whether one did fail.
bool stop();
/// Does not count while it is above 0.
void pause(int by);

}  // namespace failing_memory

/// While it lives, allocations neither fail nor count: for what only plays a part.
class MemoryWithoutEnd {
 public:
  MemoryWithoutEnd() { failing_memory::pause(1); }
  ~MemoryWithoutEnd() { failing_memory::pause(-1); }
  MemoryWithoutEnd(const MemoryWithoutEnd&) = delete;
  MemoryWithoutEnd& operator=(const MemoryWithoutEnd&) = delete;
};
