// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/error.hpp"
#include "ipvs/export.hpp"
#include "ipvs/netns.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

/// A connection to the kernel's IPVS: one generic netlink socket, opened once. Each call sends one request, waits
/// for the kernel's answer and throws Error when the kernel refuses; see Error for the refusals.
///
/// Needs CAP_NET_ADMIN in the user namespace that owns the network namespace. Move-only. Not for two threads at
/// once; two clients in two threads are fine. No global state.
class IPVS_EXPORT Client {
 public:
  /// Opens the socket in the caller's network namespace, or in `network`; the caller's own namespace never changes.
  /// Throws Error(open_socket): ENOPROTOOPT when the kernel has no IPVS; this does not try to load the module.
  Client();
  explicit Client(const NetworkNamespace& network);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Version and hash table size. Kernel: IPVS_CMD_GET_INFO.
  Info info();

  /// All services in the kernel's order, which is none; sort by `service.key` to list them.
  /// Kernel: dump of IPVS_CMD_GET_SERVICE.
  std::vector<ServiceEntry> services();
  /// One service. ESRCH when it is absent. Kernel: IPVS_CMD_GET_SERVICE.
  ServiceEntry service(const ServiceKey& key);

  /// Carries out any change; the functions below say what each does and how it is refused.
  void apply(const Change& change);

  /// EEXIST when there is one with the same key, ENOENT when scheduler or persistence engine are unknown.
  /// Kernel: IPVS_CMD_NEW_SERVICE.
  void add_service(const Service& service);
  /// Changes all settings of the service with this key. ESRCH when it is absent, ENOENT as add_service().
  /// Kernel: IPVS_CMD_SET_SERVICE.
  void edit_service(const Service& service);
  /// Deletes the service with all its destinations. ESRCH when it is absent. Kernel: IPVS_CMD_DEL_SERVICE.
  void delete_service(const ServiceKey& key);

  /// The destinations of a service, unsorted; ESRCH when there is no such service. Kernel: dump of IPVS_CMD_GET_DEST,
  /// which is empty for an absent service too, so an empty one costs a second request.
  std::vector<DestinationEntry> destinations(const ServiceKey& key);
  /// ESRCH: no such service; EEXIST: the destination is there already. Kernel: IPVS_CMD_NEW_DEST.
  void add_destination(const ServiceKey& key, const Destination& destination);
  /// ESRCH: no such service; ENOENT: no such destination. Kernel: IPVS_CMD_SET_DEST.
  void edit_destination(const ServiceKey& key, const Destination& destination);
  /// Stops new connections at once; established ones end as net.ipv4.vs.expire_nodest_conn says. Errors as
  /// edit_destination(). Kernel: IPVS_CMD_DEL_DEST.
  void delete_destination(const ServiceKey& key, const DestinationKey& destination);

  /// Zeroes the counters of all services and destinations, or of one service and its destinations (ESRCH when it is
  /// absent). Kernel: IPVS_CMD_ZERO.
  void zero();
  void zero(const ServiceKey& key);
  /// Deletes every service. Kernel: IPVS_CMD_FLUSH.
  void flush();

  /// Kernel: IPVS_CMD_GET_CONFIG.
  Timeouts timeouts();
  /// A zero keeps the present value. EINVAL for one beyond 2^31/HZ seconds. Kernel: IPVS_CMD_SET_CONFIG.
  void set_timeouts(const Timeouts& timeouts);

  /// The sync daemons that run: none, one or two. Kernel: IPVS_CMD_GET_DAEMON.
  std::vector<Daemon> daemons();
  /// EEXIST: that role is running already; ENODEV: no such interface. Kernel: IPVS_CMD_NEW_DAEMON.
  void start_daemon(const Daemon& daemon);
  /// ESRCH: no daemon runs in that role. Kernel: IPVS_CMD_DEL_DAEMON.
  void stop_daemon(DaemonRole role, std::uint32_t sync_id = 0);

 private:
  friend class Batch;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipvs
