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
    SpellingInfo{S::restore, "R", "restore", none, O::free_, "", "read rules from standard input and add them"},
    SpellingInfo{S::save, "S", "save", none, O::free_, "", "write the table as rules that -R reads"},
    SpellingInfo{S::set, "", "set", none, O::free_, "TCP TCPFIN UDP",
                 "set the connection timeouts, in seconds; 0 keeps one"},
    SpellingInfo{S::start_daemon, "", "start-daemon", required, O::free_, "STATE",
                 "start the sync daemon as master or backup"},
    SpellingInfo{S::stop_daemon, "", "stop-daemon", required, O::free_, "STATE",
                 "stop the sync daemon, master or backup"},
    SpellingInfo{S::apply, "", "apply", optional, O::free_, "FILE",
                 "make the table what the rules say, by the fewest changes"},
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
                 "clients alike under this mask or IPv6 prefix length are one"},
    SpellingInfo{S::persistence_engine, "", "pe", required, O::persistence_engine, "NAME",
                 "what tells clients apart instead: sip"},
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
    SpellingInfo{S::exact, "", "exact", none, O::exact, "", "never shorten a number"},
    SpellingInfo{S::sort, "", "sort", none, O::free_, "", "sort services and servers (default)"},
    SpellingInfo{S::nosort, "", "nosort", none, O::nosort, "", "list in the kernel's order"},

    // The sync daemon.
    SpellingInfo{S::mcast_interface, "", "mcast-interface", required, O::mcast_interface, "NAME",
                 "network interface (default: eth0)"},
    SpellingInfo{S::syncid, "", "syncid", required, O::syncid, "N", "0 to 255 (default: 0, which hears every id)"},
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
    SpellingInfo{S::count, "", "count", none, O::count, "", "only the number of connections"},
    SpellingInfo{S::drain, "", "drain", optional, O::drain, "=SECONDS",
                 "let connections end first, for so long at most"},
    SpellingInfo{S::all, "", "all", none, O::all, "", "timeouts and sync daemons too"},
    SpellingInfo{S::dry_run, "", "dry-run", none, O::dry_run, "",
                 "print the changes, make none; ends with 3 if there are any"},
    SpellingInfo{S::keep_weights, "", "keep-weights", none, O::keep_weights, "",
                 "leave weights of servers that are there"},
    SpellingInfo{S::no_delete, "", "no-delete", none, O::no_delete, "", "only add and change"},
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
                                  O::json, O::watch);
constexpr OptionSet daemon_settings(O::mcast_interface, O::syncid, O::mcast_group, O::mcast_port, O::mcast_ttl,
                                    O::sync_maxlen);
constexpr OptionSet nothing;

constexpr std::array command_table = {
    CommandInfo{S::add_service, "add-service", OptionSet(O::service), service_settings},
    CommandInfo{S::edit_service, "edit-service", OptionSet(O::service), service_settings},
    CommandInfo{S::delete_service, "delete-service", OptionSet(O::service), OptionSet(O::drain)},
    CommandInfo{S::clear, "flush", nothing, nothing},
    CommandInfo{S::list, "list", nothing, list_settings},
    CommandInfo{S::add_server, "add-server", OptionSet(O::service, O::real_server), server_settings},
    CommandInfo{S::edit_server, "edit-server", OptionSet(O::service, O::real_server), server_settings},
    CommandInfo{S::delete_server, "delete-server", OptionSet(O::service, O::real_server), OptionSet(O::drain)},
    CommandInfo{S::zero, "zero", nothing, OptionSet(O::service)},
    CommandInfo{S::restore, "restore", nothing, nothing},
    CommandInfo{S::save, "save", nothing, OptionSet(O::numeric, O::all)},
    CommandInfo{S::set, "set", nothing, nothing},
    CommandInfo{S::start_daemon, "start-daemon", nothing, daemon_settings},
    CommandInfo{S::stop_daemon, "stop-daemon", nothing, OptionSet(O::syncid)},
    CommandInfo{S::apply, "apply", nothing, OptionSet(O::dry_run, O::keep_weights, O::no_delete)},
    CommandInfo{S::help, "help", nothing, nothing},
    CommandInfo{S::version, "version", nothing, nothing},
};
static_assert(std::ranges::all_of(command_table, [](const CommandInfo& info) {
  return &info == &command_table[static_cast<std::size_t>(info.command)];
}));

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
std::string_view message_name(Option option) { return message_names[static_cast<std::size_t>(option)]; }

}  // namespace ipvsadm
