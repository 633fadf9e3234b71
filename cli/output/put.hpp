// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "ipvs/address.hpp"
#include "ipvs/service.hpp"
#include "output/ipv4_text.hpp"
#include "output/output.hpp"
#include "output/utf8.hpp"

// What listings and rules are put together from, at the end of a text. In a header, so that it becomes part of each
// row's own code.
namespace ipvsadm {

template <typename... Arguments>
void put(Text& text, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Arguments>(arguments)...);
}

// Tables of many thousand rows spend their time in what follows: no format string is read for what every row has.

/// Room for `size` characters at the end.
inline char* extend(Text& text, std::size_t size) {
  text.resize(text.size() + size);
  return text.data() + text.size() - size;
}

inline void put(Text& text, std::string_view words) { words.copy(extend(text, words.size()), words.size()); }

/// What comes from outside: names of hosts and links, a persistence engine's data.
inline void put_outside_text(Text& text, std::string_view words) {
  if (is_plain(words)) return put(text, words);
  put(text, std::string_view(visible(words)));
}

template <std::integral Number>
void put_number(Text& text, Number number) {
  const fmt::format_int digits(+number);
  put(text, {digits.data(), digits.size()});
}

inline void put_address(Text& text, const ipvs::Address& address) {
  if (address.is_v6()) {
    put(text, address.to_string());
    return;
  }
  const std::size_t begin = text.size();
  char* const place = extend(text, longest_ipv4);
  text.resize(begin + static_cast<std::size_t>(write_ipv4(place, address) - place));
}

inline void put_netmask(Text& text, const ipvs::Service& service) {
  if (service.key.family == ipvs::Family::ipv6) {
    put(text, "{}", service.netmask);
  } else {
    put_address(text, ipvs::Address::v4(service.netmask));
  }
}

}  // namespace ipvsadm
