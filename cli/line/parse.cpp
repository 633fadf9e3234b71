// SPDX-License-Identifier: MIT
#include "line/parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "line/command_line.hpp"
#include "line/failure.hpp"
#include "line/option_values.hpp"
#include "line/options.hpp"
#include "line/tokens.hpp"
#include "line/values.hpp"

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

std::string_view fault_text(TokenLine::Fault fault) {
  switch (fault) {
    case TokenLine::Fault::missing_argument: return "missing argument";
    case TokenLine::Fault::unwanted_argument: return "option does not take an argument";
    default: return "unknown option";
  }
}

/// The options of `set` in the order in which offences are told.
template <typename Visit>
constexpr void for_each_option(Visit visit) {
  for (unsigned i = 0; i < static_cast<unsigned>(O::count_); ++i) visit(static_cast<O>(i));
}

constexpr OptionSet tunnel_checksums(O::tun_nocsum, O::tun_csum, O::tun_remcsum);
constexpr OptionSet tunnel_options = OptionSet(O::tun_type, O::tun_port) | tunnel_checksums;
/// Legal with -L -c, and with no other listing.
constexpr OptionSet connection_filters(O::real_server, O::state, O::client, O::count);
/// Legal with every command.
constexpr OptionSet everywhere(O::netns);

/// Options that exclude each other, the one that is told first standing second.
struct Conflict {
  O first;
  O second;
};
constexpr std::array list_conflicts = {
    Conflict{O::connection, O::timeout}, Conflict{O::connection, O::daemon}, Conflict{O::service, O::timeout},
    Conflict{O::service, O::daemon},     Conflict{O::timeout, O::daemon},
};
constexpr std::array checksum_conflicts = {
    Conflict{O::tun_nocsum, O::tun_csum},
    Conflict{O::tun_nocsum, O::tun_remcsum},
    Conflict{O::tun_csum, O::tun_remcsum},
};

/// Required, allowed and mutually exclusive options, for a command or for a tunnel type.
struct Rule {
  std::string_view name;
  std::string_view kind;  ///< "command" or "tunnel type"
  OptionSet subject;      ///< options that the rule is about; the others pass
  OptionSet required;
  OptionSet allowed;
  std::span<const Conflict> conflicts;
};

void check_rule(const Rule& rule, OptionSet given) {
  const OptionSet at_fault = (rule.required - given) | (given - (rule.required | rule.allowed));
  const bool in_conflict =
      std::ranges::any_of(rule.conflicts, [&](const Conflict& c) { return given.has(c.first) && given.has(c.second); });
  if ((at_fault & rule.subject).empty() && !in_conflict) return;
  // The first offence in the options' order is told.
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
    for (const Conflict& conflict : rule.conflicts) {
      if (conflict.second != option || !given.has(conflict.first)) continue;
      illegal(fmt::format("The option '{}' conflicts with the '{}' option in the '{}' {}", message_name(option),
                          message_name(conflict.first), rule.name, rule.kind));
    }
  });
}

constexpr OptionSet everything = [] {
  OptionSet set;
  for_each_option([&](O option) { set.add(option); });
  return set;
}();

Rule command_rule(S spelling, OptionSet given) {
  const CommandInfo& command = command_info(spelling);
  OptionSet allowed = command.allowed | everywhere;
  std::span<const Conflict> conflicts;
  if (spelling == S::list) {
    conflicts = list_conflicts;
    if (given.has(O::connection)) allowed = allowed | connection_filters;
  }
  return {command.name, "command", everything, command.required, allowed, conflicts};
}

void check_command(const Draft& draft) { check_rule(command_rule(*draft.command, draft.options), draft.options); }

