// SPDX-License-Identifier: MIT
#include "output/render.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "line/values.hpp"
#include "line/words.hpp"
#include "output/ipv4_text.hpp"
#include "output/put.hpp"

namespace ipvsadm {
namespace {

// Columns of an IPv4 name and port; an IPv6 one may push the rest to the right.
constexpr std::size_t server_columns = 28;
constexpr std::size_t service_columns = 33;

constexpr std::size_t longest_port = sizeof ":65535" - 1;

/// "10.0.0.1:80" in one piece, since it is what most of a table is made of.
void put_ipv4_endpoint(Text& text, const ipvs::Address& address, std::uint16_t port) {
  constexpr std::size_t longest = longest_ipv4 + longest_port;
  const std::size_t begin = text.size();
  char* const place = extend(text, longest);
  char* end = write_ipv4(place, address);
  *end++ = ':';
  end = std::to_chars(end, place + longest, port).ptr;
  text.resize(begin + static_cast<std::size_t>(end - place));
}

/// Fills up to `columns` counted from `begin`; text beyond is cut off if `cut`.
void pad(Text& text, std::size_t begin, std::size_t columns, bool cut) {
  const std::size_t length = text.size() - begin;
  if (length < columns) {
    text.resize(begin + columns);
    std::fill(text.end() - static_cast<std::ptrdiff_t>(columns - length), text.end(), ' ');
  } else if (cut) {
    text.resize(begin + columns);
  }
}

/// `word` filled up to `columns`, and a blank.
void put_column(Text& text, std::string_view word, std::size_t columns) {
  const std::size_t width = std::max(word.size(), columns) + 1;
  char* place = extend(text, width);
  std::fill_n(place + word.copy(place, word.size()), width - word.size(), ' ');
}

/// A blank, and a number or a word filled up to `columns`.
void put_cell(Text& text, std::string_view word, std::size_t columns) {
  const std::size_t width = std::max(word.size(), columns);
  char* place = extend(text, width + 1);
  *place = ' ';
  ++place;
  std::fill_n(place + word.copy(place, word.size()), width - word.size(), ' ');
}
template <std::integral Number>
void put_cell(Text& text, Number number, std::size_t columns) {
  const fmt::format_int digits(+number);
  put_cell(text, {digits.data(), digits.size()}, columns);
}

/// A blank, and a number at the right of `columns`.
void put_right(Text& text, std::uint64_t number, std::size_t columns) {
  const fmt::format_int digits(number);
  const std::size_t width = std::max(digits.size(), columns) + 1;
  char* place = std::fill_n(extend(text, width), width - digits.size(), ' ');
  std::copy_n(digits.data(), digits.size(), place);
}

/// At least two digits.
void put_two_digits(Text& text, std::int64_t number) {
  if (number >= 0 && number < 10) text.push_back('0');
  put_number(text, number);
}

std::string_view kind_name(const ipvs::ServiceKey& key) {
  if (key.is_fwmark()) return "FWM";
  const ProtocolWords* words = find_words(key.protocol);
  return words == nullptr ? "?" : words->listing;  // as 1.31 has it
}

/// "TCP  10.0.0.1:80", "FWM  7 IPv6".
void put_service_name(Text& text, const ipvs::ServiceKey& key, Names* names) {
  const std::size_t begin = text.size();
  put_column(text, kind_name(key), 4);
  if (key.is_fwmark()) {
    put(text, "{}{}", key.fwmark, key.family == ipvs::Family::ipv6 ? " IPv6" : "");
    return;
  }
  render_endpoint(text, key.address, key.port, key.protocol, names);
  if (key.family == ipvs::Family::ipv4 && text.size() - begin > service_columns) text.resize(begin + service_columns);
}

void put_service_flags(Text& text, const ipvs::Service& service) {
  put(text, " ");
  put(text, service.scheduler);
  if (any(service.scheduler_flags)) {
    const std::string flags = scheduler_flag_names(service.scheduler, service.scheduler_flags, false);
    if (!flags.empty()) put(text, " ({})", flags);
  }
  if (service.persistent) {
    put(text, " persistent {}", service.persistence_timeout.count());
    if (service.netmask != ipvs::full_netmask(service.key.family)) {
      put(text, " mask ");
      put_netmask(text, service);
    }
    if (!service.persistence_engine.empty()) put(text, " pe {}", service.persistence_engine);
  }
  if (service.one_packet) put(text, " ops");
}

void put_counters(Text& text, const ipvs::Stats& stats, bool exact) {
  for (const std::uint64_t counter :
       {stats.connections, stats.packets_in, stats.packets_out, stats.bytes_in, stats.bytes_out}) {
    render_counter(text, counter, exact);
  }
}

void put_rates(Text& text, const ipvs::Stats& stats, bool exact, bool exact_packets) {
  for (const std::uint64_t rate :
       {stats.connections_per_second, stats.packets_in_per_second, stats.packets_out_per_second}) {
    render_counter(text, rate, exact || exact_packets);
  }
  for (const std::uint64_t rate : {stats.bytes_in_per_second, stats.bytes_out_per_second}) {
    render_counter(text, rate, exact);
  }
}

/// "ipip", "gue:6080:+c", "gre:-c", or "n/a" without a tunnel.
std::string tunnel_text(const ipvs::Destination& server) {
  if (server.forwarding != ipvs::Forwarding::tunnel) return "n/a";
  static constexpr std::array<std::string_view, 3> checksums = {"-c", "+c", "r+c"};
  const std::string_view checksum = word_of(checksums, server.tunnel_checksum);
  switch (server.tunnel_type) {
    case ipvs::TunnelType::gue: return fmt::format("gue:{}:{}", server.tunnel_port, checksum);
    case ipvs::TunnelType::gre: return fmt::format("gre:{}", checksum);
    default: return std::string(tunnel_type_name(server.tunnel_type));
  }
}

std::string_view connection_protocol_name(ipvs::Protocol protocol) {
  if (protocol == ipvs::Protocol::none) return "IP";
  const ProtocolWords* words = find_words(protocol);
  return words == nullptr ? "" : words->listing;
}

void put_connection_end(Text& text, const ipvs::Endpoint& end, std::size_t columns, ipvs::Protocol protocol,
                        Names* names) {
  const std::size_t begin = text.size();
  render_endpoint(text, end.address, end.port, protocol, names);
  pad(text, begin, columns, false);
}

}  // namespace

void render_endpoint(Text& text, const ipvs::Address& address, std::uint16_t port, ipvs::Protocol protocol,
                     Names* names) {
  if (names == nullptr && address.is_v4()) return put_ipv4_endpoint(text, address, port);
  if (address.is_v6()) put(text, "[");
  const std::string* host_name = names == nullptr ? nullptr : &names->host_name(address);
  if (host_name != nullptr && !host_name->empty()) {
    put_outside_text(text, *host_name);
  } else {
    put_address(text, address);
  }
  put(text, address.is_v6() ? "]:" : ":");
  // Ports have names by protocol, and a fwmark service has none.
  const bool has_name = names != nullptr && port != 0 && protocol != ipvs::Protocol::none;
  const std::string* port_name = has_name ? &names->port_name(port, protocol) : nullptr;
  if (port_name != nullptr && !port_name->empty()) {
    put_outside_text(text, *port_name);
  } else {
    put_number(text, port);
  }
}

void render_info(Text& text, const ipvs::Info& info) {
  put(text, "IP Virtual Server version {}.{}.{} (size={})\n", info.version_major, info.version_minor,
      info.version_patch, info.connection_table_size);
}

void render_list_header(Text& text, View view) {
  // Indexed by View.
  static constexpr std::array<std::string_view, 6> headers = {
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
      "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
      "  -> RemoteAddress:Port\n",
      "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
      "  -> RemoteAddress:Port\n",
      "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n"
      "  -> RemoteAddress:Port\n",
      "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n"
      "  -> RemoteAddress:Port\n",
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n",
  };
  put(text, headers[static_cast<std::size_t>(view)]);
}

void render_service(Text& text, const ipvs::ServiceEntry& entry, const ListServices& list, Names* names) {
  const std::size_t begin = text.size();
  put_service_name(text, entry.service.key, names);
  switch (list.view) {
    case View::stats:
      pad(text, begin, service_columns, false);
      put_counters(text, entry.stats, list.exact);
      break;
    case View::rate:
      pad(text, begin, service_columns, false);
      put_rates(text, entry.stats, list.exact, false);
      break;
    default: put_service_flags(text, entry.service);
  }
  put(text, "\n");
}

void render_server(Text& text, const ipvs::ServiceKey& service, const ipvs::DestinationEntry& entry,
                   const ListServices& list, Names* names) {
  const ipvs::Destination& server = entry.destination;
  put(text, "  -> ");
  const std::size_t begin = text.size();
  render_endpoint(text, server.key.address, server.key.port, service.protocol, names);
  pad(text, begin, server_columns, server.key.address.is_v4());
  switch (list.view) {
    case View::stats:
      put_counters(text, entry.stats, list.exact);
      put(text, "\n");
      break;
    case View::rate:
      put_rates(text, entry.stats, list.exact, true);
      put(text, "\n");
      break;
    case View::thresholds:
      put(text, " {:<10} {:<10} {:<10} {:<10}\n", server.upper_threshold, server.lower_threshold,
          entry.active_connections, entry.inactive_connections);
      break;
    case View::persistent_conn:
      put(text, " {:<9} {:<11} {:<10} {:<10}\n", server.weight, entry.persistent_connections, entry.active_connections,
          entry.inactive_connections);
      break;
    case View::tun_info:
      put(text, " {:<7} {:<13} {:<6} {:<10} {:<10}\n", words_of(server.forwarding).listing, tunnel_text(server),
          server.weight, entry.active_connections, entry.inactive_connections);
      break;
    case View::table:
      put_cell(text, words_of(server.forwarding).listing, 7);
      put_cell(text, server.weight, 6);
      put_cell(text, entry.active_connections, 10);
      put_cell(text, entry.inactive_connections, 10);
      put(text, "\n");
      break;
  }
}

void render_total(Text& text, const ipvs::Stats& total, const ListServices& list) {
  const std::size_t begin = text.size();
  put(text, "Total");
  pad(text, begin, service_columns, false);
  if (list.view == View::stats) {
    put_counters(text, total, list.exact);
  } else {
    put_rates(text, total, list.exact, false);
  }
  put(text, "\n");
}

void render_connection_header(Text& text, bool engine_data) {
  put(text, "IPVS connection entries\npro expire state       source             virtual            destination");
  put(text, engine_data ? "        pe name          pe_data\n" : "\n");
}

void render_connection(Text& text, const ipvs::Connection& connection, bool engine_data, Names* names) {
  const std::int64_t seconds = connection.expires.count();
  const std::string_view name = connection_protocol_name(connection.protocol);
  if (name.empty()) {
    put(text, "{:<3} ", static_cast<unsigned>(connection.protocol));
  } else {
    put_column(text, name, 3);
  }
  // Six columns, as wide as 999 minutes; longer times push the rest to the right.
  const std::size_t begin = text.size();
  put_two_digits(text, seconds / 60);
  text.push_back(':');
  put_two_digits(text, seconds % 60);
  pad(text, begin, 6, false);
  text.push_back(' ');
  put_column(text, connection.state, 11);
  constexpr std::size_t columns = 18;
  put_connection_end(text, connection.client, columns, connection.protocol, names);
  text.push_back(' ');
  put_connection_end(text, connection.virtual_service, columns, connection.protocol, names);
  text.push_back(' ');
  if (!engine_data || connection.engine_name.empty()) {
    put_connection_end(text, connection.destination, 0, connection.protocol, names);
    text.push_back('\n');
    return;
  }
  // Not as wide as the headings: this is what ipvsadm 1.31 prints.
  put_connection_end(text, connection.destination, 16, connection.protocol, names);
  put(text, " {:<18} ", connection.engine_name);
  put_outside_text(text, connection.engine_data);
  text.push_back('\n');
}

void render_timeouts(Text& text, const ipvs::Timeouts& timeouts) {
  put(text, "Timeout (tcp tcpfin udp): {} {} {}\n", timeouts.tcp.count(), timeouts.tcp_fin.count(),
      timeouts.udp.count());
}

void render_daemon(Text& text, const ipvs::Daemon& daemon) {
  put(text, "{} sync daemon (mcast=", role_name(daemon.role));
  put_outside_text(text, daemon.interface);
  put(text, ", syncid={}, maxlen={}, group=", daemon.sync_id, daemon.sync_maxlen);
  if (daemon.multicast_group) put_address(text, *daemon.multicast_group);
  put(text, ", port={}, ttl={})\n", daemon.multicast_port, daemon.multicast_ttl);
}

void render_counter(Text& text, std::uint64_t counter, bool exact) {
  struct Unit {
    std::uint64_t below;
    std::uint64_t divisor;
    char letter;
  };
  static constexpr std::array<Unit, 3> units = {{{1'000'000'000ULL, 1'000ULL, 'K'},
                                                 {100'000'000'000ULL, 1'000'000ULL, 'M'},
                                                 {100'000'000'000'000ULL, 1'000'000'000ULL, 'G'}}};
  constexpr std::uint64_t shown_whole_below = 100'000'000ULL;
  if (exact || counter < shown_whole_below) {
    put_right(text, counter, 8);
    return;
  }
  for (const Unit& unit : units) {
    if (counter < unit.below) {
      put(text, "{:>8}{}", counter / unit.divisor, unit.letter);
      return;
    }
  }
  put(text, "{:>8}T", counter / 1'000'000'000'000ULL);
}

}  // namespace ipvsadm
