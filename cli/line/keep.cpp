// SPDX-License-Identifier: MIT
#include "line/keep.hpp"

#include <variant>

#include "line/failure.hpp"
#include "line/legality.hpp"
#include "line/option_values.hpp"

namespace ipvsadm {
namespace {

using O = Option;

constexpr OptionSet checksums(O::tun_nocsum, O::tun_csum, O::tun_remcsum);

/// The options for tunnels as if all of the server's settings had been given.
OptionSet tunnel_options_of(const ipvs::Destination& server, OptionSet given) {
  OptionSet options = given & tunnel_options();
  if (server.tunnel_port != 0) options.add(O::tun_port);
  if ((given & checksums).empty()) {
    if (server.tunnel_checksum == ipvs::TunnelChecksum::full) options.add(O::tun_csum);
    if (server.tunnel_checksum == ipvs::TunnelChecksum::remote) options.add(O::tun_remcsum);
  }
  return options;
}

void keep_tunnel(ipvs::Destination& server, const ipvs::Destination& given, OptionSet options) {
  // Port and checksum are those of the kind of tunnel that was there.
  if (options.has(O::tun_type) && given.tunnel_type != server.tunnel_type) {
    server.tunnel_type = given.tunnel_type;
    server.tunnel_port = 0;
    server.tunnel_checksum = ipvs::TunnelChecksum::none;
  }
  if (options.has(O::tun_port)) server.tunnel_port = given.tunnel_port;
  if (!(options & checksums).empty()) server.tunnel_checksum = given.tunnel_checksum;
  require_legal(server.tunnel_type, tunnel_options_of(server, options), false);
}

}  // namespace

ipvs::Service kept(const KeepingEdit& edit, const ipvs::Service& present) {
  const ipvs::Service& given = std::get<ipvs::EditService>(edit.edit).service;
  ipvs::Service service = present;
  if (edit.given.has(O::scheduler) && given.scheduler != present.scheduler) {
    service.scheduler = given.scheduler;
    // To another scheduler they mean something else.
    service.scheduler_flags = ipvs::SchedulerFlags::none;
  }
  if (edit.given.has(O::sched_flags)) {
    service.scheduler_flags = read_scheduler_flags(edit.scheduler_flags_text, service.scheduler);
  }
  if (edit.given.has(O::persistent)) {
    service.persistent = true;
    service.persistence_timeout = given.persistence_timeout;
  }
  if (edit.given.has(O::netmask)) service.netmask = given.netmask;
  if (edit.given.has(O::persistence_engine)) service.persistence_engine = given.persistence_engine;
  if (edit.given.has(O::one_packet)) service.one_packet = true;
  return service;
}

ipvs::Destination kept(const KeepingEdit& edit, const ipvs::Destination& present) {
  const auto& [key, given] = std::get<ipvs::EditDestination>(edit.edit);
  ipvs::Destination server = present;
  if (edit.given.has(O::forwarding)) server.forwarding = given.forwarding;
  if (edit.given.has(O::weight)) server.weight = given.weight;
  if (edit.given.has(O::upper_threshold)) server.upper_threshold = given.upper_threshold;
  if (edit.given.has(O::lower_threshold)) server.lower_threshold = given.lower_threshold;
  const bool tunnel = server.forwarding == ipvs::Forwarding::tunnel;
  if (!tunnel && server.key.address.family() != key.family) {
    throw Failure(status_illegal, "Different address family is allowed only for tunneling servers");
  }
  if (!tunnel && !(edit.given & tunnel_options()).empty()) {
    throw Failure(status_illegal, "Tunnel options conflict with forward method");
  }
  if (tunnel && (!(edit.given & tunnel_options()).empty() || present.forwarding != server.forwarding)) {
    keep_tunnel(server, given, edit.given);
  }
  return server;
}

}  // namespace ipvsadm
