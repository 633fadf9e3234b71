// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "line/command.hpp"
#include "line/resolver.hpp"

namespace ipvsadm {

/// Turns command lines into Commands: the one grammar and the one check for arguments and for lines of rules files.
class Parser {
 public:
  explicit Parser(Names& names) : names_(names) {}

  /// `words` are the arguments without the program's name, `program` is how messages call the program, empty for a
  /// line of a rules file.
  /// Throws Failure, with the first offence, as the classic tool reports it.
  Invocation parse(std::span<const std::string_view> words, std::string_view program);
  Invocation parse(std::span<const std::string> words, std::string_view program);

 private:
  Names& names_;
};

}  // namespace ipvsadm
