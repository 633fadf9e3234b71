// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

// What a command line means, fully checked: all that is left to go wrong is the kernel's refusal.
namespace ipvsadm {

struct AddService {
  ipvs::Service service;
};
struct EditService {
  ipvs::Service service;
};
struct DeleteService {
  ipvs::ServiceKey key;
};
struct AddServer {
  ipvs::ServiceKey service;
  ipvs::Destination server;
};
struct EditServer {
  ipvs::ServiceKey service;
  ipvs::Destination server;
};
struct DeleteServer {
  ipvs::ServiceKey service;
  ipvs::DestinationKey server;
};
struct Clear {};
struct Zero {
  std::optional<ipvs::ServiceKey> service;  ///< all without one
};

/// The columns of a service listing.
enum class View : std::uint8_t { table, stats, rate, thresholds, persistent_conn, tun_info };

struct ListServices {
  std::optional<ipvs::ServiceKey> service;  ///< all without one
  View view = View::table;
  bool numeric = false;
  bool exact = false;
  bool sorted = true;
};
struct ListConnections {
  bool numeric = false;
  bool engine_data = false;
};
struct ListTimeouts {};
struct ListDaemons {};
struct Save {
  bool numeric = false;
};
struct Restore {};
struct SetTimeouts {
  ipvs::Timeouts timeouts;
};
struct StartDaemon {
  ipvs::Daemon daemon;
};
struct StopDaemon {
  ipvs::DaemonRole role = ipvs::DaemonRole::master;
  std::uint32_t sync_id = 0;
};
struct ShowHelp {};
struct ShowVersion {};

using Command = std::variant<AddService, EditService, DeleteService, AddServer, EditServer, DeleteServer, Clear, Zero,
                             ListServices, ListConnections, ListTimeouts, ListDaemons, Save, Restore, SetTimeouts,
                             StartDaemon, StopDaemon, ShowHelp, ShowVersion>;

}  // namespace ipvsadm
