// SPDX-License-Identifier: MIT
#include "rules_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "failure.hpp"

namespace ipvsadm {
namespace {

constexpr std::string_view separators = " \t\r";

bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(separators);
  return first != std::string_view::npos && line[first] == '#';
}

/// The one command of a line. What would read the rules' own source, or end the run, is no rule.
Command parse_rule(std::string_view line, Parser& parser, std::vector<std::string>& words) {
  if (line.find('\0') != std::string_view::npos) throw Failure(status_unreadable, "a NUL byte is in it");
  Invocation invocation = parser.parse(words, {});
  const Command& command = invocation.command;
  if (std::holds_alternative<Restore>(command) || std::holds_alternative<Apply>(command) ||
      std::holds_alternative<Watch>(command) || std::holds_alternative<ShowHelp>(command) ||
      std::holds_alternative<ShowVersion>(command)) {
    throw Failure(status_illegal, fmt::format("invalid option `{}'", words.front()));
  }
  // A file goes to one namespace as a whole.
  if (!invocation.network_namespace.empty()) throw Failure(status_illegal, "Illegal 'netns' option in a rules file");
  return std::move(invocation.command);
}

}  // namespace

void split_words(std::string_view line, std::vector<std::string>& words) {
  words.clear();
  for (std::size_t begin = line.find_first_not_of(separators); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(separators, begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(separators, end);
  }
  if (!words.empty() && words.front() == "ipvsadm") words.erase(words.begin());
}

std::vector<Rule> read_rules(std::string_view text, Comments comments, Parser& parser) {
  std::vector<Rule> rules;
  std::vector<std::string> words;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (comments == Comments::skipped && is_comment(line)) continue;
    split_words(line, words);
    if (words.empty()) continue;
    try {
      rules.push_back({number, parse_rule(line, parser, words)});
    } catch (const Failure& failure) {
      throw Failure(failure.status(), fmt::format("line {}: {}", number, failure.what()));
    }
  }
  return rules;
}

namespace {

std::string read_whole(int descriptor) {
  std::string text;
  std::size_t size = 0;
  for (;;) {
    constexpr std::size_t piece = 64 * 1024;
    text.resize(size + std::max(piece, size));
    const ssize_t count = ::read(descriptor, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Failure(status_illegal, fmt::format("can't read the rules: {}", std::strerror(errno)));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace

std::string read_rules_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Failure(status_illegal, fmt::format("can't read `{}': {}", path, std::strerror(errno)));
  try {
    std::string text = read_whole(descriptor);
    ::close(descriptor);
    return text;
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

std::string read_standard_input() { return read_whole(STDIN_FILENO); }

}  // namespace ipvsadm
