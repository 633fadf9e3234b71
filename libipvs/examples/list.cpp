// SPDX-License-Identifier: MIT
// Lists all virtual services and their real servers.
#include <algorithm>
#include <cstdio>

#include <ipvs/ipvs.hpp>

namespace {

void print_server(const ipvs::DestinationEntry& entry) {
  const ipvs::Destination& server = entry.destination;
  std::printf("  %s, weight %d: %u active, %u inactive\n", ipvs::to_string(server.key).c_str(), server.weight,
              entry.active_connections, entry.inactive_connections);
}

void print_service(const ipvs::ServiceEntry& entry) {
  const ipvs::Service& service = entry.service;
  std::printf("%s, %s\n", ipvs::to_string(service.key).c_str(), service.scheduler.c_str());
}

}  // namespace

int main() {
  try {
    ipvs::Client client;
    auto services = client.services();
    std::ranges::sort(services, {}, [](const ipvs::ServiceEntry& entry) { return entry.service.key; });
    for (const ipvs::ServiceEntry& service : services) {
      print_service(service);
      for (const ipvs::DestinationEntry& server : client.destinations(service.service.key)) print_server(server);
    }
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "list: %s\n", error.what());
    return 1;
  }
}
