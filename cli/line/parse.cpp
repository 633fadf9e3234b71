// SPDX-License-Identifier: MIT
#include "line/parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "line/command_line.hpp"
#include "line/failure.hpp"
#include "line/legality.hpp"
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

/// "2001:db8::1:80" is an address without a port.
std::string bare_ipv6_hint(const Draft& draft) {
  const std::size_t last = draft.service_text.rfind(':');
  if (draft.service->family != ipvs::Family::ipv6 || draft.service_port_given || last == std::string::npos) return {};
  return fmt::format("\n  `{}': an IPv6 address with a port needs brackets: [ADDRESS]:PORT", draft.service_text);
}

ipvs::Service service_settings(const Draft& draft) {
  ipvs::Service service(*draft.service, draft.scheduler);
  service.scheduler_flags = draft.scheduler_flags;
  service.persistent = draft.options.has(O::persistent);
  service.persistence_timeout = draft.persistence_timeout;
  if (draft.netmask) service.netmask = *draft.netmask;
  service.persistence_engine = draft.persistence_engine;
  service.one_packet = draft.options.has(O::one_packet);
  return service;
}

ipvs::Service make_service(const Draft& draft) {
  ipvs::Service service = service_settings(draft);
  // Other programs can make such services, and what was saved is to be restored.
  const bool said_so = draft.rule && draft.service_port_given;
  if (service.key.port == 0 && !service.key.is_fwmark() && !service.persistent && !said_so) {
    illegal("Zero port specified for non-persistent service" + bare_ipv6_hint(draft));
  }
  require_company(S::one_packet, draft.spelled, draft.rule);
  return service;
}

ipvs::DestinationKey make_server_key(const Draft& draft) {
  return {draft.server->address, draft.server->port.value_or(draft.service->port)};
}

ipvs::Destination server_settings(const Draft& draft) {
  ipvs::Destination server;
  server.forwarding = draft.forwarding;
  server.weight = draft.weight;
  server.upper_threshold = draft.upper_threshold;
  server.lower_threshold = draft.lower_threshold;
  server.tunnel_type = draft.tunnel_type;
  server.tunnel_port = draft.tunnel_port;
  server.tunnel_checksum = draft.tunnel_checksum;
  return server;
}

ipvs::Destination make_server(Draft& draft) {
  const bool tunnel = draft.forwarding == ipvs::Forwarding::tunnel;
  if (draft.server->address.family() != draft.service->family && !tunnel) {
    illegal("Different address family is allowed only for tunneling servers");
  }
  for (const S option : {S::tun_type, S::tun_port, S::tun_nocsum, S::tun_csum, S::tun_remcsum}) {
    require_company(option, draft.spelled, draft.rule);
  }
  if (tunnel) require_legal(draft.tunnel_type, draft.options, draft.rule);
  ipvs::Destination server = server_settings(draft);
  server.key = make_server_key(draft);
  // Direct routing and tunnels deliver packets as they are: the port can only be the service's.
  if (draft.forwarding != ipvs::Forwarding::masquerade && !draft.service->is_fwmark()) {
    if (server.key.port != draft.service->port) {
      draft.warnings.push_back(fmt::format("the server's port {} is not used: without -m it is the service's, {}",
                                           server.key.port, draft.service->port));
    }
    server.key.port = draft.service->port;
  }
  return server;
}

/// As make_server(), but without what depends on settings that are not given.
KeepingEdit make_keeping_server(const Draft& draft) {
  ipvs::Destination server = server_settings(draft);
  server.key = make_server_key(draft);
  return {ipvs::EditDestination{*draft.service, server}, draft.options, {}};
}

KeepingEdit make_keeping_service(const Draft& draft) {
  return {ipvs::EditService{service_settings(draft)}, draft.options, draft.scheduler_flags_text};
}

/// Whether the service is the address alone.
bool names_any_port(const Draft& draft) {
  return draft.service && !draft.service->is_fwmark() && !draft.service_port_given;
}

std::optional<ServerFilter> server_filter(const Draft& draft) {
  if (!draft.server) return std::nullopt;
  return ServerFilter{draft.server->address, draft.server->port};
}

ListConnections make_connection_list(const Draft& draft) {
  ListConnections list;
  list.numeric = draft.options.has(O::numeric);
  list.engine_data = draft.options.has(O::persistent_conn);
  list.json = draft.options.has(O::json);
  list.count = draft.options.has(O::count);
  list.service = draft.service;
  list.any_port = names_any_port(draft);
  list.server = server_filter(draft);
  list.client = draft.client;
  if (draft.options.has(O::by)) list.sums = draft.sums;
  list.state = draft.connection_state;
  if (draft.options.has(O::templates)) list.templates = Templates::only;
  if (draft.options.has(O::no_templates)) list.templates = Templates::none;
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
  list.any_port = names_any_port(draft);
  list.server = server_filter(draft);
  list.numeric = draft.options.has(O::numeric);
  list.exact = draft.options.has(O::exact);
  list.total = draft.options.has(O::total);
  list.sorted = !draft.options.has(O::nosort);
  list.json = draft.options.has(O::json);
  const auto view = std::ranges::find_if(views, [&](const auto& pair) { return draft.options.has(pair.first); });
  if (view != views.end()) list.view = view->second;
  return list;
}

