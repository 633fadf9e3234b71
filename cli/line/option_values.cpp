// SPDX-License-Identifier: MIT
#include "line/option_values.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "line/failure.hpp"
#include "line/legality.hpp"
#include "line/words.hpp"

namespace ipvsadm {
namespace {

using S = Spelling;

[[noreturn]] void illegal(const std::string& message) { throw Failure(status_illegal, message); }

/// The classic tool's message, and a second line that says which value is wrong and why.
std::string with_reason(const std::string& message, const std::string& value, std::string_view why) {
  return fmt::format("{}\n  `{}': {}", message, value, why);
}
std::string illegal_what(const char* what) { return fmt::format("illegal {} specified", what); }

/// The value, or the end with "illegal WHAT specified".
template <typename Value>
Value legal(std::optional<Value> value, const char* what, const std::string& text, std::string_view why) {
  if (!value) illegal(with_reason(illegal_what(what), text, why));
  return *std::move(value);
}

std::int64_t number(const std::string& text, std::int64_t least, std::int64_t most, const char* what) {
  const auto value = read_number(text, least, most);
  if (!value) illegal(with_reason(illegal_what(what), text, fmt::format("not a number from {} to {}", least, most)));
  return *value;
}

HostPort read_host(Draft& draft, const std::string& text, ipvs::Protocol protocol, Names& names, const char* what) {
  const auto host = read_host_port(text, protocol, names);
  if (!host) {
    const HostFault fault = host_port_fault(text, protocol, names);
    const std::string message = with_reason(illegal_what(what), text, fault.why);
    if (fault.unknown_host) throw UnknownHost(status_illegal, message);
    illegal(message);
  }
  if (host->address.is_v4() && !host->is_plain) {
    std::string warning = odd_address_warning(text);
    if (!warning.empty()) draft.warnings.push_back(std::move(warning));
  }
  return *host;
}

void read_service(Draft& draft, const std::string& text, ipvs::Protocol protocol, Names& names) {
  const HostPort host = read_host(draft, text, protocol, names, "virtual server address[:port]");
  draft.service = ipvs::ServiceKey::of(protocol, host.address, host.port.value_or(0));
  draft.service_port_given = host.port.has_value();
  draft.service_text = text;
}

void read_fwmark(Draft& draft, const std::string& text) {
  const auto mark = read_number(text, 1, UINT32_MAX);
  if (!mark) {
    illegal(fmt::format("invalid fwmark value `{}' specified\n  a mark is a number from 1 to 4294967295", text));
  }
  draft.service = ipvs::ServiceKey::mark(static_cast<std::uint32_t>(*mark));
}

void read_persistence(Draft& draft, const std::optional<std::string>& text) {
  constexpr std::int64_t default_seconds = 360;
  // Other programs can set what the command line does not take, and what was saved is to be restored.
  const std::int64_t least = draft.rule ? 0 : 1;
  const std::int64_t most = draft.rule ? UINT32_MAX : max_timeout_seconds;
  const auto seconds = text ? read_number(*text, least, most) : default_seconds;
  if (!seconds) {
    illegal(fmt::format("invalid timeout value `{}' specified\n  not a number of seconds from {} to {}", *text, least,
                        most));
  }
  draft.persistence_timeout = std::chrono::seconds(*seconds);
}

std::uint32_t legal_netmask(const std::string& text, ipvs::Family family) {
  const char* what = family == ipvs::Family::ipv4 ? "virtual server persistent mask" : "ipv6 netmask";
  const char* why =
      family == ipvs::Family::ipv4 ? "not a dotted mask like 255.255.255.0" : "not a prefix length from 1 to 128";
  return legal(read_netmask(text, family), what, text, why);
}

/// Reads -M at once when the family is sure, so that the first offence on a line is the one reported.
void read_mask(Draft& draft, const std::string& text) {
  const bool family_known = draft.service && (!draft.service->is_fwmark() || draft.ipv6_mark);
  const bool never_legal = !read_netmask(text, ipvs::Family::ipv4) && !read_netmask(text, ipvs::Family::ipv6);
  if (!family_known && !never_legal) {
    draft.netmask_text = text;
    return;
  }
  const bool ipv6 = draft.service && (draft.ipv6_mark || draft.service->family == ipvs::Family::ipv6);
  draft.netmask = legal_netmask(text, ipv6 ? ipvs::Family::ipv6 : ipvs::Family::ipv4);
}

void read_server(Draft& draft, const std::string& text, ipvs::Protocol protocol, Names& names) {
  // A fwmark service has no protocol; the classic tool then reads port names as TCP's.
  const ipvs::Protocol effective = protocol == ipvs::Protocol::none ? ipvs::Protocol::tcp : protocol;
  draft.server = read_host(draft, text, effective, names, "real server address[:port]");
}

ipvs::DaemonRole read_role(const std::string& text, const char* message) {
  for (const ipvs::DaemonRole role : {ipvs::DaemonRole::master, ipvs::DaemonRole::backup}) {
    if (text == role_name(role)) return role;
  }
  illegal(message);
}

ipvs::Address read_mcast_group(const std::string& text) {
  const auto address = ipvs::Address::parse(text);
  const bool v6 = text.find(':') != std::string::npos;
  const bool multicast = address && (address->is_v4() ? address->bytes()[0] >> 4 == 0xe : address->bytes()[0] == 0xff);
  if (!multicast) illegal(fmt::format("invalid {} mcast-group `{}'", v6 ? "IPv6" : "IPv4", text));
  return *address;
}

/// ADDRESS, or ADDRESS/LENGTH.
Network read_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = ipvs::Address::parse(text.substr(0, slash));
  if (!address) illegal("illegal client address specified");
  const unsigned bits = address->is_v4() ? 32 : 128;
  if (slash == std::string::npos) return {*address, bits};
  const std::string digits = text.substr(slash + 1);
  if (digits.find_first_not_of("0123456789") != std::string::npos) illegal("illegal client address specified");
  const auto length = number(digits, 0, bits, "client address");
  return {*address, static_cast<unsigned>(length)};
}

/// The kernel's words for the states of TCP, UDP and SCTP connections and of persistence templates (Linux 6.1).
constexpr std::array<std::string_view, 26> state_table = {
    // TCP
    "NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN",
    "SYNACK",
    // UDP
    "UDP",
    // SCTP, which shares NONE and ESTABLISHED
    "INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "S-SENT", "S-RECEIVED", "S-ACK-SENT",
    "REJECTED", "CLOSED",
    // templates; what the kernel has no word for
    "ASSURED", "ERR!"};

std::string read_state(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (std::ranges::find(state_table, text) == state_table.end()) illegal("illegal state specified");
  return text;
}

constexpr std::array<std::string_view, 5> sum_key_table = {"client", "server", "service", "state", "protocol"};

/// "service,state".
std::vector<SumKey> read_sum_keys(const std::string& text) {
  std::vector<SumKey> keys;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    const auto* const found = std::ranges::find(sum_key_table, name);
    const auto key = static_cast<SumKey>(found - sum_key_table.begin());
    if (found == sum_key_table.end() || std::ranges::count(keys, key) != 0) {
      illegal(
          fmt::format("invalid key `{}' for --by\n"
                      "  it takes client, server, service, state and protocol, each once",
                      name));
    }
    keys.push_back(key);
    begin = end + 1;
  }
  return keys;
}

