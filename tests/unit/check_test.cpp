// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include <rapidjson/document.h>

#include "catch.hpp"
#include "check/causes.hpp"
#include "check/hash_schedulers.hpp"
#include "check/report.hpp"

using namespace ipvsadm;
using ipvs::Address;
using ipvs::Forwarding;

namespace {

Address address(const char* text) { return *Address::parse(text); }

constexpr unsigned lo = 1;
constexpr unsigned eth0 = 2;
constexpr unsigned dummy0 = 3;

ipvs::DestinationEntry server(const char* text, Forwarding forwarding = Forwarding::masquerade) {
  ipvs::DestinationEntry entry;
  entry.destination.key = {address(text), 80};
  entry.destination.forwarding = forwarding;
  return entry;
}

ipvs::Daemon daemon(ipvs::DaemonRole role) {
  ipvs::Daemon daemon;
  daemon.role = role;
  daemon.interface = "eth0";
  return daemon;
}

/// A web service on a dummy link with two servers on eth0; nothing is wrong with it.
Facts healthy() {
  Facts facts;
  facts.kernel_major = 6;
  facts.links = {
      {lo, {"lo", true, true, ""}}, {eth0, {"eth0", true, true, ""}}, {dummy0, {"dummy0", true, true, "dummy"}}};
  facts.addresses = {{address("127.0.0.1"), 8, lo},
                     {address("10.1.0.254"), 24, eth0},
                     {address("10.0.0.1"), 32, dummy0},
                     {address("fd01::254"), 64, eth0}};
  facts.settings = {{"net.ipv4.ip_forward", 1},
                    {"net.ipv4.conf.eth0.forwarding", 1},
                    {"net.ipv6.conf.all.forwarding", 1},
                    {"net.ipv4.vs.expire_nodest_conn", 0},
                    {"net.ipv4.vs.expire_quiescent_template", 0},
                    {"net.ipv4.vs.conn_reuse_mode", 1},
                    {"net.ipv4.vs.conntrack", 0}};
  facts.virtual_addresses[address("10.0.0.1")] = {0, true, lo, {}};
  facts.servers[address("10.1.0.1")] = {{0, false, eth0, {}}, Neighbour::answers};
  facts.servers[address("10.1.0.2")] = {{0, false, eth0, {}}, Neighbour::unknown};
  ServiceFacts service;
  service.entry.service = ipvs::Service(ipvs::ServiceKey::tcp(address("10.0.0.1"), 80), "rr");
  service.servers = {server("10.1.0.1"), server("10.1.0.2")};
  facts.services = {service};
  return facts;
}

ServerConnections& sums(Facts& facts, const char* of) { return facts.services[0].connections[{address(of), 80}]; }

/// Handshakes with the first server hang, and their clients try again.
ServerConnections& hang(Facts& facts, std::size_t count) {
  ServerConnections& of_first = sums(facts, "10.1.0.1");
  of_first.half_open = of_first.still_trying = count;
  of_first.half_open_clients = of_first.trying_clients = {address("192.0.2.1")};
  return of_first;
}

std::string names(const Facts& facts) {
  static constexpr std::array severities = {"error", "warning", "note"};
  std::string text;
  for (const Finding& finding : find_causes(facts)) {
    text += text.empty() ? "" : ", ";
    text += severities[static_cast<std::size_t>(finding.severity)];
    text += ' ';
    text += finding.name;
    CHECK_FALSE(finding.what.empty());
    CHECK_FALSE(finding.evidence.empty());
    // Either a command or what to do where.
    CHECK(finding.remedy.empty() != finding.advice.empty());
  }
  return text;
}

Finding only(const Facts& facts) {
  const Findings findings = find_causes(facts);
  REQUIRE(findings.size() == 1);
  return findings.front();
}

}  // namespace

