// SPDX-License-Identifier: MIT
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <netlink/attr.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "netlink/codec.hpp"

namespace ipvs::netlink {
namespace {

std::uint16_t family_number(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

std::uint32_t seconds_of(std::chrono::seconds seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds.count(), 0, UINT32_MAX));
}

// The kernel's union nf_inet_addr: sixteen bytes in network order, of which IPv4 uses the first four.
void put_address(Message& message, int attribute, const Address& address) {
  message.put_bytes(attribute, std::as_bytes(std::span(address.bytes())));
}

void put_key(Message& message, const ServiceKey& key) {
  message.put_u16(IPVS_SVC_ATTR_AF, family_number(key.family));
  if (key.is_fwmark()) {
    message.put_u32(IPVS_SVC_ATTR_FWMARK, key.fwmark);
    return;
  }
  message.put_u16(IPVS_SVC_ATTR_PROTOCOL, static_cast<std::uint16_t>(key.protocol));
  put_address(message, IPVS_SVC_ATTR_ADDR, key.address);
  message.put_be16(IPVS_SVC_ATTR_PORT, key.port);
}

std::uint32_t kernel_flags(const Service& service) {
  return static_cast<std::uint32_t>(service.scheduler_flags & SchedulerFlags::all) |
         (service.persistent ? std::uint32_t{IP_VS_SVC_F_PERSISTENT} : 0U) |
         (service.one_packet ? std::uint32_t{IP_VS_SVC_F_ONEPACKET} : 0U);
}

void put_key(Message& message, const DestinationKey& key) {
  put_address(message, IPVS_DEST_ATTR_ADDR, key.address);
  message.put_be16(IPVS_DEST_ATTR_PORT, key.port);
  message.put_u16(IPVS_DEST_ATTR_ADDR_FAMILY, family_number(key.address.family()));
}

/// One function per change: the command, and its attributes after the headers.
struct RequestEncoder {
  Message& message;
  int family;
  Answer answer;

  void begin(std::uint8_t command) const { message.begin(family, command, answer); }
  void begin(std::uint8_t command, const ServiceKey& key) const {
    begin(command);
    encode_key(message, key);
  }

  void operator()(const AddService& c) const {
    begin(IPVS_CMD_NEW_SERVICE);
    encode(message, c.service);
  }
  void operator()(const EditService& c) const {
    begin(IPVS_CMD_SET_SERVICE);
    encode(message, c.service);
  }
  void operator()(const DeleteService& c) const { begin(IPVS_CMD_DEL_SERVICE, c.key); }
  void operator()(const AddDestination& c) const {
    begin(IPVS_CMD_NEW_DEST, c.service);
    encode(message, c.destination);
  }
  void operator()(const EditDestination& c) const {
    begin(IPVS_CMD_SET_DEST, c.service);
    encode(message, c.destination);
  }
  void operator()(const DeleteDestination& c) const {
    begin(IPVS_CMD_DEL_DEST, c.service);
    encode_key(message, c.key);
  }
  void operator()(const Zero& c) const {
    begin(IPVS_CMD_ZERO);
    if (c.service) encode_key(message, *c.service);
  }
  void operator()(const Flush& /*unused*/) const { begin(IPVS_CMD_FLUSH); }
  void operator()(const SetTimeouts& c) const {
    begin(IPVS_CMD_SET_CONFIG);
    encode(message, c.timeouts);
  }
  void operator()(const StartDaemon& c) const {
    begin(IPVS_CMD_NEW_DAEMON);
    encode(message, c.daemon);
  }
  void operator()(const StopDaemon& c) const {
    begin(IPVS_CMD_DEL_DAEMON);
    encode_stop(message, c.role, c.sync_id);
  }
};

bool is_name(const std::string& name, std::size_t capacity) {
  return name.size() < capacity && name.find('\0') == std::string::npos;
}

bool fits(std::chrono::seconds seconds) { return seconds.count() >= 0 && seconds.count() <= UINT32_MAX; }

/// One function per change that the kernel would misunderstand if it got it; see refused_beforehand().
struct Refuser {
  int operator()(const AddService& c) const { return service(c.service); }
  int operator()(const EditService& c) const { return service(c.service); }
  int operator()(const DeleteService& c) const { return refused_beforehand(c.key); }
  int operator()(const AddDestination& c) const { return refused_beforehand(c.service); }
  int operator()(const EditDestination& c) const { return refused_beforehand(c.service); }
  int operator()(const DeleteDestination& c) const { return refused_beforehand(c.service); }
  int operator()(const Zero& c) const { return c.service ? refused_beforehand(*c.service) : 0; }
  int operator()(const Flush& /*unused*/) const { return 0; }
  int operator()(const SetTimeouts& c) const {
    return fits(c.timeouts.tcp) && fits(c.timeouts.tcp_fin) && fits(c.timeouts.udp) ? 0 : EINVAL;
  }
  int operator()(const StartDaemon& c) const { return is_name(c.daemon.interface, IP_VS_IFNAME_MAXLEN) ? 0 : ENODEV; }
  int operator()(const StopDaemon& /*unused*/) const { return 0; }

