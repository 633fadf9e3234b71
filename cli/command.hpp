// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
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
};
struct ListConnections {
  bool numeric = false;
  bool engine_data = false;
};
struct ListTimeouts {};
struct ListDaemons {};
struct Save {
  bool numeric = false;
};
struct Restore {
  bool replace = false;   ///< clear the table first
  bool comments = false;  ///< skip lines that begin with '#'
};
struct ShowHelp {};
struct ShowVersion {};

/// What changes the kernel's table is a value of the library's.
using Command = std::variant<ipvs::Change, ListServices, ListConnections, ListTimeouts, ListDaemons, Save, Restore,
                             ShowHelp, ShowVersion>;

}  // namespace ipvsadm