TEST_CASE("nothing is found where nothing is wrong") {
  CHECK(names(healthy()).empty());
  Facts facts = healthy();
  facts.services.clear();
  CHECK(names(facts).empty());

  facts = healthy();
  sums(facts, "10.1.0.1").open = 1000;
  sums(facts, "10.1.0.2").templates = 1000;
  CHECK(names(facts).empty());
}

TEST_CASE("the table alone shows some causes") {
  Facts facts = healthy();
  facts.services[0].servers.clear();
  CHECK(names(facts) == "error no-servers");

  facts = healthy();
  for (auto& entry : facts.services[0].servers) entry.destination.weight = 0;
  CHECK(only(facts).name == "all-weights-zero");
  CHECK(only(facts).remedy == "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1");

  facts = healthy();
  ipvs::DestinationEntry& full = facts.services[0].servers[1];
  full.destination.upper_threshold = 10;
  full.active_connections = 4;
  full.inactive_connections = 6;
  CHECK(only(facts).name == "server-overloaded");
  facts.services[0].servers[0].destination.weight = 0;
  CHECK(only(facts).name == "all-overloaded");
  CHECK(only(facts).remedy == "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 1");
  full.inactive_connections = 5;
  CHECK(names(facts).empty());

  facts = healthy();
  facts.least_servers = 2;
  CHECK(names(facts).empty());
  facts.least_servers = 3;
  CHECK(names(facts) == "error too-few-servers");
}

TEST_CASE("what a hash chooses is refused only without its fallback") {
  Facts facts = healthy();
  ipvs::Service& service = facts.services[0].entry.service;
  ipvs::DestinationEntry& quiet = facts.services[0].servers[0];
  SECTION("each server of sh has clients, unless the others fill its table") {
    service.scheduler = "sh";
    CHECK(names(facts).empty());
    quiet.destination.weight = 0;
    CHECK(names(facts) == "warning hash-without-fallback");
    facts.services[0].without_place = {quiet.destination.key};
    CHECK(names(facts).empty());
    facts.services[0].without_place.clear();
    service.scheduler_flags = ipvs::SchedulerFlags::flag1;
    CHECK(names(facts).empty());
  }
  SECTION("mh leaves out a server that never had a weight") {
    service.scheduler = "mh";
    quiet.destination.weight = 0;
    CHECK(names(facts).empty());
    quiet.stats.connections = 1;
    CHECK(names(facts) == "note hash-without-fallback");
    service.scheduler_flags = ipvs::SchedulerFlags::flag1;
    CHECK(names(facts).empty());
  }
  SECTION("one that is full") {
    service.scheduler = "mh";
    quiet.destination.upper_threshold = 5;
    quiet.active_connections = 5;
    CHECK(names(facts) == "warning server-overloaded, warning hash-without-fallback");
  }
  SECTION("dh has one server for an address") {
    service.scheduler = "dh";
    quiet.destination.weight = 0;
    CHECK(names(facts).empty());
    quiet.stats.connections = 1;
    CHECK(names(facts) == "note hash-without-fallback");
    facts.services[0].servers[1].stats.connections = 1;
    CHECK(names(facts).empty());
  }
  SECTION("other schedulers take another server") {
    quiet.destination.weight = 0;
    quiet.stats.connections = 1;
    CHECK(names(facts).empty());
  }
}

TEST_CASE("sh fills 256 places in the kernel's order") {
  std::vector<ipvs::DestinationEntry> servers = {server("10.1.0.1"), server("10.1.0.2"), server("10.1.0.3")};
  CHECK(servers_without_place(servers).empty());
  servers[1].destination.weight = 254;
  CHECK(servers_without_place(servers).empty());
  servers[1].destination.weight = 255;
  CHECK(servers_without_place(servers) == std::set{servers[2].destination.key});
  servers[0].destination.weight = 0;
  CHECK(servers_without_place(servers) == std::set{servers[2].destination.key});
}

