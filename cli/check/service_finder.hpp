// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

namespace ipvsadm {

/// Finds the service that a connection counts to. The kernel's list of connections has no marks: what no service by
/// address takes and goes to a server of a mark counts to the mark.
class ServiceFinder {
 public:
  /// Services are numbered from 0 on, in the order in which they are added.
  void add(const ipvs::ServiceKey& key, const std::vector<ipvs::DestinationEntry>& servers);

  /// None when there is no such service, or no more.
  std::optional<std::size_t> find(const ipvs::Connection& connection) const;

 private:
  std::size_t added_ = 0;
  std::map<ipvs::ServiceKey, std::size_t> services_;
  std::map<std::pair<ipvs::Family, ipvs::DestinationKey>, std::size_t> of_marks_;  ///< by the servers of marks
};

}  // namespace ipvsadm
