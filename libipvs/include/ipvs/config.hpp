// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ipvs/address.hpp"

namespace ipvs {

/// The kernel's IPVS. Kernel: answer to IPVS_CMD_GET_INFO.
struct Info {
  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 0;
  std::uint8_t version_patch = 0;
  std::uint32_t connection_table_size = 0;  ///< buckets of the connection hash table

  friend bool operator==(const Info&, const Info&) = default;
};

/// How long connections are kept without traffic; whole seconds. When set, 0 keeps the present value.
/// Kernel: IPVS_CMD_GET_CONFIG and IPVS_CMD_SET_CONFIG.
struct Timeouts {
  std::chrono::seconds tcp{0};      ///< established TCP
  std::chrono::seconds tcp_fin{0};  ///< TCP after a FIN
  std::chrono::seconds udp{0};

  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// Which end of the connection synchronization a director is; both may run side by side.
/// Kernel: IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP.
enum class DaemonRole : std::uint8_t { master = 1, backup = 2 };

/// A sync daemon. What is zero or empty when set is left to the kernel, and is filled in when read back.
/// Kernel: nested attribute IPVS_CMD_ATTR_DAEMON.
struct Daemon {
  DaemonRole role = DaemonRole::master;
  std::string interface;          ///< network interface for the multicast, 1 to 15 characters, must exist
  std::uint32_t sync_id = 0;      ///< 0 to 255; a backup listens to masters of its id, 0 listens to all
  std::uint16_t sync_maxlen = 0;  ///< longest sync message, bytes, 1 to 65507; 0: what the interface's MTU allows
  std::optional<Address> multicast_group;  ///< a multicast address; the kernel's own is 224.0.0.81
  std::uint16_t multicast_port = 0;        ///< host order; 0: 8848
  std::uint8_t multicast_ttl = 0;          ///< 1 to 255; 0: 1

  friend bool operator==(const Daemon&, const Daemon&) = default;
};

}  // namespace ipvs
