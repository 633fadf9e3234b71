// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/gather.hpp"
#include "check/hash_schedulers.hpp"
#include "check/report.hpp"
#include "commands/entries.hpp"
#include "commands/error_text.hpp"
#include "commands/run.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {
namespace {

bool is_asked_for(const Check& check, const ipvs::ServiceKey& key) {
  if (!check.service) return true;
  if (*check.service == key) return true;
  return check.any_port && !key.is_fwmark() && key.protocol == check.service->protocol &&
         key.address == check.service->address;
}

/// The server of a client by its address, or by the virtual one. Not of a persistent service, whose templates decide.
/// Taken in the kernel's order of the servers.
std::optional<ipvs::DestinationKey> server_by_hash(const Check& check, const ipvs::Service& service,
                                                   const std::vector<ipvs::DestinationEntry>& servers) {
  const bool by_port = any(service.scheduler_flags & ipvs::SchedulerFlags::flag2);
  if (!check.client || check.client->family() != service.key.family) return std::nullopt;
  if (service.persistent) return std::nullopt;
  if (service.scheduler == "sh" && !by_port) return server_by_sh(servers, *check.client);
  if (service.scheduler == "dh" && !service.key.is_fwmark()) return server_by_dh(servers, service.key.address);
  return std::nullopt;
}

/// The services to check, in the order of the listing. Throws Failure(1) when the one asked for is not there.
std::vector<ServiceFacts> services_to_check(const Check& check, ipvs::Client& client) {
  std::vector<ipvs::ServiceEntry> entries = client.services();
  std::erase_if(entries, [&](const ipvs::ServiceEntry& entry) { return !is_asked_for(check, entry.service.key); });
  if (check.service && entries.empty()) {
    throw Failure(status_listing_failed, refusal_text(ipvs::Error(ipvs::Operation::get_service, ESRCH)));
  }
  sort_services(entries);
  std::vector<ServiceFacts> services;
  for_each_service(entries, false, client, [&](const auto& entry, std::vector<ipvs::DestinationEntry>& servers) {
    const bool has_it = !check.server || std::ranges::any_of(servers, [&](const ipvs::DestinationEntry& server) {
      return check.server->passes(server.destination.key.address, server.destination.key.port);
    });
    if (!has_it) return;
    ServiceFacts& service = services.emplace_back();
    service.entry = entry;
    if (entry.service.scheduler == "sh") service.without_place = servers_without_place(servers);
    service.server_by_hash = server_by_hash(check, entry.service, servers);
    sort_servers(servers);
    service.servers = std::move(servers);
  });
  if (check.server && services.empty()) {
    throw Failure(status_listing_failed, refusal_text(ipvs::Error(ipvs::Operation::delete_destination, ENOENT)));
  }
  return services;
}

/// With -r only what is about that server.
Findings about_server(const Check& check, Findings findings) {
  if (!check.server) return findings;
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.server && !check.server->passes(finding.server->address, finding.server->port);
  });
  return findings;
}

/// What makes a command one of the namespace at work.
std::string place_of(const Context& context) {
  const std::string& name = context.network_namespace_name();
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) return fmt::format("nsenter --net={} ", name);
  if (context.is_network_namespace_pid()) return fmt::format("nsenter -t {} -n ", name);
  return fmt::format("ip netns exec {} ", name);
}

}  // namespace

int run_check(const Check& check, Context& context) {
  ipvs::Client& client = context.client();
  std::vector<ServiceFacts> services = services_to_check(check, client);
  const std::size_t count = services.size();
  const Facts facts = gather_facts(check, std::move(services), client, context.network_namespace());
  const Findings findings = about_server(check, find_causes(facts));
  const std::string place = place_of(context);
  if (check.json) {
    context.output().append(json_findings(findings, count, place));
  } else {
    render_findings(context.output().text(), findings, count, place, check.numeric ? nullptr : &context.names());
  }
  return findings.empty() ? status_done : status_found;
}

}  // namespace ipvsadm
