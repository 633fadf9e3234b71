// SPDX-License-Identifier: MIT
#include "output/rules.hpp"

#include <array>
#include <string_view>
#include <variant>

#include "line/values.hpp"
#include "line/words.hpp"
#include "output/put.hpp"
#include "output/render.hpp"

namespace ipvsadm {
namespace {

/// "-t 10.0.0.1:80", "-f 7 -6".
void put_service_option(Text& text, const ipvs::ServiceKey& key, Names* names) {
  if (key.is_fwmark()) {
    put(text, "-f {}{}", key.fwmark, key.family == ipvs::Family::ipv6 ? " -6" : "");
    return;
  }
  const ProtocolWords* words = find_words(key.protocol);
  if (words == nullptr) {
    // No option makes such a service: whoever reads the rule must hear of it.
    put(text, "--protocol-{} ", static_cast<unsigned>(key.protocol));
  } else if (const SpellingInfo& option = info(words->option); !option.short_names.empty()) {
    for (const char character : {'-', option.short_names.front(), ' '}) text.push_back(character);
  } else {
    put(text, "--{} ", option.long_name);
  }
  render_endpoint(text, key.address, key.port, key.protocol, names);
}

void put_service_rule(Text& text, std::string_view command, const ipvs::Service& service, Names* names) {
  put(text, command);
  put_service_option(text, service.key, names);
  put(text, " -s {}", service.scheduler);
  if (service.persistent) put(text, " -p {}", service.persistence_timeout.count());
  // Without -p the mask means nothing, but the kernel keeps it, and so must a rule.
  if (service.netmask != ipvs::full_netmask(service.key.family)) {
    put(text, " -M ");
    put_netmask(text, service);
  }
  if (!service.persistence_engine.empty()) put(text, " --pe {}", service.persistence_engine);
  if (service.one_packet) put(text, " -o");
  if (any(service.scheduler_flags)) {
    put(text, " -b {}", scheduler_flag_names(service.scheduler, service.scheduler_flags, true));
  }
}

void put_server_name(Text& text, std::string_view command, const ipvs::ServiceKey& service,
                     const ipvs::DestinationKey& server, Names* names) {
  put(text, command);
  put_service_option(text, service, names);
  put(text, " -r ");
  render_endpoint(text, server.address, server.port, service.protocol, names);
}

void put_server_rule(Text& text, std::string_view command, const ipvs::ServiceKey& service,
                     const ipvs::Destination& server, Names* names) {
  put_server_name(text, command, service, server.key, names);
  const bool tunnel = server.forwarding == ipvs::Forwarding::tunnel;
  put(text, " -");
  text.push_back(words_of(server.forwarding).option);
  put(text, " -w ");
  put_number(text, server.weight);
  if (server.upper_threshold != 0) put(text, " -x {}", server.upper_threshold);
  if (server.lower_threshold != 0) put(text, " -y {}", server.lower_threshold);
  if (tunnel) {
    put(text, " --tun-type {}", tunnel_type_name(server.tunnel_type));
    if (server.tunnel_type == ipvs::TunnelType::gue) put(text, " --tun-port {}", server.tunnel_port);
    if (server.tunnel_type != ipvs::TunnelType::ipip) {
      static constexpr std::array<std::string_view, 3> checksums = {"nocsum", "csum", "remcsum"};
      put(text, " --tun-{}", word_of(checksums, server.tunnel_checksum));
    }
  }
}

void put_daemon_rule(Text& text, const ipvs::Daemon& daemon) {
  put(text, "--start-daemon {} --mcast-interface ", role_name(daemon.role));
  put_outside_text(text, daemon.interface);
  put(text, " --syncid {}", daemon.sync_id);
  if (daemon.multicast_group) {
    put(text, " --mcast-group ");
    put_address(text, *daemon.multicast_group);
  }
  if (daemon.multicast_port != 0) put(text, " --mcast-port {}", daemon.multicast_port);
  if (daemon.multicast_ttl != 0) put(text, " --mcast-ttl {}", daemon.multicast_ttl);
  if (daemon.sync_maxlen != 0) put(text, " --sync-maxlen {}", daemon.sync_maxlen);
}

/// One function per change.
struct RuleWriter {
  Text& text;
  Names* names;

  void operator()(const ipvs::AddService& c) const { put_service_rule(text, "-A ", c.service, names); }
  void operator()(const ipvs::EditService& c) const { put_service_rule(text, "-E ", c.service, names); }
  void operator()(const ipvs::DeleteService& c) const {
    put(text, "-D ");
    put_service_option(text, c.key, names);
  }
  void operator()(const ipvs::AddDestination& c) const {
    put_server_rule(text, "-a ", c.service, c.destination, names);
  }
  void operator()(const ipvs::EditDestination& c) const {
    put_server_rule(text, "-e ", c.service, c.destination, names);
  }
  void operator()(const ipvs::DeleteDestination& c) const { put_server_name(text, "-d ", c.service, c.key, names); }
  void operator()(const ipvs::Zero& c) const {
    put(text, c.service ? "-Z " : "-Z");
    if (c.service) put_service_option(text, *c.service, names);
  }
  void operator()(const ipvs::Flush& /*unused*/) const { put(text, "-C"); }
  void operator()(const ipvs::SetTimeouts& c) const {
    put(text, "--set {} {} {}", c.timeouts.tcp.count(), c.timeouts.tcp_fin.count(), c.timeouts.udp.count());
  }
  void operator()(const ipvs::StartDaemon& c) const { put_daemon_rule(text, c.daemon); }
  void operator()(const ipvs::StopDaemon& c) const {
    put(text, "--stop-daemon {} --syncid {}", role_name(c.role), c.sync_id);
  }
};

}  // namespace

void render_rule(Text& text, const ipvs::Change& change, Names* names) {
  std::visit(RuleWriter{text, names}, change);
  put(text, "\n");
}

std::string rule_text(const ipvs::Change& change) {
  Text text;
  render_rule(text, change, nullptr);
  return {text.data(), text.size() - 1};
}

}  // namespace ipvsadm
