// SPDX-License-Identifier: MIT
// What connections and counters show.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/words.hpp"

namespace ipvsadm {
namespace {

using ipvs::Forwarding;

const ServerConnections* sums_of(const ServiceFacts& service, const ipvs::DestinationKey& server) {
  const auto found = service.connections.find(server);
  return found == service.connections.end() ? nullptr : &found->second;
}

/// Whether client and server are on the same link and reach each other without this machine.
bool are_neighbours(const Facts& facts, const ipvs::Address& client, const ipvs::Address& server) {
  const auto to_client = facts.clients.find(client);
  const auto to_server = facts.servers.find(server);
  if (to_client == facts.clients.end() || to_server == facts.servers.end()) return false;
  const Route& a = to_client->second;
  const Route& b = to_server->second.route;
  return a.error == 0 && b.error == 0 && !a.local && !b.local && !a.gateway && !b.gateway && a.link == b.link;
}

/// A chain that drops what it has no rule for.
const BaseChain* dropping_chain(const Facts& facts, unsigned hook) {
  const auto found = std::ranges::find_if(
      facts.chains, [&](const BaseChain& c) { return c.type == "filter" && c.hook == hook && c.drops; });
  return found == facts.chains.end() ? nullptr : &*found;
}

// Kernel: enum nf_inet_hooks.
constexpr unsigned hook_forward = 2;
constexpr unsigned hook_postrouting = 4;

/// The first that is on the server's link, if one is.
const ipvs::Address* client_beside(const Facts& facts, const ipvs::DestinationKey& server,
                                   const std::vector<ipvs::Address>& clients) {
  const auto found = std::ranges::find_if(
      clients, [&](const ipvs::Address& client) { return are_neighbours(facts, client, server.address); });
  return found == clients.end() ? nullptr : &*found;
}

bool is_loopback(const ipvs::Address& address) {
  return address.is_v4() ? address.in_network(ipvs::Address::v4(0x7f000000), 8)
                         : address == *ipvs::Address::parse("::1");
}

/// All those that go on trying have an address that is good inside this machine alone.
bool are_clients_loopback(const ServerConnections& sums) {
  return !sums.trying_clients.empty() && std::ranges::all_of(sums.trying_clients, is_loopback);
}

/// Whether handshakes hang because the server's answers do not come here. What strangers sent in the name of others
/// hangs too; the server answers that, which its counters show.
bool do_answers_lack(const Facts& facts, const ipvs::DestinationEntry& server, const ServerConnections& sums) {
  // What loopback_client() reports.
  if (sums.half_open == 0 || are_clients_loopback(sums)) return false;
  if (client_beside(facts, server.destination.key, sums.trying_clients) != nullptr) return true;
  if (sums.new_handshakes > 0) return false;
  const ipvs::Stats& before = server.stats;
  const ipvs::Stats& now = sums.later ? *sums.later : before;
  if (now.packets_out == 0) return now.packets_in > 0 || sums.still_trying > 0;
  return sums.still_trying > 0 && now.packets_in > before.packets_in && now.packets_out == before.packets_out;
}

/// Why answers of a masqueraded server may not come, as far as something shows.
std::string advice_for_missing_answers(const Facts& facts, const ipvs::DestinationKey& server,
                                       const ServerConnections& sums) {
  if (const ipvs::Address* client = client_beside(facts, server, sums.half_open_clients)) {
    return fmt::format(
        "{} is on the server's own link, which answers it directly: on the server, route it through this machine, or"
        " rewrite its address here (SNAT) with net.ipv4.vs.conntrack=1",
        client->to_string());
  }
  if (const BaseChain* chain = dropping_chain(facts, hook_forward)) {
    return fmt::format(
        "see that the chain {} of table {}, which drops by its policy, lets the answers pass; and that the"
        " server sends them here (its default route)",
        chain->name, chain->table);
  }
  return "see that the server listens, and that it sends its answers here (its default route)";
}

void answers_missing(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ServerConnections* sums = sums_of(service, server.destination.key);
    if (sums == nullptr || server.destination.weight == 0) continue;
    if (server.destination.forwarding != Forwarding::masquerade || !do_answers_lack(facts, server, *sums)) continue;
    // Then it is known why.
    if (!closed_way_back(facts, server.destination.key.address).empty()) continue;
    Finding finding;
    finding.name = "answers-missing";
    finding.severity = Severity::warning;
    finding.what = fmt::format("Answers of {} do not come back.", server_word(server.destination.key));
    const ipvs::Stats& now = sums->later ? *sums->later : server.stats;
    finding.evidence =
        fmt::format("{} in SYN_RECV, InPkts {}, OutPkts {}", number_of(sums->half_open, "connection", "connections"),
                    now.packets_in, now.packets_out);
    finding.advice = advice_for_missing_answers(facts, server.destination.key, *sums);
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

/// By direct routing and through tunnels answers do not pass here; the client's side of a handshake does.
void handshake_hangs(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ServerConnections* sums = sums_of(service, server.destination.key);
    const Forwarding method = server.destination.forwarding;
    if (sums == nullptr || sums->half_open == 0 || server.destination.weight == 0) continue;
    if (method != Forwarding::direct_route && method != Forwarding::tunnel) continue;
    if (are_clients_loopback(*sums)) continue;
    const auto own_client = std::ranges::find_if(sums->trying_clients, [&](const ipvs::Address& client) {
      return facts.addresses.contains(client) || client == server.destination.key.address;
    });
    const bool is_client_own = own_client != sums->trying_clients.end();
    // A handshake that hangs while others are done is its client's affair.
    const bool others_work = sums->new_handshakes > 0 || (sums->still_trying == 0 && sums->shaken_hands > 0);
    if (!is_client_own && others_work) continue;
    Finding finding;
    finding.name = is_client_own ? "client-is-director-or-server" : "handshake-hangs";
    finding.severity = is_client_own ? Severity::warning : Severity::note;
    finding.server = server.destination.key;
    finding.evidence = number_of(sums->half_open, "connection", "connections") + " in SYN_RECV";
    if (is_client_own) {
      finding.what = fmt::format(
          "{} is a client and has the virtual address or is the server itself: {} answers to it without a way back.",
          own_client->to_string(), server_word(server.destination.key));
      finding.advice = "use masquerading (-m), or connect from another machine";
    } else {
      finding.what = fmt::format("Handshakes with {} ({}) do not end: the server does not answer, or not the client.",
                                 server_word(server.destination.key), method_word(method));
      finding.advice =
          method == Forwarding::tunnel
              ? "look at the server: does it take the tunnel, has it the virtual address, is its rp_filter off?"
              : "look at the server: has it the virtual address, on a dummy link, with arp_ignore=1 and "
                "arp_announce=2?";
    }
    findings.push_back(std::move(finding));
  }
}

/// The kernel sends nothing from such an address to another machine. Without masquerading answers would not come
/// either.
void loopback_client(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ServerConnections* sums = sums_of(service, server.destination.key);
    const auto way = facts.servers.find(server.destination.key.address);
    if (sums == nullptr || !are_clients_loopback(*sums)) continue;
    if (way == facts.servers.end() || way->second.route.error != 0 || way->second.route.local) continue;
    const std::string client = sums->trying_clients.front().to_string();
    Finding finding;
    finding.name = "client-is-loopback";
    finding.severity = Severity::warning;
    finding.what = fmt::format("Packets from {} do not leave this machine, and {} is another one: they are dropped.",
                               client, server_word(server.destination.key));
    finding.evidence =
        fmt::format("{} in SYN_RECV, client {}", number_of(sums->half_open, "connection", "connections"), client);
    finding.advice = "connect from another address of this machine, or from elsewhere";
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

/// Clients whose entries lead to a server that is none any more.
void removed_server_in_use(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  if (!facts.is("net.ipv4.vs.expire_nodest_conn", 0)) return;
  std::set<ipvs::DestinationKey> servers;
  for (const ipvs::DestinationEntry& server : service.servers) servers.insert(server.destination.key);
  std::vector<std::string> gone;
  std::size_t open = 0;
  for (const auto& connections : service.connections) {
    const ipvs::DestinationKey& key = connections.first;
    if (connections.second.open == 0 || servers.contains(key)) continue;
    gone.push_back(server_word(key));
    open += connections.second.open;
  }
  if (gone.empty()) return;
  Finding finding;
  finding.name = "removed-server-in-use";
  finding.severity = Severity::warning;
  finding.what =
      fmt::format("{} to {}, which is no server any more: what they send is dropped until the entry's time is over.",
                  number_of(open, "connection leads", "connections lead"), list_of(gone));
  finding.what_of_all =
      "Connections lead to servers that are none any more: what they send is dropped until the entry's time is over.";
  finding.evidence = "net.ipv4.vs.expire_nodest_conn is 0";
  finding.remedy = set_command("net.ipv4.vs.expire_nodest_conn", 1);
  findings.push_back(std::move(finding));
}

void quiet_server_in_use(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ServerConnections* sums = sums_of(service, server.destination.key);
    if (sums == nullptr || server.destination.weight != 0) continue;
    // What is left of a persistence of before does not matter.
    const bool sticks =
        service.entry.service.persistent && sums->templates > 0 && facts.is("net.ipv4.vs.expire_quiescent_template", 0);
    const bool reused = sums->half_open > 0 && facts.is("net.ipv4.vs.conn_reuse_mode", 0);
    if (!sticks && !reused) continue;
    Finding finding;
    finding.name = sticks ? "persistence-to-weight-zero" : "port-reuse-to-weight-zero";
    finding.severity = Severity::warning;
    finding.server = server.destination.key;
    const std::string setting = sticks ? "net.ipv4.vs.expire_quiescent_template" : "net.ipv4.vs.conn_reuse_mode";
    finding.what = sticks ? fmt::format("{} back to {} though its weight is 0: the service is persistent.",
                                        number_of(sums->templates, "client comes", "clients come"),
                                        server_word(server.destination.key))
                          : fmt::format("Clients that use a port again come back to {} though its weight is 0.",
                                        server_word(server.destination.key));
    finding.what_of_all = sticks ? "Clients of persistent services come back to servers of weight 0."
                                 : "Clients that use a port again come back to servers of weight 0.";
    finding.evidence = setting + " is 0";
    finding.remedy = set_command(setting, 1);
    findings.push_back(std::move(finding));
  }
}

/// UDP has no connections: what comes from one port goes to one server.
void one_udp_client(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  const ipvs::Service& s = service.entry.service;
  if (s.key.protocol != ipvs::Protocol::udp || s.one_packet || s.persistent) return;
  constexpr std::uint64_t many_packets = 1000;
  constexpr std::size_t few_entries = 3;
  if (std::ranges::count_if(service.servers, is_available) < 2 || service.connections.size() != 1) return;
  const ipvs::DestinationKey& key = service.connections.begin()->first;
  const ServerConnections& sums = service.connections.begin()->second;
  const auto server =
      std::ranges::find_if(service.servers, [&](const auto& entry) { return entry.destination.key == key; });
  if (server == service.servers.end() || sums.open == 0 || sums.open > few_entries) return;
  const bool others = std::ranges::any_of(service.servers, [&](const ipvs::DestinationEntry& entry) {
    return entry.destination.key != key && entry.stats.packets_in > 0;
  });
  if (others || server->stats.packets_in < many_packets) return;
  Finding finding;
  finding.name = "few-udp-clients";
  finding.severity = Severity::note;
  finding.what = fmt::format("{} gets all: datagrams from one port all have the same server.", server_word(key));
  finding.evidence = fmt::format("{}, InPkts {}; none to another server", number_of(sums.open, "entry", "entries"),
                                 server->stats.packets_in);
  finding.advice = fmt::format("to choose a server for each datagram: ipvsadm -E {} --keep -o", service_option(s.key));
  finding.server = key;
  findings.push_back(std::move(finding));
}

/// Source addresses are rewritten by connection tracking, which IPVS does not take part in by default.
void nat_rules_unseen(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  if (!facts.is("net.ipv4.vs.conntrack", 0)) return;
  const auto chain = std::ranges::find_if(
      facts.chains, [](const BaseChain& c) { return c.type == "nat" && c.hook == hook_postrouting && c.rules > 0; });
  if (chain == facts.chains.end()) return;
  const bool hangs = std::ranges::any_of(service.servers, [&](const ipvs::DestinationEntry& server) {
    const ServerConnections* sums = sums_of(service, server.destination.key);
    return server.destination.forwarding == Forwarding::masquerade && sums != nullptr &&
           do_answers_lack(facts, server, *sums);
  });
  if (!hangs) return;
  Finding finding;
  finding.name = "nat-rules-unseen";
  finding.severity = Severity::note;
  finding.what = "Rules that rewrite source addresses (SNAT, MASQUERADE) do not see what IPVS sends.";
  finding.what_of_all = finding.what;
  finding.evidence = fmt::format("net.ipv4.vs.conntrack is 0; chain {} of table {} has {}", chain->name, chain->table,
                                 number_of(chain->rules, "rule", "rules"));
  finding.remedy = set_command("net.ipv4.vs.conntrack", 1);
  findings.push_back(std::move(finding));
}

constexpr std::array causes = {
    ServiceCause{answers_missing},       ServiceCause{handshake_hangs},     ServiceCause{loopback_client},
    ServiceCause{removed_server_in_use}, ServiceCause{quiet_server_in_use}, ServiceCause{one_udp_client},
    ServiceCause{nat_rules_unseen},
};

}  // namespace

std::span<const ServiceCause> connection_causes() { return causes; }

}  // namespace ipvsadm
