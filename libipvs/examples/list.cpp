// SPDX-License-Identifier: MIT
// Lists all virtual services and their real servers.
#include <algorithm>
#include <cstdio>

#include <ipvs/ipvs.hpp>

namespace {

void print_server(const ipvs::DestinationEntry& entry) {
  const ipvs::Destination& server = entry.destination;
  std::printf("  %s port %u, weight %d: %u active, %u inactive\n", server.key.address.to_string().c_str(),
              unsigned{server.key.port}, server.weight, entry.active_connections, entry.inactive_connections);
}

void print_service(const ipvs::ServiceEntry& entry) {
  const ipvs::Service& service = entry.service;
  if (service.key.is_fwmark()) {
    std::printf("mark %u", service.key.fwmark);
  } else {
    std::printf("protocol %u, %s port %u", static_cast<unsigned>(service.key.protocol),
                service.key.address.to_string().c_str(), unsigned{service.key.port});
  }
  std::printf(", %s\n", service.scheduler.c_str());
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
