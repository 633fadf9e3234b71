// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "ipvs/address.hpp"
#include "ipvs/export.hpp"
#include "ipvs/stats.hpp"

namespace ipvs {

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// How packets get to a real server. Kernel: IPVS_DEST_ATTR_FWD_METHOD, the low three bits of the connection flags.
enum class Forwarding : std::uint8_t {
  masquerade = 0,    ///< network address translation
  local = 1,         ///< the server is this machine; old kernels chose this by themselves
  tunnel = 2,        ///< encapsulated, see TunnelType
  direct_route = 3,  ///< sent on unchanged to the server's link-layer address
  bypass = 4,        ///< past the balancer (cache clusters); only the kernel sets it
};

/// Encapsulation of Forwarding::tunnel. Kernel: IPVS_DEST_ATTR_TUN_TYPE (Linux 5.3 and later; before, always ipip).
enum class TunnelType : std::uint8_t { ipip = 0, gue = 1, gre = 2 };

/// Checksum handling of gue and gre tunnels. Kernel: IPVS_DEST_ATTR_TUN_FLAGS (Linux 5.4 and later).
enum class TunnelChecksum : std::uint16_t {
  none = 0,    ///< IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM
  full = 1,    ///< IP_VS_TUNNEL_ENCAP_FLAG_CSUM
  remote = 2,  ///< IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM; for gue, though the kernel takes it for gre too
};

/// What names a real server within its service. Keys sort by address, then port.
/// Kernel: IPVS_DEST_ATTR_ADDR_FAMILY, IPVS_DEST_ATTR_ADDR, IPVS_DEST_ATTR_PORT.
struct DestinationKey {
  Address address;
  /// Host order. 0 keeps the client's port: for a fwmark or a service of port 0. The kernel does not check that.
  std::uint16_t port = 0;

  friend auto operator<=>(const DestinationKey&, const DestinationKey&) = default;
  friend bool operator==(const DestinationKey&, const DestinationKey&) = default;
};

/// For messages and logs: "10.0.0.1:80", "[2001:db8::1]:80".
[[nodiscard]] IPVS_EXPORT std::string to_string(const DestinationKey& key);

/// A real server as you set it. The defaults are those of ipvsadm: direct routing, weight 1, no thresholds.
struct Destination {
  DestinationKey key;
  Forwarding forwarding = Forwarding::direct_route;
  /// Share of new connections, 0 to 2147483647 (else ERANGE); 0 gets none. Kernel: IPVS_DEST_ATTR_WEIGHT.
  std::int32_t weight = 1;
  /// No new connections from this many on, 0 to 2147483647; 0 means no limit. Linux refuses more (EINVAL) from 6.1.192,
  /// 6.12.113 and 7.2.13 on; before, it takes it. Kernel: IPVS_DEST_ATTR_U_THRESH.
  std::uint32_t upper_threshold = 0;
  /// New connections again below this many; 0 means three quarters of the upper one. Not above the upper threshold, not
  /// even if that is 0 (else ERANGE). Kernel: IPVS_DEST_ATTR_L_THRESH.
  std::uint32_t lower_threshold = 0;

  TunnelType tunnel_type = TunnelType::ipip;
  std::uint16_t tunnel_port = 0;  ///< host order; UDP port of gue, 1 to 65535; else 0. Kernel: IPVS_DEST_ATTR_TUN_PORT
  TunnelChecksum tunnel_checksum = TunnelChecksum::none;

  friend bool operator==(const Destination&, const Destination&) = default;
};

/// A real server as the kernel returns it. `destination` can be set again as it is.
struct DestinationEntry {
  Destination destination;
  std::uint32_t active_connections = 0;      ///< established. Kernel: IPVS_DEST_ATTR_ACTIVE_CONNS
  std::uint32_t inactive_connections = 0;    ///< all others. Kernel: IPVS_DEST_ATTR_INACT_CONNS
  std::uint32_t persistent_connections = 0;  ///< persistence templates. Kernel: IPVS_DEST_ATTR_PERSIST_CONNS
  Stats stats;

  friend bool operator==(const DestinationEntry&, const DestinationEntry&) = default;
};

}  // namespace ipvs

/// Destinations' keys can be keys of unordered containers.
template <>
struct std::hash<ipvs::DestinationKey> {
  IPVS_EXPORT std::size_t operator()(const ipvs::DestinationKey& key) const noexcept;
};
