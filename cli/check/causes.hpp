// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "check/facts.hpp"
#include "check/finding.hpp"

namespace ipvsadm {

/// Why services may be dead: each a pure function from facts to findings. Those of a service are called for every
/// service.
struct ServiceCause {
  void (*find)(const Facts& facts, const ServiceFacts& service, Findings& findings);
};
struct GeneralCause {
  void (*find)(const Facts& facts, Findings& findings);
};

std::span<const ServiceCause> table_causes();       ///< what the table alone shows
std::span<const ServiceCause> network_causes();     ///< routes, neighbours, addresses
std::span<const ServiceCause> connection_causes();  ///< connections and counters
std::span<const ServiceCause> asked_causes();       ///< what --client and --probe ask for
std::span<const GeneralCause> general_causes();     ///< settings and daemons, for all services

/// All of them: what holds for all first, then service by service. A cause that several services share is reported
/// once.
Findings find_causes(const Facts& facts);

/// Whether a server can be given new connections, as far as the kernel shows.
bool is_available(const ipvs::DestinationEntry& server);
/// What helps where sh, mh or dh chooses a server that takes no connections: the fallback flag, for which dh has no
/// place.
void set_hash_remedy(const ipvs::Service& service, Finding& finding);
/// The setting that keeps answers of a masqueraded server from being forwarded, as sysctl names it; empty if none does.
std::string closed_way_back(const Facts& facts, const ipvs::Address& server);

}  // namespace ipvsadm
