// SPDX-License-Identifier: MIT
// What is wrong with a word that should be a host and a port.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "line/values.hpp"

namespace ipvsadm {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Characters that come with text copied from a web page or a word processor.
struct OddCharacter {
  std::string_view bytes;
  std::string_view name;
};
constexpr std::array odd_characters = {
    OddCharacter{"\xc2\xa0", "a no-break space"},
    OddCharacter{"\xe2\x80\x8b", "a zero-width space"},
    OddCharacter{"\xef\xbb\xbf", "a byte order mark"},
    OddCharacter{"\xe2\x80\x98", "a curly quote"},
    OddCharacter{"\xe2\x80\x99", "a curly quote"},
    OddCharacter{"\xe2\x80\x9c", "a curly quote"},
    OddCharacter{"\xe2\x80\x9d", "a curly quote"},
    OddCharacter{"\xe2\x80\x93", "a long dash"},
    OddCharacter{"\xe2\x80\x94", "a long dash"},
    OddCharacter{"\"", "a quote"},
    OddCharacter{"'", "a quote"},
};

std::string odd_character(std::string_view text) {
  for (const OddCharacter& odd : odd_characters) {
    if (text.find(odd.bytes) != std::string_view::npos) return fmt::format("{} is in it", odd.name);
  }
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii ? "" : "it contains a character that is not ASCII";
}

std::string_view protocol_name(ipvs::Protocol protocol) {
  switch (protocol) {
    case ipvs::Protocol::udp: return "UDP";
    case ipvs::Protocol::sctp: return "SCTP";
    default: return "TCP";
  }
}

/// Empty if the port is good.
std::string port_fault(const std::string& text, ipvs::Protocol protocol, Names& names) {
  if (text.empty()) return "no port follows the colon";
  if (read_number(text, 0, UINT16_MAX)) return {};
  if (text.find_first_not_of("+-0123456789") == std::string::npos) {
    return fmt::format("the port {} is not from 0 to 65535", text);
  }
  if (protocol != ipvs::Protocol::none && names.port(text, protocol)) return {};
  return fmt::format("no {} port is named {}", protocol_name(protocol), text);
}

/// As a name of a host may be written; what has no letter is an address that went wrong.
bool can_be_name(std::string_view text) {
  const auto is_legal = [](char c) {
    return letters.find(c) != std::string_view::npos || digits.find(c) != std::string_view::npos || c == '.' ||
           c == '-' || c == '_';
  };
  return std::ranges::all_of(text, is_legal) && text.find_first_of(letters) != std::string_view::npos &&
         !text.starts_with("0x");
}

HostFault unknown_host(std::string_view name, bool only_v6) {
  if (!can_be_name(name)) return {"not an address, and no such host is known"};
  return {fmt::format("no such host is known{}", only_v6 ? " with an IPv6 address" : ""), true};
}

HostFault bracketed_fault(const std::string& text, ipvs::Protocol protocol, Names& names) {
  const std::size_t closing = text.find(']');
  if (closing == std::string::npos) return {"the closing bracket is missing"};
  const std::string host = text.substr(1, closing - 1);
  if (closing + 1 == text.size()) return {"brackets are for an address with a port: [ADDRESS]:PORT"};
  if (text[closing + 1] != ':') return {"a colon must follow the closing bracket"};
  if (std::string why = port_fault(text.substr(closing + 2), protocol, names); !why.empty()) return {why};
  if (host.empty()) return {"the brackets are empty"};
  if (ipvs::Address::parse(host)) return {"brackets are for IPv6 addresses"};
  if (host.find(':') != std::string::npos) return {"the text in the brackets is not an IPv6 address"};
  return unknown_host(host, true);
}

/// More than one colon, no brackets, and no IPv6 address as it stands.
HostFault many_colons_fault(const std::string& text) {
  const std::size_t last = text.rfind(':');
  std::string host = text.substr(0, last);
  if (host.ends_with(']')) return {"the opening bracket is missing"};
  const auto address = ipvs::Address::parse(host);
  if (address && address->is_v6()) {
    return {fmt::format("an IPv6 address with a port needs brackets: [{}]:{}", host, text.substr(last + 1))};
  }
  return {"not an IPv6 address, and other addresses have at most one colon"};
}

}  // namespace

HostFault host_port_fault(const std::string& text, ipvs::Protocol protocol, Names& names) {
  if (text.empty()) return {"it is empty"};
  if (std::string why = odd_character(text); !why.empty()) return {why};
  if (text.find('%') != std::string::npos) return {"a zone (%LINK) is not allowed here"};
  if (text.starts_with('[')) return bracketed_fault(text, protocol, names);
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':')) return many_colons_fault(text);
  if (colon == std::string::npos) {
    if (read_number(text, INT64_MIN, INT64_MAX)) return {"a number alone is not an address"};
    return unknown_host(text, false);
  }
  if (std::string why = port_fault(text.substr(colon + 1), protocol, names); !why.empty()) return {why};
  if (colon == 0) return {"there is no address before the colon"};
  return unknown_host(std::string_view(text).substr(0, colon), false);
}

std::string odd_address_warning(const std::string& text) {
  const std::size_t colon = text.find(':');
  // Nearly every address is.
  if (read_plain_ipv4(std::string_view(text).substr(0, colon))) return {};
  const std::string host = text.substr(0, colon);
  const auto address = read_ipv4(host);
  if (!address || address->to_string() == host) return {};
  return fmt::format("`{}' is read as {}", host, address->to_string());
}

}  // namespace ipvsadm
