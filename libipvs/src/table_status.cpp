// SPDX-License-Identifier: MIT
#include "table_status.hpp"

#include <charconv>

namespace ipvs {

std::optional<TableStatus> parse_table_status(std::string_view text) {
  TableStatus status;
  bool connections = false;
  bool buckets = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
    const std::size_t colon = line.find(":\t");
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    line.remove_prefix(colon + 2);
    std::uint64_t number = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), number).ec != std::errc()) continue;
    if (name == "Conns") {
      status.connections = number;
      connections = true;
    } else if (name == "Conn buckets") {
      status.buckets = number;
      buckets = true;
    } else if (name.starts_with("Conn buckets ")) {
      status.counted_buckets += number;
    }
  }
  if (!connections || !buckets) return std::nullopt;
  return status;
}

}  // namespace ipvs