constexpr std::array<std::string_view, 4> sort_key_table = {"conns", "rate", "bytes", "weight"};

SortKey read_sort_key(const std::string& text) {
  const auto* const found = std::ranges::find(sort_key_table, text);
  if (found == sort_key_table.end()) {
    illegal(with_reason(illegal_what("sort key"), text, "must be conns, rate, bytes or weight"));
  }
  return static_cast<SortKey>(found - sort_key_table.begin());
}

/// Seconds with a fraction, from `least` to a day; nothing if it is none.
std::optional<std::chrono::milliseconds> read_interval(const std::string& text, double least) {
  constexpr double most = 86400;
  // std::from_chars for fractions would make every start load the mathematical library.
  const bool plain = text.find_first_not_of("0123456789.") == std::string::npos && !text.empty();
  char* end = nullptr;
  const double seconds = plain ? std::strtod(text.c_str(), &end) : 0;
  const bool legal_number = plain && *end == '\0' && seconds >= least && seconds <= most;
  if (!legal_number) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::chrono::milliseconds read_watch_interval(const std::string& text) {
  const auto interval = read_interval(text, 0.1);
  if (!interval) illegal("illegal watch interval specified");
  return *interval;
}

/// The kernel adds its counters up every two seconds: of two looks that are closer, the second may find one time more
/// or none.
std::chrono::milliseconds read_share_interval(const std::string& text) {
  return legal(read_interval(text, 4), "share interval", text, "not a number of seconds from 4 to 86400");
}

MetricsFormat read_metrics_format(const std::string& text) {
  if (text == "prometheus") return MetricsFormat::prometheus;
  if (text == "openmetrics") return MetricsFormat::openmetrics;
  illegal(with_reason(illegal_what("metrics format"), text, "must be prometheus or openmetrics"));
}

/// Reads the value of one spelling; the commands and plain flags need no reader.
void read_value(Draft& draft, const Token& token, Names& names) {
  constexpr std::int64_t int_max = INT32_MAX;
  const std::int64_t threshold_max = draft.rule ? UINT32_MAX : INT32_MAX;
  static const std::string none;
  const std::string& text = token.value ? *token.value : none;
  switch (token.spelling) {
    case S::tcp_service:
    case S::udp_service:
    case S::sctp_service: return read_service(draft, text, protocol_of(token.spelling), names);
    case S::fwmark_service: return read_fwmark(draft, text);
    case S::ipv6: draft.ipv6_mark = true; return;
    case S::scheduler:
      // The classic tool takes an empty name for none.
      if (!text.empty()) draft.scheduler = text;
      return;
    case S::sched_flags: draft.scheduler_flags_text = text; return;
    case S::persistent: return read_persistence(draft, token.value);
    case S::netmask: return read_mask(draft, text);
    case S::persistence_engine: draft.persistence_engine = text; return;
    case S::real_server:
      if (draft.service) return read_server(draft, text, draft.service->protocol, names);
      draft.server_text = text;
      return;
    case S::gatewaying: draft.forwarding = ipvs::Forwarding::direct_route; return;
    case S::ipip: draft.forwarding = ipvs::Forwarding::tunnel; return;
    case S::masquerading: draft.forwarding = ipvs::Forwarding::masquerade; return;
    case S::weight: draft.weight = static_cast<std::int32_t>(number(text, 0, int_max, "weight")); return;
    case S::upper_threshold:
      draft.upper_threshold = static_cast<std::uint32_t>(number(text, 0, threshold_max, "u_threshold"));
      return;
    case S::lower_threshold:
      draft.lower_threshold = static_cast<std::uint32_t>(number(text, 0, threshold_max, "l_threshold"));
      return;
    case S::tun_type:
      draft.tunnel_type = legal(read_tunnel_type(text), "tunnel type", text, "must be ipip, gue or gre");
      return;
    case S::tun_port: draft.tunnel_port = static_cast<std::uint16_t>(number(text, 1, 65535, "tunnel port")); return;
    case S::tun_nocsum: draft.tunnel_checksum = ipvs::TunnelChecksum::none; return;
    case S::tun_csum: draft.tunnel_checksum = ipvs::TunnelChecksum::full; return;
    case S::tun_remcsum: draft.tunnel_checksum = ipvs::TunnelChecksum::remote; return;
    case S::start_daemon: draft.daemon.role = read_role(text, "illegal start-daemon parameter specified"); return;
    case S::stop_daemon: draft.daemon.role = read_role(text, "illegal start_daemon specified"); return;
    case S::mcast_interface: draft.daemon.interface = text; return;
    case S::syncid: draft.daemon.sync_id = static_cast<std::uint32_t>(number(text, 0, 255, "syncid")); return;
    case S::mcast_group: draft.daemon.multicast_group = read_mcast_group(text); return;
    case S::mcast_port:
      draft.daemon.multicast_port = static_cast<std::uint16_t>(number(text, 1, 65535, "mcast-port"));
      return;
    case S::mcast_ttl:
      draft.daemon.multicast_ttl = static_cast<std::uint8_t>(number(text, 1, 255, "mcast-ttl"));
      return;
    case S::sync_maxlen:
      draft.daemon.sync_maxlen = static_cast<std::uint16_t>(number(text, 1, 65507, "sync-maxlen"));
      return;
    case S::netns:
      if (text.empty()) illegal("illegal network namespace specified");
      draft.network_namespace = text;
      return;
    case S::state: draft.connection_state = read_state(text); return;
    case S::client: draft.client = read_network(text); return;
    case S::by: draft.sums.by = read_sum_keys(text); return;
    case S::top: draft.sums.top = static_cast<std::size_t>(number(text, 1, int_max, "number of sums")); return;
    case S::client_prefix:
      draft.sums.client_prefix = static_cast<unsigned>(number(text, 1, 128, "client prefix"));
      return;
    case S::watch:
      if (token.value) draft.watch_interval = read_watch_interval(text);
      return;
    case S::share:
      if (token.value) draft.share_interval = read_share_interval(text);
      return;
    case S::sort_by: draft.sort_by = read_sort_key(text); return;
    case S::metrics:
      if (token.value) draft.metrics_format = read_metrics_format(text);
      return;
    case S::drain:
      if (token.value) draft.drain_limit = std::chrono::seconds(number(text, 0, max_timeout_seconds, "drain time"));
      return;
    case S::apply: draft.file = token.value; return;
    case S::min_servers:
      draft.least_servers = static_cast<unsigned>(number(text, 1, int_max, "number of servers"));
      return;
    default: return;
  }
}

}  // namespace

