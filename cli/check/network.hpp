// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/facts.hpp"

// Questions to the kernel about its network, by netlink. They need no rights, change nothing and send no packet.
namespace ipvsadm {

/// What to look up the route of.
struct RouteQuestion {
  ipvs::Address destination;
  std::optional<ipvs::Address> source = std::nullopt;
  unsigned arriving_on = 0;  ///< index of the link on which such a packet would come in; 0: it starts here
  std::uint32_t mark = 0;
};

/// A rule that chooses a routing table for a part of the packets. Kernel: RTM_GETRULE.
struct PolicyRule {
  ipvs::Family family = ipvs::Family::ipv4;
  std::string arriving_on;              ///< the link's name; empty for any
  std::optional<ipvs::Address> source;  ///< the network of senders; none for any
  unsigned source_length = 0;
  std::uint32_t mark = 0;
};

/// A socket of rtnetlink in the network namespace of the thread that makes it. By libnl-3's core alone: libnl-route
/// would be one more library to load at every start of the tool.
class NetworkQuestions {
 public:
  /// Throws Failure(255) when there is no such socket.
  NetworkQuestions();
  ~NetworkQuestions();
  NetworkQuestions(const NetworkQuestions&) = delete;
  NetworkQuestions& operator=(const NetworkQuestions&) = delete;

  std::map<unsigned, Link> links();
  LocalAddresses addresses();
  std::map<std::pair<unsigned, ipvs::Address>, Neighbour> neighbours();
  /// Those that ask where a packet comes from, or for its mark.
  std::vector<PolicyRule> rules();
  /// The route that the kernel would take.
  Route route(const RouteQuestion& question);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The chains of nftables that the kernel calls; none where it has no nftables or does not say (which takes
/// CAP_NET_ADMIN).
std::vector<BaseChain> base_chains();

}  // namespace ipvsadm
