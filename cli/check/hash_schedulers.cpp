// SPDX-License-Identifier: MIT
#include "check/hash_schedulers.hpp"

#include <algorithm>
#include <cstdint>

namespace ipvsadm {
namespace {

constexpr std::int64_t places = 256;  // CONFIG_IP_VS_SH_TAB_BITS and CONFIG_IP_VS_DH_TAB_BITS of 8, as everywhere known

/// The place of an address, whose words of 32 bits are folded into one. Kernel: hash_32().
std::int64_t place_of(const ipvs::Address& address) {
  constexpr std::uint32_t golden_ratio = 0x61C88647;
  std::uint32_t folded = 0;
  if (address.is_v4()) {
    folded = address.v4_number();
  } else {
    const auto bytes = address.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) folded ^= std::uint32_t{bytes.at(i)} << (24 - 8 * (i % 4));
  }
  return folded * golden_ratio >> 24;
}

std::int64_t share_of(const ipvs::DestinationEntry& server) {
  return std::max<std::int64_t>(1, server.destination.weight);
}

}  // namespace

std::optional<ipvs::DestinationKey> server_by_sh(const std::vector<ipvs::DestinationEntry>& servers,
                                                 const ipvs::Address& client) {
  // After the last server the first one follows, until all places are filled.
  std::int64_t place = place_of(client);
  while (!servers.empty()) {
    for (const ipvs::DestinationEntry& server : servers) {
      if (place < share_of(server)) return server.destination.key;
      place -= share_of(server);
    }
  }
  return std::nullopt;
}

std::optional<ipvs::DestinationKey> server_by_dh(const std::vector<ipvs::DestinationEntry>& servers,
                                                 const ipvs::Address& virtual_address) {
  if (servers.empty()) return std::nullopt;
  return servers[static_cast<std::size_t>(place_of(virtual_address)) % servers.size()].destination.key;
}

std::set<ipvs::DestinationKey> servers_without_place(const std::vector<ipvs::DestinationEntry>& servers) {
  std::set<ipvs::DestinationKey> without;
  std::int64_t filled = 0;
  for (const ipvs::DestinationEntry& server : servers) {
    if (filled >= places) without.insert(server.destination.key);
    filled += share_of(server);
  }
  return without;
}

}  // namespace ipvsadm
