// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/error.hpp"
#include "ipvs/export.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

// A new kind of change, or a new member of one, makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

// Everything that changes the kernel's table, as values: what Client's functions of the same names do, ready to be
// kept, compared and sent many at a time (see Batch).

struct AddService {
  Service service;
  friend bool operator==(const AddService&, const AddService&) = default;
};
struct EditService {
  Service service;
  friend bool operator==(const EditService&, const EditService&) = default;
};
struct DeleteService {
  ServiceKey key;
  friend bool operator==(const DeleteService&, const DeleteService&) = default;
};
struct AddDestination {
  ServiceKey service;
  Destination destination;
  friend bool operator==(const AddDestination&, const AddDestination&) = default;
};
struct EditDestination {
  ServiceKey service;
  Destination destination;
  friend bool operator==(const EditDestination&, const EditDestination&) = default;
};
struct DeleteDestination {
  ServiceKey service;
  DestinationKey key;
  friend bool operator==(const DeleteDestination&, const DeleteDestination&) = default;
};
/// Zeroes the counters of one service, or of all without a key.
struct Zero {
  std::optional<ServiceKey> service;
  friend bool operator==(const Zero&, const Zero&) = default;
};
struct Flush {
  friend bool operator==(const Flush&, const Flush&) = default;
};
struct SetTimeouts {
  Timeouts timeouts;
  friend bool operator==(const SetTimeouts&, const SetTimeouts&) = default;
};
struct StartDaemon {
  Daemon daemon;
  friend bool operator==(const StartDaemon&, const StartDaemon&) = default;
};
struct StopDaemon {
  DaemonRole role = DaemonRole::master;
  std::uint32_t sync_id = 0;
  friend bool operator==(const StopDaemon&, const StopDaemon&) = default;
};

using Change = std::variant<AddService, EditService, DeleteService, AddDestination, EditDestination, DeleteDestination,
                            Zero, Flush, SetTimeouts, StartDaemon, StopDaemon>;

/// The operation that an Error about this change names.
IPVS_EXPORT Operation operation_of(const Change& change) noexcept;

}  // namespace ipvs
