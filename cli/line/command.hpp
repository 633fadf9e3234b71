// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/service.hpp"
#include "line/options.hpp"

// What a command line means, fully checked: all that is left to go wrong is the kernel's refusal.
namespace ipvsadm {

/// The columns of a service listing.
enum class View : std::uint8_t { table, stats, rate, thresholds, persistent_conn, tun_info };

/// Real servers with this address, and with this port if one is given.
struct ServerFilter {
  ipvs::Address address;
  std::optional<std::uint16_t> port;

  bool passes(const ipvs::Address& of, std::uint16_t its_port) const {
    return of == address && (!port || *port == its_port);
  }
};

struct ListServices {
  std::optional<ipvs::ServiceKey> service;  ///< all without one
  bool any_port = false;                    ///< of all ports, where there is no service of port 0
  std::optional<ServerFilter> server;       ///< only services that have it, and of their servers only this one
  View view = View::table;
  bool numeric = false;
  bool exact = false;
  bool total = false;  ///< the sums in a last row
  bool sorted = true;
  bool json = false;
};

/// A part of the address space: the first `length` bits of `address`.
struct Network {
  ipvs::Address address;
  unsigned length = 0;
};

/// What is listed of the templates of persistence.
enum class Templates : std::uint8_t { too, only, none };

/// What connections are counted by.
enum class SumKey : std::uint8_t { client, server, service, state, protocol };

struct Sums {
  std::vector<SumKey> by;                 ///< in the order of the columns
  std::optional<std::size_t> top;         ///< only so many
  std::optional<unsigned> client_prefix;  ///< IPv6 clients that are alike so far are one
};

struct ListConnections {
  bool numeric = false;
  bool engine_data = false;
  bool json = false;
  bool count = false;        ///< only how many
  std::optional<Sums> sums;  ///< only how many of each kind

  // Only connections that fit all that is given.
  std::optional<ipvs::ServiceKey> service;
  bool any_port = false;  ///< of the service's address; else port 0 is that of a service of port 0
  std::optional<ServerFilter> server;
  Templates templates = Templates::too;
  std::optional<Network> client;
  std::string state;  ///< in capitals, as the kernel writes it
};
struct ListTimeouts {
  bool json = false;
};
struct ListDaemons {
  bool json = false;
};
/// The text formats that Prometheus reads.
enum class MetricsFormat : std::uint8_t { prometheus, openmetrics };
struct ListMetrics {
  MetricsFormat format = MetricsFormat::prometheus;
  bool connections = false;  ///< by service and state, too
  bool sorted = true;
};
/// What services and servers of --share are sorted by, largest first.
enum class SortKey : std::uint8_t { conns, rate, bytes, weight };
/// Who gets what between two looks.
struct ListShares {
  ListServices which;  ///< its view, exact and total are not used
  std::chrono::milliseconds interval{4000};
  std::optional<SortKey> sort_by;
};
using Listing = std::variant<ListServices, ListConnections, ListTimeouts, ListDaemons, ListMetrics, ListShares>;

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
  std::optional<std::string> file = {};  ///< standard input without one
  bool replace = false;                  ///< clear the table first
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
/// Changes a service or server, and leaves alone what the line does not give.
struct KeepingEdit {
  ipvs::Change edit;                 ///< EditService or EditDestination, with defaults for what is not given
  OptionSet given;                   ///< what is
  std::string scheduler_flags_text;  ///< until the scheduler is known
};
/// Looks for what keeps services from working.
struct Check {
  std::optional<ipvs::ServiceKey> service;  ///< all without one
  bool any_port = false;                    ///< of all ports of its address
  std::optional<ServerFilter> server;       ///< only services that have it, and of their servers only this one
  std::optional<ipvs::Address> client;      ///< also what holds for this one
  std::optional<unsigned> least_servers;    ///< that are to take new connections
  bool probe = false;                       ///< opens a connection to each server
  bool numeric = false;
  bool json = false;
};
struct ShowHelp {};
struct ShowVersion {};

/// What changes the kernel's table is a value of the library's.
using Command =
    std::variant<ipvs::Change, Listing, Watch, Save, Restore, Apply, Drain, KeepingEdit, Check, ShowHelp, ShowVersion>;

/// A whole command line.
struct Invocation {
  Command command;
  std::string network_namespace;           ///< a name, path or process id; empty for the caller's own
  std::vector<std::string> warnings = {};  ///< what is legal, but may not be what was meant
};

}  // namespace ipvsadm
