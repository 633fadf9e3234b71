// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {

/// The kernel's refusal in the classic tool's words; the system's own where it has none.
std::string refusal_text(const ipvs::Error& error);

/// A second line for root who is refused for lack of rights: what he lacks. Else empty.
std::string what_root_lacks(const ipvs::Error& error);

/// The same for a line that has more in it than that: with the kernel's own words in parentheses, if it has any.
std::string refusal_with_reason(const ipvs::Error& error);

/// Exit status and message for a refusal. Lack of rights ends like lack of IPVS, as with the classic tool, which
/// notices both at its first question to the kernel.
Failure failure_of(const ipvs::Error& error);

/// Lack of rights, and what was asked for that needs them, "--stats" for instance; empty for all that changes the
/// table.
Failure no_rights(std::string_view what);

/// "Can't initialize ipvs: WHY" and the line that asks whether IPVS is there.
Failure no_ipvs(const ipvs::Error& error);

}  // namespace ipvsadm
