// SPDX-License-Identifier: MIT
#include "netlink/codec.hpp"

#include <linux/ip_vs.h>
#include <netlink/attr.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "kernel_messages.hpp"
#include "netlink/message.hpp"

using namespace ipvs;
using kernel_messages::Bytes;
using kernel_messages::Without;
using netlink::Answer;
using netlink::Malformed;
using netlink::Message;

namespace {

constexpr Without narrow{0, true};

/// 10.0.0.1:8080 and so on, as kernel_messages::service() has it.
Service sample_service() {
  Service service(ServiceKey::tcp(Address::v4(0x0a000001), 8080), "sh");
  service.persistent = true;
  service.scheduler_flags = SchedulerFlags::flag2;
  service.persistence_timeout = std::chrono::seconds(360);
  service.netmask = 0xffffff00;
  return service;
}

/// As kernel_messages::destination() has it.
Destination sample_destination() {
  Destination destination;
  destination.key = {Address::v4(0x0a010101), 8080};
  destination.forwarding = Forwarding::tunnel;
  destination.weight = 5;
  destination.upper_threshold = 9;
  destination.lower_threshold = 2;
  destination.tunnel_type = TunnelType::gue;
  destination.tunnel_port = 6080;
  destination.tunnel_checksum = TunnelChecksum::remote;
  return destination;
}

/// As kernel_messages::daemon() has it.
Daemon sample_daemon() { return {DaemonRole::backup, "eth0", 7, 1400, Address::v4(0xef010203), 8848, 2}; }

/// Counters that are `first` and the number of their attribute.
Stats stats_from(std::uint64_t first) {
  return {first + 1, first + 2, first + 3, first + 4, first + 5,
          first + 6, first + 7, first + 8, first + 9, first + 10};
}

std::string fault_of(const std::function<void()>& decode) {
  try {
    decode();
  } catch (const Malformed& malformed) {
    return malformed.what();
  }
  return "none";
}

std::string service_without(int attribute) {
  return fault_of([&] { netlink::decode_service(kernel_messages::service({attribute, true})); });
}

std::string destination_without(int attribute) {
  return fault_of([&] { netlink::decode_destination(kernel_messages::destination({attribute, true}), Family::ipv4); });
}

Bytes payload_of(const Change& change) {
  Message message;
  netlink::encode_request(message, kernel_messages::family_id, Answer::ack, change);
  return kernel_messages::copy(message.payload());
}

const nlattr* find(const Bytes& payload, int nest, int attribute) {
  const auto* first = reinterpret_cast<const nlattr*>(payload.data());
  const nlattr* outer = nla_find(first, static_cast<int>(payload.size()), nest);
  REQUIRE(outer != nullptr);
  return nla_find(static_cast<const nlattr*>(nla_data(outer)), nla_len(outer), attribute);
}

/// The bytes of an attribute in a nest, as they go to the kernel.
std::vector<int> value_of(const Bytes& payload, int nest, int attribute) {
  const nlattr* found = find(payload, nest, attribute);
  REQUIRE(found != nullptr);
  const auto* bytes = static_cast<const std::uint8_t*>(nla_data(found));
  return {bytes, bytes + nla_len(found)};
}

/// The payload with more attributes at the end of its last nest, which starts at `nest`.
Bytes with_more(Bytes payload, std::size_t nest, const Bytes& more) {
  nlattr header{};
  std::memcpy(&header, payload.data() + nest, sizeof header);
  header.nla_len = static_cast<std::uint16_t>(header.nla_len + more.size());
  std::memcpy(payload.data() + nest, &header, sizeof header);
  payload.insert(payload.end(), more.begin(), more.end());
  return payload;
}

/// What the kernel would answer about what a request set: the same attributes, and the counters.
ServiceEntry returned(const Service& service) {
  const Bytes counters = kernel_messages::attributes(
      [](Message& message) { kernel_messages::put_stats(message, IPVS_SVC_ATTR_STATS64, true, 0); });
  return netlink::decode_service(with_more(payload_of(AddService{service}), 0, counters));
}

DestinationEntry returned(const ServiceKey& key, const Destination& destination) {
  const Bytes counters = kernel_messages::attributes([](Message& message) {
    for (const int i : {IPVS_DEST_ATTR_ACTIVE_CONNS, IPVS_DEST_ATTR_INACT_CONNS, IPVS_DEST_ATTR_PERSIST_CONNS}) {
      message.put_u32(i, 0);
    }
    kernel_messages::put_stats(message, IPVS_DEST_ATTR_STATS64, true, 0);
  });
  // The destination's nest is behind the service's.
  const std::size_t nest = payload_of(DeleteService{key}).size();
  return netlink::decode_destination(with_more(payload_of(AddDestination{key, destination}), nest, counters),
                                     key.family);
}

}  // namespace