TEST_CASE("sh and dh choose by an address") {
  std::vector<ipvs::DestinationEntry> servers = {server("10.1.0.1"), server("10.1.0.2")};
  servers[0].destination.weight = 3;
  CHECK(server_by_sh(servers, address("192.0.2.1")) == servers[0].destination.key);
  CHECK(server_by_sh(servers, address("192.0.2.2")) == servers[0].destination.key);
  CHECK(server_by_sh(servers, address("192.0.2.3")) == servers[0].destination.key);
  CHECK(server_by_sh(servers, address("2001:db8::1")) == servers[1].destination.key);
  CHECK(server_by_sh(servers, address("2001:db8::2")) == servers[0].destination.key);
  // A weight of 0 counts as 1.
  servers[0].destination.weight = 0;
  CHECK(server_by_sh(servers, address("192.0.2.1")) == servers[0].destination.key);
  CHECK(server_by_sh(servers, address("192.0.2.2")) == servers[0].destination.key);
  CHECK(server_by_sh(servers, address("192.0.2.3")) == servers[0].destination.key);
  CHECK_FALSE(server_by_sh({}, address("192.0.2.1")));
  CHECK_FALSE(server_by_dh({}, address("192.0.2.1")));
  CHECK(server_by_dh(servers, address("10.0.0.1")) == servers[1].destination.key);
  CHECK(server_by_dh(servers, address("192.0.2.2")) == servers[0].destination.key);
}

TEST_CASE("an address that is not this machine's") {
  Facts facts = healthy();
  facts.virtual_addresses[address("10.0.0.1")] = {ENETUNREACH, false, 0, {}};
  CHECK(only(facts).name == "vip-not-local");
  CHECK(only(facts).remedy == "ip addr add 10.0.0.1/32 dev dummy0");
  SECTION("the standby of two directors has no such address") {
    facts.daemons = {daemon(ipvs::DaemonRole::backup)};
    CHECK(names(facts).empty());
    facts.daemons.push_back(daemon(ipvs::DaemonRole::master));
    CHECK(names(facts).empty());
    facts.daemons = {daemon(ipvs::DaemonRole::master)};
    CHECK(names(facts) == "error vip-not-local");
  }
  SECTION("nor does it matter to clients on this machine") {
    facts.services[0].local_clients = 1;
    CHECK(names(facts).empty());
    facts.services[0].remote_clients = 1;
    CHECK(names(facts) == "error vip-not-local");
  }
  SECTION("it is added to the link whose network it is of") {
    facts.services[0].entry.service.key.address = address("10.1.0.7");
    facts.virtual_addresses = {{address("10.1.0.7"), {0, false, eth0, {}}}};
    CHECK(only(facts).remedy == "ip addr add 10.1.0.7/32 dev eth0");
  }
}

TEST_CASE("an IPv6 address that the kernel does not use, or nobody answers for") {
  Facts facts = healthy();
  facts.services[0].entry.service.key.address = address("fd01::1");
  facts.services[0].entry.service.key.family = ipvs::Family::ipv6;
  facts.virtual_addresses[address("fd01::1")] = {0, true, lo, {}};
  const LocalAddress around{address("fd01::254"), 64, eth0};
  facts.addresses = {around, {address("fd01::1"), 128, eth0, true, false}};
  CHECK(names(facts) == "warning vip-tentative");
  facts.addresses = {around, {address("fd01::1"), 128, eth0, true, true}};
  CHECK(names(facts) == "error vip-duplicate");
  facts.addresses = {around, {address("fd01::1"), 128, dummy0}};
  CHECK(names(facts) == "warning vip-not-on-link");
  facts.settings["net.ipv6.conf.eth0.proxy_ndp"] = 1;
  CHECK(names(facts).empty());
}

