// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

#include "ipvs/address.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/options.hpp"

// What the library's enumerators are called on command lines, in listings and in JSON. Each stands here once.
namespace ipvsadm {

struct ProtocolWords {
  ipvs::Protocol protocol;
  const char* name;          ///< in JSON and in /etc/services
  std::string_view listing;  ///< in listings
  Spelling option;           ///< names such a service
};
constexpr std::array protocol_words = {
    ProtocolWords{ipvs::Protocol::tcp, "tcp", "TCP", Spelling::tcp_service},
    ProtocolWords{ipvs::Protocol::udp, "udp", "UDP", Spelling::udp_service},
    ProtocolWords{ipvs::Protocol::sctp, "sctp", "SCTP", Spelling::sctp_service},
};
/// nullptr for none, and for protocols that no option names.
constexpr const ProtocolWords* find_words(ipvs::Protocol protocol) {
  for (const ProtocolWords& words : protocol_words) {
    if (words.protocol == protocol) return &words;
  }
  return nullptr;
}
/// The protocol of the services that an option names; none for fwmarks.
constexpr ipvs::Protocol protocol_of(Spelling option) {
  for (const ProtocolWords& words : protocol_words) {
    if (words.option == option) return words.protocol;
  }
  return ipvs::Protocol::none;
}

struct ForwardingWords {
  std::string_view name;     ///< in JSON
  std::string_view listing;  ///< in listings
  char option;               ///< in rules. What only the kernel sets becomes direct routing
};
/// In the order of ipvs::Forwarding; "unknown" for methods of kernels newer than this program.
constexpr ForwardingWords words_of(ipvs::Forwarding forwarding) {
  constexpr std::array<ForwardingWords, 5> words = {{{"masquerade", "Masq", 'm'},
                                                     {"local", "Local", 'g'},
                                                     {"tunnel", "Tunnel", 'i'},
                                                     {"direct-route", "Route", 'g'},
                                                     {"bypass", "Bypass", 'g'}}};
  const auto index = static_cast<std::size_t>(forwarding);
  return index < words.size() ? words[index] : ForwardingWords{"unknown", "Unknown", 'g'};
}

constexpr std::string_view family_name(ipvs::Family family) { return family == ipvs::Family::ipv4 ? "ipv4" : "ipv6"; }

constexpr std::string_view role_name(ipvs::DaemonRole role) {
  return role == ipvs::DaemonRole::master ? "master" : "backup";
}

}  // namespace ipvsadm
