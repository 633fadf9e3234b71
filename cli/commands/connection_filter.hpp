// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "commands/table_reader.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "line/command.hpp"

namespace ipvsadm {

/// Decides which connections -L -c shows.
class ConnectionFilter {
 public:
  /// For a service of a mark or of all ports asks for the services and servers there are.
  ConnectionFilter(const ListConnections& wanted, TableReader& table);

  bool passes(const ipvs::Connection& connection) const;
  /// Nothing was asked for: every connection passes.
  bool passes_all() const;

 private:
  bool passes_service(const ipvs::Connection& connection) const;
  bool passes_fwmark(const ipvs::Connection& connection) const;
  bool taken_by_address(const ipvs::Connection& connection) const;

  const ListConnections& wanted_;
  // The connection table has no marks. A connection counts as the mark's when it leads to one of the mark's
  // servers and no service by address takes it.
  std::vector<ipvs::DestinationKey> mark_servers_;
  /// Other services, which come before the wanted one: for a service of all ports those with a port.
  std::vector<ipvs::ServiceKey> address_services_;
};

}  // namespace ipvsadm
