// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "line/options.hpp"

namespace ipvsadm {

/// One option or command as found on a command line.
struct Token {
  Spelling spelling;
  std::optional<std::string> value;  ///< empty when there is none
};

/// A command line taken apart, up to its first fault.
struct Scan {
  enum class Fault : std::uint8_t { none, unknown_option, missing_argument, unwanted_argument };

  std::vector<Token> tokens;          ///< in the order given, those before the fault
  std::vector<std::string> operands;  ///< words that are no option and no value of one
  Fault fault = Fault::none;
  std::string fault_word;  ///< the word at fault, as given
};

/// A set of spellings, indexed by Spelling.
using SpellingSet = std::bitset<spelling_count>;

/// Takes command lines apart with CLI11. Built once and used for every line of a file.
///
/// What CLI11 does by itself: long and short names, clusters, attached values, "--". What is added here is how the
/// classic tool reads the corners: "-s=rr", "--scheduler=" as an empty value, options told in order, the first
/// fault named by the word as it was given.
class Scanner {
 public:
  Scanner();
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  /// `words` are the arguments without the program's name.
  Scan scan(std::span<const std::string> words);

  /// The word that holds the second command, given that there are two.
  std::string second_command_word(std::span<const std::string> words);

 private:
  std::size_t end_of_options(std::span<const std::string> words);
  Scan scan_options(std::span<const std::string> words);
  Scan feed(std::span<const std::string> words);
  Scan feed_prefix(std::span<const std::string> words, std::size_t length);

  struct Machine;
  Machine& machine_for(const SpellingSet& wanted);
  /// One CLI11 parser for each set of options that lines have had so far.
  std::vector<std::unique_ptr<Machine>> machines_;
};

}  // namespace ipvsadm
