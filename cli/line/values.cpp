// SPDX-License-Identifier: MIT
#include "line/values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace ipvsadm {
namespace {

constexpr std::array flag_table = {
    SchedulerFlag{"sh-fallback", "sh", ipvs::SchedulerFlags::flag1},
    SchedulerFlag{"sh-port", "sh", ipvs::SchedulerFlags::flag2},
    SchedulerFlag{"mh-fallback", "mh", ipvs::SchedulerFlags::flag1},
    SchedulerFlag{"mh-port", "mh", ipvs::SchedulerFlags::flag2},
    SchedulerFlag{"flag-1", "", ipvs::SchedulerFlags::flag1},
    SchedulerFlag{"flag-2", "", ipvs::SchedulerFlags::flag2},
    SchedulerFlag{"flag-3", "", ipvs::SchedulerFlags::flag3},
};

// In the order of ipvs::TunnelType.
constexpr std::array<std::string_view, 3> tunnel_types = {"ipip", "gue", "gre"};

std::optional<std::uint16_t> read_port(const std::string& text, ipvs::Protocol protocol, Names& names) {
  if (const auto number = read_number(text, 0, 65535)) return static_cast<std::uint16_t>(*number);
  if (text.empty() || protocol == ipvs::Protocol::none) return std::nullopt;
  return names.port(text, protocol);
}

/// "[HOST]:PORT"; the brackets say IPv6.
std::optional<HostPort> read_bracketed(const std::string& text, ipvs::Protocol protocol, Names& names) {
  const std::size_t closing = text.find(']');
  if (closing == std::string::npos || closing + 1 >= text.size() || text[closing + 1] != ':') return std::nullopt;
  const std::string host = text.substr(1, closing - 1);
  std::optional<ipvs::Address> address = ipvs::Address::parse(host);
  // No name holds these; the resolver would take a zone for part of the address.
  const bool can_be_name = !host.empty() && host.find_first_of(":%") == std::string::npos;
  if (!address && can_be_name) address = names.host(host, true);
  if (!address || !address->is_v6()) return std::nullopt;
  const auto port = read_port(text.substr(closing + 2), protocol, names);
  if (!port) return std::nullopt;
  return HostPort{*address, port, false};
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// "ADDRESS:PORT" in plain numbers, as nearly every rule has it; nothing else.
std::optional<HostPort> read_plain_host_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  std::uint32_t port = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  const auto address = read_plain_ipv4(text.substr(0, colon));
  if (!address || port > UINT16_MAX) return std::nullopt;
  return HostPort{*address, static_cast<std::uint16_t>(port), true};
}

std::optional<ipvs::Address> read_host(const std::string& text, Names& names) {
  if (text.empty()) return std::nullopt;
  if (const auto address = read_ipv4(text)) return address;
  return names.host(text, false);
}

}  // namespace

std::optional<std::int64_t> read_number(const std::string& text, std::int64_t least, std::int64_t most) {
  if (text.empty()) return std::nullopt;
  // One digit, as most weights have.
  if (text.size() == 1 && is_digit(text.front())) {
    const std::int64_t digit = text.front() - '0';
    return digit < least || digit > most ? std::nullopt : std::optional(digit);
  }
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  // An embedded NUL would end the number early.
  if (errno != 0 || end != text.c_str() + text.size() || end == text.c_str()) return std::nullopt;
  if (number < least || number > most) return std::nullopt;
  return number;
}

std::optional<ipvs::Address> read_plain_ipv4(std::string_view text) {
  // Twice in nearly every line of a rules file.
  const char* next = text.data();
  const char* const end = next + text.size();
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (next == end || *next++ != '.')) return std::nullopt;
    if (next == end || !is_digit(*next)) return std::nullopt;
    auto number = static_cast<std::uint32_t>(*next++ - '0');
    // After a zero comes no digit.
    while (number != 0 && next != end && is_digit(*next)) {
      number = number * 10 + static_cast<std::uint32_t>(*next++ - '0');
      if (number > UINT8_MAX) return std::nullopt;
    }
    address = address << 8 | number;
  }
  if (next != end) return std::nullopt;
  return ipvs::Address::v4(address);
}

std::optional<ipvs::Address> read_ipv4(const std::string& text) {
  if (const auto plain = read_plain_ipv4(text)) return plain;
  in_addr address{};
  if (text.find('\0') != std::string::npos || inet_aton(text.c_str(), &address) == 0) return std::nullopt;
  return ipvs::Address::v4(ntohl(address.s_addr));
}

std::optional<HostPort> read_host_port(const std::string& text, ipvs::Protocol protocol, Names& names) {
  if (const auto plain = read_plain_host_port(text)) return plain;
  if (text.starts_with('[')) return read_bracketed(text, protocol, names);
  if (const auto address = ipvs::Address::parse(text); address && address->is_v6())
    return HostPort{*address, {}, false};

  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    // A bare number is meant for a port more often than for an address.
    if (read_number(text, INT64_MIN, INT64_MAX)) return std::nullopt;
    const auto address = read_host(text, names);
    if (!address) return std::nullopt;
    return HostPort{*address, {}, false};
  }
  // The port first: a typing mistake there need not wait for the DNS.
  const auto port = read_port(text.substr(colon + 1), protocol, names);
  if (!port) return std::nullopt;
  const auto address = read_host(text.substr(0, colon), names);
  if (!address) return std::nullopt;
  return HostPort{*address, port, false};
}

std::optional<std::uint32_t> read_netmask(const std::string& text, ipvs::Family family) {
  if (family == ipvs::Family::ipv6) {
    const auto length = read_number(text, 1, 128);
    if (!length) return std::nullopt;
    return static_cast<std::uint32_t>(*length);
  }
  const auto mask = read_ipv4(text);
  if (!mask) return std::nullopt;
  return mask->v4_number();
}

std::string_view tunnel_type_name(ipvs::TunnelType type) { return word_of(tunnel_types, type); }

std::optional<ipvs::TunnelType> read_tunnel_type(std::string_view text) {
  const auto found = std::ranges::find(tunnel_types, text);
  if (found == tunnel_types.end()) return std::nullopt;
  return static_cast<ipvs::TunnelType>(found - tunnel_types.begin());
}

std::span<const SchedulerFlag> scheduler_flags() { return flag_table; }

const SchedulerFlag* find_scheduler_flag(std::string_view name) {
  for (const SchedulerFlag& flag : flag_table) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::string scheduler_flag_names(std::string_view scheduler, ipvs::SchedulerFlags flags, bool complete) {
  std::string names;
  const auto append = [&](std::string_view owner, ipvs::SchedulerFlags wanted) {
    for (const SchedulerFlag& flag : flag_table) {
      if (flag.scheduler != owner || !any(flag.flag & wanted)) continue;
      if (!names.empty()) names += ',';
      names += flag.name;
    }
  };
  const bool has_own_names = scheduler == "sh" || scheduler == "mh";
  append(has_own_names ? scheduler : "", flags);
  if (has_own_names && complete) append("", flags & ipvs::SchedulerFlags::flag3);
  return names;
}

}  // namespace ipvsadm
