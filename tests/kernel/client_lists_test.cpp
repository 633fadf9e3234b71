// SPDX-License-Identifier: MIT
// Lists from the real kernel: whole while others change the table, and with entries that no enumerator names.
#include <atomic>
#include <map>
#include <thread>

#include "client_fixture.hpp"

namespace {

ServiceKey numbered(const char* address, std::uint16_t port) { return ServiceKey::tcp(v4(address), port); }

/// Adds and deletes 200 services, over and over, on a socket of its own.
class Rival {
 public:
  Rival() : thread_([this] { work(); }) {}
  ~Rival() {
    stop_ = true;
    thread_.join();
  }
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;
  int rounds() const { return rounds_; }

 private:
  void work() {
    Client client;
    while (!stop_) {
      for (std::uint16_t port = 1; port <= 200; ++port) client.add_service(Service(numbered("10.0.0.2", port), "rr"));
      for (std::uint16_t port = 1; port <= 200; ++port) client.delete_service(numbered("10.0.0.2", port));
      ++rounds_;
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> rounds_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "services that nobody touches are listed once each while others come and go") {
  constexpr std::uint16_t untouched = 2000;
  Client client;
  std::vector<ipvs::Change> additions;
  for (std::uint16_t port = 1; port <= untouched; ++port) {
    additions.emplace_back(ipvs::AddService{Service(numbered("10.0.0.1", port), "rr")});
  }
  carry_out(client, additions);

  const Rival rival;
  while (rival.rounds() == 0) usleep(1000);
  int wrong = 0;
  constexpr int lists = 30;
  for (int i = 0; i < lists; ++i) {
    std::map<ServiceKey, int> seen;
    for (const auto& entry : client.services()) ++seen[entry.service.key];
    bool whole = true;
    for (std::uint16_t port = 1; port <= untouched; ++port) whole = whole && seen[numbered("10.0.0.1", port)] == 1;
    wrong += whole ? 0 : 1;
  }
  INFO("the other client had " << rival.rounds() << " rounds");
  CHECK(wrong == 0);
  CHECK(rival.rounds() > 1);
}

TEST_CASE_METHOD(Fixture, "entries that no enumerator names are listed with their numbers") {
  Client client;
  const ServiceKey gre = ServiceKey::of(static_cast<ipvs::Protocol>(47), v4("10.0.0.1"), 1);
  client.add_service(Service(gre, "rr"));
  Destination odd = server("10.1.1.1");
  odd.forwarding = static_cast<ipvs::Forwarding>(6);
  client.add_destination(gre, odd);
  Destination tunnel = server("10.1.1.2");
  tunnel.forwarding = ipvs::Forwarding::tunnel;
  tunnel.tunnel_type = static_cast<ipvs::TunnelType>(7);
  tunnel.tunnel_checksum = static_cast<ipvs::TunnelChecksum>(3);
  client.add_destination(gre, tunnel);

  const auto services = client.services();
  REQUIRE(services.size() == 1);
  CHECK(services[0].service.key == gre);
  std::map<ipvs::DestinationKey, Destination> listed;
  for (const auto& entry : client.destinations(gre)) listed[entry.destination.key] = entry.destination;
  CHECK(listed == std::map<ipvs::DestinationKey, Destination>{{odd.key, odd}, {tunnel.key, tunnel}});
}
