// SPDX-License-Identifier: MIT
#include "output/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include <fmt/format.h>

namespace ipvsadm {
namespace {

/// The well-formed sequences of more than one byte: the Unicode Standard, table 3-7.
struct Form {
  unsigned char first, last;  // of the first byte
  unsigned char low, high;    // of the second; later ones are 80 to BF
  std::size_t length;
};
constexpr std::array<Form, 8> forms = {{{0xC2, 0xDF, 0x80, 0xBF, 2},
                                        {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                        {0xE1, 0xEC, 0x80, 0xBF, 3},
                                        {0xED, 0xED, 0x80, 0x9F, 3},
                                        {0xEE, 0xEF, 0x80, 0xBF, 3},
                                        {0xF0, 0xF0, 0x90, 0xBF, 4},
                                        {0xF1, 0xF3, 0x80, 0xBF, 4},
                                        {0xF4, 0xF4, 0x80, 0x8F, 4}}};

unsigned char byte(char character) { return static_cast<unsigned char>(character); }

/// The character, or the piece of one, that `bytes` begins with, from the first byte beyond ASCII; sets `whole`.
std::string_view take_character(std::string_view bytes, bool& whole) {
  const unsigned char first = byte(bytes.front());
  const auto* form = std::ranges::find_if(forms, [&](const Form& f) { return f.first <= first && first <= f.last; });
  std::size_t length = 1;
  if (form != forms.end()) {
    unsigned char low = form->low;
    unsigned char high = form->high;
    while (length < form->length && length < bytes.size() && low <= byte(bytes[length]) &&
           byte(bytes[length]) <= high) {
      ++length;
      low = 0x80;
      high = 0xBF;
    }
  }
  whole = form != forms.end() && length == form->length;
  return bytes.substr(0, length);
}

void put_ascii(std::string& text, char character) {
  static constexpr std::string_view special = "\"\\\b\f\n\r\t";
  static constexpr std::string_view letters = "\"\\bfnrt";
  if (const std::size_t place = special.find(character); place != std::string_view::npos) {
    text += '\\';
    text += letters[place];
  } else if (byte(character) < 0x20) {
    fmt::format_to(std::back_inserter(text), "\\u{:04x}", byte(character));
  } else {
    text += character;
  }
}

}  // namespace

std::string quoted_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + 2);
  text += '"';
  while (!bytes.empty()) {
    if (byte(bytes.front()) < 0x80) {
      put_ascii(text, bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    bool whole = false;
    const std::string_view piece = take_character(bytes, whole);
    text += whole ? piece : "\xEF\xBF\xBD";
    bytes.remove_prefix(piece.size());
  }
  text += '"';
  return text;
}

bool is_plain(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) { return byte(c) >= 0x20 && byte(c) < 0x7F; });
}

std::string visible(std::string_view bytes, std::string_view kept) {
  std::string text;
  const auto put_hidden = [&text](std::string_view piece) {
    for (const char c : piece) fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte(c));
  };
  while (!bytes.empty()) {
    bool whole = true;
    const std::string_view piece = byte(bytes.front()) < 0x80 ? bytes.substr(0, 1) : take_character(bytes, whole);
    const bool control = byte(piece.front()) < 0x20 || byte(piece.front()) == 0x7F ||
                         (byte(piece.front()) == 0xC2 && piece.size() == 2 && byte(piece[1]) < 0xA0);
    if (whole && (!control || kept.find(piece.front()) != std::string_view::npos)) {
      text += piece;
    } else {
      put_hidden(piece);
    }
    bytes.remove_prefix(piece.size());
  }
  return text;
}

}  // namespace ipvsadm
