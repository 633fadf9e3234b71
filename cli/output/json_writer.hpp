// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include <rapidjson/writer.h>

#include "ipvs/address.hpp"
#include "output/ipv4_text.hpp"
#include "output/output.hpp"
#include "output/utf8.hpp"

// JSON that is written as it comes, into the text of a listing.
namespace ipvsadm {

/// Where RapidJSON's writer puts its characters, one by one. The text has its right size when this has gone.
class TextStream {
 public:
  using Ch = char;
  explicit TextStream(Text& text) : text_(text), place_(text.data() + text.size()), end_(place_) {}
  ~TextStream() { text_.resize(size()); }
  TextStream(const TextStream&) = delete;
  TextStream& operator=(const TextStream&) = delete;

  void Put(char character) {
    reserve(1);
    *place_++ = character;
  }
  void Flush() {}

  /// From then on so many characters can be put without a look at the room.
  void reserve(std::size_t count) {
    if (static_cast<std::size_t>(end_ - place_) < count) make_room(count);
  }
  void put_unchecked(char character) { *place_++ = character; }

 private:
  std::size_t size() const { return static_cast<std::size_t>(place_ - text_.data()); }
  void make_room(std::size_t least) {
    const std::size_t room = std::max<std::size_t>(least, 1024);
    const std::size_t used = size();
    text_.resize(used + room);
    place_ = text_.data() + used;
    end_ = place_ + room;
  }

  Text& text_;
  char* place_;
  char* end_;
};

}  // namespace ipvsadm

// RapidJSON reserves the longest that a string or a number can become, and then puts it without a check.
namespace rapidjson {
template <>
inline void PutReserve(ipvsadm::TextStream& stream, std::size_t count) {
  stream.reserve(count);
}
template <>
inline void PutUnsafe(ipvsadm::TextStream& stream, char character) {
  stream.put_unchecked(character);
}
}  // namespace rapidjson

namespace ipvsadm {

/// Members in the order in which they are written; nothing is kept of what was written.
class Json {
 public:
  explicit Json(Text& text) : stream_(text), writer_(stream_) {}

  void open() { writer_.StartObject(); }
  void open(std::string_view name) {
    key(name);
    open();
  }
  void close() { writer_.EndObject(); }
  void end_line() { stream_.Put('\n'); }
  void open_array(std::string_view name) {
    key(name);
    writer_.StartArray();
  }
  void close_array() { writer_.EndArray(); }

  void null(std::string_view name) {
    key(name);
    writer_.Null();
  }
  void flag(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  template <std::integral Number>
  void number(std::string_view name, Number value) {
    key(name);
    if constexpr (std::signed_integral<Number>) {
      writer_.Int64(value);
    } else {
      writer_.Uint64(value);
    }
  }
  /// A word of ours: printable ASCII.
  void word(std::string_view name, std::string_view value) {
    key(name);
    word(value);
  }
  void word(std::string_view value) { writer_.String(value.data(), size(value)); }
  /// What comes from outside, a persistence engine's data for instance, and may be any bytes.
  void text(std::string_view name, std::string_view value) {
    key(name);
    const std::string quoted = quoted_utf8(value);
    writer_.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
  }
  void address(std::string_view name, const ipvs::Address& address) {
    key(name);
    if (address.is_v6()) return word(address.to_string());
    std::array<char, longest_ipv4> dotted;
    word({dotted.data(), static_cast<std::size_t>(write_ipv4(dotted.data(), address) - dotted.data())});
  }

 private:
  static rapidjson::SizeType size(std::string_view words) { return static_cast<rapidjson::SizeType>(words.size()); }
  void key(std::string_view name) { writer_.Key(name.data(), size(name)); }

  TextStream stream_;
  rapidjson::Writer<TextStream> writer_;
};

}  // namespace ipvsadm
