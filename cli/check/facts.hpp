// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check/local_addresses.hpp"
#include "ipvs/address.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

// What is known of the machine when its virtual services are checked: plain values, gathered once. Nothing of it takes
// a packet to find out.
namespace ipvsadm {

/// A network interface. Kernel: RTM_NEWLINK.
struct Link {
  std::string name;
  bool up = false;       ///< IFF_UP
  bool carrier = false;  ///< IFF_LOWER_UP; IFF_RUNNING follows it by up to a second
  std::string kind;      ///< IFLA_INFO_KIND: "dummy", "bridge", "vxlan" …; empty for hardware

  friend bool operator==(const Link&, const Link&) = default;
};

/// The kernel's answer to where packets would be sent. Kernel: RTM_GETROUTE.
struct Route {
  int error = 0;       ///< errno, as ENETUNREACH, EHOSTUNREACH, EXDEV; the rest is empty then
  bool local = false;  ///< to this machine (RTN_LOCAL)
  unsigned link = 0;   ///< index of the link on which they leave
  std::optional<ipvs::Address> gateway;
  bool broadcast = false;  ///< RTN_BROADCAST
};

/// How the kernel refuses a packet whose source it would not reach by the link that it came in.
bool is_reverse_path_error(int error);

enum class Neighbour : std::uint8_t { unknown, answers, incomplete, failed };

/// How packets reach a real server, asked once per address.
struct WayOut {
  Route route;
  Neighbour neighbour = Neighbour::unknown;  ///< the server, or the gateway to it
};

/// The connections of a service to one server, which need not be among its servers any more.
struct ServerConnections {
  std::size_t open = 0;          ///< TCP and SCTP ESTABLISHED, UDP
  std::size_t shaken_hands = 0;  ///< TCP whose handshake was done, whatever came after it
  std::size_t templates = 0;     ///< of persistence
  /// TCP whose handshake hangs: SYN_RECV at two looks two seconds apart, the last packet a short while ago. Some is
  /// always there where strangers try addresses, or send SYNs in the name of others.
  std::size_t half_open = 0;
  std::vector<ipvs::Address> half_open_clients;  ///< some of them, each once
  /// Of those: a packet came between the looks.
  std::size_t still_trying = 0;
  std::vector<ipvs::Address> trying_clients;  ///< some of them, each once
  std::size_t new_handshakes = 0;             ///< done between the looks
  std::optional<ipvs::Stats> later;           ///< the server's counters after the second look, if a handshake hangs
};

struct ServiceFacts {
  ipvs::ServiceEntry entry;
  std::vector<ipvs::DestinationEntry> servers;
  std::set<ipvs::DestinationKey> without_place;  ///< servers that sh chooses for nobody
  /// What sh chooses for --client, or dh for the service, where that can be known: it need not take connections.
  std::optional<ipvs::DestinationKey> server_by_hash;
  std::map<ipvs::DestinationKey, ServerConnections> connections;
  std::size_t local_clients = 0;   ///< entries of clients on this machine
  std::size_t remote_clients = 0;  ///< and of others

  /// Packets of local clients take neither the input nor the forwarding path.
  bool is_for_local_clients() const { return local_clients > 0 && remote_clients == 0; }
};

/// A chain of nftables (iptables-nft too) that the kernel calls by itself. Kernel: NFT_MSG_NEWCHAIN.
struct BaseChain {
  std::string table;
  std::string name;
  std::string type;    ///< "filter", "nat", "route"
  unsigned hook = 0;   ///< NF_INET_LOCAL_IN …
  bool drops = false;  ///< its policy
  std::size_t rules = 0;
};

/// A TCP connection tried from here.
struct Probe {
  int error = 0;  ///< errno; ETIMEDOUT for no answer in time
};

struct Facts {
  std::vector<ServiceFacts> services;
  std::vector<ipvs::Daemon> daemons;
  std::map<std::string, std::int64_t> settings;  ///< by sysctl's name, where the kernel has them
  std::map<unsigned, Link> links;                ///< by index
  LocalAddresses addresses;
  /// From here to each virtual address; for a mark not asked. Local also if a policy rule makes it so for a part of the
  /// packets that come in.
  std::map<ipvs::Address, Route> virtual_addresses;
  std::map<ipvs::Address, WayOut> servers;
  /// From a server to a client whose answers come through here (server, client).
  std::map<std::pair<ipvs::Address, ipvs::Address>, Route> ways_back;
  std::map<ipvs::Address, Route> clients;  ///< from here to them
  std::vector<BaseChain> chains;
  std::map<std::string, std::vector<ipvs::Address>> multicast_groups;  ///< IPv4 groups that a link has joined
  std::optional<std::uint64_t> connections;                            ///< all, where the kernel counts (Linux 7.1 on)
  unsigned kernel_major = 0;
  unsigned kernel_minor = 0;

  // What the command line asks for.
  std::optional<ipvs::Address> client;
  std::map<ipvs::Address, Route> client_to_virtual_address;  ///< arriving from that client
  std::optional<unsigned> least_servers;
  std::map<ipvs::DestinationKey, Probe> probes;

  /// The setting, or none where the kernel lacks it.
  std::optional<std::int64_t> setting(const std::string& name) const {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  }
  bool is(const std::string& name, std::int64_t value) const { return setting(name) == value; }
};

}  // namespace ipvsadm