// Indexed by ipvs::TunnelType.
constexpr std::array tunnel_rules = {
    Rule{"ipip", "tunnel type", tunnel_options, {}, OptionSet(O::tun_type), checksum_conflicts},
    Rule{"gue", "tunnel type", tunnel_options, OptionSet(O::tun_port), OptionSet(O::tun_type) | tunnel_checksums,
         checksum_conflicts},
    Rule{"gre",
         "tunnel type",
         tunnel_options,
         {},
         OptionSet(O::tun_type, O::tun_nocsum, O::tun_csum),
         checksum_conflicts},
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

ListConnections make_connection_list(const Draft& draft) {
  ListConnections list;
  list.numeric = draft.options.has(O::numeric);
  list.engine_data = draft.options.has(O::persistent_conn);
  list.json = draft.options.has(O::json);
  list.count = draft.options.has(O::count);
  list.service = draft.service;
  list.client = draft.client;
  list.state = draft.connection_state;
  if (draft.server) {
    list.server = draft.server->address;
    list.server_port = draft.server->port;
  }
  return list;
}

ListServices make_service_list(const Draft& draft) {
  static constexpr std::array<std::pair<O, View>, 5> views = {{{O::stats, View::stats},
                                                               {O::rate, View::rate},
                                                               {O::thresholds, View::thresholds},
                                                               {O::persistent_conn, View::persistent_conn},
                                                               {O::tun_info, View::tun_info}}};
  ListServices list;
  list.service = draft.service;
  list.numeric = draft.options.has(O::numeric);
  list.exact = draft.options.has(O::exact);
  list.sorted = !draft.options.has(O::nosort);
  list.json = draft.options.has(O::json);
  const auto view = std::ranges::find_if(views, [&](const auto& pair) { return draft.options.has(pair.first); });
  if (view != views.end()) list.view = view->second;
  return list;
}

/// A view is one of services, and --persistent-conn has a second meaning for connections.
bool view_without_services(OptionSet given) {
  const bool other_subject = given.has(O::connection) || given.has(O::timeout) || given.has(O::daemon);
  const bool has_view = given.has(O::stats) || given.has(O::rate) || given.has(O::thresholds);
  const bool odd_persistent = given.has(O::persistent_conn) && !given.has(O::connection);
  return other_subject && (has_view || odd_persistent);
}

Listing make_listing(const Draft& draft) {
  const OptionSet given = draft.options;
  if (view_without_services(given)) illegal("options conflicts in the list command");

  if (given.has(O::connection)) return make_connection_list(draft);
  if (given.has(O::timeout)) return ListTimeouts{given.has(O::json)};
  if (given.has(O::daemon)) return ListDaemons{given.has(O::json)};
  return make_service_list(draft);
}

Command make_list(const Draft& draft) {
  Listing listing = make_listing(draft);
  if (draft.options.has(O::watch)) return Watch{std::move(listing), draft.watch_interval};
  return listing;
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
    case S::delete_service:
      if (draft.options.has(O::drain)) return Drain{*draft.service, std::nullopt, draft.drain_limit};
      return ipvs::Change(ipvs::DeleteService{*draft.service});
    case S::clear: return ipvs::Change(ipvs::Flush{});
    case S::list: return make_list(draft);
    case S::add_server: return ipvs::Change(ipvs::AddDestination{*draft.service, make_server(draft)});
    case S::edit_server: return ipvs::Change(ipvs::EditDestination{*draft.service, make_server(draft)});
    case S::delete_server:
      if (draft.options.has(O::drain)) return Drain{*draft.service, make_server_key(draft), draft.drain_limit};
      return ipvs::Change(ipvs::DeleteDestination{*draft.service, make_server_key(draft)});
    case S::zero: return ipvs::Change(ipvs::Zero{draft.service});
    case S::restore: return Restore{};
    case S::save: return Save{draft.options.has(O::numeric), draft.options.has(O::all)};
    case S::set: return ipvs::Change(ipvs::SetTimeouts{draft.timeouts});
    case S::start_daemon: return make_start_daemon(draft);
    case S::stop_daemon: return ipvs::Change(ipvs::StopDaemon{draft.daemon.role, draft.daemon.sync_id});
    case S::apply:
      return Apply{draft.file, draft.options.has(O::dry_run), draft.options.has(O::keep_weights),
                   draft.options.has(O::no_delete)};
    case S::help: return ShowHelp{};
    default: return ShowVersion{};
  }
}

}  // namespace

bool may_join(Spelling command, OptionSet given) {
  const Rule rule = command_rule(command, given);
  const OptionSet legal = rule.required | rule.allowed;
  const bool conflict = std::ranges::any_of(
      rule.conflicts, [&](const Conflict& pair) { return given.has(pair.first) && given.has(pair.second); });
  return (given & legal) == given && !conflict && !view_without_services(given);
}

bool may_join(Spelling command, OptionSet given, Option option) {
  if (given.has(option)) return false;
  given.add(option);
  return may_join(command, given);
}

Invocation Parser::parse(std::span<const std::string> words, std::string_view program) {
  if (words.empty()) return {Listing(ListServices{}), {}};
  const TokenLine line = read_tokens(words);
  const auto is_one = [](const Token& token) { return is_command(token.spelling); };
  if (std::ranges::none_of(line.tokens, is_one)) throw Failure(status_unreadable, try_help(program));

  Draft draft;
  const auto asks_for_help = [&] { return draft.command == S::help || draft.command == S::version; };
  const auto take = [&](const Token& token) {
    // Whatever else the line says, help is what somebody needs who writes it so.
    if (asks_for_help()) return;
    if (is_command(token.spelling)) {
      if (draft.command) illegal(fmt::format("invalid option `{}'", words[token.word]));
      draft.command = token.spelling;
    }
    read_token(draft, token, names_);
  };
  if (program.empty()) {
    std::ranges::for_each(line.tokens, take);
  } else {
    bind_command_line(line.tokens, take);
  }
  if (asks_for_help()) return {make_command(draft), {}};
  if (line.fault != TokenLine::Fault::none) {
    throw Failure(status_unreadable, fmt::format("{}: {}", line.fault_word, fault_text(line.fault)));
  }
  finish_reading(draft, names_);
  read_rest(draft, line.operands);
  check_command(draft);
  return {make_command(draft), draft.network_namespace};
}

}  // namespace ipvsadm
