// SPDX-License-Identifier: MIT
#include "commands/connection_filter.hpp"

#include <algorithm>
#include <cerrno>

#include "ipvs/error.hpp"

namespace ipvsadm {
namespace {

bool takes(const ipvs::ServiceKey& service, const ipvs::Connection& connection) {
  return static_cast<std::uint16_t>(service.protocol) == connection.protocol &&
         service.address == connection.virtual_service.address &&
         (service.port == 0 || service.port == connection.virtual_service.port);
}

/// The kernel writes the mark of a persistence template where the virtual address stands.
bool is_template_of(std::uint32_t fwmark, const ipvs::Connection& connection) {
  if (connection.protocol != 0) return false;
  const auto& bytes = connection.virtual_service.address.bytes();
  const auto first_four = ipvs::Address::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                                            std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]});
  return first_four.v4_number() == fwmark;
}

/// Connections may outlive their service.
std::vector<ipvs::DestinationKey> servers_if_there(ipvs::Client& client, const ipvs::ServiceKey& service) try {
  std::vector<ipvs::DestinationKey> servers;
  for (const ipvs::DestinationEntry& server : client.destinations(service)) servers.push_back(server.destination.key);
  return servers;
} catch (const ipvs::Error& error) {
  if (error.error_number() == ESRCH) return {};
  throw;
}

}  // namespace

ConnectionFilter::ConnectionFilter(const ListConnections& wanted, ipvs::Client& client) : wanted_(wanted) {
  if (!wanted.service || (!wanted.service->is_fwmark() && wanted.service->port != 0)) return;
  if (wanted.service->is_fwmark()) mark_servers_ = servers_if_there(client, *wanted.service);
  for (const ipvs::ServiceEntry& service : client.services()) {
    const ipvs::ServiceKey& key = service.service.key;
    if (!key.is_fwmark() && (wanted.service->is_fwmark() || key.port != 0)) address_services_.push_back(key);
  }
}

bool ConnectionFilter::passes(const ipvs::Connection& connection) const {
  if (wanted_.service && !passes_service(connection)) return false;
  if (wanted_.server && *wanted_.server != connection.destination.address) return false;
  if (wanted_.server_port && *wanted_.server_port != connection.destination.port) return false;
  if (wanted_.client && !connection.client.address.in_network(wanted_.client->address, wanted_.client->length)) {
    return false;
  }
  return wanted_.state.empty() || wanted_.state == connection.state;
}

bool ConnectionFilter::passes_all() const {
  return !wanted_.service && !wanted_.server && !wanted_.server_port && !wanted_.client && wanted_.state.empty();
}

bool ConnectionFilter::passes_service(const ipvs::Connection& connection) const {
  if (wanted_.service->is_fwmark()) return passes_fwmark(connection);
  return takes(*wanted_.service, connection) && !taken_by_address(connection);
}

bool ConnectionFilter::passes_fwmark(const ipvs::Connection& connection) const {
  if (connection.client.address.family() != wanted_.service->family) return false;
  if (is_template_of(wanted_.service->fwmark, connection)) return true;
  const bool to_mark_server = std::ranges::any_of(mark_servers_, [&](const ipvs::DestinationKey& server) {
    return server.address == connection.destination.address &&
           (server.port == 0 || server.port == connection.destination.port);
  });
  return to_mark_server && !taken_by_address(connection);
}

bool ConnectionFilter::taken_by_address(const ipvs::Connection& connection) const {
  return std::ranges::any_of(address_services_,
                             [&](const ipvs::ServiceKey& service) { return takes(service, connection); });
}

}  // namespace ipvsadm
