// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/export.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

class Client;

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// What the kernel's table holds or should hold: services with their destinations, and maybe timeouts and sync
/// daemons. A plain value without counters.
///
/// Fill it with add(), which takes each key from what it names. The maps are there to be searched, walked and erased
/// from; in them, each entry stands under its own key.
struct Table {
  struct Entry {
    Service service;
    std::map<DestinationKey, Destination> destinations;  ///< by their own keys

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  std::map<ServiceKey, Entry> services;  ///< by their own keys
  /// Absent in a table to be reached: timeouts stay as they are. A zero in it keeps that one too.
  std::optional<Timeouts> timeouts;
  /// By role. A role that is absent in a table to be reached stays as it is.
  std::map<DaemonRole, Daemon> daemons;

  /// Adds a service without destinations. Throws Error(add_service) EEXIST when it has one with this key.
  IPVS_EXPORT void add(Service service);
  /// Adds a destination to a service. Throws Error(add_destination): ESRCH when the table has no such service, EEXIST
  /// when the service has one with this key.
  IPVS_EXPORT void add(const ServiceKey& key, const Destination& destination);

  friend bool operator==(const Table&, const Table&) = default;
};

/// Reads the whole table with timeouts and daemons. The kernel gives no snapshot: services are read at one moment, the
/// destinations of each at another; a service that is deleted in between is left out. See Client::services() for what
/// happens when the table never rests. Throws Error as Client's functions do.
[[nodiscard]] IPVS_EXPORT Table read_table(Client& client);

/// The changes that turn `from` into `to`, none of them redundant, in the order: add services, add destinations,
/// edit services, edit destinations, timeouts, daemons, delete destinations, delete services; so all that the kernel
/// may refuse comes before the first deletion. One exception: destinations of another family than their service's, and
/// deleted services that have such, go before the daemons, which the kernel does not start beside them. No change names
/// a service that is not there at its turn. A daemon with other settings is stopped and started anew.
///
/// `from` may be what read_table() returned: what the kernel fills in by itself (a daemon's defaults, the local
/// forwarding of a server on this machine) is no difference.
[[nodiscard]] IPVS_EXPORT std::vector<Change> diff(const Table& from, const Table& to);

/// The changes that take `done` back, last one first; `before` is the table that `done` was applied to. `done` is what
/// diff() gave, or the part of it that was carried out.
[[nodiscard]] IPVS_EXPORT std::vector<Change> undo(std::span<const Change> done, const Table& before);

}  // namespace ipvs
