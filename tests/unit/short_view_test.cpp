// SPDX-License-Identifier: MIT
#include "commands/short_view.hpp"

#include <netinet/in.h>

#include <random>
#include <string>

#include <fmt/format.h>

#include "catch.hpp"
#include "commands/table_reader.hpp"
#include "ipvs/error.hpp"

using namespace ipvsadm;
using ipvs::Address;
using ipvs::ServiceKey;

namespace {

constexpr unsigned ticks = 250;

/// As the kernel writes them (Linux 6.1 and 7.3).
std::string written(const Address& address, std::uint16_t port) {
  if (address.is_v4()) return fmt::format("{:08X}:{:04X}", address.v4_number(), port);
  std::string groups;
  for (std::size_t i = 0; i < 16; i += 2) {
    groups += fmt::format("{}{:02x}{:02x}", i == 0 ? "" : ":", address.bytes()[i], address.bytes()[i + 1]);
  }
  return fmt::format("[{}]:{:04X}", groups, port);
}

std::string written(const ipvs::Service& service) {
  const ServiceKey& key = service.key;
  std::string text;
  if (key.is_fwmark()) {
    text = fmt::format("FWM  {:08X} {} {}", key.fwmark, service.scheduler, service.one_packet ? "ops " : "");
  } else {
    const auto number = static_cast<unsigned>(key.protocol);
    const std::string name = number == 6     ? "TCP"
                             : number == 17  ? "UDP"
                             : number == 132 ? "SCTP"
                                             : fmt::format("IP_{}", number);
    text = fmt::format("{}  {} {} {}", name, written(key.address, key.port), service.scheduler,
                       key.address.is_v6()  ? ""
                       : service.one_packet ? "ops "
                                            : " ");
  }
  if (!service.persistent) return text + "\n";
  const std::uint32_t mask = key.family == ipvs::Family::ipv6 ? ntohl(service.netmask) : service.netmask;
  const auto timeout = static_cast<std::uint32_t>(service.persistence_timeout.count()) * ticks;
  return text + fmt::format("persistent {} {:08X}\n", static_cast<std::int32_t>(timeout), mask);
}

std::string written(const ipvs::DestinationEntry& entry) {
  static constexpr std::array names = {"Masq", "Local", "Tunnel", "Route", "Bypass"};
  const ipvs::Destination& server = entry.destination;
  return fmt::format("  -> {}      {:<7} {:<6} {:<10} {:<10}\n", written(server.key.address, server.key.port),
                     names.at(static_cast<std::size_t>(server.forwarding)), server.weight, entry.active_connections,
                     entry.inactive_connections);
}

constexpr const char* head =
    "IP Virtual Server version 1.2.1 (size=4096)\n"
    "Prot LocalAddress:Port Scheduler Flags\n"
    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";

std::string written(const ShortView& view) {
  std::string text = head;
  for (const ShortView::Entry& entry : view.services) {
    text += written(entry.service.service);
    for (const auto& server : entry.servers) text += written(server);
  }
  return text;
}

class RandomTable {
 public:
  explicit RandomTable(unsigned seed) : random_(seed) {}

  ShortView make() {
    ShortView view;
    view.info = {1, 2, 1, 4096};
    view.services.resize(below(5));
    for (ShortView::Entry& entry : view.services) fill(entry);
    return view;
  }

 private:
  std::uint32_t below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
  }
  std::uint16_t port() { return static_cast<std::uint16_t>(below(65536)); }
  std::uint32_t number() { return std::uniform_int_distribution<std::uint32_t>()(random_) >> below(32); }

  Address address(bool v6) {
    if (!v6) return Address::v4(number());
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(number());
    return Address::v6(bytes);
  }

  void fill(ShortView::Entry& entry) {
    const bool v6 = below(2) == 1;
    ipvs::Service& service = entry.service.service;
    static constexpr std::array protocols = {6, 17, 132, 99};
    const auto protocol = static_cast<ipvs::Protocol>(protocols.at(below(protocols.size())));
    const bool is_mark = below(3) == 0;
    service = ipvs::Service(is_mark ? ServiceKey::mark(number() | 1U, v6 ? ipvs::Family::ipv6 : ipvs::Family::ipv4)
                                    : ServiceKey::of(protocol, address(v6), port()),
                            below(2) == 0 ? "rr" : "wlc");
    // The kernel does not write it for IPv6 addresses.
    service.one_packet = (is_mark || !v6) && below(3) == 0;
    if (below(2) == 0) {
      service.persistent = true;
      service.persistence_timeout = std::chrono::seconds(1 + below(2'678'400));
      service.netmask = v6 ? 1 + below(128) : 0xffffffffU << below(24);
    }
    entry.servers.resize(below(4));
    for (ipvs::DestinationEntry& server : entry.servers) fill(server, v6);
    // What shows the family of a mark.
    if (is_mark && !entry.servers.empty()) entry.servers.front().destination.forwarding = ipvs::Forwarding::masquerade;
    if (is_mark && v6 && entry.servers.empty()) service.persistent = true;
    if (is_mark && v6 && service.persistent && service.persistence_timeout.count() == 0) {
      service.persistence_timeout = std::chrono::seconds(360);
    }
  }