  static int service(const Service& service) {
    if (const int error_number = refused_beforehand(service.key)) return error_number;
    const bool named =
        is_name(service.scheduler, IP_VS_SCHEDNAME_MAXLEN) && is_name(service.persistence_engine, IP_VS_PENAME_MAXLEN);
    if (!named) return ENOENT;
    return fits(service.persistence_timeout) ? 0 : EINVAL;
  }
};

}  // namespace

void encode_request(Message& message, int family, Answer answer, const Change& change) {
  std::visit(RequestEncoder{message, family, answer}, change);
}

int refused_beforehand(const ServiceKey& key) {
  if (key.is_fwmark()) return 0;
  return key.protocol != Protocol::none && key.family == key.address.family() ? 0 : EINVAL;
}

int refused_beforehand(const Change& change) { return std::visit(Refuser{}, change); }

void encode_key(Message& message, const ServiceKey& key) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_SERVICE);
  put_key(message, key);
  message.close(nested);
}

void encode(Message& message, const Service& service) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_SERVICE);
  put_key(message, service.key);
  message.put_string(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
  if (!service.persistence_engine.empty()) message.put_string(IPVS_SVC_ATTR_PE_NAME, service.persistence_engine);
  const ip_vs_flags flags{kernel_flags(service), ~0U};
  message.put_bytes(IPVS_SVC_ATTR_FLAGS, std::as_bytes(std::span(&flags, 1)));
  message.put_u32(IPVS_SVC_ATTR_TIMEOUT, seconds_of(service.persistence_timeout));
  // The kernel keeps an IPv4 mask in network order and an IPv6 prefix length as a plain number.
  if (service.key.family == Family::ipv4) {
    message.put_be32(IPVS_SVC_ATTR_NETMASK, service.netmask);
  } else {
    message.put_u32(IPVS_SVC_ATTR_NETMASK, service.netmask);
  }
  message.close(nested);
}

void encode_key(Message& message, const DestinationKey& key) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_DEST);
  put_key(message, key);
  message.close(nested);
}

void encode(Message& message, const Destination& destination) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_DEST);
  put_key(message, destination.key);
  message.put_u32(IPVS_DEST_ATTR_FWD_METHOD, static_cast<std::uint32_t>(destination.forwarding));
  message.put_u32(IPVS_DEST_ATTR_WEIGHT, static_cast<std::uint32_t>(destination.weight));
  message.put_u32(IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
  message.put_u32(IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
  message.put_u8(IPVS_DEST_ATTR_TUN_TYPE, static_cast<std::uint8_t>(destination.tunnel_type));
  message.put_be16(IPVS_DEST_ATTR_TUN_PORT, destination.tunnel_port);
  message.put_u16(IPVS_DEST_ATTR_TUN_FLAGS, static_cast<std::uint16_t>(destination.tunnel_checksum));
  message.close(nested);
}

void encode(Message& message, const Daemon& daemon) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_DAEMON);
  message.put_u32(IPVS_DAEMON_ATTR_STATE, static_cast<std::uint32_t>(daemon.role));
  message.put_string(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  message.put_u32(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
  if (daemon.sync_maxlen != 0) message.put_u16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.sync_maxlen);
  if (daemon.multicast_group && daemon.multicast_group->is_v4()) {
    message.put_be32(IPVS_DAEMON_ATTR_MCAST_GROUP, daemon.multicast_group->v4_number());
  } else if (daemon.multicast_group) {
    put_address(message, IPVS_DAEMON_ATTR_MCAST_GROUP6, *daemon.multicast_group);
  }
  // Unlike every other port of the family this one is in host order.
  if (daemon.multicast_port != 0) message.put_u16(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.multicast_port);
  if (daemon.multicast_ttl != 0) message.put_u8(IPVS_DAEMON_ATTR_MCAST_TTL, daemon.multicast_ttl);
  message.close(nested);
}

void encode_stop(Message& message, DaemonRole role, std::uint32_t sync_id) {
  nlattr* nested = message.open(IPVS_CMD_ATTR_DAEMON);
  message.put_u32(IPVS_DAEMON_ATTR_STATE, static_cast<std::uint32_t>(role));
  message.put_u32(IPVS_DAEMON_ATTR_SYNC_ID, sync_id);
  message.close(nested);
}

void encode(Message& message, const Timeouts& timeouts) {
  message.put_u32(IPVS_CMD_ATTR_TIMEOUT_TCP, seconds_of(timeouts.tcp));
  message.put_u32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, seconds_of(timeouts.tcp_fin));
  message.put_u32(IPVS_CMD_ATTR_TIMEOUT_UDP, seconds_of(timeouts.udp));
}

}  // namespace ipvs::netlink
