// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/export.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

class NetworkNamespace;

/// A connection to the kernel's IPVS: one generic netlink socket, opened once. Each call sends one request, waits
/// for the kernel's answer and throws Error when the kernel refuses. The comments below name the errno values of each;
/// the table of class Error, in <ipvs/error.hpp>, says what each means.
///
/// Every call needs CAP_NET_ADMIN in the initial user namespace (Linux 6.1): root of another one gets EPERM. Move-only;
/// a moved-from client may only be destroyed or assigned to. Not for two threads at once; two clients in two threads
/// are fine. No global state.
class IPVS_EXPORT Client {
 public:
  /// Opens the socket in the caller's network namespace, or in `network`; the caller's own namespace never changes.
  /// Needs no rights by itself. The kernel loads its module ip_vs when the netlink family is asked for, if it can;
  /// that of Linux 5.10 does not, there the program or its service runs `modprobe ip_vs` first.
  /// Throws Error(open_socket) ENOPROTOOPT, Error(open_namespace) EPERM.
  Client();
  explicit Client(const NetworkNamespace& network);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Version, and size of the connection table. Kernel: IPVS_CMD_GET_INFO.
  Info info();

  /// All services in the kernel's order, which is none; sort by `service.key` to list them. Counters are those of the
  /// moment in which each was read.
  ///
  /// The kernel has no snapshot. What takes more than one packet, some 70 services, is continued by position: others
  /// are passed over or come twice when some are added or deleted meanwhile. So those are read until two readings agree
  /// on the keys, or until six more held no new key, thirty times at most; then each that came in any of them, and that
  /// is still there, is returned once. This is no proof: a table that never rests may hide an entry from all of them.
  /// A single packet is a snapshot up to Linux 7.0; from 7.1 on it lacks or has what is added or deleted meanwhile.
  /// Kernel: dump of IPVS_CMD_GET_SERVICE.
  std::vector<ServiceEntry> services();
  /// One service. ESRCH. Kernel: IPVS_CMD_GET_SERVICE.
  ServiceEntry service(const ServiceKey& key);

  /// Carries out any change; the functions below say what each does and how it is refused.
  void apply(const Change& change);

  /// Load the modules of "lblc" and "lblcr" before: Linux 5.10, 6.1 and 6.12 (not 7.3) load them with IPVS's mutex
  /// held, and can hang for ever then, and every other call with them, when a network namespace is deleted at the same
  /// time. EEXIST, ENOENT, EINVAL. Kernel: IPVS_CMD_NEW_SERVICE.
  void add_service(const Service& service);
  /// Changes all settings of the service with this key. While its scheduler is replaced by another one, some
  /// milliseconds, the kernel refuses new connections of this service. ESRCH, ENOENT, EINVAL.
  /// Kernel: IPVS_CMD_SET_SERVICE.
  void edit_service(const Service& service);
  /// Deletes the service with all its destinations. ESRCH. Kernel: IPVS_CMD_DEL_SERVICE.
  void delete_service(const ServiceKey& key);

  /// The destinations of a service, unsorted. ESRCH. What takes more than one packet, some 70 destinations, is read as
  /// services() does, but after five readings one that was deleted meanwhile may be returned too: the kernel can't be
  /// asked for a single one. Kernel: dump of IPVS_CMD_GET_DEST, which is empty for an
  /// absent service too, so an empty one costs a second request.
  std::vector<DestinationEntry> destinations(const ServiceKey& key);
  /// ESRCH, EEXIST, ERANGE, EINVAL. Kernel: IPVS_CMD_NEW_DEST.
  void add_destination(const ServiceKey& key, const Destination& destination);
  /// Changes all settings of the destination with this key. ESRCH, ENOENT, ERANGE, EINVAL. Kernel: IPVS_CMD_SET_DEST.
  void edit_destination(const ServiceKey& key, const Destination& destination);
  /// Stops new connections at once; established ones end as net.ipv4.vs.expire_nodest_conn says. ESRCH,
  /// ENOENT. Kernel: IPVS_CMD_DEL_DEST.
  void delete_destination(const ServiceKey& key, const DestinationKey& destination);

  /// Zeroes the counters of all services and destinations, or of one service and its destinations (ESRCH).
  /// Kernel: IPVS_CMD_ZERO.
  void zero();
  void zero(const ServiceKey& key);
  /// Deletes every service. Kernel: IPVS_CMD_FLUSH.
  void flush();

  /// Kernel: IPVS_CMD_GET_CONFIG.
  Timeouts timeouts();
  /// A zero keeps the present value. EINVAL. Kernel: IPVS_CMD_SET_CONFIG.
  void set_timeouts(const Timeouts& timeouts);

  /// The sync daemons that run: none, one or two. Kernel: IPVS_CMD_GET_DAEMON.
  std::vector<Daemon> daemons();
  /// EEXIST, ENODEV, ENETUNREACH, EINVAL. Kernel: IPVS_CMD_NEW_DAEMON.
  void start_daemon(const Daemon& daemon);
  /// ESRCH. The kernel takes a `sync_id` but does not look at it (Linux 6.1).
  /// Kernel: IPVS_CMD_DEL_DAEMON.
  void stop_daemon(DaemonRole role, std::uint32_t sync_id = 0);

 private:
  friend class Batch;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipvs
