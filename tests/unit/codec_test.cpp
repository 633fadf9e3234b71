// SPDX-License-Identifier: MIT
#include "netlink/codec.hpp"

#include <linux/ip_vs.h>
#include <netlink/attr.h>

#include <cerrno>
#include <functional>
#include <random>
#include <vector>

#include "catch.hpp"
#include "netlink/message.hpp"

using namespace ipvs;
using netlink::Answer;
using netlink::Malformed;
using netlink::Message;

namespace {

std::vector<std::byte> copy(netlink::Payload payload) { return {payload.begin(), payload.end()}; }

void put_stats(Message& message, int attribute, bool wide, std::uint64_t first) {
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

/// A service as the kernel tells it; `without` leaves an attribute out.
std::vector<std::byte> service_message(int without = 0, bool wide = true) {
  Message message;
  message.begin(28, IPVS_CMD_NEW_SERVICE, Answer::silence);
  nlattr* nested = message.open(IPVS_CMD_ATTR_SERVICE);
  const auto put = [&](int attribute, const std::function<void()>& action) {
    if (attribute != without) action();
  };
  put(IPVS_SVC_ATTR_AF, [&] { message.put_u16(IPVS_SVC_ATTR_AF, 2); });
  put(IPVS_SVC_ATTR_PROTOCOL, [&] { message.put_u16(IPVS_SVC_ATTR_PROTOCOL, 6); });
  put(IPVS_SVC_ATTR_ADDR, [&] { message.put_be32(IPVS_SVC_ATTR_ADDR, 0x0a000001); });
  put(IPVS_SVC_ATTR_PORT, [&] { message.put_be16(IPVS_SVC_ATTR_PORT, 8080); });
  put(IPVS_SVC_ATTR_SCHED_NAME, [&] { message.put_string(IPVS_SVC_ATTR_SCHED_NAME, "sh"); });
  const ip_vs_flags flags{IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_SCHED2, ~0U};
  put(IPVS_SVC_ATTR_FLAGS, [&] { message.put_bytes(IPVS_SVC_ATTR_FLAGS, std::as_bytes(std::span(&flags, 1))); });
  put(IPVS_SVC_ATTR_TIMEOUT, [&] { message.put_u32(IPVS_SVC_ATTR_TIMEOUT, 360); });
  put(IPVS_SVC_ATTR_NETMASK, [&] { message.put_be32(IPVS_SVC_ATTR_NETMASK, 0xffffff00); });
  put(IPVS_SVC_ATTR_STATS, [&] { put_stats(message, IPVS_SVC_ATTR_STATS, false, 100); });
  if (wide) put_stats(message, IPVS_SVC_ATTR_STATS64, true, 0x100000000ULL);
  message.close(nested);
  return copy(message.payload());
}

Service sample_service() {
  Service service(ServiceKey::tcp(Address::v4(0x0a000001), 8080), "sh");
  service.persistent = true;
  service.scheduler_flags = SchedulerFlags::flag2;
  service.persistence_timeout = std::chrono::seconds(360);
  service.netmask = 0xffffff00;
  return service;
}

std::string fault_of(const std::vector<std::byte>& payload) {
  try {
    netlink::decode_service(payload);
  } catch (const Malformed& malformed) {
    return malformed.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a service's attributes are read in their byte order") {
  const ServiceEntry entry = netlink::decode_service(service_message());
  CHECK(entry.service == sample_service());
  CHECK(entry.stats.connections == 0x100000001ULL);
  CHECK(entry.stats.bytes_out_per_second == 0x10000000aULL);
}

TEST_CASE("without 64-bit counters the 32-bit ones are read") {
  const ServiceEntry entry = netlink::decode_service(service_message(0, false));
  CHECK(entry.stats.connections == 101);
  CHECK(entry.stats.bytes_in == 104);
  CHECK(entry.stats.bytes_out_per_second == 110);
}

TEST_CASE("every missing attribute of a service is told") {
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_AF)) == "address family is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_PROTOCOL)) == "protocol is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_ADDR)) == "service address is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_PORT)) == "service port is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_SCHED_NAME)) == "scheduler is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_FLAGS)) == "service flags is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_TIMEOUT)) == "persistence timeout is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_NETMASK)) == "netmask is missing");
  CHECK(fault_of(service_message(IPVS_SVC_ATTR_STATS, false)) == "statistics is missing");
}

TEST_CASE("a request reads back as what it was made of") {
  Message message;
  // The kernel's answer to a service has the counters too; without them decoding ends there, after all else.
  netlink::encode_request(message, 28, Answer::ack, AddService{sample_service()});
  CHECK(fault_of(copy(message.payload())) == "statistics is missing");
  const auto bytes = message.bytes();
  CHECK(bytes.size() % 4 == 0);
  CHECK(static_cast<int>(bytes[4]) == 28);                     // family
  CHECK(static_cast<int>(bytes[6]) == 5);                      // request, acknowledge
  CHECK(static_cast<int>(bytes[16]) == IPVS_CMD_NEW_SERVICE);  // command
}

TEST_CASE("names too long for the kernel are known before it is asked") {
  Service service = sample_service();
  service.scheduler = std::string(16, 'x');
  CHECK(netlink::refused_beforehand(AddService{service}) == ENOENT);
  service.scheduler = std::string(15, 'x');
  CHECK(netlink::refused_beforehand(EditService{service}) == 0);
  service.persistence_engine = std::string(16, 'x');
  CHECK(netlink::refused_beforehand(EditService{service}) == ENOENT);
  Daemon daemon;
  daemon.interface = std::string(16, 'x');
  CHECK(netlink::refused_beforehand(StartDaemon{daemon}) == ENODEV);
}

TEST_CASE("timeouts, info and daemons are read") {
  Message message;
  message.begin(28, IPVS_CMD_SET_CONFIG, Answer::silence);
  const Timeouts timeouts{std::chrono::seconds(900), std::chrono::seconds(120), std::chrono::seconds(300)};
  netlink::encode(message, timeouts);
  CHECK(netlink::decode_timeouts(message.payload()) == timeouts);

  message.begin(28, IPVS_CMD_SET_INFO, Answer::silence);
  message.put_u32(IPVS_INFO_ATTR_VERSION, 0x010203);
  message.put_u32(IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096);
  CHECK(netlink::decode_info(message.payload()) == Info{1, 2, 3, 4096});

  Daemon daemon;
  daemon.role = DaemonRole::backup;
  daemon.interface = "eth0";
  daemon.sync_id = 7;
  daemon.sync_maxlen = 1400;
  daemon.multicast_group = Address::parse("ff02::5");
  daemon.multicast_port = 8848;
  daemon.multicast_ttl = 2;
  message.begin(28, IPVS_CMD_NEW_DAEMON, Answer::silence);
  netlink::encode(message, daemon);
  CHECK(netlink::decode_daemon(message.payload()) == daemon);
}

TEST_CASE("bytes that make no sense are refused, never a crash") {
  const std::uint64_t seed = 20261123;
  std::mt19937_64 random(seed);
  const std::vector<std::byte> good = service_message();
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> bad = good;
    for (int n = 0; n < 3; ++n) bad[random() % bad.size()] = static_cast<std::byte>(random());
    if (i % 3 == 0) bad.resize(random() % bad.size());
    // A copy of exactly this size, so that the sanitizer sees a step beyond.
    const std::vector<std::byte> exact(bad.begin(), bad.end());
    for (int kind = 0; kind < 5; ++kind) {
      try {
        switch (kind) {
          case 0: netlink::decode_service(exact); break;
          case 1: netlink::decode_destination(exact, Family::ipv4); break;
          case 2: netlink::decode_daemon(exact); break;
          case 3: netlink::decode_timeouts(exact); break;
          default: netlink::decode_info(exact);
        }
      } catch (const Malformed&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 50000);
}
