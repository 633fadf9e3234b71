// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "output/output.hpp"

namespace ipvsadm {

/// Makes one screenful after another of a listing, with what has changed since the last one in bold. Pure.
class FrameMaker {
 public:
  /// `bold`: whether changes are to be marked.
  explicit FrameMaker(bool bold) : bold_(bold) {}

  /// The text that draws `title` and `listing` into a window of `rows` times `columns` from its top left corner on.
  /// Lines that don't fit are cut off, and so is the listing's end.
  std::string draw(std::string_view title, std::span<const Row> listing, std::size_t rows, std::size_t columns);

 private:
  std::string mark(const std::string& line, const std::string* former) const;

  bool bold_;
  bool drawn_before_ = false;
  /// The last listing's lines by their keys.
  std::map<std::string, std::string> former_;
};

}  // namespace ipvsadm
