// SPDX-License-Identifier: MIT
// What routes, links, addresses and neighbours show.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/words.hpp"

namespace ipvsadm {
namespace {

using ipvs::Forwarding;

std::string error_word(int error) { return std::generic_category().message(error); }

std::string link_name(const Facts& facts, unsigned index) {
  const auto link = facts.links.find(index);
  return link == facts.links.end() ? fmt::format("link {}", index) : link->second.name;
}

bool is_virtual(const Link& link) { return link.kind == "dummy" || link.name == "lo"; }

/// sysctl's name for a setting of a link, whose own name may have dots.
std::string link_setting(const std::string& link, std::string_view setting) {
  const bool dots = link.find('.') != std::string::npos;
  return dots ? fmt::format("net/ipv4/conf/{}/{}", link, setting) : fmt::format("net.ipv4.conf.{}.{}", link, setting);
}

const WayOut* way_to(const Facts& facts, const ipvs::Address& server) {
  const auto found = facts.servers.find(server);
  return found == facts.servers.end() ? nullptr : &found->second;
}

/// The standby of two directors; each of them may run both daemons all the time.
bool may_be_standby(const Facts& facts) {
  return std::ranges::any_of(facts.daemons, [](const auto& d) { return d.role == ipvs::DaemonRole::backup; });
}

/// The link in whose network the address lies, dummies and lo left out.
const Link* link_around(const Facts& facts, const ipvs::Address& address) {
  for (const LocalAddress& local : facts.addresses.networks()) {
    const auto link = facts.links.find(local.link);
    if (link == facts.links.end() || is_virtual(link->second)) continue;
    if (address.in_network(local.address, local.length)) return &link->second;
  }
  return nullptr;
}

std::string link_for_address(const Facts& facts, const ipvs::Address& address) {
  if (const Link* link = link_around(facts, address)) return link->name;
  const auto dummy = std::ranges::find_if(
      facts.links, [](const auto& entry) { return entry.second.kind == "dummy" && entry.second.up; });
  return dummy == facts.links.end() ? "lo" : dummy->second.name;
}

std::string add_address_command(const ipvs::Address& address, const std::string& link) {
  return fmt::format("ip addr add {}/{} dev {}", address.to_string(), address.is_v4() ? 32 : 128, link);
}

void address_not_local(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const ipvs::ServiceKey& key = service.entry.service.key;
  const auto route = facts.virtual_addresses.find(key.address);
  if (key.is_fwmark() || route == facts.virtual_addresses.end() || route->second.local) return;
  // The standby of two directors gets the address when it takes over.
  if (service.is_for_local_clients() || may_be_standby(facts)) return;
  Finding finding;
  finding.name = "vip-not-local";
  finding.what =
      fmt::format("{} is no address of this machine: packets for it do not reach IPVS.", key.address.to_string());
  finding.evidence =
      route->second.error != 0
          ? fmt::format("route to {}: {}", key.address.to_string(), error_word(route->second.error))
          : fmt::format("route to {}: not local, by {}", key.address.to_string(), link_name(facts, route->second.link));
  finding.remedy = add_address_command(key.address, link_for_address(facts, key.address));
  findings.push_back(std::move(finding));
}

void address_not_usable(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const ipvs::ServiceKey& key = service.entry.service.key;
  // IPv4 has neither.
  if (key.is_fwmark() || key.address.is_v4()) return;
  const auto on = facts.addresses.find(key.address);
  if (on.empty() || (!on.front().tentative && !on.front().duplicate)) return;
  const LocalAddress* local = &on.front();
  const std::string link = link_name(facts, local->link);
  Finding finding;
  finding.name = local->duplicate ? "vip-duplicate" : "vip-tentative";
  finding.severity = local->duplicate ? Severity::error : Severity::warning;
  finding.what =
      local->duplicate
          ? fmt::format("Another machine on {} has {}: this one does not use it.", link, key.address.to_string())
          : fmt::format("{} is not used yet: whether another machine has it is being found out.",
                        key.address.to_string());
  finding.evidence =
      fmt::format("address {} on {}: {}", key.address.to_string(), link, local->duplicate ? "dadfailed" : "tentative");
  if (local->duplicate) {
    finding.advice =
        fmt::format("take the address from the other machine, then add it here again, with nodad if need be");
  } else {
    finding.advice = "look again after a second or two";
  }
  findings.push_back(std::move(finding));
}

/// For IPv6 nobody answers for an address of a dummy link (for IPv4 the kernel does, on every link).
void address_not_on_link(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const ipvs::ServiceKey& key = service.entry.service.key;
  if (key.is_fwmark() || key.address.is_v4()) return;
  const auto on = facts.addresses.find(key.address);
  const auto is_seen = [&](const LocalAddress& a) {
    const auto link = facts.links.find(a.link);
    return link != facts.links.end() && !is_virtual(link->second);
  };
  if (on.empty() || std::ranges::any_of(on, is_seen)) return;
  const Link* around = link_around(facts, key.address);
  if (around == nullptr || facts.is(fmt::format("net.ipv6.conf.{}.proxy_ndp", around->name), 1)) return;
  Finding finding;
  finding.name = "vip-not-on-link";
  finding.severity = Severity::warning;
  finding.what = fmt::format("Nobody answers for {} on {}: its other machines look for it there, and it is on {}.",
                             key.address.to_string(), around->name, link_name(facts, on.front().link));
  finding.evidence =
      fmt::format("{} has the network around it, {} the address", around->name, link_name(facts, on.front().link));
  finding.remedy = add_address_command(key.address, around->name) + " nodad";
  findings.push_back(std::move(finding));
}

void forwarding_off(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  if (service.is_for_local_clients()) return;
  std::set<std::string> servers;
  std::string setting;
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ipvs::Address& address = server.destination.key.address;
    if (server.destination.forwarding != Forwarding::masquerade || server.destination.weight == 0) continue;
    const std::string closed = closed_way_back(facts, address);
    if (closed.empty()) continue;
    servers.insert(address.to_string());
    setting = closed;
  }
  if (servers.empty()) return;
  Finding finding;
  finding.name = "forwarding-off";
  finding.what = fmt::format("The way back is closed: answers of {} (masquerading) are not forwarded.",
                             list_of({servers.begin(), servers.end()}));
  finding.what_of_all = "The way back is closed: answers of servers by masquerading are not forwarded.";
  finding.evidence = setting + " is 0";
  finding.remedy = set_command(setting, 1);
  findings.push_back(std::move(finding));
}

void server_unreachable(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const auto lo = std::ranges::find_if(facts.links, [](const auto& entry) { return entry.second.name == "lo"; });
  const bool lo_down = lo != facts.links.end() && !lo->second.up;
  for (const ipvs::DestinationEntry& server : service.servers) {
    const ipvs::Address& address = server.destination.key.address;
    const WayOut* way = way_to(facts, address);
    if (way == nullptr || way->route.error == 0 || server.destination.weight == 0) continue;
    const bool is_own = facts.addresses.contains(address);
    Finding finding;
    finding.name = is_own && lo_down ? "loopback-down" : "server-unreachable";
    finding.what =
        is_own && lo_down
            ? fmt::format("{} is this machine, whose link lo is down.", server_word(server.destination.key))
            : fmt::format("No packet reaches {}: there is no route to it.", server_word(server.destination.key));
    finding.evidence = fmt::format("route to {}: {}", address.to_string(), error_word(way->route.error));
    if (is_own && lo_down)
      finding.remedy = "ip link set lo up";
    else
      finding.advice = "add a route, or set the weight to 0";
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

std::size_t receiving_servers(const ServiceFacts& service) {
  return static_cast<std::size_t>(std::ranges::count_if(service.servers, is_available));
}

std::string share_words(const ServiceFacts& service) {
  const std::size_t count = receiving_servers(service);
  return count == 1 ? "it is the only server that gets connections"
                    : fmt::format("it is one of {} servers that get connections", count);
}

/// The finding for a server that most likely does not answer; weight 0 takes it out.
Finding silent_server(const ServiceFacts& service, const ipvs::DestinationEntry& server) {
  Finding finding;
  finding.severity = Severity::warning;
  finding.server = server.destination.key;
  ipvs::Destination quiet = server.destination;
  quiet.weight = 0;
  // To take the only one out would not mend anything.
  if (receiving_servers(service) > 1) {
    finding.remedy = edit_command(service.entry.service.key, quiet);
  } else {
    finding.advice = "see to that server";
  }
  return finding;
}

void server_not_answering(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const WayOut* way = way_to(facts, server.destination.key.address);
    if (way == nullptr || way->route.error != 0 || way->route.local || !is_available(server)) continue;
    const auto link = facts.links.find(way->route.link);
    const std::string name = link_name(facts, way->route.link);
    const auto sums = service.connections.find(server.destination.key);
    const bool hangs = sums != service.connections.end() && sums->second.half_open > 0;
    const ipvs::Address& asked = way->route.gateway ? *way->route.gateway : server.destination.key.address;
    if (link != facts.links.end() && (!link->second.up || !link->second.carrier)) {
      Finding finding = silent_server(service, server);
      finding.name = "server-link-down";
      finding.what = fmt::format("{} is not reached: its link {} is down; {}.", server_word(server.destination.key),
                                 name, share_words(service));
      finding.evidence = fmt::format("link {}: {}", name, link->second.up ? "no carrier" : "down");
      findings.push_back(std::move(finding));
    } else if (way->neighbour == Neighbour::failed || (way->neighbour == Neighbour::incomplete && hangs)) {
      Finding finding = silent_server(service, server);
      finding.name = "server-not-answering";
      finding.what = way->route.gateway ? fmt::format("The gateway to {} does not answer on {}; {}.",
                                                      server_word(server.destination.key), name, share_words(service))
                                        : fmt::format("{} does not answer on {}; {}.",
                                                      server_word(server.destination.key), name, share_words(service));
      finding.evidence = fmt::format("neighbour {} on {}: {}", asked.to_string(), name,
                                     way->neighbour == Neighbour::failed ? "FAILED" : "INCOMPLETE");
      findings.push_back(std::move(finding));
    }
  }
}

void server_not_on_link(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const WayOut* way = way_to(facts, server.destination.key.address);
    if (server.destination.forwarding != Forwarding::direct_route || !is_available(server)) continue;
    if (way == nullptr || !way->route.gateway) continue;
    Finding finding;
    finding.name = "server-not-on-link";
    finding.severity = Severity::warning;
    finding.what = fmt::format(
        "{} is behind a gateway: direct routing hands packets for the virtual address to the gateway, which most likely"
        " does not pass them to that server.",
        server_word(server.destination.key));
    finding.evidence = fmt::format("route to {}: via {} on {}", server.destination.key.address.to_string(),
                                   way->route.gateway->to_string(), link_name(facts, way->route.link));
    finding.advice = "use a tunnel (-i) or masquerading (-m), or a server on the same link";
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

constexpr std::array causes = {
    ServiceCause{address_not_local},  ServiceCause{address_not_usable}, ServiceCause{address_not_on_link},
    ServiceCause{forwarding_off},     ServiceCause{server_unreachable}, ServiceCause{server_not_answering},
    ServiceCause{server_not_on_link},
};

}  // namespace

std::string closed_way_back(const Facts& facts, const ipvs::Address& server) {
  const WayOut* way = way_to(facts, server);
  if (way == nullptr || way->route.error != 0 || way->route.local) return {};
  if (server.is_v6()) {
    const std::string setting = "net.ipv6.conf.all.forwarding";
    return facts.is(setting, 0) ? setting : "";
  }
  // The kernel asks the link on which the answers come in; ip_forward sets all of them.
  const std::string link = link_name(facts, way->route.link);
  if (!facts.is(fmt::format("net.ipv4.conf.{}.forwarding", link), 0)) return {};
  return facts.is("net.ipv4.ip_forward", 0) ? "net.ipv4.ip_forward" : link_setting(link, "forwarding");
}

std::span<const ServiceCause> network_causes() { return causes; }

}  // namespace ipvsadm