  void fill(ipvs::DestinationEntry& server, bool v6) {
    server.destination.key = {address(v6), port()};
    server.destination.forwarding = static_cast<ipvs::Forwarding>(below(5));
    server.destination.weight = static_cast<std::int32_t>(number() >> 1);
    server.active_connections = number() >> 1;
    server.inactive_connections = number() >> 1;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("what the kernel shows to everybody is read: random tables") {
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    const ShortView view = RandomTable(seed).make();
    const std::string text = written(view);
    INFO(text);
    const std::optional<ShortView> read = parse_short_view(text, ticks);
    REQUIRE(read);
    CHECK(read->info == view.info);
    REQUIRE(read->services.size() == view.services.size());
    for (std::size_t i = 0; i < view.services.size(); ++i) {
      CHECK(read->services[i].service == view.services[i].service);
      CHECK(read->services[i].servers == view.services[i].servers);
    }
  }
}

TEST_CASE("the short view with any byte changed, or cut anywhere, is read or refused") {
  std::mt19937 random(7);
  for (unsigned seed = 0; seed < 200; ++seed) {
    const std::string text = written(RandomTable(seed).make());
    for (int i = 0; i < 50; ++i) {
      std::string odd = text;
      odd[random() % odd.size()] = static_cast<char>(random());
      if (i % 2 == 0) odd.resize(random() % odd.size());
      // All that is to show: nothing outside the text is read.
      (void)parse_short_view(odd, ticks);
    }
  }
}

TEST_CASE("a line of an unknown kind in the short view is no line to be passed over") {
  const std::string table = std::string(head) + "TCP  0A000001:0050 rr  \n";
  CHECK(parse_short_view(table, ticks));
  for (const char* line :
       {"XYZ  0A000001:0051 rr  \n", "TCP  0A000001 rr  \n", "TCP  0A000001:10050 rr  \n", "TCP  0A000001:0051\n",
        "TCP  0A000001:0051 rr  persistent\n", "TCP  0A000001:0051 rr  persistent 90 FFFFFFFF more\n",
        "FWM  00000000 rr \n", "  -> 0A010001:0050      Masq    1      0\n",
        "  -> 0A010001:0050      Elsewhere 1      0      0\n", "  0A010001:0050      Masq    1      0      0\n",
        "  -> [0A010001]:0050      Masq    1      0      0\n",
        "  -> 0A010001:0050      Masq    1      0      99999999999\n", "\n"}) {
    INFO(line);
    CHECK_FALSE(parse_short_view(table + line, ticks));
  }
  CHECK_FALSE(parse_short_view(std::string(head) + "  -> 0A010001:0050      Masq    1      0      0\n", ticks));
  CHECK_FALSE(parse_short_view("", ticks));
  CHECK_FALSE(parse_short_view("IP Virtual Server version 1.2 (size=4096)\n", ticks));
}

TEST_CASE("a mark's family is that of its servers, of a mask, or else of servers in tunnels") {
  const auto family = [](const std::string& lines) {
    const std::optional<ShortView> view = parse_short_view(head + lines, ticks);
    REQUIRE(view);
    return view->services.front().service.service.key.family;
  };
  const std::string mark = "FWM  00000007 rr \n";
  const std::string v4_tunnel = "  -> 0A010001:0000      Tunnel  1      0          0         \n";
  const std::string v6_tunnel =
      "  -> [fd01:0000:0000:0000:0000:0000:0000:0001]:0000      Tunnel  1      0          0         \n";
  const std::string v6 =
      "  -> [fd01:0000:0000:0000:0000:0000:0000:0002]:0000      Route   1      0          0         \n";
  CHECK(family(mark) == ipvs::Family::ipv4);
  CHECK(family(mark + v6) == ipvs::Family::ipv6);
  CHECK(family(mark + v4_tunnel + v6) == ipvs::Family::ipv6);
  CHECK(family(mark + v6_tunnel) == ipvs::Family::ipv6);
  CHECK(family(fmt::format("FWM  00000007 rr persistent 2500 {:08X}\n", ntohl(64))) == ipvs::Family::ipv6);
  CHECK(family("FWM  00000007 rr persistent 2500 FFFFFF00\n" + v6_tunnel) == ipvs::Family::ipv4);
}

TEST_CASE("the short view answers for one service, and has no servers for one that it lacks") {
  const std::optional<ShortView> view = parse_short_view(std::string(head) +
                                                             "TCP  0A000001:0051 rr  \n"
                                                             "TCP  0A000001:0050 wlc  \n"
                                                             "  -> 0A010001:0050      Masq    1      0          0\n",
                                                         ticks);
  REQUIRE(view);
  ShortReader table(*view);
  const ServiceKey there = ServiceKey::tcp(Address::v4(0x0a000001), 80);
  const ServiceKey absent = ServiceKey::udp(Address::v4(0x0a000001), 80);
  CHECK(table.service(there).service.scheduler == "wlc");
  CHECK(table.servers(there).size() == 1);
  CHECK(table.servers(absent).empty());
  CHECK_THROWS_AS(table.service(absent), ipvs::Error);
}
