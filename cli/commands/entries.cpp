// SPDX-License-Identifier: MIT
#include "commands/entries.hpp"

#include <algorithm>
#include <cerrno>

#include "ipvs/error.hpp"

namespace ipvsadm {

std::vector<ipvs::DestinationEntry> destinations_if_there(ipvs::Client& client, const ipvs::ServiceKey& key) {
  try {
    return client.destinations(key);
  } catch (const ipvs::Error& error) {
    if (error.error_number() == ESRCH) return {};
    throw;
  }
}

void sort_services(std::vector<ipvs::ServiceEntry>& services) {
  std::ranges::sort(
      services, {}, [](const ipvs::ServiceEntry& e) -> const auto& { return e.service.key; });
}

void sort_servers(std::vector<ipvs::DestinationEntry>& servers) {
  std::ranges::sort(
      servers, {}, [](const ipvs::DestinationEntry& e) -> const auto& { return e.destination.key; });
}

}  // namespace ipvsadm
