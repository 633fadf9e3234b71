// SPDX-License-Identifier: MIT
// Any text in place of /proc/net/ip_vs: it is a table or it isn't one.
#include "commands/short_view.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)ipvsadm::parse_short_view({reinterpret_cast<const char*>(data), size}, 250);
  return 0;
}