TEST_CASE("addresses are found by their value, and a network once") {
  const LocalAddresses addresses = {{address("10.1.0.1"), 24, eth0},   {address("10.1.0.2"), 24, eth0},
                                    {address("10.1.0.2"), 32, dummy0}, {address("10.1.1.1"), 24, eth0},
                                    {address("fd01::1"), 64, eth0},    {address("fd01::2"), 64, dummy0}};
  CHECK(addresses.find(address("10.1.0.2")).size() == 2);
  CHECK(addresses.contains(address("fd01::2")));
  CHECK_FALSE(addresses.contains(address("10.1.0.3")));
  CHECK(addresses.networks().size() == 4);
}

TEST_CASE("a closed way back is named by the setting that closes it, and once for several services") {
  Facts facts = healthy();
  facts.settings["net.ipv4.conf.eth0.forwarding"] = 0;
  CHECK(only(facts).name == "forwarding-off");
  CHECK(only(facts).remedy == "sysctl -w net.ipv4.conf.eth0.forwarding=1");
  facts.settings["net.ipv4.ip_forward"] = 0;
  CHECK(only(facts).remedy == "sysctl -w net.ipv4.ip_forward=1");
  CHECK(only(facts).service.has_value());
  // The symptom is not reported beside its cause.
  hang(facts, 3);
  CHECK(names(facts) == "error forwarding-off");

  facts.services.push_back(facts.services[0]);
  facts.services[1].entry.service.key.port = 81;
  CHECK_FALSE(only(facts).service.has_value());
  for (ServiceFacts& service : facts.services) {
    for (auto& entry : service.servers) entry.destination.forwarding = Forwarding::direct_route;
  }
  facts.services[0].connections.clear();
  facts.services[1].connections.clear();
  CHECK(names(facts).empty());
}

TEST_CASE("servers that are not reached") {
  Facts facts = healthy();
  SECTION("no route") {
    facts.servers[address("10.1.0.2")].route = {ENETUNREACH, false, 0, {}};
    CHECK(only(facts).name == "server-unreachable");
    facts.addresses.add({address("10.1.0.2"), 32, eth0});
    facts.links[lo].up = false;
    CHECK(only(facts).name == "loopback-down");
    CHECK(only(facts).remedy == "ip link set lo up");
  }
  SECTION("no carrier") {
    facts.links[eth0].carrier = false;
    CHECK(names(facts) == "warning server-link-down, warning server-link-down");
  }
  SECTION("no answer from the neighbour") {
    facts.servers[address("10.1.0.2")].neighbour = Neighbour::failed;
    CHECK(only(facts).name == "server-not-answering");
    CHECK(only(facts).remedy == "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 0");
    facts.services[0].servers[1].destination.weight = 0;
    CHECK(names(facts).empty());
  }
  SECTION("an answer that is being waited for is none yet") {
    facts.servers[address("10.1.0.2")].neighbour = Neighbour::incomplete;
    CHECK(names(facts).empty());
    sums(facts, "10.1.0.2").half_open = sums(facts, "10.1.0.2").still_trying = 1;
    CHECK(names(facts) == "warning server-not-answering, warning answers-missing");
  }
  SECTION("direct routing by a gateway") {
    facts.services[0].servers[1].destination.forwarding = Forwarding::direct_route;
    facts.servers[address("10.1.0.2")].route.gateway = address("10.1.0.9");
    CHECK(names(facts) == "warning server-not-on-link");
  }
}

