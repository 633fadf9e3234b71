// SPDX-License-Identifier: MIT
#include "line/options.hpp"

#include <algorithm>
#include <array>

namespace ipvsadm {
namespace {

using enum Argument;
using S = Spelling;
using O = Option;

constexpr std::array spelling_table = {
    // Commands.
    SpellingInfo{S::add_service, "A", "add-service", none, O::free_, "", "add a virtual service"},
    SpellingInfo{S::edit_service, "E", "edit-service", none, O::free_, "", "change a virtual service"},
    SpellingInfo{S::delete_service, "D", "delete-service", none, O::free_, "",
                 "delete a virtual service and its real servers"},
    SpellingInfo{S::clear, "C", "clear", none, O::free_, "", "delete every virtual service"},
    SpellingInfo{S::list, "Ll", "list", none, O::free_, "", "list; also what happens without any argument"},
    SpellingInfo{S::add_server, "a", "add-server", none, O::free_, "", "add a real server to a virtual service"},
    SpellingInfo{S::edit_server, "e", "edit-server", none, O::free_, "", "change a real server"},
    SpellingInfo{S::delete_server, "d", "delete-server", none, O::free_, "", "delete a real server"},
    SpellingInfo{S::zero, "Z", "zero", none, O::free_, "", "zero the counters of all services, or of one"},
    SpellingInfo{S::restore, "R", "restore", none, O::free_, "",
                 "read rules from a file or standard input and add them"},
    SpellingInfo{S::save, "S", "save", none, O::free_, "", "write the table as rules that -R reads"},
    SpellingInfo{S::set, "", "set", none, O::free_, "TCP TCPFIN UDP",
                 "set the connection timeouts, in seconds; 0 keeps one"},
    SpellingInfo{S::start_daemon, "", "start-daemon", required, O::free_, "STATE",
                 "start the sync daemon as master or backup"},
    SpellingInfo{S::stop_daemon, "", "stop-daemon", required, O::free_, "STATE",
                 "stop the sync daemon, master or backup"},
    SpellingInfo{S::apply, "", "apply", optional, O::free_, "FILE",
                 "make the table what the rules say, by the fewest changes"},
    SpellingInfo{S::check, "", "check", none, O::free_, "",
                 "find out why services do not work; exit status 3 if it finds something"},
    SpellingInfo{S::help, "h", "help", none, O::free_, "", "show this help"},
    SpellingInfo{S::version, "v", "version", none, O::free_, "", "show the version"},

    // The virtual service.
    SpellingInfo{S::tcp_service, "t", "tcp-service", required, O::service, "HOST[:PORT]", "a TCP service"},
    SpellingInfo{S::udp_service, "u", "udp-service", required, O::service, "HOST[:PORT]", "a UDP service"},
    SpellingInfo{S::sctp_service, "", "sctp-service", required, O::service, "HOST[:PORT]", "an SCTP service"},
    SpellingInfo{S::fwmark_service, "f", "fwmark-service", required, O::service, "MARK",
                 "all packets with this firewall mark"},
    SpellingInfo{S::ipv6, "6", "ipv6", none, O::free_, "", "the mark is on IPv6 packets"},

    // Settings of a virtual service.
    SpellingInfo{S::scheduler, "s", "scheduler", required, O::scheduler, "NAME",
                 "rr wrr lc wlc fo ovf lblc lblcr dh sh mh sed nq twos (default: wlc)"},
    SpellingInfo{S::sched_flags, "b", "sched-flags", required, O::sched_flags, "FLAGS",
                 "sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3"},
    SpellingInfo{S::persistent, "p", "persistent", optional, O::persistent, "SECONDS",
                 "keep each client on one server (default: 360)"},
    SpellingInfo{S::netmask, "M", "netmask", required, O::netmask, "MASK",
                 "mask or IPv6 prefix length of clients that count as one"},
    SpellingInfo{S::persistence_engine, "", "pe", required, O::persistence_engine, "NAME",
                 "persistence engine, which identifies clients: sip"},
    SpellingInfo{S::one_packet, "o", "ops", none, O::one_packet, "", "schedule every UDP datagram anew"},

    // The real server and its settings.
    SpellingInfo{S::real_server, "r", "real-server", required, O::real_server, "HOST[:PORT]", "the real server"},
    SpellingInfo{S::gatewaying, "g", "gatewaying", none, O::forwarding, "", "forward by direct routing (default)"},
    SpellingInfo{S::ipip, "i", "ipip", none, O::forwarding, "", "forward through a tunnel"},
    SpellingInfo{S::masquerading, "m", "masquerading", none, O::forwarding, "", "forward by NAT"},
    SpellingInfo{S::weight, "w", "weight", required, O::weight, "N", "share of new connections (default: 1; 0: none)"},
    SpellingInfo{S::upper_threshold, "x", "u-threshold", required, O::upper_threshold, "N",
                 "no new connections from this many on"},
    SpellingInfo{S::lower_threshold, "y", "l-threshold", required, O::lower_threshold, "N",
                 "new connections again below this many"},
    SpellingInfo{S::tun_type, "", "tun-type", required, O::tun_type, "TYPE", "with -i: ipip gue gre (default: ipip)"},
    SpellingInfo{S::tun_port, "", "tun-port", required, O::tun_port, "PORT", "UDP port of a gue tunnel"},
    SpellingInfo{S::tun_nocsum, "", "tun-nocsum", none, O::tun_nocsum, "", "gue, gre: no checksum (default)"},
    SpellingInfo{S::tun_csum, "", "tun-csum", none, O::tun_csum, "", "gue, gre: checksum"},
    SpellingInfo{S::tun_remcsum, "", "tun-remcsum", none, O::tun_remcsum, "", "gue: remote checksum offload"},

    // Listings.
    SpellingInfo{S::numeric, "n", "numeric", none, O::numeric, "", "numbers, no names"},
    SpellingInfo{S::connection, "c", "connection", none, O::connection, "", "list connections"},
    SpellingInfo{S::timeout, "", "timeout", none, O::timeout, "", "list the connection timeouts"},
    SpellingInfo{S::daemon, "", "daemon", none, O::daemon, "", "list the sync daemons"},
    SpellingInfo{S::stats, "", "stats", none, O::stats, "", "show counters"},
    SpellingInfo{S::rate, "", "rate", none, O::rate, "", "show rates per second"},
    SpellingInfo{S::thresholds, "", "thresholds", none, O::thresholds, "", "show thresholds"},
    SpellingInfo{S::persistent_conn, "", "persistent-conn", none, O::persistent_conn, "",
                 "show persistent connections; with -c, persistence engine data"},
    SpellingInfo{S::tun_info, "", "tun-info", none, O::tun_info, "", "show tunnels"},
    SpellingInfo{S::total, "", "total", none, O::total, "", "with --stats and --rate: the sums in a last row"},
    SpellingInfo{S::share, "", "share", optional, O::share, "=SECONDS",
                 "who gets what in so many seconds (default: 4)"},
    SpellingInfo{S::sort_by, "", "sort-by", required, O::sort_by, "KEY",
                 "with --share: largest conns, rate, bytes or weight first"},
    SpellingInfo{S::metrics, "", "metrics", optional, O::metrics, "=FORMAT",
                 "the whole table as metrics; with -c, connections by state too"},
    SpellingInfo{S::exact, "", "exact", none, O::exact, "", "never shorten a number"},
    SpellingInfo{S::sort, "", "sort", none, O::free_, "", "sort services and servers (default)"},
    SpellingInfo{S::nosort, "", "nosort", none, O::nosort, "", "list in the kernel's order"},

    // The sync daemon.
    SpellingInfo{S::mcast_interface, "", "mcast-interface", required, O::mcast_interface, "NAME",
                 "network interface (default: eth0)"},
    SpellingInfo{S::syncid, "", "syncid", required, O::syncid, "N",
                 "0 to 255 (default: 0; a backup then accepts every id)"},
    SpellingInfo{S::mcast_group, "", "mcast-group", required, O::mcast_group, "ADDRESS",
                 "multicast group (default: 224.0.0.81)"},
    SpellingInfo{S::mcast_port, "", "mcast-port", required, O::mcast_port, "PORT", "UDP port (default: 8848)"},
    SpellingInfo{S::mcast_ttl, "", "mcast-ttl", required, O::mcast_ttl, "N", "1 to 255 (default: 1)"},
    SpellingInfo{S::sync_maxlen, "", "sync-maxlen", required, O::sync_maxlen, "BYTES",
                 "longest message, 1 to 65507 (default: by MTU)"},

    // What 1.31 did not have.
    SpellingInfo{S::json, "j", "json", none, O::json, "", "list as one JSON object"},
    SpellingInfo{S::watch, "", "watch", optional, O::watch, "=SECONDS", "list again and again (default: 2)"},
    SpellingInfo{S::state, "", "state", required, O::state, "STATE", "only connections in this state"},
    SpellingInfo{S::client, "", "client", required, O::client, "ADDRESS[/LENGTH]", "only connections of these clients"},
    SpellingInfo{S::templates, "", "templates", none, O::templates, "", "only templates of persistence"},
    SpellingInfo{S::no_templates, "", "no-templates", none, O::no_templates, "", "no templates of persistence"},
    SpellingInfo{S::count, "", "count", none, O::count, "", "only the number of connections"},
    SpellingInfo{S::by, "", "by", required, O::by, "KEY[,KEY...]", "sums by client, server, service, state, protocol"},
    SpellingInfo{S::top, "", "top", required, O::top, "N", "with --by: only the N largest sums"},
    SpellingInfo{S::client_prefix, "", "client-prefix", required, O::client_prefix, "LENGTH",
                 "with --by client: IPv6 clients of a network are one"},
    SpellingInfo{S::drain, "", "drain", optional, O::drain, "=SECONDS",
                 "wait for connections to end, at most this long"},
    SpellingInfo{S::keep, "", "keep", none, O::keep, "", "keep every setting that is not given"},
    SpellingInfo{S::all, "", "all", none, O::all, "", "timeouts and sync daemons too"},
    SpellingInfo{S::dry_run, "", "dry-run", none, O::dry_run, "",
                 "print the changes, make none; exit status 3 if there are any"},
    SpellingInfo{S::keep_weights, "", "keep-weights", none, O::keep_weights, "",
                 "keep the weights of servers that exist"},
    SpellingInfo{S::no_delete, "", "no-delete", none, O::no_delete, "", "only add and change"},
    SpellingInfo{S::probe, "", "probe", none, O::probe, "", "open a connection to each server, too"},
    SpellingInfo{S::min_servers, "", "min-servers", required, O::min_servers, "N",
                 "fewer servers that take connections are an error"},
    SpellingInfo{S::netns, "", "netns", required, O::netns, "NAME|PATH|PID", "work in this network namespace"},
};

// info() indexes by Spelling.
static_assert([] {
  for (std::size_t i = 0; i < spelling_table.size(); ++i) {
    if (static_cast<std::size_t>(spelling_table[i].spelling) != i) return false;
  }
  return spelling_table.size() == spelling_count;
}());

// Indexed by character code.
constexpr std::array letter_table = [] {
  std::array<const SpellingInfo*, 128> table{};
  for (const SpellingInfo& info : spelling_table) {
    for (const char letter : info.short_names) table[static_cast<unsigned char>(letter)] = &info;
  }
  return table;
}();

constexpr OptionSet service_settings(O::scheduler, O::persistent, O::netmask, O::one_packet, O::persistence_engine,
                                     O::sched_flags);
constexpr OptionSet server_settings(O::forwarding, O::weight, O::upper_threshold, O::lower_threshold, O::tun_type,
                                    O::tun_port, O::tun_nocsum, O::tun_csum, O::tun_remcsum);
constexpr OptionSet list_settings(O::numeric, O::connection, O::service, O::timeout, O::daemon, O::stats, O::rate,
                                  O::thresholds, O::persistent_conn, O::nosort, O::syncid, O::exact, O::tun_info,
                                  O::json, O::watch, O::real_server, O::metrics, O::share);
constexpr OptionSet daemon_settings(O::mcast_interface, O::syncid, O::mcast_group, O::mcast_port, O::mcast_ttl,
                                    O::sync_maxlen);
constexpr OptionSet nothing;

constexpr OptionSet tunnel_checksums(O::tun_nocsum, O::tun_csum, O::tun_remcsum);
constexpr OptionSet tunnel_settings = OptionSet(O::tun_type, O::tun_port) | tunnel_checksums;

constexpr std::array list_conflicts = {
    Conflict{O::count, O::by},
    Conflict{O::persistent_conn, O::by},
    Conflict{O::templates, O::no_templates},
    Conflict{O::connection, O::timeout},
    Conflict{O::connection, O::daemon},
    Conflict{O::service, O::timeout},
    Conflict{O::service, O::daemon},
    Conflict{O::timeout, O::daemon},
    // Metrics are of the whole table, and have a format of their own.
    Conflict{O::service, O::metrics},
    Conflict{O::real_server, O::metrics},
    Conflict{O::timeout, O::metrics},
    Conflict{O::daemon, O::metrics},
    Conflict{O::stats, O::metrics},
    Conflict{O::rate, O::metrics},
    Conflict{O::thresholds, O::metrics},
    Conflict{O::persistent_conn, O::metrics},
    Conflict{O::tun_info, O::metrics},
    Conflict{O::syncid, O::metrics},
    Conflict{O::exact, O::metrics},
    Conflict{O::json, O::metrics},
    Conflict{O::watch, O::metrics},
    Conflict{O::state, O::metrics},
    Conflict{O::client, O::metrics},
    Conflict{O::count, O::metrics},
    Conflict{O::templates, O::metrics},
    Conflict{O::no_templates, O::metrics},
    Conflict{O::by, O::metrics},
    Conflict{O::share, O::metrics},
    // Shares are of services, and have a layout of their own.
    Conflict{O::connection, O::share},
    Conflict{O::timeout, O::share},
    Conflict{O::daemon, O::share},
    Conflict{O::stats, O::share},
    Conflict{O::rate, O::share},
    Conflict{O::thresholds, O::share},
    Conflict{O::persistent_conn, O::share},
    Conflict{O::tun_info, O::share},
    Conflict{O::exact, O::share},
};
constexpr std::array list_additions = {
    Beside{O::connection, OptionSet(O::state, O::client, O::count, O::templates, O::no_templates, O::by)},
    Beside{O::share, OptionSet(O::sort_by)},
    Beside{O::by, OptionSet(O::top, O::client_prefix)},
    Beside{O::stats, OptionSet(O::total)},
    Beside{O::rate, OptionSet(O::total)},
};
constexpr std::array list_removals = {
    Beside{O::timeout, OptionSet(O::real_server)},
    Beside{O::daemon, OptionSet(O::real_server)},
};
// A view is one of services; --persistent-conn has a second meaning for connections.
constexpr std::array list_apart = {
    Apart{OptionSet(O::connection, O::timeout, O::daemon), OptionSet(O::stats, O::rate, O::thresholds)},
    Apart{OptionSet(O::timeout, O::daemon), OptionSet(O::persistent_conn)},
};

constexpr std::array command_table = {
    CommandInfo{S::add_service, "add-service", OptionSet(O::service), service_settings},
    CommandInfo{S::edit_service, "edit-service", OptionSet(O::service), service_settings | OptionSet(O::keep)},
    CommandInfo{S::delete_service, "delete-service", OptionSet(O::service), OptionSet(O::drain)},
    CommandInfo{S::clear, "flush", nothing, nothing},
    CommandInfo{S::list, "list", nothing, list_settings, list_conflicts, list_additions, list_removals, list_apart},
    CommandInfo{S::add_server, "add-server", OptionSet(O::service, O::real_server), server_settings},
    CommandInfo{S::edit_server, "edit-server", OptionSet(O::service, O::real_server),
                server_settings | OptionSet(O::keep)},
    CommandInfo{S::delete_server, "delete-server", OptionSet(O::service, O::real_server), OptionSet(O::drain)},
    CommandInfo{S::zero, "zero", nothing, OptionSet(O::service)},
    CommandInfo{S::restore, "restore", nothing, nothing},
    CommandInfo{S::save, "save", nothing, OptionSet(O::numeric, O::all)},
    CommandInfo{S::set, "set", nothing, nothing},
    CommandInfo{S::start_daemon, "start-daemon", nothing, daemon_settings},
    CommandInfo{S::stop_daemon, "stop-daemon", nothing, OptionSet(O::syncid)},
    CommandInfo{S::apply, "apply", nothing, OptionSet(O::dry_run, O::keep_weights, O::no_delete)},
    CommandInfo{S::check, "check", nothing,
                OptionSet(O::service, O::real_server, O::client, O::numeric, O::json, O::probe, O::min_servers)},
    CommandInfo{S::help, "help", nothing, nothing},
    CommandInfo{S::version, "version", nothing, nothing},
};
static_assert(command_table.size() == command_count);
static_assert(std::ranges::all_of(command_table, [](const CommandInfo& info) {
  return &info == &command_table[static_cast<std::size_t>(info.command)];
}));

constexpr std::array checksum_conflicts = {
    Conflict{O::tun_nocsum, O::tun_csum},
    Conflict{O::tun_nocsum, O::tun_remcsum},
    Conflict{O::tun_csum, O::tun_remcsum},
};
// Indexed by ipvs::TunnelType.
constexpr std::array tunnel_table = {
    TunnelInfo{ipvs::TunnelType::ipip, "ipip", nothing, OptionSet(O::tun_type), nothing, checksum_conflicts},
    TunnelInfo{ipvs::TunnelType::gue, "gue", OptionSet(O::tun_port), OptionSet(O::tun_type) | tunnel_checksums, nothing,
               checksum_conflicts},
    TunnelInfo{ipvs::TunnelType::gre, "gre", nothing, OptionSet(O::tun_type, O::tun_nocsum, O::tun_csum),
               OptionSet(O::tun_remcsum), checksum_conflicts},
};
static_assert(std::ranges::all_of(tunnel_table, [](const TunnelInfo& info) {
  return &info == &tunnel_table[static_cast<std::size_t>(info.type)];
}));

constexpr std::string_view only_udp = "One-Packet Scheduling is only for UDP virtual services";
constexpr std::string_view only_tunnel = "Tunnel options conflict with forward method";
constexpr auto needs = Company::Kind::needs;
constexpr auto excludes = Company::Kind::excludes;
constexpr std::array company_table = {
    Company{S::ipv6, needs, S::fwmark_service, "-6 is only for fwmark services (-f)", false},
    Company{S::one_packet, excludes, S::tcp_service, only_udp, false, false},
    Company{S::one_packet, excludes, S::sctp_service, only_udp, false, false},
    Company{S::tun_type, needs, S::ipip, only_tunnel, true},
    Company{S::tun_port, needs, S::ipip, only_tunnel, true},
    Company{S::tun_nocsum, needs, S::ipip, only_tunnel, true},
    Company{S::tun_csum, needs, S::ipip, only_tunnel, true},
    Company{S::tun_remcsum, needs, S::ipip, only_tunnel, true},
    Company{S::sort, excludes, S::nosort, "", false},
    Company{S::nosort, excludes, S::sort, "", false},
};

// In the order of Option. Long names, but for the five that the classic tool calls otherwise.
constexpr std::array<std::string_view, static_cast<std::size_t>(O::count_)> message_names = {
    "numeric",
    "connection",
    "service-address",
    "scheduler",
    "persistent",
    "netmask",
    "real-server",
    "forwarding-method",
    "weight",
    "u-threshold",
    "l-threshold",
    "mcast-interface",
    "timeout",
    "daemon",
    "stats",
    "rate",
    "thresholds",
    "persistent-conn",
    "nosort",
    "syncid",
    "exact",
    "ops",
    "pe",
    "sched-flags",
    "mcast-group",
    "mcast-port",
    "mcast-ttl",
    "sync-maxlen",
    "tun-info",
    "tun-type",
    "tun-port",
    "tun-nocsum",
    "tun-csum",
    "tun-remcsum",
    "json",
    "netns",
    "state",
    "client",
    "count",
    "drain",
    "watch",
    "all",
    "dry-run",
    "keep-weights",
    "no-delete",
    "keep",
    "templates",
    "no-templates",
    "probe",
    "min-servers",
    "total",
    "by",
    "top",
    "client-prefix",
    "metrics",
    "share",
    "sort-by",
};

}  // namespace

std::span<const SpellingInfo> spellings() { return spelling_table; }
const SpellingInfo& info(Spelling spelling) { return spelling_table[static_cast<std::size_t>(spelling)]; }
const SpellingInfo* find_letter(char letter) {
  const auto code = static_cast<unsigned char>(letter);
  return code < letter_table.size() ? letter_table[code] : nullptr;
}
const SpellingInfo* find_long_name(std::string_view name) {
  const auto found = std::ranges::find(spelling_table, name, &SpellingInfo::long_name);
  return found == spelling_table.end() ? nullptr : &*found;
}
const CommandInfo& command_info(Spelling command) { return command_table[static_cast<std::size_t>(command)]; }
const TunnelInfo& tunnel_info(ipvs::TunnelType type) { return tunnel_table[static_cast<std::size_t>(type)]; }
OptionSet tunnel_options() { return tunnel_settings; }
std::span<const Company> companies() { return company_table; }
std::string_view message_name(Option option) { return message_names[static_cast<std::size_t>(option)]; }

}  // namespace ipvsadm
