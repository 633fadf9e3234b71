// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipvs/address.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/resolver.hpp"

// Readers of option values. All are pure but for the names they may look up, and empty when the text is illegal.
namespace ipvsadm {

/// 31 days.
constexpr std::int64_t max_timeout_seconds = 2678400;

/// A decimal number from `least` to `most`. Leading blanks and a plus sign are let through, as strtol has it;
/// anything after the digits is not.
std::optional<std::int64_t> read_number(const std::string& text, std::int64_t least, std::int64_t most);

/// IPv4 written in full: four decimal numbers without leading zeros.
std::optional<ipvs::Address> read_plain_ipv4(std::string_view text);

/// Dotted IPv4 as inet_aton reads it: "10.2", "0x0b000001", "010.0.0.1".
std::optional<ipvs::Address> read_ipv4(const std::string& text);

/// A host and maybe a port.
struct HostPort {
  ipvs::Address address;
  std::optional<std::uint16_t> port;
  bool is_plain = false;  ///< certainly in the four plain numbers that the address is written with
};

/// HOST, HOST:PORT, an IPv6 address, or [IPv6]:PORT. Names of ports are those of `protocol`; a fwmark service has
/// none (Protocol::none), and then only numbers do.
std::optional<HostPort> read_host_port(const std::string& text, ipvs::Protocol protocol, Names& names);

/// Why read_host_port() has no answer.
struct HostFault {
  std::string why;
  /// It may be the name of a host, but none of that name is known, now at least.
  bool unknown_host = false;
};
/// To be asked with the same arguments when read_host_port() was empty.
HostFault host_port_fault(const std::string& text, ipvs::Protocol protocol, Names& names);

/// An IPv4 address that is not written in full is read otherwise than many expect: "192.168.2" is 192.168.0.2. `text`
/// is what read_host_port() read as IPv4. Empty if there is nothing to say about it.
std::string odd_address_warning(const std::string& text);

/// -M: a dotted mask for IPv4, a prefix length of 1 to 128 for IPv6.
std::optional<std::uint32_t> read_netmask(const std::string& text, ipvs::Family family);

/// One of -b's flags.
struct SchedulerFlag {
  std::string_view name;
  std::string_view scheduler;  ///< the one it belongs to, "" for any
  ipvs::SchedulerFlags flag;
};
/// All that -b knows.
std::span<const SchedulerFlag> scheduler_flags();
const SchedulerFlag* find_scheduler_flag(std::string_view name);
/// The flags as -b takes them: "sh-fallback,sh-port", "flag-1,flag-3". With `complete` also those that the scheduler
/// has no name for.
std::string scheduler_flag_names(std::string_view scheduler, ipvs::SchedulerFlags flags, bool complete);

/// The word for an enumerator, from a table in their order. "unknown" for those of kernels newer than this program.
template <std::size_t size, typename Enum>
constexpr std::string_view word_of(const std::array<std::string_view, size>& words, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < size ? words[index] : "unknown";
}

/// "ipip", "gue" or "gre".
std::string_view tunnel_type_name(ipvs::TunnelType type);
std::optional<ipvs::TunnelType> read_tunnel_type(std::string_view text);

}  // namespace ipvsadm