TEST_CASE("handshakes that hang") {
  Facts facts = healthy();
  ServerConnections& of_server = hang(facts, 2);
  CHECK(only(facts).name == "answers-missing");
  SECTION("because the client is on the server's link") {
    facts.clients[address("192.0.2.1")] = {0, false, eth0, {}};
    CHECK(only(facts).advice.starts_with("192.0.2.1 is on the server's own link"));
    facts.clients[address("192.0.2.1")].gateway = address("10.1.0.9");
    CHECK_FALSE(only(facts).advice.starts_with("192.0.2.1 is"));
  }
  SECTION("because a chain drops what has no rule") {
    facts.chains = {{"filter", "FORWARD", "filter", 2, true, 0}};
    CHECK(only(facts).advice.find("FORWARD") != std::string::npos);
  }
  SECTION("while rules rewrite addresses that IPVS does not show them") {
    facts.chains = {{"nat", "POSTROUTING", "nat", 4, false, 0}};
    CHECK(names(facts) == "warning answers-missing");
    facts.chains[0].rules = 1;
    CHECK(names(facts) == "warning answers-missing, note nat-rules-unseen");
  }
  SECTION("by direct routing") {
    facts.services[0].servers[0].destination.forwarding = Forwarding::direct_route;
    CHECK(names(facts) == "note handshake-hangs");
    of_server.trying_clients.push_back(address("10.0.0.1"));
    CHECK(names(facts) == "warning client-is-director-or-server");
  }
  SECTION("because packets from 127.0.0.0/8 do not leave the machine") {
    of_server.trying_clients = {address("127.0.0.1")};
    CHECK(names(facts) == "warning client-is-loopback");
    facts.services[0].servers[0].destination.forwarding = Forwarding::direct_route;
    CHECK(names(facts) == "warning client-is-loopback");
    facts.servers[address("10.1.0.1")].route.local = true;
    CHECK(names(facts).empty());
  }
}

TEST_CASE("handshakes that hang by themselves, as those sent in the name of others do") {
  Facts facts = healthy();
  ServerConnections& of_server = hang(facts, 2);
  ipvs::Stats& before = facts.services[0].servers[0].stats;
  before.packets_in = 10;
  before.packets_out = 10;
  SECTION("the server answers") {
    CHECK(names(facts).empty());
    of_server.later = ipvs::Stats{.packets_in = 20, .packets_out = 11};
    CHECK(names(facts).empty());
  }
  SECTION("the server does not answer any more") {
    of_server.later = ipvs::Stats{.packets_in = 20, .packets_out = 10};
    CHECK(only(facts).name == "answers-missing");
    CHECK(only(facts).evidence == "2 connections in SYN_RECV, InPkts 20, OutPkts 10");
    of_server.still_trying = 0;
    CHECK(names(facts).empty());
  }
  SECTION("the server has never answered") {
    before.packets_out = 0;
    CHECK(only(facts).name == "answers-missing");
    of_server.new_handshakes = 1;
    CHECK(names(facts).empty());
  }
  SECTION("a client beside the server, which answers the others") {
    of_server.new_handshakes = 1;
    facts.clients[address("192.0.2.1")] = {0, false, eth0, {}};
    CHECK(only(facts).advice.starts_with("192.0.2.1 is on the server's own link"));
  }
  SECTION("by direct routing") {
    facts.services[0].servers[0].destination.forwarding = Forwarding::direct_route;
    CHECK(names(facts) == "note handshake-hangs");
    of_server.new_handshakes = 1;
    CHECK(names(facts).empty());
    of_server.new_handshakes = 0;
    of_server.still_trying = 0;
    CHECK(names(facts) == "note handshake-hangs");
    of_server.shaken_hands = 1;
    CHECK(names(facts).empty());
  }
}

TEST_CASE("connections that lead to servers without new ones") {
  Facts facts = healthy();
  SECTION("a server that is none any more") {
    sums(facts, "10.1.0.9").open = 1;
    CHECK(only(facts).name == "removed-server-in-use");
    facts.settings["net.ipv4.vs.expire_nodest_conn"] = 1;
    CHECK(names(facts).empty());
  }
  SECTION("weight 0 and persistence") {
    facts.services[0].servers[0].destination.weight = 0;
    sums(facts, "10.1.0.1").open = 5;
    CHECK(names(facts).empty());
    sums(facts, "10.1.0.1").templates = 2;
    CHECK(names(facts).empty());
    facts.services[0].entry.service.persistent = true;
    CHECK(only(facts).name == "persistence-to-weight-zero");
    facts.settings["net.ipv4.vs.expire_quiescent_template"] = 1;
    CHECK(names(facts).empty());
  }
  SECTION("weight 0 and ports used again") {
    facts.services[0].servers[0].destination.weight = 0;
    sums(facts, "10.1.0.1").half_open = 1;
    CHECK(names(facts).empty());
    facts.settings["net.ipv4.vs.conn_reuse_mode"] = 0;
    CHECK(only(facts).name == "port-reuse-to-weight-zero");
  }
  SECTION("one client of UDP") {
    facts.services[0].entry.service.key.protocol = ipvs::Protocol::udp;
    sums(facts, "10.1.0.1").open = 1;
    facts.services[0].servers[0].stats.packets_in = 999;
    CHECK(names(facts).empty());
    facts.services[0].servers[0].stats.packets_in = 1000;
    CHECK(names(facts) == "note few-udp-clients");
    facts.services[0].servers[1].stats.packets_in = 1;
    CHECK(names(facts).empty());
  }
}

