// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

// Who gets what: the share of a service that a server's weight asks for, and the one that it gets. Pure.
namespace ipvsadm {

/// What the kernel counted: all of it, or between two looks.
struct Traffic {
  std::uint64_t connections = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  std::uint64_t bytes() const { return bytes_in + bytes_out; }
};

Traffic traffic_of(const ipvs::Stats& stats);
/// What was counted after `earlier` and up to `later`. A counter that has become less was zeroed, or its server was
/// deleted and added again: it counts from 0.
Traffic traffic_between(const Traffic& earlier, const Traffic& later);

/// Whether a server takes new connections.
enum class Standing : std::uint8_t {
  serving,
  drained,  ///< weight 0
  full,     ///< its connections have reached its upper threshold
};
Standing standing_of(const ipvs::DestinationEntry& server);
/// Whether its connections have reached its upper threshold, whatever its weight.
bool is_overloaded(const ipvs::DestinationEntry& server);

/// What a server gets beside what its weight asks for.
enum class Balance : std::uint8_t {
  unknown,  ///< nobody asks for a share, or too little has happened to say
  as_asked,
  more,
  less,
};

/// Parts of a whole are from 0 to 1, and absent where the whole is nothing.
struct ServerShare {
  ipvs::DestinationEntry entry;
  Standing standing = Standing::serving;
  Traffic traffic = {};
  bool settled = true;               ///< weight and threshold were the same at both looks
  std::optional<double> asked = {};  ///< absent where the scheduler takes no account of weights alone
  std::optional<double> connections = {};
  std::optional<double> active = {};
  std::optional<double> bytes = {};
  Balance balance = Balance::unknown;
  /// Connections per second at times of the last minute, oldest first; below 0 where that is not known. Empty for a
  /// single look.
  std::vector<double> minute = {};
};

struct ServiceShare {
  ipvs::Service service;
  Traffic traffic = {};
  bool settled = true;  ///< scheduler and servers were the same at both looks
  std::vector<ServerShare> servers = {};
};

/// "as-asked", "more", "less"; empty if it is not known.
std::string_view balance_name(Balance balance);
/// "serving", "drained", "full".
std::string_view standing_name(Standing standing);

/// To the nearest whole number; `value` from 0 to 2^62. Those of <cmath> would make every start load the mathematical
/// library.
constexpr std::uint64_t rounded(double value) { return static_cast<std::uint64_t>(2 * value + 1) / 2; }

/// Computes standings, shares and balances from entries and traffic.
void share_out(ServiceShare& service);

/// A counter of connections as it was at some time.
struct Counted {
  std::chrono::steady_clock::time_point time;
  std::uint64_t connections;
};
/// What ServerShare::minute holds: `cells` rates of equal length up to `end`. `counted` is in the order of time.
std::vector<double> rates_of_minute(const std::vector<Counted>& counted, std::chrono::steady_clock::time_point end,
                                    std::size_t cells);

}  // namespace ipvsadm
