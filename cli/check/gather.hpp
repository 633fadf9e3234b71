// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "check/facts.hpp"
#include "ipvs/client.hpp"
#include "ipvs/netns.hpp"
#include "line/command.hpp"

namespace ipvsadm {

/// Gathers what the causes look at, in a time that grows with the services, servers and connections, not with their
/// product: each address is asked for once. Waits for a second or two if handshakes hang, to look again. With --probe,
/// and then only, packets are sent. `services` are the ones to check. Throws ipvs::Error as the client does.
Facts gather_facts(const Check& check, std::vector<ServiceFacts> services, ipvs::Client& client,
                   const std::optional<ipvs::NetworkNamespace>& network);

}  // namespace ipvsadm