TEST_CASE("settings and daemons") {
  Facts facts = healthy();
  const ipvs::Daemon backup = daemon(ipvs::DaemonRole::backup);
  SECTION("backup_only") {
    facts.settings["net.ipv4.vs.backup_only"] = 1;
    CHECK(names(facts).empty());
    facts.daemons = {backup};
    CHECK(names(facts) == "error backup-only");
    facts.daemons.push_back(daemon(ipvs::DaemonRole::master));
    CHECK(names(facts) == "error backup-only");
    // A standby is meant to ignore packets, also one that has the address as a real server.
    facts.servers[address("10.1.0.2")].route.local = true;
    CHECK(names(facts).empty());
    facts.servers[address("10.1.0.2")].route.local = false;
    facts.virtual_addresses[address("10.0.0.1")].local = false;
    CHECK(names(facts).empty());
  }
  SECTION("the limit of connections") {
    facts.settings["net.ipv4.vs.conn_max"] = 100;
    CHECK(names(facts).empty());
    facts.connections = 99;
    CHECK(names(facts).empty());
    facts.connections = 100;
    CHECK(names(facts) == "error connection-limit");
  }
  SECTION("defence") {
    facts.settings["net.ipv4.vs.drop_packet"] = 1;
    CHECK(names(facts).empty());
    facts.settings["net.ipv4.vs.drop_packet"] = 2;
    CHECK(names(facts) == "warning defence-active");
  }
  SECTION("counters") {
    facts.settings["net.ipv4.vs.run_estimation"] = 0;
    CHECK(names(facts) == "note counters-stopped");
  }
  SECTION("old kernels") {
    facts.settings["net.ipv4.vs.conntrack"] = 1;
    CHECK(names(facts).empty());
    facts.kernel_major = 5;
    facts.kernel_minor = 8;
    CHECK(names(facts) == "warning slow-port-reuse");
    facts.kernel_minor = 9;
    CHECK(names(facts).empty());
  }
  SECTION("the link of a daemon") {
    facts.daemons = {backup};
    facts.daemons[0].interface = "eth9";
    CHECK(names(facts) == "warning sync-link-down");
  }
  SECTION("the group of a daemon") {
    facts.daemons = {backup};
    facts.multicast_groups["eth0"] = {address("224.0.0.1")};
    CHECK(names(facts) == "warning sync-group-not-joined");
    facts.multicast_groups["eth0"].push_back(address("224.0.0.81"));
    CHECK(names(facts).empty());
  }
}

