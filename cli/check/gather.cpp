// SPDX-License-Identifier: MIT
#include "check/gather.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "check/connections.hpp"
#include "check/network.hpp"
#include "check/probe.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/error.hpp"

namespace ipvsadm {
namespace {

// In the namespace of the thread, as all below.
constexpr std::array general_settings = {
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv4.vs.backup_only",
    "net.ipv4.vs.conn_max",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.drop_entry",
    "net.ipv4.vs.drop_packet",
    "net.ipv4.vs.expire_nodest_conn",
    "net.ipv4.vs.expire_quiescent_template",
    "net.ipv4.vs.run_estimation",
    "net.ipv4.vs.secure_tcp",
};

void read_setting(Facts& facts, const std::string& name, const std::string& path) {
  std::ifstream file(path);
  std::int64_t value = 0;
  if (file >> value) facts.settings[name] = value;
}

void read_settings(Facts& facts) {
  for (const char* setting : general_settings) {
    std::string path = std::string("/proc/sys/") + setting;
    std::replace(path.begin() + 10, path.end(), '.', '/');
    read_setting(facts, setting, path);
  }
}

/// A link's name may have dots, its settings' names keep them.
void read_link_setting(Facts& facts, const std::string& family, const std::string& link, const std::string& setting) {
  read_setting(facts, fmt::format("net.{}.conf.{}.{}", family, link, setting),
               fmt::format("/proc/sys/net/{}/conf/{}/{}", family, link, setting));
}

void read_kernel(Facts& facts) {
  utsname name{};
  if (uname(&name) != 0) return;
  char dot = '\0';
  std::istringstream(name.release) >> facts.kernel_major >> dot >> facts.kernel_minor;
}

/// Kernel: /proc/net/igmp; a line for each link, then one for each of its groups, hexadecimal in network order.
void read_multicast_groups(Facts& facts) {
  std::ifstream file("/proc/thread-self/net/igmp");
  std::string line;
  std::getline(file, line);
  std::string link;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (!line.starts_with('\t')) {
      words >> link;
      facts.multicast_groups[link];
    } else {
      const unsigned long number = std::strtoul(first.c_str(), nullptr, 16);
      facts.multicast_groups[link].push_back(ipvs::Address::v4(ntohl(static_cast<std::uint32_t>(number))));
    }
  }
}

/// An address beside this one, in a network that holds both.
ipvs::Address neighbour_of(const ipvs::Address& address) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  if (!address.is_v4()) {
    bytes[15] ^= 1U;
    return ipvs::Address::v6(bytes);
  }
  std::uint32_t number = 0;
  for (const std::size_t i : {0U, 1U, 2U, 3U}) number = number << 8 | bytes.at(i);
  return ipvs::Address::v4(number ^ 1U);
}

/// Somebody else on a link of this machine, as the sender of a packet; none if the link has no network.
std::optional<ipvs::Address> sender_on(const Facts& facts, unsigned link, ipvs::Family family) {
  const auto networks = facts.addresses.networks();
  const auto local = std::ranges::find_if(
      networks, [&](const LocalAddress& l) { return l.link == link && l.address.family() == family; });
  return local == networks.end() ? std::nullopt : std::optional(neighbour_of(local->address));
}

/// A packet that comes in and that a policy rule is for; none if there is no such packet, or it can't be known.
std::optional<RouteQuestion> question_of(const Facts& facts, const PolicyRule& rule, const ipvs::Address& address,
                                         NetworkQuestions& network) {
  RouteQuestion question{.destination = address, .mark = rule.mark};
  if (!rule.arriving_on.empty()) {
    const auto link =
        std::ranges::find_if(facts.links, [&](const auto& entry) { return entry.second.name == rule.arriving_on; });
    if (link == facts.links.end() || rule.arriving_on == "lo") return std::nullopt;
    question.arriving_on = link->first;
  }
  if (rule.source) {
    question.source = rule.source_length < (address.is_v4() ? 32U : 128U) ? neighbour_of(*rule.source) : *rule.source;
    const Route to_sender = network.route({.destination = *question.source});
    // Rules for what this machine sends itself are most of them.
    if (to_sender.local || to_sender.error != 0) return std::nullopt;
    if (question.arriving_on == 0) question.arriving_on = to_sender.link;
  } else if (question.arriving_on != 0) {
    question.source = sender_on(facts, question.arriving_on, address.family());
  }
  return question;
}

/// The route to a virtual address: local if it is so for packets that start here, or for those of a policy rule. None
/// if a rule may make it so and that can't be known.
std::optional<Route> route_to_virtual_address(const Facts& facts, const std::vector<PolicyRule>& rules,
                                              const ipvs::Address& address, NetworkQuestions& network) {
  const Route route = network.route({.destination = address});
  if (route.local) return route;
  std::vector<RouteQuestion> questions;
  // Where it is an address of a link in a VRF.
  for (const LocalAddress& local : facts.addresses.find(address)) {
    questions.push_back(
        {.destination = address, .source = sender_on(facts, local.link, address.family()), .arriving_on = local.link});
  }
  for (const PolicyRule& rule : rules) {
    if (rule.family != address.family()) continue;
    if (const auto question = question_of(facts, rule, address, network)) questions.push_back(*question);
  }
  bool is_sure = true;
  for (const RouteQuestion& question : questions) {
    const Route by_rule = network.route(question);
    if (by_rule.local) return by_rule;
    if (is_reverse_path_error(by_rule.error)) is_sure = false;
  }
  return is_sure ? std::optional(route) : std::nullopt;
}

