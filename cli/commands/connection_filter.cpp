// SPDX-License-Identifier: MIT
#include "commands/connection_filter.hpp"

#include <algorithm>

namespace ipvsadm {
namespace {

bool is_to_address(const ipvs::ServiceKey& service, const ipvs::Connection& connection) {
  return service.protocol == connection.protocol && service.address == connection.virtual_service.address;
}

bool takes(const ipvs::ServiceKey& service, const ipvs::Connection& connection) {
  return is_to_address(service, connection) && (service.port == 0 || service.port == connection.virtual_service.port);
}

/// The kernel writes the mark of a persistence template where the virtual address stands.
bool is_template_of(std::uint32_t fwmark, const ipvs::Connection& connection) {
  if (connection.protocol != ipvs::Protocol::none) return false;
  const auto& bytes = connection.virtual_service.address.bytes();
  const auto first_four = ipvs::Address::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                                            std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]});
  return first_four.v4_number() == fwmark;
}

}  // namespace

ConnectionFilter::ConnectionFilter(const ListConnections& wanted, TableReader& table) : wanted_(wanted) {
  if (!wanted.service || wanted.any_port || (!wanted.service->is_fwmark() && wanted.service->port != 0)) return;
  if (wanted.service->is_fwmark()) {
    // Connections may outlive their service: then there are none.
    for (const ipvs::DestinationEntry& server : table.servers(*wanted.service)) {
      mark_servers_.push_back(server.destination.key);
    }
  }
  for (const ipvs::ServiceEntry& service : table.services()) {
    const ipvs::ServiceKey& key = service.service.key;
    if (!key.is_fwmark() && (wanted.service->is_fwmark() || key.port != 0)) address_services_.push_back(key);
  }
}

bool ConnectionFilter::passes(const ipvs::Connection& connection) const {
  if (wanted_.service && !passes_service(connection)) return false;
  const ipvs::Endpoint& server = connection.destination;
  if (wanted_.server && !wanted_.server->passes(server.address, server.port)) return false;
  if (wanted_.templates != Templates::too && connection.is_template() != (wanted_.templates == Templates::only)) {
    return false;
  }
  if (wanted_.client && !connection.client.address.in_network(wanted_.client->address, wanted_.client->length)) {
    return false;
  }
  return wanted_.state.empty() || wanted_.state == connection.state;
}

bool ConnectionFilter::passes_all() const {
  return !wanted_.service && !wanted_.server && !wanted_.client && wanted_.state.empty() &&
         wanted_.templates == Templates::too;
}

bool ConnectionFilter::passes_service(const ipvs::Connection& connection) const {
  if (wanted_.service->is_fwmark()) return passes_fwmark(connection);
  if (wanted_.any_port) return is_to_address(*wanted_.service, connection);
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
