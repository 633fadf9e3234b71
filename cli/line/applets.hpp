// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "line/command.hpp"

namespace ipvsadm {

/// ipvsadm-save and ipvsadm-restore are this program under another name. The command that `words` mean under the
/// name `program` (argv[0], with or without folders); empty when it is neither of the two.
/// Throws Failure for words that the name doesn't take.
std::optional<Invocation> parse_applet(std::string_view program, std::span<const std::string> words);

}  // namespace ipvsadm
