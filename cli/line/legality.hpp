// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "ipvs/destination.hpp"
#include "line/options.hpp"

// The rows of line/options.hpp put to use: the check of a whole line, and what completions ask about half of one.
namespace ipvsadm {

/// Throws Failure(2) with the first offence, in the words of 1.31.
void require_legal(Spelling command, OptionSet given);
/// The same for the options of a tunnel. In a line of a rules file (`rule`) all is legal that the kernel holds.
void require_legal(ipvs::TunnelType type, OptionSet given, bool rule);
/// The same for the company that `spelling` is in, if it is in the line at all.
void require_company(Spelling spelling, const SpellingSet& line, bool rule);

/// A line of which more may come.
struct HalfLine {
  OptionSet given;
  SpellingSet spelled;
  std::optional<ipvs::TunnelType> tunnel;  ///< what --tun-type says
};

/// Whether the options that are there can all stand beside this command; and whether one more spelling can.
bool may_join(Spelling command, OptionSet given);
bool may_join(Spelling command, const HalfLine& line, Spelling more);

}  // namespace ipvsadm
