// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ipvs/export.hpp"

namespace ipvs {

/// The address family of a service or server (the kernel's AF_INET and AF_INET6).
enum class Family : std::uint8_t { ipv4, ipv6 };

/// An IPv4 or IPv6 address without a port. A small value type; byte order never shows:
/// numbers are in host order, byte arrays read from left to right as the address is written.
///
/// Addresses sort by number, every IPv4 address before every IPv6 address.
class IPVS_EXPORT Address {
 public:
  /// The IPv4 address 0.0.0.0.
  constexpr Address() = default;

  /// An IPv4 address from its number in host order: v4(0x7f000001) is 127.0.0.1.
  static constexpr Address v4(std::uint32_t number) {
    Address address;
    for (std::size_t i = 0; i < 4; ++i) {
      address.bytes_[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    }
    return address;
  }

  /// An IPv6 address from its sixteen bytes, first byte first.
  static constexpr Address v6(const std::array<std::uint8_t, 16>& bytes) {
    Address address;
    address.family_ = Family::ipv6;
    address.bytes_ = bytes;
    return address;
  }

  /// The address of `family` with all bits zero.
  static constexpr Address any(Family family) { return family == Family::ipv4 ? Address() : v6({}); }

  /// Reads dotted-quad IPv4 ("10.0.0.1", four decimal numbers) or RFC 4291 IPv6 ("2001:db8::1", no brackets, no
  /// zone). Nothing else: no host names, no short or octal forms. Empty when `text` is not an address.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);

  constexpr Family family() const { return family_; }
  constexpr bool is_v4() const { return family_ == Family::ipv4; }
  constexpr bool is_v6() const { return family_ == Family::ipv6; }

  /// The IPv4 number in host order; 0 for an IPv6 address.
  constexpr std::uint32_t v4_number() const {
    if (!is_v4()) return 0;
    return std::uint32_t{bytes_[0]} << 24 | std::uint32_t{bytes_[1]} << 16 | std::uint32_t{bytes_[2]} << 8 |
           std::uint32_t{bytes_[3]};
  }

  /// The bytes in the order they are written; an IPv4 address fills the first four, the rest is zero.
  constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  /// "10.0.0.1" or the shortest RFC 5952 form, "2001:db8::1". Without brackets.
  std::string to_string() const;

  /// Whether this address lies in the network that `network` and its first `length` bits name (0 to 32 or 128; a
  /// longer length counts as the full one). Never true across families.
  bool in_network(const Address& network, unsigned length) const;

  friend constexpr auto operator<=>(const Address&, const Address&) = default;
  friend constexpr bool operator==(const Address&, const Address&) = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace ipvs

/// Addresses can be keys of unordered containers.
template <>
struct std::hash<ipvs::Address> {
  std::size_t operator()(const ipvs::Address& address) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(address.bytes().data()), address.is_v4() ? 4U : 16U});
  }
};
