// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "ipvs/address.hpp"

// IPv4 addresses in text, which most of every table is made of.
namespace ipvsadm {

inline constexpr std::size_t longest_ipv4 = sizeof "255.255.255.255" - 1;

/// A byte in decimal.
struct ByteText {
  std::array<char, 3> digits;
  std::uint8_t length;
};

inline constexpr auto byte_texts = [] {
  std::array<ByteText, 256> texts{};
  for (unsigned byte = 0; byte < texts.size(); ++byte) {
    ByteText& text = texts[byte];
    if (byte >= 100) text.digits[text.length++] = static_cast<char>('0' + byte / 100);
    if (byte >= 10) text.digits[text.length++] = static_cast<char>('0' + byte / 10 % 10);
    text.digits[text.length++] = static_cast<char>('0' + byte % 10);
  }
  return texts;
}();

/// Writes it to `place`, which has room for the longest, all of which may be written over; returns the end.
inline char* write_ipv4(char* place, const ipvs::Address& address) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) *place++ = '.';
    const ByteText& byte = byte_texts[address.bytes()[i]];
    std::copy_n(byte.digits.data(), byte.digits.size(), place);
    place += byte.length;
  }
  return place;
}

}  // namespace ipvsadm
