// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <fmt/format.h>

namespace ipvsadm {

/// Text on its way to standard output.
using Text = fmt::memory_buffer;

/// Collects a command's output and writes it in large pieces.
class Output {
 public:
  Text& text() { return text_; }
  void append(std::string_view words) { text_.append(words.data(), words.data() + words.size()); }

  /// Writes what is collected once it is worth a system call; renderers call it between records.
  void spill() {
    if (text_.size() >= enough && !held_) flush();
  }
  /// Held back, nothing is written before flush() is called.
  void hold(bool held) { held_ = held; }
  /// Writes all that is collected. Throws Failure(1) when it can't be written, to a full disk for instance.
  void flush();

 private:
  static constexpr std::size_t enough = 64 * 1024;
  Text text_;
  bool held_ = false;
};

/// Writes a line to standard error. Whoever can't be told goes without: nothing is left undone for that.
void tell(std::string_view line) noexcept;
/// The same without a newline, for what is to be written over.
void tell_in_place(std::string_view text) noexcept;

}  // namespace ipvsadm
