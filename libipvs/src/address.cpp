// SPDX-License-Identifier: MIT
#include "ipvs/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace ipvs {

std::optional<Address> Address::parse(std::string_view text) {
  // inet_pton wants a NUL; no address is longer than this.
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';

  in_addr v4_address{};
  if (inet_pton(AF_INET, buffer, &v4_address) == 1) return v4(ntohl(v4_address.s_addr));
  std::array<std::uint8_t, 16> v6_address{};
  if (inet_pton(AF_INET6, buffer, v6_address.data()) == 1) return v6(v6_address);
  return std::nullopt;
}

std::string Address::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

bool Address::in_network(const Address& network, unsigned length) const {
  if (family_ != network.family_) return false;
  length = std::min(length, is_v4() ? 32U : 128U);
  const std::size_t whole = length / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole), network.bytes_.begin())) {
    return false;
  }
  const unsigned rest = length % 8;
  if (rest == 0) return true;
  return ((bytes_[whole] ^ network.bytes_[whole]) >> (8 - rest)) == 0;
}

}  // namespace ipvs
