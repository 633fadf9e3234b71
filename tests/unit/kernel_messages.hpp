// SPDX-License-Identifier: MIT
#pragma once

#include <linux/ip_vs.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "netlink/message.hpp"

// What the kernel answers, made without one: the attributes of its answers as Linux 6.1 orders and sizes them.
namespace kernel_messages {

using Bytes = std::vector<std::byte>;

constexpr int family_id = 28;

/// What an answer does not have: an attribute by number, the 64-bit counters (before Linux 4.1).
struct Without {
  int attribute = 0;
  bool wide_stats = false;

  bool keeps(int number) const { return number != attribute; }
};

inline Bytes copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

/// The attributes that `put` puts.
inline Bytes attributes(const std::function<void(ipvs::netlink::Message&)>& put) {
  ipvs::netlink::Message message;
  message.begin(family_id, 0, ipvs::netlink::Answer::silence);
  put(message);
  return copy(message.payload());
}

/// The counters: each one is `first` and its attribute number.
inline void put_stats(ipvs::netlink::Message& message, int attribute, bool wide, std::uint64_t first) {
  nlattr* nested = message.open(attribute);
  for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; ++i) {
    const std::uint64_t value = first + static_cast<std::uint64_t>(i);
    if (wide || i == IPVS_STATS_ATTR_INBYTES || i == IPVS_STATS_ATTR_OUTBYTES) {
      message.put_bytes(i, std::as_bytes(std::span(&value, 1)));
    } else {
      message.put_u32(i, static_cast<std::uint32_t>(value));
    }
  }
  message.close(nested);
}

constexpr std::uint64_t narrow_first = 100;
constexpr std::uint64_t wide_first = 0x100000000ULL;

/// TCP 10.0.0.1:`port`, sh, persistent for 360 s in networks of 24 bits, flag 2.
inline Bytes service(Without without = {}, std::uint16_t protocol = 6, std::uint16_t port = 8080) {
  return attributes([&](ipvs::netlink::Message& message) {
    nlattr* nested = message.open(IPVS_CMD_ATTR_SERVICE);
    if (without.keeps(IPVS_SVC_ATTR_AF)) message.put_u16(IPVS_SVC_ATTR_AF, 2);
    if (without.keeps(IPVS_SVC_ATTR_PROTOCOL)) message.put_u16(IPVS_SVC_ATTR_PROTOCOL, protocol);
    if (without.keeps(IPVS_SVC_ATTR_ADDR)) message.put_be32(IPVS_SVC_ATTR_ADDR, 0x0a000001);
    if (without.keeps(IPVS_SVC_ATTR_PORT)) message.put_be16(IPVS_SVC_ATTR_PORT, port);
    if (without.keeps(IPVS_SVC_ATTR_SCHED_NAME)) message.put_string(IPVS_SVC_ATTR_SCHED_NAME, "sh");
    const ip_vs_flags flags{IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_SCHED2, ~0U};
    if (without.keeps(IPVS_SVC_ATTR_FLAGS)) {
      message.put_bytes(IPVS_SVC_ATTR_FLAGS, std::as_bytes(std::span(&flags, 1)));
    }
    if (without.keeps(IPVS_SVC_ATTR_TIMEOUT)) message.put_u32(IPVS_SVC_ATTR_TIMEOUT, 360);
    if (without.keeps(IPVS_SVC_ATTR_NETMASK)) message.put_be32(IPVS_SVC_ATTR_NETMASK, 0xffffff00);
    if (without.keeps(IPVS_SVC_ATTR_STATS)) put_stats(message, IPVS_SVC_ATTR_STATS, false, narrow_first);
    if (!without.wide_stats) put_stats(message, IPVS_SVC_ATTR_STATS64, true, wide_first);
    message.close(nested);
  });
}

/// What a destination's message says where the tests need something else than usual.
struct Words {
  std::uint32_t forwarding = IP_VS_CONN_F_TUNNEL | IP_VS_CONN_F_NOOUTPUT;
  std::uint32_t weight = 5;
  std::uint8_t tunnel_type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
  std::uint16_t tunnel_flags = IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
};

