// SPDX-License-Identifier: MIT
#include "frame.hpp"

#include <algorithm>

namespace ipvsadm {
namespace {

constexpr std::string_view bold_on = "\x1b[1m";
constexpr std::string_view bold_off = "\x1b[22m";
constexpr std::string_view end_of_line = "\x1b[K";

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// The first two words name what a line is about: "TCP 10.0.0.1:80", "-> 10.1.1.1:80".
std::string name_of(const std::string& line) {
  std::size_t end = 0;
  for (int word = 0; word < 2 && end < line.size(); ++word) {
    const std::size_t begin = std::min(line.find_first_not_of(' ', end), line.size());
    end = std::min(line.find(' ', begin), line.size());
  }
  return line.substr(0, end);
}

}  // namespace

std::string FrameMaker::mark(const std::string& line, const std::string* former) const {
  if (!bold_ || !drawn_before_ || (former != nullptr && *former == line)) return line;
  if (former == nullptr) return std::string(bold_on) + line + std::string(bold_off);
  // Word by word: a number that has grown wider is bold as a whole.
  std::string marked;
  for (std::size_t begin = 0; begin < line.size();) {
    const bool blank = line[begin] == ' ';
    std::size_t end = blank ? line.find_first_not_of(' ', begin) : line.find(' ', begin);
    end = std::min(end, line.size());
    const std::string_view word = std::string_view(line).substr(begin, end - begin);
    const bool same = blank || (begin <= former->size() && former->compare(begin, word.size(), word) == 0);
    if (!same) marked += bold_on;
    marked += word;
    if (!same) marked += bold_off;
    begin = end;
  }
  return marked;
}

std::string FrameMaker::draw(std::string_view title, std::string_view listing, std::size_t rows, std::size_t columns) {
  std::string frame = "\x1b[H";
  frame += title.substr(0, columns);
  frame += end_of_line;

  std::map<std::string, std::string> present;
  std::string owner;
  std::size_t row = 1;
  for (const std::string& line : split_lines(listing)) {
    const bool belongs = line.starts_with("  ->");
    std::string name = name_of(line);
    if (!belongs) owner = name;
    const std::string key = belongs ? owner + name : name;
    if (row < rows) {
      const auto found = former_.find(key);
      const std::string cut_line = line.substr(0, columns);
      const std::string former = found == former_.end() ? std::string() : found->second.substr(0, columns);
      frame += "\r\n";
      frame += mark(cut_line, found == former_.end() ? nullptr : &former);
      frame += end_of_line;
      ++row;
    }
    present[key] = line;
  }
  frame += "\x1b[J";
  former_ = std::move(present);
  drawn_before_ = true;
  return frame;
}

}  // namespace ipvsadm