TEST_CASE("what is asked for one client, and by probing") {
  Facts facts = healthy();
  facts.client = address("192.0.2.1");
  facts.clients[*facts.client] = {0, false, eth0, {}};
  CHECK(names(facts).empty());
  SECTION("dropped where it comes in") {
    for (const int error : {EXDEV, EINVAL}) {
      facts.client_to_virtual_address[address("10.0.0.1")] = {error, false, eth0, {}};
      CHECK(only(facts).name == "rp-filter");
      CHECK(only(facts).remedy == "sysctl -w net.ipv4.conf.eth0.rp_filter=2");
    }
    facts.client_to_virtual_address[address("10.0.0.1")].error = EHOSTUNREACH;
    CHECK(only(facts).name == "client-not-taken");
  }
  SECTION("its answers are dropped") {
    facts.ways_back[{address("10.1.0.1"), *facts.client}] = {EXDEV, false, eth0, {}};
    CHECK(only(facts).name == "rp-filter");
    CHECK(only(facts).server->address == address("10.1.0.1"));
  }
  SECTION("not reached") {
    facts.clients[*facts.client].error = ENETUNREACH;
    CHECK(names(facts) == "warning no-route-to-client");
  }
  SECTION("sh or dh choose a server for it that takes no connections") {
    ServiceFacts& service = facts.services[0];
    service.entry.service.scheduler = "sh";
    service.server_by_hash = service.servers[0].destination.key;
    CHECK(names(facts).empty());
    service.servers[0].destination.weight = 0;
    CHECK(names(facts) == "warning hash-without-fallback, warning client-refused-by-hash");
    CHECK(find_causes(facts).back().remedy == "ipvsadm -E -t 10.0.0.1:80 --keep -b sh-fallback");
    facts.kernel_major = 4;
    CHECK(names(facts) == "warning hash-without-fallback");
    facts.kernel_major = 6;
    service.server_by_hash = service.servers[1].destination.key;
    CHECK(names(facts) == "warning hash-without-fallback");
    service.server_by_hash = service.servers[0].destination.key;
    service.entry.service.scheduler_flags = ipvs::SchedulerFlags::flag1;
    CHECK(names(facts).empty());
    service.entry.service.scheduler_flags = {};
    service.entry.service.scheduler = "dh";
    CHECK(names(facts) == "warning client-refused-by-hash");
    service.servers[1].destination.weight = 0;
    CHECK(names(facts) == "error all-weights-zero");
  }
  SECTION("a probe") {
    facts.probes[{address("10.1.0.1"), 80}] = {0};
    CHECK(names(facts).empty());
    facts.probes[{address("10.1.0.2"), 80}] = {ECONNREFUSED};
    CHECK(only(facts).name == "probe-failed");
    CHECK(only(facts).remedy == "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 0");
  }
}

TEST_CASE("findings as text and as JSON, with commands for the network namespace") {
  Facts facts = healthy();
  facts.settings["net.ipv4.conf.eth0.forwarding"] = 0;
  facts.settings["net.ipv4.ip_forward"] = 0;
  facts.least_servers = 3;
  const Findings findings = find_causes(facts);
  Text text;
  render_findings(text, findings, 1, "ip netns exec red ", nullptr);
  CHECK(fmt::to_string(text) ==
        "TCP 10.0.0.1:80\n"
        "  error    2 servers take new connections, 3 are wanted.\n"
        "           2 of 2 with a weight and not overloaded\n"
        "           -> see why the others are gone, or have weight 0\n"
        "  error    The way back is closed: answers of 10.1.0.1 and 10.1.0.2 (masquerading) are not forwarded.\n"
        "           net.ipv4.ip_forward is 0                                          "
        "ip netns exec red sysctl -w net.ipv4.ip_forward=1\n"
        "1 service checked: 2 errors.\n");
  rapidjson::Document json;
  json.Parse(json_findings(findings, 1, "").c_str());
  REQUIRE_FALSE(json.HasParseError());
  CHECK(json["services"].GetUint() == 1);
  const auto& second = json["findings"][1];
  CHECK(second["name"] == "forwarding-off");
  CHECK(second["severity"] == "error");
  CHECK(second["service"]["protocol"] == "tcp");
  CHECK(second["service"]["address"] == "10.0.0.1");
  CHECK(second["service"]["fwmark"].IsNull());
  CHECK(second["server"].IsNull());
  CHECK(second["remedy"] == "sysctl -w net.ipv4.ip_forward=1");
  CHECK(json["findings"][0]["remedy"].IsNull());
}
