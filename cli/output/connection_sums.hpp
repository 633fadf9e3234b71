// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipvs/connection.hpp"
#include "line/command.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

namespace ipvsadm {

/// What connections have in common that count as one group: of the members only those that are asked for.
struct SumGroup {
  ipvs::Protocol protocol = ipvs::Protocol::none;
  ipvs::Address client;
  ipvs::ServiceKey service;
  ipvs::Endpoint server;
  std::string state;

  friend auto operator<=>(const SumGroup&, const SumGroup&) = default;
  friend bool operator==(const SumGroup&, const SumGroup&) = default;
};
struct Sum {
  SumGroup group;
  std::uint64_t connections = 0;
};

/// The service that the connection itself names: by its virtual address and port, whether there is one or not; by the
/// mark for a template of a mark, which the kernel writes where the virtual address stands.
ipvs::ServiceKey named_service(const ipvs::Connection& connection);

/// Counts connections by what is asked for; its memory grows with the groups, not with the connections.
class ConnectionSums {
 public:
  explicit ConnectionSums(const Sums& wanted) : wanted_(wanted) {}

  void add(const ipvs::Connection& connection);
  void clear() {
    groups_.clear();
    total_ = 0;
  }
  std::uint64_t total() const { return total_; }
  /// The largest first, no more than are wanted; those that are alike by what they have in common.
  std::vector<Sum> largest() const;

 private:
  const Sums& wanted_;
  std::map<SumGroup, std::uint64_t> groups_;
  std::uint64_t total_ = 0;
};

/// A table with a column for the numbers, and one for each key.
void render_sums(Output& output, const std::vector<Sum>& sums, const Sums& wanted, Names* names);

}  // namespace ipvsadm
