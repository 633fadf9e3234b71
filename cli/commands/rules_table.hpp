// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "ipvs/table.hpp"
#include "line/rules_file.hpp"

namespace ipvsadm {

/// The table that a rules file describes, and the lines that say so.
struct Wanted {
  ipvs::Table table;
  std::map<ipvs::ServiceKey, std::size_t> service_lines;
  std::map<std::pair<ipvs::ServiceKey, ipvs::DestinationKey>, std::size_t> server_lines;
  std::map<ipvs::DaemonRole, std::size_t> daemon_lines;
  std::size_t timeouts_line = 0;

  /// The line that a change comes from; 0 for one that comes from no line, as deletions do.
  std::size_t line_of(const ipvs::Change& change) const;
};

/// Rules of the kinds that -S writes, in any order: -A, -a, --set and --start-daemon; before the first -A and -a also
/// -C. Throws Failure(2) for any other command, for two lines that contradict each other, for a server without its
/// service, and when there is no rule at all.
Wanted read_wanted(const Rules& rules);

}  // namespace ipvsadm
