// SPDX-License-Identifier: MIT
#include "check/service_finder.hpp"

#include <cstdint>

#include "output/connection_sums.hpp"

namespace ipvsadm {

void ServiceFinder::add(const ipvs::ServiceKey& key, const std::vector<ipvs::DestinationEntry>& servers) {
  const std::size_t number = added_++;
  services_.emplace(key, number);
  if (!key.is_fwmark()) return;
  for (const ipvs::DestinationEntry& server : servers) {
    of_marks_.emplace(std::pair(key.family, server.destination.key), number);
  }
}

std::optional<std::size_t> ServiceFinder::find(const ipvs::Connection& connection) const {
  ipvs::ServiceKey key = named_service(connection);
  // A service of port 0 takes what none of its address takes.
  for (const std::uint16_t port : {key.port, std::uint16_t{0}}) {
    key.port = port;
    const auto found = services_.find(key);
    if (found != services_.end()) return found->second;
  }
  const ipvs::Endpoint& server = connection.destination;
  for (const std::uint16_t port : {server.port, std::uint16_t{0}}) {
    const auto found = of_marks_.find({connection.client.address.family(), {server.address, port}});
    if (found != of_marks_.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace ipvsadm