TEST_CASE("a service's attributes are read in their byte order") {
  const ServiceEntry entry = netlink::decode_service(kernel_messages::service());
  CHECK(entry.service == sample_service());
  CHECK(entry.stats == stats_from(kernel_messages::wide_first));
}

TEST_CASE("a destination's attributes are read in their byte order") {
  const DestinationEntry entry = netlink::decode_destination(kernel_messages::destination(), Family::ipv4);
  CHECK(entry.destination == sample_destination());
  CHECK(entry.active_connections == 11);
  CHECK(entry.inactive_connections == 12);
  CHECK(entry.persistent_connections == 13);
  CHECK(entry.stats == stats_from(kernel_messages::wide_first));
}

TEST_CASE("without 64-bit counters the 32-bit ones are read") {
  CHECK(netlink::decode_service(kernel_messages::service(narrow)).stats == stats_from(kernel_messages::narrow_first));
  CHECK(netlink::decode_destination(kernel_messages::destination(narrow), Family::ipv4).stats ==
        stats_from(kernel_messages::narrow_first));
}

TEST_CASE("every missing attribute of a service is reported") {
  CHECK(service_without(IPVS_SVC_ATTR_AF) == "address family is missing");
  CHECK(service_without(IPVS_SVC_ATTR_PROTOCOL) == "protocol is missing");
  CHECK(service_without(IPVS_SVC_ATTR_ADDR) == "service address is missing");
  CHECK(service_without(IPVS_SVC_ATTR_PORT) == "service port is missing");
  CHECK(service_without(IPVS_SVC_ATTR_SCHED_NAME) == "scheduler is missing");
  CHECK(service_without(IPVS_SVC_ATTR_FLAGS) == "service flags is missing");
  CHECK(service_without(IPVS_SVC_ATTR_TIMEOUT) == "persistence timeout is missing");
  CHECK(service_without(IPVS_SVC_ATTR_NETMASK) == "netmask is missing");
  CHECK(service_without(IPVS_SVC_ATTR_STATS) == "statistics is missing");
  CHECK(fault_of([] { netlink::decode_service(kernel_messages::destination()); }) == "service is missing");
}

TEST_CASE("every missing attribute of a destination is reported") {
  CHECK(destination_without(IPVS_DEST_ATTR_ADDR) == "destination address is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_PORT) == "destination port is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_FWD_METHOD) == "forwarding method is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_WEIGHT) == "weight is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_U_THRESH) == "upper threshold is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_L_THRESH) == "lower threshold is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_ACTIVE_CONNS) == "active connections is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_INACT_CONNS) == "inactive connections is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_PERSIST_CONNS) == "persistent connections is missing");
  CHECK(destination_without(IPVS_DEST_ATTR_STATS) == "statistics is missing");
  CHECK(fault_of([] { netlink::decode_destination(kernel_messages::service(), Family::ipv4); }) ==
        "destination is missing");
}

TEST_CASE("an attribute that is too short for its value is reported") {
  const Bytes narrow_number =
      kernel_messages::attributes([](Message& message) { message.put_u16(IPVS_CMD_ATTR_TIMEOUT_TCP, 900); });
  CHECK(fault_of([&] { netlink::decode_timeouts(narrow_number); }) == "tcp timeout is too short");
  const Bytes half_an_address = kernel_messages::attributes([](Message& message) {
    nlattr* nested = message.open(IPVS_CMD_ATTR_SERVICE);
    message.put_u16(IPVS_SVC_ATTR_AF, 10);
    message.put_u16(IPVS_SVC_ATTR_PROTOCOL, 6);
    message.put_be32(IPVS_SVC_ATTR_ADDR, 0x0a000001);
    message.put_be16(IPVS_SVC_ATTR_PORT, 80);
    message.close(nested);
  });
  CHECK(fault_of([&] { netlink::decode_service(half_an_address); }) == "service address is too short");
}