/// 10.1.1.1:8080 by gue on port 6080 with remote checksums, weight 5, thresholds 2 to 9.
inline Bytes destination(Without without = {}, const Words& words = {}) {
  return attributes([&](ipvs::netlink::Message& message) {
    const auto put_u32 = [&](int attribute, std::uint32_t value) {
      if (without.keeps(attribute)) message.put_u32(attribute, value);
    };
    nlattr* nested = message.open(IPVS_CMD_ATTR_DEST);
    if (without.keeps(IPVS_DEST_ATTR_ADDR)) {
      // The kernel's union nf_inet_addr: whole, whatever the family.
      const std::uint8_t address[16] = {10, 1, 1, 1, 0xee, 0xee};
      message.put_bytes(IPVS_DEST_ATTR_ADDR, std::as_bytes(std::span(address)));
    }
    if (without.keeps(IPVS_DEST_ATTR_PORT)) message.put_be16(IPVS_DEST_ATTR_PORT, 8080);
    put_u32(IPVS_DEST_ATTR_FWD_METHOD, words.forwarding);
    put_u32(IPVS_DEST_ATTR_WEIGHT, words.weight);
    if (without.keeps(IPVS_DEST_ATTR_TUN_TYPE)) message.put_u8(IPVS_DEST_ATTR_TUN_TYPE, words.tunnel_type);
    if (without.keeps(IPVS_DEST_ATTR_TUN_PORT)) message.put_be16(IPVS_DEST_ATTR_TUN_PORT, 6080);
    if (without.keeps(IPVS_DEST_ATTR_TUN_FLAGS)) message.put_u16(IPVS_DEST_ATTR_TUN_FLAGS, words.tunnel_flags);
    put_u32(IPVS_DEST_ATTR_U_THRESH, 9);
    put_u32(IPVS_DEST_ATTR_L_THRESH, 2);
    put_u32(IPVS_DEST_ATTR_ACTIVE_CONNS, 11);
    put_u32(IPVS_DEST_ATTR_INACT_CONNS, 12);
    put_u32(IPVS_DEST_ATTR_PERSIST_CONNS, 13);
    if (without.keeps(IPVS_DEST_ATTR_ADDR_FAMILY)) message.put_u16(IPVS_DEST_ATTR_ADDR_FAMILY, 2);
    if (without.keeps(IPVS_DEST_ATTR_STATS)) put_stats(message, IPVS_DEST_ATTR_STATS, false, narrow_first);
    if (!without.wide_stats) put_stats(message, IPVS_DEST_ATTR_STATS64, true, wide_first);
    message.close(nested);
  });
}

/// A backup on eth0, id 7, messages of 1,400 bytes to 239.1.2.3 port 8848, ttl 2.
inline Bytes daemon(std::uint32_t state = IP_VS_STATE_BACKUP) {
  return attributes([&](ipvs::netlink::Message& message) {
    nlattr* nested = message.open(IPVS_CMD_ATTR_DAEMON);
    message.put_u32(IPVS_DAEMON_ATTR_STATE, state);
    message.put_string(IPVS_DAEMON_ATTR_MCAST_IFN, "eth0");
    message.put_u32(IPVS_DAEMON_ATTR_SYNC_ID, 7);
    message.put_u16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, 1400);
    message.put_u16(IPVS_DAEMON_ATTR_MCAST_PORT, 8848);  // host order
    message.put_u8(IPVS_DAEMON_ATTR_MCAST_TTL, 2);
    message.put_be32(IPVS_DAEMON_ATTR_MCAST_GROUP, 0xef010203);
    message.close(nested);
  });
}

/// 900, 120 and 300 s.
inline Bytes timeouts() {
  return attributes([](ipvs::netlink::Message& message) {
    message.put_u32(IPVS_CMD_ATTR_TIMEOUT_TCP, 900);
    message.put_u32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120);
    message.put_u32(IPVS_CMD_ATTR_TIMEOUT_UDP, 300);
  });
}

/// 1.2.3, 4,096 buckets.
inline Bytes info() {
  return attributes([](ipvs::netlink::Message& message) {
    message.put_u32(IPVS_INFO_ATTR_VERSION, 0x010203);
    message.put_u32(IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096);
  });
}

}  // namespace kernel_messages
