// SPDX-License-Identifier: MIT
#include <string>

#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

namespace ipvs {
namespace {

std::string endpoint(const Address& address, std::uint16_t port) {
  const std::string text = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return text + ":" + std::to_string(port);
}

std::size_t mix(std::size_t hash, std::size_t more) noexcept {
  return hash ^ (more + 0x9e3779b9 + (hash << 6) + (hash >> 2));
}

}  // namespace

std::string to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::none: return "ip";
    case Protocol::tcp: return "tcp";
    case Protocol::udp: return "udp";
    case Protocol::sctp: return "sctp";
  }
  return "protocol " + std::to_string(static_cast<unsigned>(protocol));
}

std::string to_string(const ServiceKey& key) {
  if (key.is_fwmark()) return "fwmark " + std::to_string(key.fwmark) + (key.family == Family::ipv6 ? " ipv6" : "");
  return to_string(key.protocol) + " " + endpoint(key.address, key.port);
}

std::string to_string(const DestinationKey& key) { return endpoint(key.address, key.port); }

}  // namespace ipvs

std::size_t std::hash<ipvs::ServiceKey>::operator()(const ipvs::ServiceKey& key) const noexcept {
  std::size_t sum = std::hash<ipvs::Address>{}(key.address);
  sum = ipvs::mix(sum, key.fwmark);
  sum = ipvs::mix(sum, static_cast<std::size_t>(key.family));
  return ipvs::mix(sum, static_cast<std::size_t>(key.protocol) << 16 | key.port);
}

std::size_t std::hash<ipvs::DestinationKey>::operator()(const ipvs::DestinationKey& key) const noexcept {
  return ipvs::mix(std::hash<ipvs::Address>{}(key.address), key.port);
}
