// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "ipvs/address.hpp"
#include "ipvs/destination.hpp"

namespace ipvsadm {

/// The servers that sh chooses for no client at all: it fills 256 places in the kernel's order, as many for each server
/// as its weight says, one at least. `servers` in that order. Kernel: ip_vs_sh_reassign().
std::set<ipvs::DestinationKey> servers_without_place(const std::vector<ipvs::DestinationEntry>& servers);

/// The server that sh chooses for all connections of an address, whether it takes them or not: the client's, of a
/// service without sh-port; none without servers. dh chooses in the same way by the virtual address. `servers` in the
/// kernel's order. Kernel: ip_vs_sh_hashkey() and ip_vs_dh_hashkey(), Linux 4.18 on.
std::optional<ipvs::DestinationKey> server_by_sh(const std::vector<ipvs::DestinationEntry>& servers,
                                                 const ipvs::Address& client);
std::optional<ipvs::DestinationKey> server_by_dh(const std::vector<ipvs::DestinationEntry>& servers,
                                                 const ipvs::Address& virtual_address);

}  // namespace ipvsadm
