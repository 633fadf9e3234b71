// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ipvs/address.hpp"

namespace ipvs {

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// The kernel's IPVS. Kernel: answer to IPVS_CMD_GET_INFO, IPVS_INFO_ATTR_VERSION and IPVS_INFO_ATTR_CONN_TAB_SIZE.
struct Info {
  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 0;
  std::uint8_t version_patch = 0;
  std::uint32_t connection_table_size = 0;  ///< buckets of the connection hash table; from Linux 7.1 on of this
                                            ///< namespace at this moment: 0 while it has no service

  friend bool operator==(const Info&, const Info&) = default;
};

/// How long connections are kept without traffic; whole seconds, 1 to (2^31-1)/HZ (else EINVAL). When set, 0 keeps the
/// present value. Kernel: IPVS_CMD_GET_CONFIG and IPVS_CMD_SET_CONFIG.
struct Timeouts {
  std::chrono::seconds tcp{0};      ///< established TCP. Kernel: IPVS_CMD_ATTR_TIMEOUT_TCP
  std::chrono::seconds tcp_fin{0};  ///< TCP after a FIN. Kernel: IPVS_CMD_ATTR_TIMEOUT_TCP_FIN
  std::chrono::seconds udp{0};      ///< Kernel: IPVS_CMD_ATTR_TIMEOUT_UDP

  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// Which end of the connection synchronization a director is; both may run side by side.
/// Kernel: IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP.
enum class DaemonRole : std::uint8_t { master = 1, backup = 2 };

/// A sync daemon. What is zero or empty when set is left to the kernel, and is filled in when read back.
/// Kernel: nested attribute IPVS_CMD_ATTR_DAEMON.
struct Daemon {
  DaemonRole role = DaemonRole::master;
  /// Network interface for the multicast, 1 to 15 characters; must exist. Kernel: IPVS_DAEMON_ATTR_MCAST_IFN.
  std::string interface;
  /// 0 to 255; a backup listens to masters of its id, 0 listens to all. Kernel: IPVS_DAEMON_ATTR_SYNC_ID.
  std::uint32_t sync_id = 0;
  /// Longest sync message, bytes, 1 to 65507 (over IPv6 65487); more counts as that, and to a backup less than 1024 as
  /// 1024. 0: 1472 (over IPv6 1452), and to a backup as much more as the interface's MTU allows.
  /// Kernel: IPVS_DAEMON_ATTR_SYNC_MAXLEN (Linux 4.3 and later, as all below).
  std::uint16_t sync_maxlen = 0;
  /// A multicast address (else EINVAL); the kernel's own is 224.0.0.81. Kernel: IPVS_DAEMON_ATTR_MCAST_GROUP or
  /// _GROUP6.
  std::optional<Address> multicast_group;
  std::uint16_t multicast_port = 0;  ///< host order; 0: 8848. Kernel: IPVS_DAEMON_ATTR_MCAST_PORT
  std::uint8_t multicast_ttl = 0;    ///< 1 to 255; 0: 1. Kernel: IPVS_DAEMON_ATTR_MCAST_TTL

  friend bool operator==(const Daemon&, const Daemon&) = default;
};

}  // namespace ipvs
