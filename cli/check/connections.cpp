// SPDX-License-Identifier: MIT
#include "check/connections.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "ipvs/error.hpp"

namespace ipvsadm {
namespace {

// A handshake of a client that is not far away takes less, and a client that gets no answer sends again after a second.
// The kernel adds up its counters every two seconds (Kernel: ip_vs_est.c).
constexpr auto time_between_looks = std::chrono::milliseconds(2050);
// Kernel: tcp_timeouts of ip_vs_proto_tcp.c.
constexpr auto handshake_timeout = std::chrono::seconds(60);
// A client that gave up longer ago shows what was, not what is.
constexpr auto most_silence = std::chrono::seconds(10);
constexpr std::size_t most_handshakes = 10'000;
constexpr std::size_t most_clients = 4;

bool is_handshake(const ipvs::Connection& connection) {
  return connection.protocol == ipvs::Protocol::tcp && connection.state == "SYN_RECV" &&
         connection.expires > handshake_timeout - most_silence;
}

bool is_open(const ipvs::Connection& connection) {
  if (connection.is_template()) return false;
  return connection.protocol == ipvs::Protocol::udp || connection.state == "ESTABLISHED";
}

/// Its handshake was done. NONE is also what a sync daemon made.
bool has_shaken_hands(const ipvs::Connection& connection) {
  return connection.protocol == ipvs::Protocol::tcp && !connection.is_template() && connection.state != "SYN_RECV" &&
         connection.state != "SYN_SENT" && connection.state != "NONE" && connection.state != "LISTEN";
}

std::string name_of(const ipvs::Connection& connection) {
  return fmt::format("{} {} {} {}", connection.client.address.to_string(), connection.client.port,
                     connection.virtual_service.address.to_string(), connection.virtual_service.port);
}

void remember(std::vector<ipvs::Address>& clients, const ipvs::Address& client) {
  if (clients.size() < most_clients && std::ranges::find(clients, client) == clients.end()) clients.push_back(client);
}

std::size_t hash_of(const ipvs::Connection& connection) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  const std::hash<ipvs::Address> hash;
  std::uint64_t value = connection.client.port;
  value = value * odd + connection.virtual_service.port;
  value = value * odd + hash(connection.client.address);
  value = value * odd + hash(connection.virtual_service.address);
  // The better half where that is all there is room for.
  return static_cast<std::size_t>(value >> (64 - std::numeric_limits<std::size_t>::digits));
}

}  // namespace

ConnectionSummer::ConnectionSummer(Facts& facts) : facts_(facts) {
  for (const ServiceFacts& service : facts.services) {
    finder_.add(service.entry.service.key, service.servers);
    for (const auto& server : service.servers) servers_.emplace(&service, server.destination.key);
  }
}

template <typename Visit>
void ConnectionSummer::visit_connections(Visit visit) {
  try {
    ipvs::ConnectionReader reader;
    facts_.connections = reader.count();
    ipvs::Connection connection;
    while (reader.next(connection)) visit(connection);
  } catch (const ipvs::Error&) {
    // What the other facts show is worth a report all the same.
  }
}

bool ConnectionSummer::sum() {
  visit_connections([&](const ipvs::Connection& connection) { add(connection); });
  if (handshakes_.empty()) return false;
  std::ranges::sort(shaken_hands_);
  std::this_thread::sleep_for(time_between_looks);
  visit_connections([&](const ipvs::Connection& connection) { look_again(connection); });
  return true;
}

ServiceFacts* ConnectionSummer::service_of(const ipvs::Connection& connection) {
  const std::optional<std::size_t> found = finder_.find(connection);
  return found ? &facts_.services[*found] : nullptr;
}

ipvs::DestinationKey ConnectionSummer::server_of(const ServiceFacts& service,
                                                 const ipvs::Connection& connection) const {
  const ipvs::DestinationKey key{connection.destination.address, connection.destination.port};
  const ipvs::DestinationKey any_port{connection.destination.address, 0};
  // A server of port 0 takes the client's.
  return !servers_.contains({&service, key}) && servers_.contains({&service, any_port}) ? any_port : key;
}

void ConnectionSummer::add(const ipvs::Connection& connection) {
  ServiceFacts* service = service_of(connection);
  if (service == nullptr) return;
  ServerConnections& sums = service->connections[server_of(*service, connection)];
  if (connection.is_template()) {
    ++sums.templates;
    return;
  }
  ++(facts_.addresses.contains(connection.client.address) ? service->local_clients : service->remote_clients);
  if (is_open(connection)) ++sums.open;
  if (has_shaken_hands(connection)) {
    ++sums.shaken_hands;
    shaken_hands_.push_back(hash_of(connection));
  }
  if (is_handshake(connection) && handshakes_.size() < most_handshakes)
    handshakes_.emplace(name_of(connection), connection.expires);
}

void ConnectionSummer::look_again(const ipvs::Connection& connection) {
  const bool done = has_shaken_hands(connection);
  if (!done && !is_handshake(connection)) return;
  ServiceFacts* service = service_of(connection);
  if (service == nullptr) return;
  if (done) {
    if (!std::ranges::binary_search(shaken_hands_, hash_of(connection)))
      ++service->connections[server_of(*service, connection)].new_handshakes;
    return;
  }
  const auto before = handshakes_.find(name_of(connection));
  if (before == handshakes_.end()) return;
  ServerConnections& sums = service->connections[server_of(*service, connection)];
  ++sums.half_open;
  remember(sums.half_open_clients, connection.client.address);
  // Without a packet two seconds less would be left.
  if (connection.expires <= before->second - std::chrono::seconds(2)) return;
  ++sums.still_trying;
  remember(sums.trying_clients, connection.client.address);
}

}  // namespace ipvsadm
