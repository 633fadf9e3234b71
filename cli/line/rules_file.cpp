// SPDX-License-Identifier: MIT
#include "line/rules_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

constexpr std::string_view separators = " \t\r";

bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(separators);
  return first != std::string_view::npos && line[first] == '#';
}

/// The one command of a line. What would read the rules' own source, or never end, is no rule.
Command parse_rule(std::string_view line, Parser& parser, std::vector<std::string>& words) {
  if (line.find('\0') != std::string_view::npos) throw Failure(status_unreadable, "a NUL byte is in it");
  Invocation invocation = parser.parse(words, {});
  const Command& command = invocation.command;
  if (std::holds_alternative<Watch>(command)) throw Failure(status_illegal, "Illegal 'watch' option in a rules file");
  if (std::holds_alternative<Restore>(command) || std::holds_alternative<Apply>(command) ||
      std::holds_alternative<ShowHelp>(command) || std::holds_alternative<ShowVersion>(command)) {
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
  while (!words.empty() && words.front() == "ipvsadm") words.erase(words.begin());
}

Rule::Rule(std::size_t line, Command command) : line_(static_cast<std::uint32_t>(line)) {
  if (auto* change = std::get_if<ipvs::Change>(&command)) {
    if (auto* server = std::get_if<ipvs::AddDestination>(change)) {
      command_ = *server;
      return;
    }
  }
  command_ = std::make_unique<const Command>(std::move(command));
}

Command Rule::command() const {
  if (const auto* server = std::get_if<ipvs::AddDestination>(&command_)) return ipvs::Change(*server);
  return *std::get<std::unique_ptr<const Command>>(command_);
}

RulesFile RulesFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Failure(status_illegal, fmt::format("can't read `{}': {}", path, std::strerror(errno)));
  return RulesFile(descriptor);
}

RulesFile RulesFile::standard_input() { return RulesFile(STDIN_FILENO); }

RulesFile::RulesFile(RulesFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), piece_(std::move(other.piece_)), rest_(other.rest_) {}

RulesFile::~RulesFile() { close(); }

void RulesFile::close() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  descriptor_ = -1;
}

/// Moves what is left to the front and reads behind it. False at the end.
bool RulesFile::read_more() {
  constexpr std::size_t least_room = 64 * 1024;
  if (descriptor_ < 0) return false;
  if (piece_.empty()) piece_.resize(least_room);
  const std::size_t left = rest_.size();
  if (left > 0) std::memmove(piece_.data(), rest_.data(), left);
  if (left == piece_.size()) piece_.resize(2 * left);
  ssize_t count = 0;
  do {
    count = ::read(descriptor_, piece_.data() + left, piece_.size() - left);
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw Failure(status_illegal, fmt::format("can't read the rules: {}", std::strerror(errno)));
  rest_ = {piece_.data(), left + static_cast<std::size_t>(count)};
  // A terminal would be asked again.
  if (count == 0) close();
  return count > 0;
}

std::optional<std::string_view> RulesFile::next_line() {
  std::size_t searched = 0;
  std::size_t end = 0;
  while ((end = rest_.find('\n', searched)) == std::string_view::npos) {
    searched = rest_.size();
    if (read_more()) continue;
    // The last line may have no end.
    if (rest_.empty()) return std::nullopt;
    return std::exchange(rest_, {});
  }
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return line;
}

Rules read_rules(RulesFile file, Comments comments, Parser& parser) {
  Rules rules;
  std::vector<std::string> words;
  std::size_t number = 0;
  while (const auto line = file.next_line()) {
    ++number;
    if (comments == Comments::skipped && is_comment(*line)) continue;
    split_words(*line, words);
    if (words.empty()) continue;
    try {
      rules.emplace_back(number, parse_rule(*line, parser, words));
    } catch (const Failure& failure) {
      throw Failure(failure.status(), fmt::format("line {}: {}", number, failure.what()));
    }
  }
  return rules;
}

}  // namespace ipvsadm
