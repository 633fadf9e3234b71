// SPDX-License-Identifier: MIT
// Any text in place of a line of /proc/net/ip_vs_conn: it is a connection, which is then listed, or it isn't one.
#include "ipvs/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "output/json.hpp"
#include "output/render.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipvs::Connection connection;
  if (!ipvs::parse_connection({reinterpret_cast<const char*>(data), size}, connection)) return 0;
  ipvsadm::Text text;
  ipvsadm::render_connection(text, connection, true, nullptr);
  ipvsadm::json_connection(text, connection);
  return 0;
}
