// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "ipvs/address.hpp"
#include "ipvs/export.hpp"
#include "ipvs/stats.hpp"

namespace ipvs {

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// Transport protocols that IPVS can balance; the values are the IP protocol numbers. The kernel takes services of
/// other protocols too, so these may turn up when services are read.
enum class Protocol : std::uint16_t { none = 0, tcp = 6, udp = 17, sctp = 132 };

/// "tcp", "udp", "sctp"; "ip" for none, as the kernel calls it; "protocol 47" for any other.
[[nodiscard]] IPVS_EXPORT std::string to_string(Protocol protocol);

/// What names a virtual service: protocol, address and port, or a firewall mark and a family. Make one with the
/// functions below rather than member by member; the members of the other kind stay zero.
///
/// Keys sort as a listing does: by fwmark (services without one first), family, protocol, address, port.
/// Kernel: IPVS_SVC_ATTR_FWMARK and IPVS_SVC_ATTR_AF, or IPVS_SVC_ATTR_AF, _PROTOCOL, _ADDR and _PORT.
struct ServiceKey {
  std::uint32_t fwmark = 0;            ///< 1 to 2^32-1 names a service by mark; 0 means by protocol, address and port
  Family family = Family::ipv4;        ///< of `address`, or of the packets that carry the mark
  Protocol protocol = Protocol::none;  ///< none for a fwmark service, and only for one (else EINVAL)
  Address address;         ///< the virtual address, of `family` (else EINVAL); all zero for a fwmark service
  std::uint16_t port = 0;  ///< host order; 0 takes every port, which makes sense with persistence; not checked

  static ServiceKey of(Protocol protocol, const Address& address, std::uint16_t port) {
    return {0, address.family(), protocol, address, port};
  }
  static ServiceKey tcp(const Address& address, std::uint16_t port) { return of(Protocol::tcp, address, port); }
  static ServiceKey udp(const Address& address, std::uint16_t port) { return of(Protocol::udp, address, port); }
  static ServiceKey sctp(const Address& address, std::uint16_t port) { return of(Protocol::sctp, address, port); }
  static ServiceKey mark(std::uint32_t fwmark, Family family = Family::ipv4) {
    return {fwmark, family, Protocol::none, Address::any(family), 0};
  }

  bool is_fwmark() const { return fwmark != 0; }

  friend auto operator<=>(const ServiceKey&, const ServiceKey&) = default;
  friend bool operator==(const ServiceKey&, const ServiceKey&) = default;
};

/// For messages and logs: "tcp 10.0.0.1:80", "udp [2001:db8::1]:53", "fwmark 7", "fwmark 7 ipv6".
[[nodiscard]] IPVS_EXPORT std::string to_string(const ServiceKey& key);

/// Scheduler flags; what each means is the scheduler's business. Kernel: bits 3 to 5 of IPVS_SVC_ATTR_FLAGS.
enum class SchedulerFlags : std::uint32_t {
  none = 0,
  flag1 = 0x0008,  ///< sh and mh: fall back to another server when the chosen one is unavailable
  flag2 = 0x0010,  ///< sh and mh: hash the client's port too
  flag3 = 0x0020,
  all = 0x0038,
};
constexpr SchedulerFlags operator|(SchedulerFlags a, SchedulerFlags b) {
  return static_cast<SchedulerFlags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr SchedulerFlags operator&(SchedulerFlags a, SchedulerFlags b) {
  return static_cast<SchedulerFlags>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr bool any(SchedulerFlags flags) { return flags != SchedulerFlags::none; }

/// The mask that makes every client its own group: 255.255.255.255, or a prefix length of 128.
constexpr std::uint32_t full_netmask(Family family) { return family == Family::ipv4 ? 0xffffffffU : 128U; }

/// A virtual service as you set it. The defaults are those of ipvsadm: scheduler wlc, not persistent.
struct Service {
  ServiceKey key;

  /// Scheduler name, 1 to 15 characters ("rr", "wlc", "mh" …); the kernel loads the module ip_vs_NAME when it must.
  /// "none" is a service without a scheduler, which takes no connections; the kernel takes and returns this name.
  /// Kernel: IPVS_SVC_ATTR_SCHED_NAME.
  std::string scheduler = "wlc";
  SchedulerFlags scheduler_flags = SchedulerFlags::none;

  /// One client's connections keep to one server. Kernel: IP_VS_SVC_F_PERSISTENT.
  bool persistent = false;
  /// How long a client without connections is remembered; whole seconds, 1 to 2678400 (31 days); 0 unless persistent.
  /// The kernel does not check; from 2^32/HZ seconds on it counts from 0 again. Below 0: EINVAL.
  /// Kernel: IPVS_SVC_ATTR_TIMEOUT.
  std::chrono::seconds persistence_timeout{0};
  /// Clients alike under this mask count as one for persistence. IPv4: a mask, host order (0xffffff00 is
  /// 255.255.255.0). IPv6: a prefix length, 1 to 128 (else EINVAL); the constructor with a key makes it 128, whoever
  /// sets the key by itself must set this too. See full_netmask(). Kernel: IPVS_SVC_ATTR_NETMASK.
  std::uint32_t netmask = full_netmask(Family::ipv4);
  /// Persistence engine, "" or up to 15 characters ("sip"). Kernel: IPVS_SVC_ATTR_PE_NAME.
  std::string persistence_engine;

  /// Schedule every datagram anew (UDP or fwmark only). Kernel: IP_VS_SVC_F_ONEPACKET.
  bool one_packet = false;

  Service() = default;
  /// A service with the default settings for its key.
  explicit Service(const ServiceKey& service_key, std::string scheduler_name = "wlc")
      : key(service_key), scheduler(std::move(scheduler_name)), netmask(full_netmask(service_key.family)) {}

  friend bool operator==(const Service&, const Service&) = default;
};

/// A virtual service as the kernel returns it: what was set, and its counters. `service` can be set again as it is.
struct ServiceEntry {
  Service service;
  Stats stats;

  friend bool operator==(const ServiceEntry&, const ServiceEntry&) = default;
};

}  // namespace ipvs

/// Services' keys can be keys of unordered containers.
template <>
struct std::hash<ipvs::ServiceKey> {
  IPVS_EXPORT std::size_t operator()(const ipvs::ServiceKey& key) const noexcept;
};
