// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <vector>

#include "check/facts.hpp"

namespace ipvsadm {

/// Opens a TCP connection to each server that can be given connections and closes it at once; many at a time, each for
/// 2 seconds at most. Servers of UDP and SCTP, and those without a port of their own, are left out.
std::map<ipvs::DestinationKey, Probe> probe_servers(const std::vector<ServiceFacts>& services);

}  // namespace ipvsadm