TEST_CASE("older kernels report no tunnel and not the destination's own family, which is then the service's") {
  const auto decode = [](int without, Family family) {
    return netlink::decode_destination(kernel_messages::destination({without, false}), family).destination;
  };
  CHECK(decode(IPVS_DEST_ATTR_TUN_TYPE, Family::ipv4).tunnel_type == TunnelType::ipip);
  CHECK(decode(IPVS_DEST_ATTR_TUN_PORT, Family::ipv4).tunnel_port == 0);
  CHECK(decode(IPVS_DEST_ATTR_TUN_FLAGS, Family::ipv4).tunnel_checksum == TunnelChecksum::none);
  CHECK(decode(IPVS_DEST_ATTR_ADDR_FAMILY, Family::ipv4).key.address == Address::v4(0x0a010101));
  CHECK(decode(IPVS_DEST_ATTR_ADDR_FAMILY, Family::ipv6).key.address == *Address::parse("a01:101:eeee::"));
  // A family that is reported takes precedence over the service's.
  CHECK(decode(0, Family::ipv6).key.address == Address::v4(0x0a010101));
}

TEST_CASE("words of newer kernels are kept as numbers, and a weight below 0 is none") {
  CHECK(netlink::decode_service(kernel_messages::service({}, 47)).service.key.protocol == static_cast<Protocol>(47));
  kernel_messages::Words words;
  words.forwarding = 6;
  words.tunnel_type = 7;
  words.tunnel_flags = 3;
  const Destination read =
      netlink::decode_destination(kernel_messages::destination({}, words), Family::ipv4).destination;
  CHECK(read.forwarding == static_cast<Forwarding>(6));
  CHECK(read.tunnel_type == static_cast<TunnelType>(7));
  CHECK(read.tunnel_checksum == static_cast<TunnelChecksum>(3));
  words.weight = 0x80000000U;
  CHECK(fault_of([&] { netlink::decode_destination(kernel_messages::destination({}, words), Family::ipv4); }) ==
        "weight is negative");
}

TEST_CASE("timeouts, info and daemons are read") {
  const Timeouts timeouts{std::chrono::seconds(900), std::chrono::seconds(120), std::chrono::seconds(300)};
  CHECK(netlink::decode_timeouts(kernel_messages::timeouts()) == timeouts);
  CHECK(netlink::decode_timeouts(payload_of(SetTimeouts{timeouts})) == timeouts);
  CHECK(netlink::decode_info(kernel_messages::info()) == Info{1, 2, 3, 4096});
  CHECK(netlink::decode_daemon(kernel_messages::daemon()) == sample_daemon());
  CHECK(fault_of([] { netlink::decode_daemon(kernel_messages::daemon(3)); }) == "unknown sync daemon state");
  for (const char* group : {"224.0.0.99", "ff02::5"}) {
    Daemon daemon = sample_daemon();
    daemon.multicast_group = Address::parse(group);
    CHECK(netlink::decode_daemon(payload_of(StartDaemon{daemon})) == daemon);
  }
  // What is left to the kernel is not sent.
  Daemon plain;
  plain.interface = "lo";
  CHECK(netlink::decode_daemon(payload_of(StartDaemon{plain})) == plain);
  CHECK(find(payload_of(StartDaemon{plain}), IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_SYNC_MAXLEN) == nullptr);
}

TEST_CASE("a request reads back as what it was made of") {
  Service four = sample_service();
  four.persistence_engine = "sip";
  Service six(ServiceKey::udp(*Address::parse("2001:db8::1"), 53), "mh");
  six.netmask = 64;
  six.one_packet = true;
  six.scheduler_flags = SchedulerFlags::flag1 | SchedulerFlags::flag3;
  Service longest(ServiceKey::sctp(Address::v4(0xffffffff), 65535), std::string(15, 's'));
  longest.persistence_engine = std::string(15, 'e');
  longest.persistence_timeout = std::chrono::seconds(UINT32_MAX);
  for (const Service& service : {four, six, longest, Service(ServiceKey::mark(0xffffffff)),
                                 Service(ServiceKey::mark(7, Family::ipv6), "none")}) {
    CHECK(returned(service).service == service);
    CHECK(payload_of(EditService{service}) == payload_of(AddService{service}));
  }

  Destination heaviest;
  heaviest.key = {*Address::parse("2001:db8::2"), 65535};
  heaviest.forwarding = Forwarding::masquerade;
  heaviest.weight = INT32_MAX;
  heaviest.upper_threshold = UINT32_MAX;
  heaviest.lower_threshold = 1;
  for (const Destination& destination : {sample_destination(), heaviest, Destination()}) {
    for (const ServiceKey& key : {four.key, six.key, ServiceKey::mark(9)}) {
      CHECK(returned(key, destination).destination == destination);
      const Bytes request = payload_of(AddDestination{key, destination});
      CHECK(payload_of(EditDestination{key, destination}) == request);
      // The service is named as everywhere.
      const Bytes name = payload_of(DeleteService{key});
      CHECK(Bytes(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(name.size())) == name);
    }
  }
}

