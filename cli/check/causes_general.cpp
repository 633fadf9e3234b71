// SPDX-License-Identifier: MIT
// What holds for all services: settings and daemons; and all causes together.
#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "check/causes.hpp"
#include "check/words.hpp"

namespace ipvsadm {
namespace {

bool has_daemon(const Facts& facts, ipvs::DaemonRole role) {
  return std::ranges::any_of(facts.daemons, [&](const ipvs::Daemon& daemon) { return daemon.role == role; });
}

Finding about_setting(std::string_view name, Severity severity, const std::string& what, const std::string& setting,
                      std::int64_t is, long long wanted) {
  Finding finding;
  finding.name = name;
  finding.severity = severity;
  finding.what = what;
  finding.evidence = fmt::format("{} is {}", setting, is);
  finding.remedy = set_command(setting, wanted);
  return finding;
}

/// Whether clients send packets here that IPVS is to take. A standby that is a real server besides has the virtual
/// address for that.
bool is_director_of(const Facts& facts, const ServiceFacts& service) {
  const auto route = facts.virtual_addresses.find(service.entry.service.key.address);
  if (service.entry.service.key.is_fwmark() || route == facts.virtual_addresses.end() || !route->second.local)
    return false;
  return std::ranges::none_of(service.servers, [&](const ipvs::DestinationEntry& server) {
    const auto way = facts.servers.find(server.destination.key.address);
    return server.destination.forwarding == ipvs::Forwarding::local ||
           (way != facts.servers.end() && way->second.route.local);
  });
}

/// A standby that ignores packets is as it is meant to be. Measured on Linux 6.1: a master daemon beside the backup
/// daemon changes nothing.
void backup_only(const Facts& facts, Findings& findings) {
  if (!facts.is("net.ipv4.vs.backup_only", 1) || !has_daemon(facts, ipvs::DaemonRole::backup)) return;
  if (std::ranges::none_of(facts.services, [&](const ServiceFacts& s) { return is_director_of(facts, s); })) return;
  Finding finding = about_setting("backup-only", Severity::error,
                                  "This director ignores all packets as long as the backup sync daemon runs.",
                                  "net.ipv4.vs.backup_only", 1, 0);
  finding.evidence += ", a backup daemon runs";
  findings.push_back(std::move(finding));
}

void connection_limit(const Facts& facts, Findings& findings) {
  const auto limit = facts.setting("net.ipv4.vs.conn_max");
  if (!limit || *limit <= 0 || !facts.connections || *facts.connections < static_cast<std::uint64_t>(*limit)) return;
  Finding finding = about_setting("connection-limit", Severity::error,
                                  "New connections are refused: as many as the limit allows are there.",
                                  "net.ipv4.vs.conn_max", *limit, 2 * static_cast<long long>(*limit));
  finding.evidence = fmt::format("{} connections, net.ipv4.vs.conn_max is {}", *facts.connections, *limit);
  findings.push_back(std::move(finding));
}

/// Kernel: 1 is "when memory is short", which makes it 2 as long as it is; 3 is always.
void defence_active(const Facts& facts, Findings& findings) {
  struct Defence {
    std::string setting;
    std::string_view what;
  };
  static const std::array defences = {
      Defence{"net.ipv4.vs.drop_entry", "Connections are dropped at random to save memory."},
      Defence{"net.ipv4.vs.drop_packet", "Packets are dropped at a rate to save memory."},
      Defence{"net.ipv4.vs.secure_tcp", "TCP connections have short times, to save memory."},
  };
  for (const Defence& defence : defences) {
    const auto value = facts.setting(defence.setting);
    if (!value || *value < 2) continue;
    findings.push_back(
        about_setting("defence-active", Severity::warning, std::string(defence.what), defence.setting, *value, 0));
  }
}

void counters_stopped(const Facts& facts, Findings& findings) {
  if (facts.services.empty() || !facts.is("net.ipv4.vs.run_estimation", 0)) return;
  findings.push_back(about_setting("counters-stopped", Severity::note, "Counters and rates stand still.",
                                   "net.ipv4.vs.run_estimation", 0, 1));
}

void slow_port_reuse(const Facts& facts, Findings& findings) {
  const bool old = facts.kernel_major < 5 || (facts.kernel_major == 5 && facts.kernel_minor < 9);
  if (!old || facts.services.empty()) return;
  const auto mode = facts.setting("net.ipv4.vs.conn_reuse_mode");
  if (!mode || *mode != 1 || !facts.is("net.ipv4.vs.conntrack", 1)) return;
  Finding finding = about_setting("slow-port-reuse", Severity::warning,
                                  "A client that uses a port again waits for a second: its first packet is dropped.",
                                  "net.ipv4.vs.conn_reuse_mode", *mode, 0);
  finding.evidence += fmt::format(", conntrack is 1, and this is Linux {}.{}", facts.kernel_major, facts.kernel_minor);
  findings.push_back(std::move(finding));
}

const Link* link_named(const Facts& facts, const std::string& name) {
  const auto found = std::ranges::find_if(facts.links, [&](const auto& entry) { return entry.second.name == name; });
  return found == facts.links.end() ? nullptr : &found->second;
}

void sync_link_down(const Facts& facts, Findings& findings) {
  for (const ipvs::Daemon& daemon : facts.daemons) {
    const Link* link = link_named(facts, daemon.interface);
    if (link != nullptr && link->up && link->carrier) continue;
    const std::string_view role = daemon.role == ipvs::DaemonRole::master ? "master" : "backup";
    Finding finding;
    finding.name = "sync-link-down";
    finding.severity = Severity::warning;
    finding.what = fmt::format("Connections are not synchronized: the link of the {} daemon is {}.", role,
                               link == nullptr ? "gone"
                               : link->up      ? "without a carrier"
                                               : "down");
    finding.evidence = fmt::format("link {}: {}", daemon.interface,
                                   link == nullptr ? "not there"
                                   : link->up      ? "no carrier"
                                                   : "down");
    if (link != nullptr && !link->up) {
      finding.remedy = fmt::format("ip link set {} up", daemon.interface);
    } else {
      finding.advice = "see to that link, or start the daemon with another one";
    }
    findings.push_back(std::move(finding));
  }
}

void sync_group_not_joined(const Facts& facts, Findings& findings) {
  for (const ipvs::Daemon& daemon : facts.daemons) {
    const ipvs::Address group = daemon.multicast_group.value_or(ipvs::Address::v4(0xe0000051));  // 224.0.0.81
    const auto joined = facts.multicast_groups.find(daemon.interface);
    if (daemon.role != ipvs::DaemonRole::backup || group.is_v6() || joined == facts.multicast_groups.end()) continue;
    if (std::ranges::find(joined->second, group) != joined->second.end()) continue;
    Finding finding;
    finding.name = "sync-group-not-joined";
    finding.severity = Severity::warning;
    finding.what = fmt::format("The backup daemon hears nothing: {} has not joined its group.", daemon.interface);
    finding.evidence = fmt::format("{} is not among the groups of {}", group.to_string(), daemon.interface);
    finding.remedy = fmt::format(
        "ipvsadm --stop-daemon backup --syncid {0}; ipvsadm --start-daemon backup"
        " --mcast-interface {1} --syncid {0}",
        daemon.sync_id, daemon.interface);
    findings.push_back(std::move(finding));
  }
}

constexpr std::array causes = {
    GeneralCause{backup_only},           GeneralCause{connection_limit}, GeneralCause{defence_active},
    GeneralCause{counters_stopped},      GeneralCause{slow_port_reuse},  GeneralCause{sync_link_down},
    GeneralCause{sync_group_not_joined},
};

/// Makes one finding of those of several services that have the same cause.
Findings merged(Findings findings) {
  std::map<std::tuple<std::string_view, std::string, std::string>, std::set<ipvs::ServiceKey>> services;
  const auto cause_of = [](const Finding& f) { return std::tuple(f.name, f.evidence, f.remedy); };
  for (const Finding& finding : findings) {
    if (!finding.what_of_all.empty() && finding.service) services[cause_of(finding)].insert(*finding.service);
  }
  Findings general;
  Findings rest;
  std::set<std::tuple<std::string_view, std::string, std::string>> done;
  for (Finding& finding : findings) {
    const auto found = services.find(cause_of(finding));
    const bool shared = !finding.what_of_all.empty() && found != services.end() && found->second.size() > 1;
    if (!shared) {
      (finding.service ? rest : general).push_back(std::move(finding));
    } else if (done.insert(found->first).second) {
      finding.what = fmt::format("{} ({} services)", finding.what_of_all, found->second.size());
      finding.service.reset();
      finding.server.reset();
      general.push_back(std::move(finding));
    }
  }
  general.insert(general.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  return general;
}

}  // namespace

std::span<const GeneralCause> general_causes() { return causes; }

Findings find_causes(const Facts& facts) {
  Findings findings;
  for (const GeneralCause& cause : general_causes()) cause.find(facts, findings);
  for (const ServiceFacts& service : facts.services) {
    const std::size_t first = findings.size();
    for (const auto& family : {table_causes(), network_causes(), connection_causes(), asked_causes()}) {
      for (const ServiceCause& cause : family) cause.find(facts, service, findings);
    }
    for (std::size_t i = first; i < findings.size(); ++i) findings[i].service = service.entry.service.key;
    // The worst comes first.
    std::stable_sort(findings.begin() + static_cast<std::ptrdiff_t>(first), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  }
  return merged(std::move(findings));
}

}  // namespace ipvsadm