ipvs::SchedulerFlags read_scheduler_flags(const std::string& text, const std::string& scheduler) {
  auto flags = ipvs::SchedulerFlags::none;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    const SchedulerFlag* flag = find_scheduler_flag(name);
    if (flag == nullptr) illegal(fmt::format("invalid scheduler flag `{}'", name));
    if (!flag->scheduler.empty() && flag->scheduler != scheduler) {
      illegal(fmt::format("incompatible scheduler flag `{}'", name));
    }
    flags = flags | flag->flag;
  }
  return flags;
}

std::span<const std::string_view> sum_keys() { return sum_key_table; }

std::span<const std::string_view> connection_states() { return state_table; }

void read_token(Draft& draft, const Token& token, Names& names) {
  const Option option = info(token.spelling).option;
  if (option != Option::free_) {
    if (draft.options.has(option)) illegal(fmt::format("multiple '{}' options specified", message_name(option)));
    draft.options.add(option);
  }
  draft.spelled.set(static_cast<std::size_t>(token.spelling));
  read_value(draft, token, names);
}

void finish_reading(Draft& draft, Names& names) {
  if (draft.ipv6_mark) {
    require_company(S::ipv6, draft.spelled, draft.rule);
    draft.service = ipvs::ServiceKey::mark(draft.service->fwmark, ipvs::Family::ipv6);
  }
  if (draft.netmask_text) {
    draft.netmask = legal_netmask(*draft.netmask_text, draft.service ? draft.service->family : ipvs::Family::ipv4);
  }
  if (draft.server_text) {
    read_server(draft, *draft.server_text, draft.service ? draft.service->protocol : ipvs::Protocol::tcp, names);
  }
}

