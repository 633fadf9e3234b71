// SPDX-License-Identifier: MIT
#include "output/watch_frame.hpp"

#include <algorithm>
#include <utility>

namespace ipvsadm {
namespace {

constexpr std::string_view bold_on = "\x1b[1m";
constexpr std::string_view bold_off = "\x1b[22m";
// Before the text: after one that fills the line it would take the last character away.
constexpr std::string_view clear_line = "\x1b[K";

// Every character of a listing takes one column, but may be of several bytes.
bool begins_column(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_column));
}

/// What of `text` fits.
std::string_view first_columns(std::string_view text, std::size_t columns) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_column(text[i]) && columns-- == 0) return text.substr(0, i);
  }
  return text;
}

}  // namespace

std::string FrameMaker::mark(const std::string& line, const std::string* former) const {
  if (!bold_ || !drawn_before_ || (former != nullptr && *former == line)) return line;
  if (former == nullptr) return std::string(bold_on) + line + std::string(bold_off);
  // Word by word: a number that has grown wider is bold as a whole. Both are walked through column by column.
  std::string marked;
  std::string_view others = *former;
  for (std::size_t begin = 0; begin < line.size();) {
    const bool blank = line[begin] == ' ';
    std::size_t end = blank ? line.find_first_not_of(' ', begin) : line.find(' ', begin);
    end = std::min(end, line.size());
    const std::string_view word = std::string_view(line).substr(begin, end - begin);
    const bool same = blank || others.starts_with(word);
    others.remove_prefix(first_columns(others, columns_of(word)).size());
    if (!same) marked += bold_on;
    marked += word;
    if (!same) marked += bold_off;
    begin = end;
  }
  return marked;
}

std::string FrameMaker::draw(std::string_view title, std::span<const Row> listing, std::size_t rows,
                             std::size_t columns) {
  std::string frame = "\x1b[H";
  frame += clear_line;
  frame += first_columns(title, columns);

  std::map<std::string, std::string> present;
  std::size_t drawn = 1;
  for (const Row& row : listing) {
    if (drawn < rows) {
      const auto found = former_.find(row.key);
      const std::string former =
          found == former_.end() ? std::string() : std::string(first_columns(found->second, columns));
      frame += "\r\n";
      frame += clear_line;
      frame += mark(std::string(first_columns(row.line, columns)), found == former_.end() ? nullptr : &former);
      ++drawn;
    }
    present[row.key] = row.line;
  }
  if (drawn < rows) frame += "\r\n\x1b[J";
  former_ = std::move(present);
  drawn_before_ = true;
  return frame;
}

}  // namespace ipvsadm
