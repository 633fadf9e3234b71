// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {

/// The kernel's refusal in the classic tool's words; the system's own where it has none.
std::string refusal_text(const ipvs::Error& error);

/// Exit status and message for a refusal. Lack of rights ends like lack of IPVS, as with the classic tool, which
/// notices both at its first question to the kernel.
Failure failure_of(const ipvs::Error& error);

/// "Can't initialize ipvs: WHY" and the line that asks whether IPVS is there.
Failure no_ipvs(const ipvs::Error& error);

}  // namespace ipvsadm