TEST_CASE("a name alone is that of the whole") {
  const ServiceKey web = sample_service().key;
  for (const ServiceKey& key : {web, ServiceKey::udp(*Address::parse("2001:db8::1"), 53), ServiceKey::mark(3)}) {
    // The rest of a service behind its name.
    const Bytes rest = kernel_messages::attributes([](Message& message) {
      const ip_vs_flags flags{};
      message.put_string(IPVS_SVC_ATTR_SCHED_NAME, "rr");
      message.put_bytes(IPVS_SVC_ATTR_FLAGS, std::as_bytes(std::span(&flags, 1)));
      message.put_u32(IPVS_SVC_ATTR_TIMEOUT, 0);
      message.put_u32(IPVS_SVC_ATTR_NETMASK, 128);
      kernel_messages::put_stats(message, IPVS_SVC_ATTR_STATS64, true, 0);
    });
    CHECK(netlink::decode_service(with_more(payload_of(DeleteService{key}), 0, rest)).service.key == key);
    CHECK(payload_of(Zero{key}) == payload_of(DeleteService{key}));
  }
  CHECK(payload_of(Zero{}).empty());
  CHECK(payload_of(Flush{}).empty());
  const Bytes deletion = payload_of(DeleteDestination{web, {Address::v4(0x0a010203), 0x1234}});
  CHECK(value_of(deletion, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_PORT) == std::vector<int>{0x1f, 0x90});
  CHECK(value_of(deletion, IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_PORT) == std::vector<int>{0x12, 0x34});
  CHECK(value_of(deletion, IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_ADDR) ==
        std::vector<int>{10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Bytes stop = payload_of(StopDaemon{DaemonRole::backup, 9});
  const std::uint32_t nine = 9;
  std::vector<int> nine_in_host_order(sizeof nine);
  for (std::size_t i = 0; i < sizeof nine; ++i) {
    nine_in_host_order[i] = reinterpret_cast<const std::uint8_t*>(&nine)[i];
  }
  CHECK(value_of(stop, IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_SYNC_ID) == nine_in_host_order);
}

TEST_CASE("masks and ports of a request are in network order") {
  const Bytes service = payload_of(AddService{sample_service()});
  CHECK(value_of(service, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_NETMASK) == std::vector<int>{255, 255, 255, 0});
  CHECK(value_of(service, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_PORT) == std::vector<int>{0x1f, 0x90});
  const Bytes destination = payload_of(AddDestination{sample_service().key, sample_destination()});
  CHECK(value_of(destination, IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_TUN_PORT) == std::vector<int>{0x17, 0xc0});
}

TEST_CASE("every change has its command") {
  const ServiceKey web = sample_service().key;
  const std::vector<std::pair<Change, int>> commands = {
      {AddService{sample_service()}, IPVS_CMD_NEW_SERVICE},
      {EditService{sample_service()}, IPVS_CMD_SET_SERVICE},
      {DeleteService{web}, IPVS_CMD_DEL_SERVICE},
      {AddDestination{web, sample_destination()}, IPVS_CMD_NEW_DEST},
      {EditDestination{web, sample_destination()}, IPVS_CMD_SET_DEST},
      {DeleteDestination{web, sample_destination().key}, IPVS_CMD_DEL_DEST},
      {Zero{}, IPVS_CMD_ZERO},
      {Flush{}, IPVS_CMD_FLUSH},
      {SetTimeouts{}, IPVS_CMD_SET_CONFIG},
      {StartDaemon{sample_daemon()}, IPVS_CMD_NEW_DAEMON},
      {StopDaemon{}, IPVS_CMD_DEL_DAEMON},
  };
  CHECK(commands.size() == std::variant_size_v<Change>);
  for (const auto& [change, command] : commands) {
    Message message;
    netlink::encode_request(message, kernel_messages::family_id, Answer::ack, change);
    const auto* header = reinterpret_cast<const nlmsghdr*>(message.bytes().data());
    CHECK(header->nlmsg_len == message.bytes().size());
    CHECK(header->nlmsg_type == kernel_messages::family_id);
    CHECK(header->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK));
    CHECK(static_cast<int>(message.bytes()[NLMSG_HDRLEN]) == command);
  }
}
