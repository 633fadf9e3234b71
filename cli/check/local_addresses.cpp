// SPDX-License-Identifier: MIT
#include "check/local_addresses.hpp"

#include <array>
#include <cstdint>

namespace ipvsadm {
namespace {

/// The first address of its network.
ipvs::Address first_of(const LocalAddress& local) {
  std::array<std::uint8_t, 16> bytes = local.address.bytes();
  for (std::size_t bit = local.length; bit < bytes.size() * 8; ++bit) {
    bytes.at(bit / 8) &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  if (!local.address.is_v4()) return ipvs::Address::v6(bytes);
  return ipvs::Address::v4(static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
                           static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
}

}  // namespace

LocalAddresses::LocalAddresses(std::initializer_list<LocalAddress> addresses) {
  for (const LocalAddress& address : addresses) add(address);
}

void LocalAddresses::add(const LocalAddress& address) {
  by_value_[address.address].push_back(address);
  if (address.length >= (address.address.is_v4() ? 32U : 128U)) return;
  const bool is_new = known_networks_.emplace(address.link, address.length, first_of(address)).second;
  if (is_new) networks_.push_back(address);
}

std::span<const LocalAddress> LocalAddresses::find(const ipvs::Address& address) const {
  const auto found = by_value_.find(address);
  return found == by_value_.end() ? std::span<const LocalAddress>() : found->second;
}

}  // namespace ipvsadm
