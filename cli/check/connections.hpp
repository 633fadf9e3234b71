// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "check/facts.hpp"
#include "check/service_finder.hpp"
#include "ipvs/connection.hpp"

namespace ipvsadm {

/// Sums up the connection table by services and servers.
class ConnectionSummer {
 public:
  explicit ConnectionSummer(Facts& facts);

  /// Reads the table of the calling thread's namespace, and a second time if handshakes hang: true then. Does nothing
  /// where it can't be read.
  bool sum();

 private:
  template <typename Visit>
  void visit_connections(Visit visit);
  ServiceFacts* service_of(const ipvs::Connection& connection);
  ipvs::DestinationKey server_of(const ServiceFacts& service, const ipvs::Connection& connection) const;
  void add(const ipvs::Connection& connection);
  void look_again(const ipvs::Connection& connection);

  Facts& facts_;
  ServiceFinder finder_;
  std::set<std::pair<const ServiceFacts*, ipvs::DestinationKey>> servers_;
  // At the first look:
  std::unordered_map<std::string, std::chrono::seconds> handshakes_;  ///< with the time to their end
  std::vector<std::size_t> shaken_hands_;                             ///< hashes, sorted for the second
};

}  // namespace ipvsadm
