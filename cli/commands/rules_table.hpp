// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "ipvs/table.hpp"
#include "line/rules_file.hpp"

namespace ipvsadm {

/// The table that a rules file describes, and the lines that say so. Tables are large: a line takes 16 bytes.
class Wanted {
 public:
  /// Rules of the kinds that -S writes, in any order: -A, -a, --set and --start-daemon; before the first -A and -a also
  /// -C. Throws Failure(2) for any other command, for two lines that contradict each other, for a server without its
  /// service, and when there is no rule at all. The rules are given back to the system one by one.
  explicit Wanted(Rules&& rules);
  Wanted(Wanted&&) = default;
  Wanted& operator=(Wanted&&) = default;

  const ipvs::Table& table() const { return table_; }
  /// The first line that a change comes from; 0 for one that comes from no line, as deletions do.
  std::size_t line_of(const ipvs::Change& change) const;

 private:
  struct Collector;
  struct LineFinder;

  void require_services() const;

  ipvs::Table table_;
  /// Of each service and server by its place in the table, where it stays. Sorted.
  std::vector<std::pair<const void*, std::uint32_t>> lines_;
  std::map<ipvs::DaemonRole, std::size_t> daemon_lines_;
  std::size_t timeouts_line_ = 0;
};

}  // namespace ipvsadm
