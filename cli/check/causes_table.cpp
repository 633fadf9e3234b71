// SPDX-License-Identifier: MIT
// What the table alone shows.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/words.hpp"
#include "output/share.hpp"

namespace ipvsadm {

bool is_available(const ipvs::DestinationEntry& server) { return standing_of(server) == Standing::serving; }

void set_hash_remedy(const ipvs::Service& service, Finding& finding) {
  if (service.scheduler == "dh") {
    finding.advice = "delete that server, or take another scheduler";
  } else {
    finding.remedy = fallback_command(service);
  }
}

namespace {

std::size_t available_servers(const ServiceFacts& service) {
  return static_cast<std::size_t>(std::ranges::count_if(service.servers, is_available));
}

ipvs::Destination without_thresholds(ipvs::Destination server) {
  server.upper_threshold = 0;
  server.lower_threshold = 0;
  return server;
}

void no_servers(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  if (!service.servers.empty()) return;
  Finding finding;
  finding.name = "no-servers";
  finding.what = "It has no server: connections are refused.";
  finding.evidence = "the kernel lists none";
  finding.advice = fmt::format("add one: ipvsadm -a {} -r SERVER", service_option(service.entry.service.key));
  findings.push_back(std::move(finding));
}

void no_available_server(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  if (service.servers.empty() || available_servers(service) > 0) return;
  const bool all_quiet =
      std::ranges::all_of(service.servers, [](const auto& server) { return server.destination.weight == 0; });
  // A server of weight 0 may be meant so; one that is full is not.
  const auto chosen =
      std::ranges::find_if(service.servers, [](const auto& server) { return server.destination.weight != 0; });
  const ipvs::DestinationEntry& server = chosen == service.servers.end() ? service.servers.front() : *chosen;
  Finding finding;
  if (all_quiet) {
    finding.name = "all-weights-zero";
    finding.what = "Every server has weight 0: new connections are refused.";
    finding.evidence = number_of(service.servers.size(), "server", "servers") + ", weight 0";
    ipvs::Destination busy = server.destination;
    busy.weight = 1;
    finding.remedy = edit_command(service.entry.service.key, busy);
  } else {
    finding.name = "all-overloaded";
    finding.what = "No server takes new connections: each has weight 0 or as many as its upper threshold allows.";
    finding.evidence = fmt::format("{} has {} connections, threshold {}", server_word(server.destination.key),
                                   std::uint64_t{server.active_connections} + server.inactive_connections,
                                   server.destination.upper_threshold);
    finding.remedy = edit_command(service.entry.service.key, without_thresholds(server.destination));
  }
  findings.push_back(std::move(finding));
}

void server_overloaded(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  // All of them: reported by no_available_server().
  if (available_servers(service) == 0) return;
  for (const ipvs::DestinationEntry& server : service.servers) {
    if (server.destination.weight == 0 || !is_overloaded(server)) continue;
    Finding finding;
    finding.name = "server-overloaded";
    finding.severity = Severity::warning;
    finding.what =
        fmt::format("{} gets no new connections: its upper threshold is reached.", server_word(server.destination.key));
    finding.evidence = fmt::format("{} connections, threshold {}",
                                   std::uint64_t{server.active_connections} + server.inactive_connections,
                                   server.destination.upper_threshold);
    finding.remedy = edit_command(service.entry.service.key, without_thresholds(server.destination));
    finding.server = server.destination.key;
    findings.push_back(std::move(finding));
  }
}

void scheduler_none(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  if (service.entry.service.scheduler != "none") return;
  Finding finding;
  finding.name = "no-scheduler";
  finding.what = "It has no scheduler: connections are refused.";
  finding.evidence = "the scheduler is none";
  finding.remedy = fmt::format("ipvsadm -E {} --keep -s wlc", service_option(service.entry.service.key));
  findings.push_back(std::move(finding));
}

void port_zero(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  const ipvs::Service& s = service.entry.service;
  if (s.key.is_fwmark() || s.key.port != 0 || s.persistent) return;
  Finding finding;
  finding.name = "port-zero-not-persistent";
  finding.what = "It is for every port but not persistent: the kernel takes no connection for it.";
  finding.evidence = "port 0 without persistence";
  finding.remedy = fmt::format("ipvsadm -E {} --keep -p", service_option(s.key));
  findings.push_back(std::move(finding));
}

/// Whether a hash chooses the server for some client, as far as that shows. Measured on Linux 6.1: sh has a place in
/// its table for each server, as long as it is not full. mh has none for a server that was added with weight 0, but
/// keeps that of one whose weight was changed to 0. dh chooses by the virtual address: all clients of it have one
/// server.
bool is_chosen(const ServiceFacts& service, const ipvs::DestinationEntry& server) {
  const ipvs::Service& s = service.entry.service;
  if (s.scheduler == "sh") return !service.without_place.contains(server.destination.key);
  const bool had_connections = server.stats.connections > 0 || is_overloaded(server);
  if (s.scheduler == "mh" || s.key.is_fwmark()) return had_connections;
  const auto is_the_one = [](const auto& other) { return is_available(other) && other.stats.connections > 0; };
  return had_connections && std::ranges::none_of(service.servers, is_the_one);
}

/// sh, mh and dh choose by the client's or the virtual address, and know no other choice unless their flags say fall
/// back.
void clients_refused(const Facts& /*unused*/, const ServiceFacts& service, Findings& findings) {
  const ipvs::Service& s = service.entry.service;
  const bool can_fall_back = s.scheduler == "sh" || s.scheduler == "mh";
  if (!can_fall_back && s.scheduler != "dh") return;
  if (can_fall_back && any(s.scheduler_flags & ipvs::SchedulerFlags::flag1)) return;
  if (available_servers(service) == 0) return;
  std::vector<std::string> unavailable;
  bool is_sure = s.scheduler == "sh";
  for (const ipvs::DestinationEntry& server : service.servers) {
    if (is_available(server) || !is_chosen(service, server)) continue;
    unavailable.push_back(server_word(server.destination.key));
    is_sure = is_sure || is_overloaded(server);
  }
  if (unavailable.empty()) return;
  Finding finding;
  finding.name = "hash-without-fallback";
  // A server that was deleted and added with weight 0 a moment ago has its old counters.
  finding.severity = is_sure ? Severity::warning : Severity::note;
  finding.what = fmt::format("Clients that {} chooses {} for are refused, as long as it takes no connections.",
                             s.scheduler, list_of(unavailable));
  finding.evidence = fmt::format("scheduler {} {}, weight 0 or overloaded: {}", s.scheduler,
                                 can_fall_back ? "without its fallback flag" : "has no fallback", list_of(unavailable));
  set_hash_remedy(s, finding);
  findings.push_back(std::move(finding));
}

void too_few_servers(const Facts& facts, const ServiceFacts& service, Findings& findings) {
  const std::size_t available = available_servers(service);
  if (!facts.least_servers || available >= *facts.least_servers) return;
  Finding finding;
  finding.name = "too-few-servers";
  finding.what = fmt::format("{} {} new connections, {} are wanted.", number_of(available, "server", "servers"),
                             available == 1 ? "takes" : "take", *facts.least_servers);
  finding.evidence = fmt::format("{} of {} with a weight and not overloaded", available, service.servers.size());
  finding.advice = "see why the others are gone, or have weight 0";
  findings.push_back(std::move(finding));
}

constexpr std::array causes = {
    ServiceCause{no_servers},      ServiceCause{no_available_server}, ServiceCause{server_overloaded},
    ServiceCause{scheduler_none},  ServiceCause{port_zero},           ServiceCause{clients_refused},
    ServiceCause{too_few_servers},
};

}  // namespace

std::span<const ServiceCause> table_causes() { return causes; }

}  // namespace ipvsadm
