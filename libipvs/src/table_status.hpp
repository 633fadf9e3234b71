// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ipvs {

/// What /proc/net/ip_vs_status says of the connection table. The kernel has this file from 7.1 on, where the table
/// grows and shrinks.
struct TableStatus {
  std::uint64_t connections = 0;  ///< exact: every entry, templates too
  std::uint64_t buckets = 0;
  /// The buckets counted by the length of their chains. While the entries move to a new table, those of both.
  std::uint64_t counted_buckets = 0;

  [[nodiscard]] bool is_moving() const { return counted_buckets != buckets; }
};

/// Reads the file's text; none if the lines aren't there. Pure.
[[nodiscard]] std::optional<TableStatus> parse_table_status(std::string_view text);

}  // namespace ipvs
