// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "commands/context.hpp"
#include "ipvs/connection.hpp"
#include "line/command.hpp"

namespace ipvsadm {

/// Why connections of servers that get no new ones live on, as far as the kernel's settings and the connections show.
class DrainObstacles {
 public:
  /// Looks at the connections that are there now; the servers' weights are 0.
  DrainObstacles(const Drain& drain, Context& context);

  /// Looks again, and gives a line for each obstacle that was not given before. Empty where the connections can't be
  /// read.
  std::vector<std::string> news();

 private:
  using Clock = std::chrono::steady_clock;

  template <typename Visit>
  void visit_connections(Visit visit) const;
  bool is_used_again(const ipvs::Connection& connection) const;
  std::string persistence_line() const;
  std::string reuse_line(std::size_t reused) const;
  std::string udp_line(std::size_t used) const;

  Context& context_;
  ListConnections wanted_;
  bool persistent_ = false;
  std::chrono::seconds udp_timeout_{0};
  std::unordered_map<std::string, Clock::time_point>
      ended_;  ///< TCP connections at the first look, and when they are to be forgotten
  std::unordered_set<std::string> given_;
  const Clock::time_point start_ = Clock::now();
};

}  // namespace ipvsadm
