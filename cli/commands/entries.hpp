// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "ipvs/client.hpp"

namespace ipvsadm {

/// The destinations, or none when the service has gone since it was listed.
std::vector<ipvs::DestinationEntry> destinations_if_there(ipvs::Client& client, const ipvs::ServiceKey& key);

void sort_services(std::vector<ipvs::ServiceEntry>& services);
void sort_servers(std::vector<ipvs::DestinationEntry>& servers);

/// Calls `visit` with every one of the services and its servers, these in the order of the listing.
template <typename Visit>
void for_each_service(const std::vector<ipvs::ServiceEntry>& services, bool sorted, ipvs::Client& client, Visit visit) {
  for (const ipvs::ServiceEntry& service : services) {
    std::vector<ipvs::DestinationEntry> servers = destinations_if_there(client, service.service.key);
    if (sorted) sort_servers(servers);
    visit(service, servers);
  }
}

}  // namespace ipvsadm
