// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "ipvs/address.hpp"

namespace ipvsadm {

/// An address of this machine. Kernel: RTM_NEWADDR.
struct LocalAddress {
  ipvs::Address address;
  unsigned length = 0;  ///< of its prefix, bits
  unsigned link = 0;    ///< index
  bool tentative = false;
  bool duplicate = false;  ///< IFA_F_DADFAILED
};

/// The addresses of this machine, found by their value in a time that does not grow with their number.
class LocalAddresses {
 public:
  LocalAddresses() = default;
  LocalAddresses(std::initializer_list<LocalAddress> addresses);

  void add(const LocalAddress& address);
  /// One for each link that has it; empty if none has.
  std::span<const LocalAddress> find(const ipvs::Address& address) const;
  bool contains(const ipvs::Address& address) const { return !find(address).empty(); }
  /// One address of each network that a link is part of.
  std::span<const LocalAddress> networks() const { return networks_; }

 private:
  std::map<ipvs::Address, std::vector<LocalAddress>> by_value_;
  std::vector<LocalAddress> networks_;
  std::set<std::tuple<unsigned, unsigned, ipvs::Address>> known_networks_;  ///< link, length, its first address
};

}  // namespace ipvsadm
