// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "commands/context.hpp"
#include "commands/table_reader.hpp"
#include "line/command.hpp"
#include "output/share.hpp"

namespace ipvsadm {

/// What the kernel had counted at one time: enough to compare with later.
struct Look {
  struct Server {
    ipvs::DestinationKey key;
    std::int32_t weight;
    std::uint32_t upper_threshold;
    Traffic traffic;
  };
  struct Service {
    ipvs::ServiceKey key;
    std::string scheduler;
    Traffic traffic;
    std::vector<Server> servers;  ///< sorted by key
  };

  std::chrono::steady_clock::time_point time;
  std::vector<Service> services;  ///< sorted by key

  const Service* find(const ipvs::ServiceKey& key) const;
};

/// The looks of the last minute of a program that watches.
class Looks {
 public:
  /// Whether what is listed has a minute beside each server.
  explicit Looks(bool minute) : minute_(minute) {}

  bool empty() const { return looks_.empty(); }
  bool has_minute() const { return minute_; }
  /// Forgets what no later listing needs, whose interval is `interval`.
  void add(Look look, std::chrono::milliseconds interval);
  /// The last look that is at least `interval` older than the newest, or the oldest one. There must be two.
  const Look& before(std::chrono::milliseconds interval) const;
  const Look& newest() const { return looks_.back(); }
  /// A server's connections at every look that found it, since it was last missing.
  std::vector<Counted> counted(const ipvs::ServiceKey& service, const ipvs::DestinationKey& server) const;

 private:
  bool minute_;
  std::deque<Look> looks_;
};

/// Leaves the listing in context.output(). The first time it takes an interval.
void list_shares(const ListShares& list, TableReader& table, Context& context, Looks& looks);

}  // namespace ipvsadm
