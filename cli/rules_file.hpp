// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "parse.hpp"

// Rules files: one command a line, as -S writes them and -R, --restore and ipvsadm-restore read them.
namespace ipvsadm {

enum class Comments : std::uint8_t {
  refused,  ///< as -R reads a file
  skipped,  ///< lines that begin with '#', as ipvsadm-restore reads it
};

/// A command and the line it stands on.
struct Rule {
  std::size_t line;  ///< from 1
  Command command;
};

/// Splits a line into words at blanks, tabs and carriage returns. There is no quoting. A first word "ipvsadm" is left
/// out.
void split_words(std::string_view line, std::vector<std::string>& words);

/// Reads and checks a whole file. Throws Failure for the first line that is illegal (status 2) or can't be read
/// (status 255), its number first: "line 12: illegal weight specified".
std::vector<Rule> read_rules(std::string_view text, Comments comments, Parser& parser);

/// All of a file. Throws Failure(2).
std::string read_rules_file(const std::string& path);
/// All of standard input. Throws Failure(2).
std::string read_standard_input();

}  // namespace ipvsadm
