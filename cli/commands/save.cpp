// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "commands/entries.hpp"
#include "commands/run.hpp"
#include "line/failure.hpp"
#include "line/values.hpp"
#include "output/rules.hpp"

namespace ipvsadm {
namespace {

/// Only names that lead back to the address or port they are for: others would make another table of the rules.
class NamesThatLeadBack : public Names {
 public:
  explicit NamesThatLeadBack(Names& names) : names_(names) {}

  std::optional<ipvs::Address> host(const std::string& name, bool only_v6) override {
    return names_.host(name, only_v6);
  }
  std::optional<std::uint16_t> port(const std::string& name, ipvs::Protocol protocol) override {
    return names_.port(name, protocol);
  }
  const std::string& host_name(const ipvs::Address& address) override {
    const std::string& name = names_.host_name(address);
    // What would not be read as one word, or not as a name.
    if (name.empty() || name.find_first_of(" \t\r\n\\#:%[]") != std::string::npos) return none_;
    // Read as the rule will be.
    const auto back = read_host_port(address.is_v6() ? fmt::format("[{}]:0", name) : fmt::format("{}:0", name),
                                     ipvs::Protocol::none, names_);
    return back && back->address == address ? name : none_;
  }
  const std::string& port_name(std::uint16_t port, ipvs::Protocol protocol) override {
    const std::string& name = names_.port_name(port, protocol);
    return !name.empty() && names_.port(name, protocol) == port ? name : none_;
  }

 private:
  Names& names_;
  const std::string none_;
};

bool is_sayable(const ipvs::ServiceKey& key) {
  return key.is_fwmark() || key.protocol == ipvs::Protocol::tcp || key.protocol == ipvs::Protocol::udp ||
         key.protocol == ipvs::Protocol::sctp;
}

/// Empty for what rules have words for.
std::string_view unsayable(const ipvs::Destination& server) {
  if (server.forwarding > ipvs::Forwarding::direct_route) return "its forwarding method";
  if (server.forwarding != ipvs::Forwarding::tunnel) return {};
  if (server.tunnel_type > ipvs::TunnelType::gre) return "its tunnel's type";
  if (server.tunnel_checksum > ipvs::TunnelChecksum::remote) return "its tunnel's checksum";
  return {};
}

/// What becomes of a server when it is saved and restored; empty for nothing.
std::string_view change_by_saving(const ipvs::ServiceKey& service, const ipvs::Destination& server) {
  if (server.forwarding == ipvs::Forwarding::local) return "it is saved with -g: rules can't express local";
  const bool own_port = server.forwarding == ipvs::Forwarding::masquerade || service.is_fwmark();
  if (!own_port && server.key.port != service.port) return "without -m, -R gives it the service's port";
  const bool tunnel = server.forwarding == ipvs::Forwarding::tunnel;
  const bool has_port = server.tunnel_port != 0;
  const bool has_checksum = server.tunnel_checksum != ipvs::TunnelChecksum::none;
  const bool lost = tunnel ? (server.tunnel_type != ipvs::TunnelType::gue && has_port) ||
                                 (server.tunnel_type == ipvs::TunnelType::ipip && has_checksum)
                           : has_port || has_checksum || server.tunnel_type != ipvs::TunnelType::ipip;
  return lost ? "its tunnel settings have no effect and are not saved" : "";
}

class Saver {
 public:
  Saver(const Save& save, Context& context)
      : output_(context.output()), names_(context.names()), numeric_(save.numeric) {}

  void operator()(const ipvs::ServiceEntry& service, const std::vector<ipvs::DestinationEntry>& servers) {
    const ipvs::ServiceKey& key = service.service.key;
    if (!is_sayable(key)) {
      leave_out(ipvs::DeleteService{key}, "its protocol");
      return;
    }
    rule(ipvs::AddService{service.service});
    if (!service.service.persistent && service.service.persistence_timeout.count() != 0) {
      warn(ipvs::DeleteService{key}, "its persistence time has no effect without -p and is not saved");
    }
    for (const auto& server : servers) add_server(key, server.destination);
    output_.spill();
  }

  void rule(const ipvs::Change& change) { render_rule(output_.text(), change, numeric_ ? nullptr : &names_); }
  int status() const { return incomplete_ ? status_listing_failed : status_done; }

 private:
  void add_server(const ipvs::ServiceKey& service, const ipvs::Destination& server) {
    if (const std::string_view what = unsayable(server); !what.empty()) {
      leave_out(ipvs::DeleteDestination{service, server.key}, what);
      return;
    }
    rule(ipvs::AddDestination{service, server});
    const std::string_view change = change_by_saving(service, server);
    if (!change.empty()) warn(ipvs::DeleteDestination{service, server.key}, change);
  }

  /// "-t 10.0.0.1:80 -r 10.1.0.1:80", by the change that names just that.
  static std::string name_of(const ipvs::Change& deletion) { return rule_text(deletion).substr(3); }

  void leave_out(const ipvs::Change& deletion, std::string_view what) {
    incomplete_ = true;
    print_message(fmt::format("{} is left out: rules can't express {}", name_of(deletion), what));
  }
  static void warn(const ipvs::Change& deletion, std::string_view change) {
    print_message(fmt::format("warning: {}: {}", name_of(deletion), change));
  }

  Output& output_;
  NamesThatLeadBack names_;
  bool numeric_;
  bool incomplete_ = false;
};

}  // namespace

int run_save(const Save& save, Context& context) {
  ipvs::Client& client = context.client();
  std::vector<ipvs::ServiceEntry> services = client.services();
  sort_services(services);
  Saver saver(save, context);
  for_each_service(services, true, client, [&](const auto& service, const auto& servers) { saver(service, servers); });
  if (save.all) {
    saver.rule(ipvs::SetTimeouts{client.timeouts()});
    for (const ipvs::Daemon& daemon : client.daemons()) saver.rule(ipvs::StartDaemon{daemon});
  }
  return saver.status();
}

}  // namespace ipvsadm
