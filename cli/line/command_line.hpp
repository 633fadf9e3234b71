// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>

#include "line/tokens.hpp"

namespace ipvsadm {

/// Gives the tokens of a command line to CLI11 in one canonical form, "--name" or "--name=value", in which it cannot
/// misread them. The options are declared from the option table; CLI11 calls `take` for each, in the order given.
///
/// Rules files take their tokens without CLI11: the result is the same, and a file has a million lines.
void bind_command_line(std::span<const Token> tokens, const std::function<void(const Token&)>& take);

}  // namespace ipvsadm
