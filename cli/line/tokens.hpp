// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "line/options.hpp"

namespace ipvsadm {

/// One option or command as found on a command line.
struct Token {
  Spelling spelling;
  std::optional<std::string> value;  ///< empty when there is none
  std::size_t word = 0;              ///< index of the last word that it takes
};

/// A command line taken apart, up to its first fault.
struct TokenLine {
  enum class Fault : std::uint8_t { none, unknown_option, missing_argument, unwanted_argument };

  std::vector<Token> tokens;          ///< in the order given, those before the fault
  std::vector<std::string> operands;  ///< words that are no option and no value of one
  Fault fault = Fault::none;
  std::string fault_word;  ///< the word at fault, as given
};

/// Reads the arguments without the program's name, in one pass over the words:
///
///     -n            a letter; letters without a value cluster: -Ln
///     -srr -s=rr    the rest of the word is the value, without an equals sign that it begins with
///     -s rr         else the next word is, whatever it looks like
///     -p            an optional value: the next word only if it does not begin with '-'
///     --name=value  the same for long names, which are not abbreviated; the value may be empty
///     -             an operand
///     --            the words after it are operands
TokenLine read_tokens(std::span<const std::string_view> words);
TokenLine read_tokens(std::span<const std::string> words);

}  // namespace ipvsadm
