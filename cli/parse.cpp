// SPDX-License-Identifier: MIT
#include "parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "draft.hpp"
#include "failure.hpp"
#include "options.hpp"
#include "values.hpp"

namespace ipvsadm {
namespace {

using O = Option;
using S = Spelling;

[[noreturn]] void illegal(const std::string& message) { throw Failure(status_illegal, message); }

std::string try_help(std::string_view program) {
  // A rules file has no program to ask for help.
  if (program.empty()) return "not a rule";
  return fmt::format("Try `{0} -h' or '{0} --help' for more information.", program);
}

std::string_view fault_text(Scan::Fault fault) {
  switch (fault) {
    case Scan::Fault::missing_argument: return "missing argument";
    case Scan::Fault::unwanted_argument: return "option does not take an argument";
    default: return "unknown option";
  }
}

/// The options of `set` in the order in which offences are told.
template <typename Visit>
constexpr void for_each_option(Visit visit) {
  for (unsigned i = 0; i < static_cast<unsigned>(O::count_); ++i) visit(static_cast<O>(i));
}

/// Options that exclude each other within a command.
constexpr OptionSet list_subjects(O::connection, O::service, O::timeout, O::daemon);
constexpr OptionSet tunnel_checksums(O::tun_nocsum, O::tun_csum, O::tun_remcsum);
constexpr OptionSet tunnel_options = OptionSet(O::tun_type, O::tun_port) | tunnel_checksums;

/// Required, allowed and mutually exclusive options, for a command or for a tunnel type.
struct Rule {
  std::string_view name;
  std::string_view kind;  ///< "command" or "tunnel type"
  OptionSet subject;      ///< options that the rule is about; the others pass
  OptionSet required;
  OptionSet allowed;
  OptionSet exclusive;
};

void check_rule(const Rule& rule, OptionSet given) {
  std::optional<O> chosen;
  for_each_option([&](O option) {
    if (!rule.subject.has(option)) return;
    if (!given.has(option)) {
      if (rule.required.has(option)) {
        illegal(fmt::format("You need to supply the '{}' option for the '{}' {}", message_name(option), rule.name,
                            rule.kind));
      }
      return;
    }
    if (!rule.required.has(option) && !rule.allowed.has(option)) {
      illegal(fmt::format("Illegal '{}' option with the '{}' {}", message_name(option), rule.name, rule.kind));
    }
    if (!rule.exclusive.has(option)) return;
    if (chosen) {
      illegal(fmt::format("The option '{}' conflicts with the '{}' option in the '{}' {}", message_name(option),
                          message_name(*chosen), rule.name, rule.kind));
    }
    chosen = option;
  });
}

constexpr OptionSet everything = [] {
  OptionSet set;
  for_each_option([&](O option) { set.add(option); });
  return set;
}();

void check_command(const Draft& draft) {
  const CommandInfo& command = command_info(*draft.command);
  check_rule({command.name, "command", everything, command.required, command.allowed,
              *draft.command == S::list ? list_subjects : OptionSet()},
             draft.options);
}

// Indexed by ipvs::TunnelType.
constexpr std::array tunnel_rules = {
    Rule{"ipip", "tunnel type", tunnel_options, {}, OptionSet(O::tun_type), tunnel_checksums},
    Rule{"gue", "tunnel type", tunnel_options, OptionSet(O::tun_port), OptionSet(O::tun_type) | tunnel_checksums,
         tunnel_checksums},
    Rule{
        "gre", "tunnel type", tunnel_options, {}, OptionSet(O::tun_type, O::tun_nocsum, O::tun_csum), tunnel_checksums},
};

ipvs::Service make_service(const Draft& draft) {
  ipvs::Service service(*draft.service, draft.scheduler);
  service.scheduler_flags = draft.scheduler_flags;
  service.persistent = draft.options.has(O::persistent);
  service.persistence_timeout = draft.persistence_timeout;
  if (draft.netmask) service.netmask = *draft.netmask;
  service.persistence_engine = draft.persistence_engine;
  service.one_packet = draft.options.has(O::one_packet);
  if (service.key.port == 0 && !service.key.is_fwmark() && !service.persistent) {
    illegal("Zero port specified for non-persistent service");
  }
  if (service.one_packet && service.key.protocol != ipvs::Protocol::udp && !service.key.is_fwmark()) {
    illegal("One-Packet Scheduling is only for UDP virtual services");
  }
  return service;
}

ipvs::DestinationKey make_server_key(const Draft& draft) {
  return {draft.server->address, draft.server->port.value_or(draft.service->port)};
}

ipvs::Destination make_server(const Draft& draft) {
  const bool tunnel = draft.forwarding == ipvs::Forwarding::tunnel;
  if (draft.server->address.family() != draft.service->family && !tunnel) {
    illegal("Different address family is allowed only for tunneling servers");
  }
  if (!tunnel && !(draft.options & tunnel_options).empty()) {
    illegal("Tunnel options conflict with forward method");
  }
  if (tunnel) check_rule(tunnel_rules[static_cast<std::size_t>(draft.tunnel_type)], draft.options);

  ipvs::Destination server;
  server.key = make_server_key(draft);
  // Direct routing and tunnels deliver packets as they are: the port can only be the service's.
  if (draft.forwarding != ipvs::Forwarding::masquerade && !draft.service->is_fwmark()) {
    server.key.port = draft.service->port;
  }
  server.forwarding = draft.forwarding;
  server.weight = draft.weight;
  server.upper_threshold = draft.upper_threshold;
  server.lower_threshold = draft.lower_threshold;
  server.tunnel_type = draft.tunnel_type;
  server.tunnel_port = draft.tunnel_port;
  server.tunnel_checksum = draft.tunnel_checksum;
  return server;
}

Command make_list(const Draft& draft) {
  const OptionSet given = draft.options;
  const bool other_subject = given.has(O::connection) || given.has(O::timeout) || given.has(O::daemon);
  const bool has_view = given.has(O::stats) || given.has(O::rate) || given.has(O::thresholds);
  const bool odd_persistent = given.has(O::persistent_conn) && !given.has(O::connection);
  if (other_subject && (has_view || odd_persistent)) illegal("options conflicts in the list command");

  if (given.has(O::connection)) return ListConnections{given.has(O::numeric), given.has(O::persistent_conn)};
  if (given.has(O::timeout)) return ListTimeouts{};
  if (given.has(O::daemon)) return ListDaemons{};

  static constexpr std::array<std::pair<O, View>, 5> views = {{{O::stats, View::stats},
                                                               {O::rate, View::rate},
                                                               {O::thresholds, View::thresholds},
                                                               {O::persistent_conn, View::persistent_conn},
                                                               {O::tun_info, View::tun_info}}};
  ListServices list;
  list.service = draft.service;
  list.numeric = given.has(O::numeric);
  list.exact = given.has(O::exact);
  list.sorted = !given.has(O::nosort);
  const auto view = std::ranges::find_if(views, [&](const auto& pair) { return given.has(pair.first); });
  if (view != views.end()) list.view = view->second;
  return list;
}

ipvs::Change make_start_daemon(const Draft& draft) {
  ipvs::StartDaemon start{draft.daemon};
  if (!draft.options.has(O::mcast_interface)) start.daemon.interface = "eth0";
  return start;
}

Command make_command(const Draft& draft) {
  switch (*draft.command) {
    case S::add_service: return ipvs::Change(ipvs::AddService{make_service(draft)});
    case S::edit_service: return ipvs::Change(ipvs::EditService{make_service(draft)});
    case S::delete_service: return ipvs::Change(ipvs::DeleteService{*draft.service});
    case S::clear: return ipvs::Change(ipvs::Flush{});
    case S::list: return make_list(draft);
    case S::add_server: return ipvs::Change(ipvs::AddDestination{*draft.service, make_server(draft)});
    case S::edit_server: return ipvs::Change(ipvs::EditDestination{*draft.service, make_server(draft)});
    case S::delete_server: return ipvs::Change(ipvs::DeleteDestination{*draft.service, make_server_key(draft)});
    case S::zero: return ipvs::Change(ipvs::Zero{draft.service});
    case S::restore: return Restore{};
    case S::save: return Save{draft.options.has(O::numeric)};
    case S::set: return ipvs::Change(ipvs::SetTimeouts{draft.timeouts});
    case S::start_daemon: return make_start_daemon(draft);
    case S::stop_daemon: return ipvs::Change(ipvs::StopDaemon{draft.daemon.role, draft.daemon.sync_id});
    default: return ShowVersion{};
  }
}

}  // namespace

Command Parser::parse(std::span<const std::string> words, std::string_view program) {
  if (words.empty()) return ListServices{};
  const Scan scan = scanner_.scan(words);

  Draft draft;
  for (const Token& token : scan.tokens) {
    if (is_command(token.spelling)) {
      if (draft.command) illegal(fmt::format("invalid option `{}'", scanner_.second_command_word(words)));
      // Whatever else the line says, help is what somebody needs who writes it so.
      if (token.spelling == S::help) return ShowHelp{};
      if (token.spelling == S::version) return ShowVersion{};
      draft.command = token.spelling;
    }
    read_token(draft, token, names_);
  }
  if (scan.fault != Scan::Fault::none) {
    const bool readable = !scan.tokens.empty();
    throw Failure(status_unreadable,
                  readable ? fmt::format("{}: {}", scan.fault_word, fault_text(scan.fault)) : try_help(program));
  }
  if (!draft.command) throw Failure(status_unreadable, try_help(program));
  finish_reading(draft, names_);
  read_operands(draft, scan.operands);
  check_command(draft);
  return make_command(draft);
}

}  // namespace ipvsadm
