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

constexpr bool is_separator(char character) { return character == ' ' || character == '\t' || character == '\r'; }

/// The first separator from `next` on.
const char* find_separator(const char* next, const char* end) {
  // Nearly all characters are beyond the blank, which takes one comparison.
  while (next != end && (static_cast<unsigned char>(*next) > ' ' || !is_separator(*next))) ++next;
  return next;
}

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// The backslash that ends a line, though a carriage return may follow; npos if none does. A comment has none.
std::size_t find_continuation(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\r');
  if (last == std::string_view::npos || line[last] != '\\') return std::string_view::npos;
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || is_separator(line[at - 1])) return std::string_view::npos;
  }
  return last;
}

/// Lines of the file, joined where they go on.
class LineReader {
 public:
  explicit LineReader(RulesFile& file) : file_(file) {}

  /// The number of the line that next() gave, or of its first part.
  std::size_t number() const { return number_; }

  std::optional<std::string_view> next() {
    auto line = file_.next_line();
    number_ = ++read_;
    if (!line) return line;
    if (number_ == 1 && line->starts_with(byte_order_mark)) line->remove_prefix(byte_order_mark.size());
    std::size_t end = find_continuation(*line);
    if (end == std::string_view::npos) return line;
    joined_.clear();
    while (line && end != std::string_view::npos) {
      // A word does not continue in the next line: a backslash right after it is as good as one after a blank.
      joined_.append(line->substr(0, end)).append(" ");
      line = file_.next_line();
      if (!line) break;
      ++read_;
      end = find_continuation(*line);
    }
    if (line) joined_.append(*line);
    return joined_;
  }

 private:
  RulesFile& file_;
  std::string joined_;
  std::size_t read_ = 0;
  std::size_t number_ = 0;
};

/// The one command of a line. What would read the rules' own source, or never end, is no rule.
Invocation parse_rule(std::string_view line, Parser& parser, const std::vector<std::string_view>& words) {
  if (line.find('\0') != std::string_view::npos) throw Failure(status_unreadable, "it contains a NUL byte");
  Invocation invocation = parser.parse(words, {});
  const Command& command = invocation.command;
  if (std::holds_alternative<Watch>(command)) throw Failure(status_illegal, "Illegal 'watch' option in a rules file");
  if (std::holds_alternative<Restore>(command) || std::holds_alternative<Apply>(command) ||
      std::holds_alternative<Check>(command) || std::holds_alternative<ShowHelp>(command) ||
      std::holds_alternative<ShowVersion>(command)) {
    throw Failure(status_illegal, fmt::format("invalid option `{}'", words.front()));
  }
  // A whole file is for one namespace.
  if (!invocation.network_namespace.empty()) throw Failure(status_illegal, "Illegal 'netns' option in a rules file");
  return invocation;
}

std::string at_line(std::size_t number, std::string_view message) {
  return fmt::format("line {}: {}", number, message);
}

}  // namespace

void split_words(std::string_view line, std::vector<std::string_view>& words) {
  words.clear();
  const char* const end = line.data() + line.size();
  for (const char* next = line.data();;) {
    while (next != end && is_separator(*next)) ++next;
    if (next == end || *next == '#') break;
    const char* const begin = next;
    next = find_separator(next, end);
    words.emplace_back(begin, static_cast<std::size_t>(next - begin));
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

Rule::Rule(std::size_t line, std::string fault) : line_(static_cast<std::uint32_t>(line)), command_(std::move(fault)) {}

Command Rule::command() const {
  if (const ipvs::AddDestination* addition = server()) return ipvs::Change(*addition);
  return *std::get<std::unique_ptr<const Command>>(command_);
}

RulesFile RulesFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Failure(status_illegal, fmt::format("can't read `{}': {}", path, std::strerror(errno)));
  return RulesFile(descriptor);
}

RulesFile RulesFile::standard_input() { return RulesFile(STDIN_FILENO); }

RulesFile RulesFile::named(const std::optional<std::string>& path) {
  return path && *path != "-" ? open(*path) : standard_input();
}

RulesFile::RulesFile(RulesFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), piece_(std::move(other.piece_)), rest_(other.rest_) {}

RulesFile::~RulesFile() { close(); }

void RulesFile::close() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  descriptor_ = -1;
}

/// Moves what is left to the front and reads more after it. False at the end.
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

Rules read_rules(RulesFile file, UnknownHosts unknown_hosts, Parser& parser, std::vector<std::string>& warnings,
                 void (*on_line)(std::size_t)) {
  Rules rules;
  LineReader lines(file);
  std::vector<std::string_view> words;
  while (const auto line = lines.next()) {
    if (on_line != nullptr) on_line(lines.number());
    split_words(*line, words);
    if (words.empty()) continue;
    const std::size_t number = lines.number();
    try {
      Invocation invocation = parse_rule(*line, parser, words);
      for (const std::string& warning : invocation.warnings) warnings.push_back(at_line(number, "warning: " + warning));
      rules.emplace_back(number, std::move(invocation.command));
    } catch (const UnknownHost& failure) {
      if (unknown_hosts == UnknownHosts::refused) throw Failure(failure.status(), at_line(number, failure.what()));
      rules.emplace_back(number, std::string(failure.what()));
    } catch (const Failure& failure) {
      throw Failure(failure.status(), at_line(number, failure.what()));
    }
  }
  return rules;
}

}  // namespace ipvsadm