void read_rest(Draft& draft, const std::vector<std::string>& operands) {
  std::size_t wanted = 0;
  if (draft.command == Spelling::set) {
    std::array<std::chrono::seconds*, 3> timeouts = {&draft.timeouts.tcp, &draft.timeouts.tcp_fin, &draft.timeouts.udp};
    wanted = timeouts.size();
    if (operands.size() < wanted) illegal("--set option requires 3 timeout values");
    for (std::size_t i = 0; i < wanted; ++i) {
      const auto seconds = read_number(operands[i], 0, max_timeout_seconds);
      if (!seconds) illegal(fmt::format("invalid timeout value `{}' specified", operands[i]));
      *timeouts[i] = std::chrono::seconds(*seconds);
    }
  }
  // "--apply --dry-run FILE" is as good as "--apply FILE --dry-run".
  const bool takes_file = draft.command == Spelling::apply || draft.command == Spelling::restore;
  if (takes_file && !draft.file && !operands.empty()) {
    draft.file = operands.front();
    wanted = 1;
  }
  if (operands.size() > wanted) illegal(fmt::format("unexpected argument {}", operands[wanted]));
  // What is not given is known only to the kernel.
  if (draft.options.has(Option::keep)) return;
  draft.scheduler_flags = read_scheduler_flags(draft.scheduler_flags_text, draft.scheduler);
}

}  // namespace ipvsadm
