// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace ipvsadm {

/// Text on its way to standard output.
using Text = fmt::memory_buffer;

/// A line of a listing.
struct Row {
  std::string key;  ///< what it is about; the same in the next listing, whatever else changes
  std::string line;
};

/// Collects a command's output and writes it in large pieces.
class Output {
 public:
  Text& text() { return text_; }
  void append(std::string_view words) { text_.append(words.data(), words.data() + words.size()); }

  /// Writes what is collected once it is worth a system call; renderers call it between records.
  void spill() {
    if (text_.size() >= enough && !held_) flush();
  }
  /// Held back, nothing is written before flush() is called, and the listing can be taken as rows.
  void hold(bool held) { held_ = held; }
  /// The row begins here of what `key()` names; that is asked only of a listing that is held.
  template <typename Key>
  void begin_row(Key key) {
    if (held_) marks_.push_back({text_.size(), key()});
  }
  /// What is collected, line by line. Lines before the first row, such as headings, go by their number.
  std::vector<Row> take_rows();
  std::string take_text();
  /// Forgets what is collected.
  void discard();
  /// Writes all that is collected. Throws Failure(1) when it can't be written, to a full disk for instance.
  void flush();

 private:
  static constexpr std::size_t enough = 64 * 1024;
  struct Mark {
    std::size_t begin;
    std::string key;
  };

  Text text_;
  std::vector<Mark> marks_;
  bool held_ = false;
};

/// Writes a line to standard error. When that fails, even for want of a reader, nothing else is left undone.
/// Control characters in it, and what is no text, are written as \xNN.
void print_message(std::string_view line) noexcept;
/// The same without a newline, for what is to be written over.
void print_in_place(std::string_view text) noexcept;

}  // namespace ipvsadm
