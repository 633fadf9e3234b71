// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <netlink/attr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "netlink/codec.hpp"

namespace ipvs::netlink {
namespace {

constexpr std::uint32_t all_scheduler_flags = static_cast<std::uint32_t>(SchedulerFlags::all);

Family family_from(std::uint16_t number) {
  if (number == AF_INET) return Family::ipv4;
  if (number == AF_INET6) return Family::ipv6;
  throw Malformed("unknown address family");
}

constexpr int highest_attribute = std::max({IPVS_CMD_ATTR_MAX, IPVS_SVC_ATTR_MAX, IPVS_DEST_ATTR_MAX,
                                            IPVS_DAEMON_ATTR_MAX, IPVS_STATS_ATTR_MAX, IPVS_INFO_ATTR_MAX});

/// The attributes of one level, by number. Attributes this table does not know (of a newer kernel) are passed over.
class Attributes {
 public:
  /// `max`: the highest attribute number of this level.
  Attributes(Payload payload, int max) {
    std::fill_n(table_.begin(), max + 1, nullptr);
    while (payload.size() >= sizeof(nlattr)) {
      const auto* attribute = reinterpret_cast<const nlattr*>(payload.data());
      if (attribute->nla_len < sizeof(nlattr) || attribute->nla_len > payload.size()) break;
      const int type = attribute->nla_type & NLA_TYPE_MASK;
      if (type <= max) table_[static_cast<std::size_t>(type)] = attribute;
      payload = payload.subspan(std::min<std::size_t>(NLA_ALIGN(attribute->nla_len), payload.size()));
    }
  }

  bool has(int attribute) const { return at(attribute) != nullptr; }

  template <typename Number>
  Number number(int attribute, const char* name) const {
    const std::span<const std::byte> value = bytes(attribute, name, sizeof(Number));
    Number result;
    std::memcpy(&result, value.data(), sizeof result);
    return result;
  }
  template <typename Number>
  Number number_or(int attribute, const char* name, Number absent) const {
    return has(attribute) ? number<Number>(attribute, name) : absent;
  }
  std::uint16_t be16(int attribute, const char* name) const { return ntohs(number<std::uint16_t>(attribute, name)); }
  std::uint32_t be32(int attribute, const char* name) const { return ntohl(number<std::uint32_t>(attribute, name)); }

  /// At most `limit` characters; the terminating NUL may be missing.
  std::string string(int attribute, const char* name, std::size_t limit) const {
    const std::span<const std::byte> value = bytes(attribute, name, 0);
    const auto* text = reinterpret_cast<const char*>(value.data());
    const std::size_t length = strnlen(text, value.size());
    if (length > limit) throw Malformed(std::string(name) + " is too long");
    return {text, length};
  }
  std::string string_or_empty(int attribute, const char* name, std::size_t limit) const {
    return has(attribute) ? string(attribute, name, limit) : std::string();
  }

  Address address(int attribute, const char* name, Family family) const {
    const std::span<const std::byte> value = bytes(attribute, name, family == Family::ipv4 ? 4 : 16);
    if (family == Family::ipv4) {
      std::uint32_t number;
      std::memcpy(&number, value.data(), sizeof number);
      return Address::v4(ntohl(number));
    }
    std::array<std::uint8_t, 16> sixteen;
    std::memcpy(sixteen.data(), value.data(), sixteen.size());
    return Address::v6(sixteen);
  }

  Payload nested(int attribute, const char* name) const { return bytes(attribute, name, 0); }

 private:
  const nlattr* at(int attribute) const { return table_[static_cast<std::size_t>(attribute)]; }

  std::span<const std::byte> bytes(int attribute, const char* name, std::size_t least) const {
    const nlattr* found = at(attribute);
    if (found == nullptr) missing(name);
    const std::size_t size = found->nla_len - std::size_t{NLA_HDRLEN};
    if (size < least) too_short(name);
    return {reinterpret_cast<const std::byte*>(found) + NLA_HDRLEN, size};
  }

  // Apart, so that bytes() is short enough to stand in its callers, some twenty for each row of a listing.
  [[noreturn, gnu::cold]] static void missing(const char* name) { throw Malformed(std::string(name) + " is missing"); }
  [[noreturn, gnu::cold]] static void too_short(const char* name) {
    throw Malformed(std::string(name) + " is too short");
  }