Listing make_listing(const Draft& draft) {
  const OptionSet given = draft.options;
  if (given.has(O::metrics)) {
    return ListMetrics{draft.metrics_format, given.has(O::connection), !given.has(O::nosort)};
  }
  if (given.has(O::connection)) return make_connection_list(draft);
  if (given.has(O::timeout)) return ListTimeouts{given.has(O::json)};
  if (given.has(O::daemon)) return ListDaemons{given.has(O::json)};
  if (given.has(O::share)) return ListShares{make_service_list(draft), draft.share_interval, draft.sort_by};
  return make_service_list(draft);
}

Command make_list(Draft& draft) {
  Listing listing = make_listing(draft);
  if (draft.options.has(O::watch)) return Watch{std::move(listing), draft.watch_interval};
  return listing;
}

Command make_check(Draft& draft) {
  Check check;
  check.service = draft.service;
  check.any_port = names_any_port(draft);
  check.server = server_filter(draft);
  check.least_servers = draft.least_servers;
  check.probe = draft.options.has(O::probe);
  check.numeric = draft.options.has(O::numeric);
  check.json = draft.options.has(O::json);
  if (!draft.client) return check;
  const ipvs::Address& client = draft.client->address;
  if (draft.client->length != (client.is_v4() ? 32 : 128)) illegal("--check takes one client, not a network of them");
  check.client = client;
  return check;
}

Command make_start_daemon(Draft& draft) {
  ipvs::StartDaemon start{draft.daemon};
  if (!draft.options.has(O::mcast_interface)) start.daemon.interface = "eth0";
  return ipvs::Change(start);
}

Command make_stop_daemon(Draft& draft) {
  return ipvs::Change(ipvs::StopDaemon{draft.daemon.role, draft.daemon.sync_id});
}

Command make_delete_service(Draft& draft) {
  if (draft.options.has(O::drain)) return Drain{*draft.service, std::nullopt, draft.drain_limit};
  return ipvs::Change(ipvs::DeleteService{*draft.service});
}

Command make_delete_server(Draft& draft) {
  if (draft.options.has(O::drain)) return Drain{*draft.service, make_server_key(draft), draft.drain_limit};
  return ipvs::Change(ipvs::DeleteDestination{*draft.service, make_server_key(draft)});
}

Command make_edit_service(Draft& draft) {
  if (!draft.options.has(O::keep)) return ipvs::Change(ipvs::EditService{make_service(draft)});
  require_company(S::one_packet, draft.spelled, draft.rule);
  return make_keeping_service(draft);
}

Command make_edit_server(Draft& draft) {
  if (draft.options.has(O::keep)) return make_keeping_server(draft);
  return ipvs::Change(ipvs::EditDestination{*draft.service, make_server(draft)});
}

Command make_add_server(Draft& draft) { return ipvs::Change(ipvs::AddDestination{*draft.service, make_server(draft)}); }

Command make_apply(Draft& draft) {
  return Apply{draft.file, draft.options.has(O::dry_run), draft.options.has(O::keep_weights),
               draft.options.has(O::no_delete)};
}

/// What a command means, one row each: the compiler refuses a command without one.
struct Meaning {
  Spelling command;
  Command (*make)(Draft& draft);
};
constexpr std::array meanings = {
    Meaning{S::add_service, [](Draft& d) -> Command { return ipvs::Change(ipvs::AddService{make_service(d)}); }},
    Meaning{S::edit_service, make_edit_service},
    Meaning{S::delete_service, make_delete_service},
    Meaning{S::clear, [](Draft&) -> Command { return ipvs::Change(ipvs::Flush{}); }},
    Meaning{S::list, make_list},
    Meaning{S::add_server, make_add_server},
    Meaning{S::edit_server, make_edit_server},
    Meaning{S::delete_server, make_delete_server},
    Meaning{S::zero, [](Draft& d) -> Command { return ipvs::Change(ipvs::Zero{d.service}); }},
    Meaning{S::restore, [](Draft& d) -> Command { return Restore{.file = d.file}; }},
    Meaning{S::save,
            [](Draft& d) -> Command {
              return Save{d.options.has(O::numeric), d.options.has(O::all)};
            }},
    Meaning{S::set, [](Draft& d) -> Command { return ipvs::Change(ipvs::SetTimeouts{d.timeouts}); }},
    Meaning{S::start_daemon, make_start_daemon},
    Meaning{S::stop_daemon, make_stop_daemon},
    Meaning{S::apply, make_apply},
    Meaning{S::check, make_check},
    Meaning{S::help, [](Draft&) -> Command { return ShowHelp{}; }},
    Meaning{S::version, [](Draft&) -> Command { return ShowVersion{}; }},
};
static_assert(meanings.size() == command_count);
static_assert(std::ranges::all_of(meanings, [](const Meaning& meaning) {
  return &meaning == &meanings[static_cast<std::size_t>(meaning.command)];
}));

Command make_command(Draft& draft) { return meanings[static_cast<std::size_t>(*draft.command)].make(draft); }

}  // namespace

Invocation Parser::parse(std::span<const std::string> words, std::string_view program) {
  return parse(std::vector<std::string_view>(words.begin(), words.end()), program);
}

Invocation Parser::parse(std::span<const std::string_view> words, std::string_view program) {
  if (words.empty()) return {Listing(ListServices{}), {}};
  const TokenLine line = read_tokens(words);
  const auto is_one = [](const Token& token) { return is_command(token.spelling); };
  if (std::ranges::none_of(line.tokens, is_one)) throw Failure(status_unreadable, try_help(program));

  Draft draft;
  draft.rule = program.empty();
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
  require_legal(*draft.command, draft.options);
  Command command = make_command(draft);
  return {std::move(command), draft.network_namespace, std::move(draft.warnings)};
}

}  // namespace ipvsadm
