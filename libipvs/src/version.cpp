// SPDX-License-Identifier: MIT
#include "ipvs/version.hpp"

namespace ipvs {

int version() noexcept { return IPVS_VERSION; }

}  // namespace ipvs