  // The entries up to `max` are cleared, and only those are asked for. As with nla_parse(), the last of a number
  // counts, and what is left when an attribute overruns the message is passed over.
  std::array<const nlattr*, highest_attribute + 1> table_;
};

/// `Number` is the width of all but the byte counters, which always have 64 bits.
template <typename Number>
Stats decode_stats(const Attributes& in) {
  Stats stats;
  stats.connections = in.number<Number>(IPVS_STATS_ATTR_CONNS, "connection counter");
  stats.packets_in = in.number<Number>(IPVS_STATS_ATTR_INPKTS, "packet counter");
  stats.packets_out = in.number<Number>(IPVS_STATS_ATTR_OUTPKTS, "packet counter");
  stats.bytes_in = in.number<std::uint64_t>(IPVS_STATS_ATTR_INBYTES, "byte counter");
  stats.bytes_out = in.number<std::uint64_t>(IPVS_STATS_ATTR_OUTBYTES, "byte counter");
  stats.connections_per_second = in.number<Number>(IPVS_STATS_ATTR_CPS, "connection rate");
  stats.packets_in_per_second = in.number<Number>(IPVS_STATS_ATTR_INPPS, "packet rate");
  stats.packets_out_per_second = in.number<Number>(IPVS_STATS_ATTR_OUTPPS, "packet rate");
  stats.bytes_in_per_second = in.number<Number>(IPVS_STATS_ATTR_INBPS, "byte rate");
  stats.bytes_out_per_second = in.number<Number>(IPVS_STATS_ATTR_OUTBPS, "byte rate");
  return stats;
}

/// The 64-bit counters where the kernel has them, else the 32-bit ones.
Stats decode_stats(const Attributes& attributes, int wide, int narrow) {
  if (attributes.has(wide)) {
    return decode_stats<std::uint64_t>(Attributes(attributes.nested(wide, "statistics"), IPVS_STATS_ATTR_MAX));
  }
  return decode_stats<std::uint32_t>(Attributes(attributes.nested(narrow, "statistics"), IPVS_STATS_ATTR_MAX));
}

ServiceKey decode_service_key(const Attributes& in) {
  const Family family = family_from(in.number<std::uint16_t>(IPVS_SVC_ATTR_AF, "address family"));
  if (in.has(IPVS_SVC_ATTR_FWMARK)) {
    const auto mark = in.number<std::uint32_t>(IPVS_SVC_ATTR_FWMARK, "fwmark");
    if (mark == 0) throw Malformed("fwmark is zero");
    return ServiceKey::mark(mark, family);
  }
  const auto protocol = static_cast<Protocol>(in.number<std::uint16_t>(IPVS_SVC_ATTR_PROTOCOL, "protocol"));
  return ServiceKey::of(protocol, in.address(IPVS_SVC_ATTR_ADDR, "service address", family),
                        in.be16(IPVS_SVC_ATTR_PORT, "service port"));
}

Forwarding decode_forwarding(std::uint32_t connection_flags) {
  return static_cast<Forwarding>(connection_flags & IP_VS_CONN_F_FWD_MASK);
}

std::int32_t decode_weight(std::uint32_t weight) {
  if (weight > INT32_MAX) throw Malformed("weight is negative");
  return static_cast<std::int32_t>(weight);
}

}  // namespace

ServiceEntry decode_service(Payload payload) {
  const Attributes outer(payload, IPVS_CMD_ATTR_MAX);
  const Attributes in(outer.nested(IPVS_CMD_ATTR_SERVICE, "service"), IPVS_SVC_ATTR_MAX);
  ServiceEntry entry;
  Service& service = entry.service;
  service.key = decode_service_key(in);
  service.scheduler = in.string(IPVS_SVC_ATTR_SCHED_NAME, "scheduler", IP_VS_SCHEDNAME_MAXLEN);
  service.persistence_engine = in.string_or_empty(IPVS_SVC_ATTR_PE_NAME, "persistence engine", IP_VS_PENAME_MAXLEN);
  const std::uint32_t flags = in.number<ip_vs_flags>(IPVS_SVC_ATTR_FLAGS, "service flags").flags;
  service.persistent = (flags & IP_VS_SVC_F_PERSISTENT) != 0;
  service.one_packet = (flags & IP_VS_SVC_F_ONEPACKET) != 0;
  service.scheduler_flags = static_cast<SchedulerFlags>(flags & all_scheduler_flags);
  service.persistence_timeout =
      std::chrono::seconds(in.number<std::uint32_t>(IPVS_SVC_ATTR_TIMEOUT, "persistence timeout"));
  service.netmask = service.key.family == Family::ipv4 ? in.be32(IPVS_SVC_ATTR_NETMASK, "netmask")
                                                       : in.number<std::uint32_t>(IPVS_SVC_ATTR_NETMASK, "netmask");
  entry.stats = decode_stats(in, IPVS_SVC_ATTR_STATS64, IPVS_SVC_ATTR_STATS);
  return entry;
}

DestinationEntry decode_destination(Payload payload, Family family) {
  const Attributes outer(payload, IPVS_CMD_ATTR_MAX);
  const Attributes in(outer.nested(IPVS_CMD_ATTR_DEST, "destination"), IPVS_DEST_ATTR_MAX);
  if (in.has(IPVS_DEST_ATTR_ADDR_FAMILY)) {
    family = family_from(in.number<std::uint16_t>(IPVS_DEST_ATTR_ADDR_FAMILY, "address family"));
  }
  DestinationEntry entry;
  Destination& destination = entry.destination;
  destination.key = {in.address(IPVS_DEST_ATTR_ADDR, "destination address", family),
                     in.be16(IPVS_DEST_ATTR_PORT, "destination port")};
  destination.forwarding = decode_forwarding(in.number<std::uint32_t>(IPVS_DEST_ATTR_FWD_METHOD, "forwarding method"));
  destination.weight = decode_weight(in.number<std::uint32_t>(IPVS_DEST_ATTR_WEIGHT, "weight"));
  destination.upper_threshold = in.number<std::uint32_t>(IPVS_DEST_ATTR_U_THRESH, "upper threshold");
  destination.lower_threshold = in.number<std::uint32_t>(IPVS_DEST_ATTR_L_THRESH, "lower threshold");
  destination.tunnel_type =
      static_cast<TunnelType>(in.number_or<std::uint8_t>(IPVS_DEST_ATTR_TUN_TYPE, "tunnel type", 0));
  if (in.has(IPVS_DEST_ATTR_TUN_PORT)) destination.tunnel_port = in.be16(IPVS_DEST_ATTR_TUN_PORT, "tunnel port");
  destination.tunnel_checksum =
      static_cast<TunnelChecksum>(in.number_or<std::uint16_t>(IPVS_DEST_ATTR_TUN_FLAGS, "tunnel flags", 0));
  entry.active_connections = in.number<std::uint32_t>(IPVS_DEST_ATTR_ACTIVE_CONNS, "active connections");
  entry.inactive_connections = in.number<std::uint32_t>(IPVS_DEST_ATTR_INACT_CONNS, "inactive connections");
  entry.persistent_connections = in.number<std::uint32_t>(IPVS_DEST_ATTR_PERSIST_CONNS, "persistent connections");
  entry.stats = decode_stats(in, IPVS_DEST_ATTR_STATS64, IPVS_DEST_ATTR_STATS);
  return entry;
}

Daemon decode_daemon(Payload payload) {
  const Attributes outer(payload, IPVS_CMD_ATTR_MAX);
  const Attributes in(outer.nested(IPVS_CMD_ATTR_DAEMON, "sync daemon"), IPVS_DAEMON_ATTR_MAX);
  Daemon daemon;
  const auto state = in.number<std::uint32_t>(IPVS_DAEMON_ATTR_STATE, "sync daemon state");
  if (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP) throw Malformed("unknown sync daemon state");
  daemon.role = static_cast<DaemonRole>(state);
  daemon.interface = in.string(IPVS_DAEMON_ATTR_MCAST_IFN, "multicast interface", IP_VS_IFNAME_MAXLEN);
  daemon.sync_id = in.number<std::uint32_t>(IPVS_DAEMON_ATTR_SYNC_ID, "sync id");
  // The rest came with Linux 4.3.
  daemon.sync_maxlen = in.number_or<std::uint16_t>(IPVS_DAEMON_ATTR_SYNC_MAXLEN, "sync length", 0);
  daemon.multicast_port = in.number_or<std::uint16_t>(IPVS_DAEMON_ATTR_MCAST_PORT, "multicast port", 0);
  daemon.multicast_ttl = in.number_or<std::uint8_t>(IPVS_DAEMON_ATTR_MCAST_TTL, "multicast ttl", 0);
  if (in.has(IPVS_DAEMON_ATTR_MCAST_GROUP6)) {
    daemon.multicast_group = in.address(IPVS_DAEMON_ATTR_MCAST_GROUP6, "multicast group", Family::ipv6);
  } else if (in.has(IPVS_DAEMON_ATTR_MCAST_GROUP)) {
    daemon.multicast_group = in.address(IPVS_DAEMON_ATTR_MCAST_GROUP, "multicast group", Family::ipv4);
  }
  return daemon;
}

Timeouts decode_timeouts(Payload payload) {
  const Attributes in(payload, IPVS_CMD_ATTR_MAX);
  return {std::chrono::seconds(in.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP, "tcp timeout")),
          std::chrono::seconds(in.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, "tcpfin timeout")),
          std::chrono::seconds(in.number<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_UDP, "udp timeout"))};
}

Info decode_info(Payload payload) {
  const Attributes in(payload, IPVS_INFO_ATTR_MAX);
  const auto version = in.number<std::uint32_t>(IPVS_INFO_ATTR_VERSION, "version");
  Info info;
  info.version_major = static_cast<std::uint8_t>(version >> 16);
  info.version_minor = static_cast<std::uint8_t>(version >> 8);
  info.version_patch = static_cast<std::uint8_t>(version);
  info.connection_table_size = in.number<std::uint32_t>(IPVS_INFO_ATTR_CONN_TAB_SIZE, "connection table size");
  return info;
}

}  // namespace ipvs::netlink
