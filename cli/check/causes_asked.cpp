// SPDX-License-Identifier: MIT
// What --client and --probe ask for.
#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/words.hpp"

namespace ipvsadm {
namespace {

std::string error_word(int error) { return std::generic_category().message(error); }

std::string link_name(const Facts& facts, unsigned index) {
  const auto link = facts.links.find(index);
  return link == facts.links.end() ? fmt::format("link {}", index) : link->second.name;
}

void client_not_taken(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const ipvs::ServiceKey& key = service.entry.service.key;
  const auto arriving = facts.client_to_virtual_address.find(key.address);
  if (key.is_fwmark() || !facts.client || arriving == facts.client_to_virtual_address.end()) return;
  const Route& route = arriving->second;
  const auto local = facts.virtual_addresses.find(key.address);
  // What holds for every client is reported as that.
  if (local == facts.virtual_addresses.end() || !local->second.local || route.error == 0) return;
  const std::string link = link_name(facts, route.link);
  Finding finding;
  finding.name = is_reverse_path_error(route.error) ? "rp-filter" : "client-not-taken";
  finding.severity = Severity::warning;
  finding.what = fmt::format("Packets of {} are dropped when they come in on {}.", facts.client->to_string(), link);
  finding.evidence = fmt::format("route from {} to {} on {}: {}", facts.client->to_string(), key.address.to_string(),
                                 link, error_word(route.error));
  if (finding.name == "rp-filter") {
    const bool dots = link.find('.') != std::string::npos;
    finding.remedy = set_command(
        dots ? fmt::format("net/ipv4/conf/{}/rp_filter", link) : fmt::format("net.ipv4.conf.{}.rp_filter", link), 2);
  } else {
    finding.advice = "see the routes and rules for packets from that client";
  }
  findings.push_back(std::move(finding));
}

void no_way_to_client(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  if (!facts.client || facts.client->family() != service.entry.service.key.family) return;
  const auto way = facts.clients.find(*facts.client);
  if (way == facts.clients.end() || way->second.error == 0) return;
  Finding finding;
  finding.name = "no-route-to-client";
  finding.severity = Severity::warning;
  finding.what = fmt::format("There is no way back to {}.", facts.client->to_string());
  finding.what_of_all = finding.what;
  finding.evidence = fmt::format("route to {}: {}", facts.client->to_string(), error_word(way->second.error));
  finding.advice = "add a route to that client";
  findings.push_back(std::move(finding));
}

void answers_not_passed(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  if (!facts.client) return;
  for (const ipvs::DestinationEntry& server : service.servers) {
    const auto way = facts.ways_back.find({server.destination.key.address, *facts.client});
    if (way == facts.ways_back.end() || !is_reverse_path_error(way->second.error)) continue;
    if (server.destination.forwarding != ipvs::Forwarding::masquerade) continue;
    const std::string link = link_name(facts, way->second.link);
    Finding finding;
    finding.name = "rp-filter";
    finding.severity = Severity::warning;
    finding.what = fmt::format("Answers of {} to {} are dropped when they come in on {}.",
                               server_word(server.destination.key), facts.client->to_string(), link);
    finding.evidence = fmt::format("route from {} to {} on {}: {}", server.destination.key.address.to_string(),
                                   facts.client->to_string(), link, error_word(way->second.error));
    finding.remedy = set_command(fmt::format("net.ipv4.conf.{}.rp_filter", link), 2);
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

/// sh and dh: what is chosen for this client does not take connections, and nothing else is tried.
void client_refused_by_hash(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const ipvs::Service& s = service.entry.service;
  const bool is_sh = s.scheduler == "sh";
  // The hash was another one before.
  const bool is_known = facts.kernel_major >= 5;
  if (!facts.client || !service.server_by_hash || !is_known) return;
  if (is_sh && any(s.scheduler_flags & ipvs::SchedulerFlags::flag1)) return;
  // All of them: reported as that.
  if (std::ranges::none_of(service.servers, is_available)) return;
  const auto chosen = std::ranges::find_if(
      service.servers, [&](const auto& server) { return server.destination.key == *service.server_by_hash; });
  if (chosen == service.servers.end() || is_available(*chosen)) return;
  const std::string server = server_word(chosen->destination.key);
  Finding finding;
  finding.name = "client-refused-by-hash";
  finding.severity = Severity::warning;
  finding.what = fmt::format("New connections of {} are refused: {} chooses {} for it, which takes none.",
                             facts.client->to_string(), s.scheduler, server);
  finding.evidence = chosen->destination.weight == 0 ? fmt::format("{} has weight 0", server)
                                                     : fmt::format("{} has reached its upper threshold", server);
  set_hash_remedy(s, finding);
  finding.server = chosen->destination.key;
  findings.push_back(std::move(finding));
}

void probe_failed(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  for (const ipvs::DestinationEntry& server : service.servers) {
    const auto probe = facts.probes.find(server.destination.key);
    if (probe == facts.probes.end() || probe->second.error == 0 || !is_available(server)) continue;
    Finding finding;
    finding.name = "probe-failed";
    finding.severity = Severity::warning;
    finding.what = fmt::format("{} does not accept a connection from here.", server_word(server.destination.key));
    finding.evidence =
        fmt::format("connect to {}: {}", server_word(server.destination.key), error_word(probe->second.error));
    if (server.destination.forwarding == ipvs::Forwarding::masquerade) {
      ipvs::Destination quiet = server.destination;
      quiet.weight = 0;
      finding.remedy = edit_command(service.entry.service.key, quiet);
    } else {
      finding.advice = "see to that server, unless it listens on the virtual address alone";
    }
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

constexpr std::array causes = {
    ServiceCause{client_not_taken},       ServiceCause{no_way_to_client}, ServiceCause{answers_not_passed},
    ServiceCause{client_refused_by_hash}, ServiceCause{probe_failed},
};

}  // namespace

bool is_reverse_path_error(int error) { return error == EXDEV || error == EINVAL; }

std::span<const ServiceCause> asked_causes() { return causes; }

}  // namespace ipvsadm
