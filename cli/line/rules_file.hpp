// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "line/command.hpp"
#include "line/parse.hpp"

// Rules files: one command a line, as -S writes them and -R, --restore and ipvsadm-restore read them.
namespace ipvsadm {

/// What becomes of a line with a host's name that has no address now.
enum class UnknownHosts : std::uint8_t {
  refused,   ///< as of any wrong line: for a table that is described as a whole
  reported,  ///< it is a Rule with a fault
};

/// A command and the line it stands on, from 1. Long files hardly have anything but -a lines: those are kept in little
/// room.
class Rule {
 public:
  Rule(std::size_t line, Command command);
  /// A line that can't be carried out, and why.
  Rule(std::size_t line, std::string fault);
  std::size_t line() const { return line_; }
  /// nullptr for a line that can be carried out. Only then has it a command.
  const std::string* fault() const { return std::get_if<std::string>(&command_); }
  Command command() const;
  /// The same without a copy for what nearly all lines are; nullptr for all other commands.
  const ipvs::AddDestination* server() const { return std::get_if<ipvs::AddDestination>(&command_); }

 private:
  std::uint32_t line_;
  std::variant<ipvs::AddDestination, std::unique_ptr<const Command>, std::string> command_;
};

/// Splits a line into words at blanks, tabs and carriage returns, up to a word that begins with '#'. There is no
/// quoting. A first word "ipvsadm" is left out. The words are parts of the line.
void split_words(std::string_view line, std::vector<std::string_view>& words);

/// A rules file, given out line by line; no more of it is in memory than the longest line needs.
class RulesFile {
 public:
  /// Throws Failure(2) when there is no such file.
  static RulesFile open(const std::string& path);
  static RulesFile standard_input();
  /// The file, or standard input without a name or for "-".
  static RulesFile named(const std::optional<std::string>& path);
  /// For text that is there already; it must outlive the object.
  explicit RulesFile(std::string_view text) : rest_(text) {}
  RulesFile(RulesFile&& other) noexcept;
  RulesFile& operator=(RulesFile&&) = delete;
  ~RulesFile();

  /// The next line, without its end; valid until the next call. Nothing at the end. Throws Failure(2) when the file
  /// can't be read.
  std::optional<std::string_view> next_line();

 private:
  explicit RulesFile(int descriptor) : descriptor_(descriptor) {}
  bool read_more();
  void close();

  int descriptor_ = -1;  ///< -1 at the end of the file
  std::vector<char> piece_;
  std::string_view rest_;  ///< what is not given out yet
};

/// A deque: files are long, and a vector that grows would move everything again and again.
using Rules = std::deque<Rule>;

/// Reads and checks a whole file. A line that ends with a backslash continues in the next one; its number is that of
/// the first. A byte order mark at the start is skipped. `warnings` gets what is legal, but may not be what was meant.
/// Throws Failure for the first line that is illegal (status 2) or can't be read (status 255), its number first:
/// "line 12: illegal weight specified". `on_line` is called with the number of each line before it is looked at.
Rules read_rules(RulesFile file, UnknownHosts unknown_hosts, Parser& parser, std::vector<std::string>& warnings,
                 void (*on_line)(std::size_t) = nullptr);

}  // namespace ipvsadm
