// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "commands/context.hpp"
#include "ipvs/change.hpp"
#include "ipvs/error.hpp"

namespace ipvsadm {

/// A second line of a message: why the kernel refused the change as invalid, by what can be looked up now. Empty if
/// that is not known, or the refusal is another.
std::string refusal_reason(const ipvs::Change& change, const ipvs::Error& error, Context& context);

}  // namespace ipvsadm
