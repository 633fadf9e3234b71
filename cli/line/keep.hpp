// SPDX-License-Identifier: MIT
#pragma once

#include "line/command.hpp"

namespace ipvsadm {

/// The service or server that `edit` makes of the `present` one: what is given on the line, and else what is there.
/// Pure. Throws Failure(2) when the two do not go together.
ipvs::Service kept(const KeepingEdit& edit, const ipvs::Service& present);
ipvs::Destination kept(const KeepingEdit& edit, const ipvs::Destination& present);

}  // namespace ipvsadm
