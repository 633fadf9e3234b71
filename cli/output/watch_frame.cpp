// SPDX-License-Identifier: MIT
#include "output/watch_frame.hpp"

#include <algorithm>

namespace ipvsadm {
namespace {

constexpr std::string_view bold_on = "\x1b[1m";
constexpr std::string_view bold_off = "\x1b[22m";
// Before the text: behind one that fills the line it would take the last character away.
constexpr std::string_view clear_line = "\x1b[K";

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t begin = line.find_first_not_of(' '); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(' ', end);
  }
  return words;
}

bool is_time(std::string_view word) {
  return word.size() >= 5 && word[word.size() - 3] == ':' && word.find_first_not_of("0123456789:") == std::string::npos;
}

/// The words that name what a line is about: "TCP 10.0.0.1:80", "-> 10.1.1.1:80", "FWM 7 IPv6"; of a connection
/// protocol, client, virtual service and server, but not its time and state.
std::string name_of(std::string_view line) {
  const std::vector<std::string_view> words = split_words(line);
  const bool connection = words.size() >= 6 && is_time(words[1]);
  std::string name;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool in_service = i < 2 || (i == 2 && words[0] == "FWM" && words[2] == "IPv6");
    if (connection ? i == 1 || i == 2 : !in_service) continue;
    name += words[i];
    name += ' ';
  }
  return name;
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
  frame += clear_line;
  frame += title.substr(0, columns);

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
      frame += clear_line;
      frame += mark(cut_line, found == former_.end() ? nullptr : &former);
      ++row;
    }
    present[key] = line;
  }
  if (row < rows) frame += "\r\n\x1b[J";
  former_ = std::move(present);
  drawn_before_ = true;
  return frame;
}

}  // namespace ipvsadm
