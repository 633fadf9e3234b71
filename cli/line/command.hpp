// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "ipvs/change.hpp"
#include "ipvs/service.hpp"

// What a command line means, fully checked: all that is left to go wrong is the kernel's refusal.
namespace ipvsadm {

/// The columns of a service listing.
enum class View : std::uint8_t { table, stats, rate, thresholds, persistent_conn, tun_info };

struct ListServices {
  std::optional<ipvs::ServiceKey> service;  ///< all without one
  View view = View::table;
  bool numeric = false;
  bool exact = false;
  bool sorted = true;
  bool json = false;
};

/// A part of the address space: the first `length` bits of `address`.
struct Network {
  ipvs::Address address;
  unsigned length = 0;
};

struct ListConnections {
  bool numeric = false;
  bool engine_data = false;
  bool json = false;
  bool count = false;  ///< only how many

  // Only connections that fit all that is given.
  std::optional<ipvs::ServiceKey> service;
  std::optional<ipvs::Address> server;
  std::optional<std::uint16_t> server_port;
  std::optional<Network> client;
  std::string state;  ///< in capitals, as the kernel tells it
};
struct ListTimeouts {
  bool json = false;
};
struct ListDaemons {
  bool json = false;
};
using Listing = std::variant<ListServices, ListConnections, ListTimeouts, ListDaemons>;

/// A listing again and again.
struct Watch {
  Listing listing;
  std::chrono::milliseconds interval{2000};
};

struct Save {
  bool numeric = false;
  bool all = false;  ///< timeouts and sync daemons too
};
struct Restore {
  bool replace = false;   ///< clear the table first
  bool comments = false;  ///< skip lines that begin with '#'
};
/// Makes the table what a rules file says.
struct Apply {
  std::optional<std::string> file;  ///< standard input without one
  bool dry_run = false;
  bool keep_weights = false;
  bool no_delete = false;
};
/// Lets connections end before it deletes a server, or a service with all its servers.
struct Drain {
  ipvs::ServiceKey service;
  std::optional<ipvs::DestinationKey> server;
  std::optional<std::chrono::seconds> limit;
};
struct ShowHelp {};
struct ShowVersion {};

/// What changes the kernel's table is a value of the library's.
using Command = std::variant<ipvs::Change, Listing, Watch, Save, Restore, Apply, Drain, ShowHelp, ShowVersion>;

/// A whole command line.
struct Invocation {
  Command command;
  std::string network_namespace;  ///< a name, path or process id; empty for the caller's own
};

}  // namespace ipvsadm