void ask_virtual_addresses(Facts& facts, NetworkQuestions& network) {
  const std::vector<PolicyRule> rules = network.rules();
  std::set<ipvs::Address> unknown;
  for (const ServiceFacts& service : facts.services) {
    const ipvs::ServiceKey& key = service.entry.service.key;
    if (key.is_fwmark() || facts.virtual_addresses.contains(key.address) || unknown.contains(key.address)) continue;
    if (const auto route = route_to_virtual_address(facts, rules, key.address, network)) {
      facts.virtual_addresses[key.address] = *route;
    } else {
      unknown.insert(key.address);
    }
  }
}

void ask_servers(Facts& facts, NetworkQuestions& network) {
  const auto neighbours = network.neighbours();
  for (const ServiceFacts& service : facts.services) {
    for (const ipvs::DestinationEntry& server : service.servers) {
      const ipvs::Address& address = server.destination.key.address;
      if (facts.servers.contains(address)) continue;
      WayOut way;
      way.route = network.route({.destination = address});
      const auto next = neighbours.find({way.route.link, way.route.gateway.value_or(address)});
      if (next != neighbours.end()) way.neighbour = next->second;
      facts.servers[address] = way;
    }
  }
}

/// The link on which packets of that client most likely come in: that of the virtual address, else the way to it.
unsigned arriving_link(const Facts& facts, const ipvs::Address& virtual_address, const Route& to_client) {
  for (const LocalAddress& local : facts.addresses.networks()) {
    const auto link = facts.links.find(local.link);
    if (link != facts.links.end() && link->second.kind != "dummy" && link->second.name != "lo" &&
        local.address.family() == virtual_address.family() && virtual_address.in_network(local.address, local.length)) {
      return local.link;
    }
  }
  return to_client.link;
}

void ask_for_client(Facts& facts, NetworkQuestions& network) {
  if (!facts.client) return;
  const ipvs::Address& client = *facts.client;
  const Route to_client = facts.clients[client] = network.route({.destination = client});
  // From here nothing comes in by a link.
  if (to_client.local) return;
  for (const auto& [address, route] : facts.virtual_addresses) {
    if (address.family() != client.family() || !route.local) continue;
    const unsigned link = arriving_link(facts, address, to_client);
    if (link == 0) continue;
    Route arriving = network.route({.destination = address, .source = client, .arriving_on = link});
    arriving.link = link;
    facts.client_to_virtual_address[address] = arriving;
  }
  for (const auto& [address, way] : facts.servers) {
    if (address.family() != client.family() || way.route.error != 0 || way.route.local) continue;
    Route back = network.route({.destination = client, .source = address, .arriving_on = way.route.link});
    back.link = way.route.link;
    facts.ways_back[{address, client}] = back;
  }
}

void ask_half_open_clients(Facts& facts, NetworkQuestions& network) {
  for (const ServiceFacts& service : facts.services) {
    for (const auto& [server, sums] : service.connections) {
      for (const auto& clients : {sums.half_open_clients, sums.trying_clients}) {
        for (const ipvs::Address& client : clients) {
          if (!facts.clients.contains(client)) facts.clients[client] = network.route({.destination = client});
        }
      }
    }
  }
}

/// The counters of servers with which handshakes hang, once more.
void read_counters_again(Facts& facts, ipvs::Client& client) {
  for (ServiceFacts& service : facts.services) {
    const auto hangs = [](const auto& of_server) { return of_server.second.half_open > 0; };
    if (std::ranges::none_of(service.connections, hangs)) continue;
    try {
      for (const ipvs::DestinationEntry& server : client.destinations(service.entry.service.key)) {
        const auto sums = service.connections.find(server.destination.key);
        if (sums != service.connections.end() && hangs(*sums)) sums->second.later = server.stats;
      }
    } catch (const ipvs::Error& error) {
      // The service has gone.
      if (error.error_number() != ESRCH) throw;
    }
  }
}

void read_link_settings(Facts& facts) {
  std::set<unsigned> used;
  for (const auto& [address, way] : facts.servers) used.insert(way.route.link);
  // As many as there are networks of IPv6 with a virtual address.
  std::set<unsigned> around;
  for (const LocalAddress& local : facts.addresses.networks()) {
    if (local.address.is_v6()) around.insert(local.link);
  }
  for (const auto& entry : facts.links) {
    const unsigned index = entry.first;
    const Link& link = entry.second;
    if (used.contains(index)) read_link_setting(facts, "ipv4", link.name, "forwarding");
    if (around.contains(index)) read_link_setting(facts, "ipv6", link.name, "proxy_ndp");
  }
}

void gather_inside(const Check& check, Facts& facts, ipvs::Client& client) {
  read_settings(facts);
  read_multicast_groups(facts);
  NetworkQuestions network;
  facts.links = network.links();
  facts.addresses = network.addresses();
  ask_virtual_addresses(facts, network);
  ask_servers(facts, network);
  read_link_settings(facts);
  ask_for_client(facts, network);
  if (ConnectionSummer(facts).sum()) read_counters_again(facts, client);
  ask_half_open_clients(facts, network);
  facts.chains = base_chains();
  if (check.probe) facts.probes = probe_servers(facts.services);
}

}  // namespace

Facts gather_facts(const Check& check, std::vector<ServiceFacts> services, ipvs::Client& client,
                   const std::optional<ipvs::NetworkNamespace>& network) {
  Facts facts;
  facts.services = std::move(services);
  facts.client = check.client;
  facts.least_servers = check.least_servers;
  facts.daemons = client.daemons();
  read_kernel(facts);
  if (network) {
    network->run([&] { gather_inside(check, facts, client); });
  } else {
    gather_inside(check, facts, client);
  }
  return facts;
}

}  // namespace ipvsadm
