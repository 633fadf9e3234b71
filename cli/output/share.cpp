// SPDX-License-Identifier: MIT
#include "output/share.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ipvsadm {
namespace {

/// Which servers a scheduler gives new connections to.
enum class Asks : std::uint8_t {
  nothing,  ///< it depends on clients or on what is being done
  equally,
  by_weight,
  highest_weight,
};

/// What the kernel's schedulers do (net/netfilter/ipvs/ip_vs_NAME.c).
struct Scheduler {
  std::string_view name;
  Asks asks = Asks::nothing;
  bool by_load = false;  ///< it evens out present connections; new ones may differ
};
constexpr std::array schedulers = {
    Scheduler{"rr", Asks::equally},           Scheduler{"wrr", Asks::by_weight},
    Scheduler{"lc", Asks::equally, true},     Scheduler{"wlc", Asks::by_weight, true},
    Scheduler{"sed", Asks::by_weight, true},  Scheduler{"nq", Asks::by_weight, true},
    Scheduler{"twos", Asks::by_weight, true}, Scheduler{"fo", Asks::highest_weight},
};

Scheduler find_scheduler(std::string_view name) {
  const auto* const found = std::ranges::find(schedulers, name, &Scheduler::name);
  return found == schedulers.end() ? Scheduler{name} : *found;
}

std::optional<double> part(std::uint64_t some, std::uint64_t all) {
  if (all == 0) return std::nullopt;
  return static_cast<double>(some) / static_cast<double>(all);
}

void ask_by(std::vector<ServerShare>& servers, bool by_weight) {
  const auto wish = [&](const ServerShare& server) -> std::uint64_t {
    if (server.standing != Standing::serving) return 0;
    return by_weight ? static_cast<std::uint64_t>(server.entry.destination.weight) : 1;
  };
  std::uint64_t all = 0;
  for (const ServerShare& server : servers) all += wish(server);
  for (ServerShare& server : servers) server.asked = part(wish(server), all);
}

/// Of several with the highest weight the kernel takes the first of its list, whose order a sorted table has lost.
void ask_highest(std::vector<ServerShare>& servers) {
  std::int32_t highest = 0;
  std::size_t how_many = 0;
  for (const ServerShare& server : servers) {
    if (server.standing != Standing::serving) continue;
    const std::int32_t weight = server.entry.destination.weight;
    how_many = weight > highest ? 1 : how_many + (weight == highest ? 1 : 0);
    highest = std::max(highest, weight);
  }
  for (ServerShare& server : servers) {
    const bool is_highest = server.standing == Standing::serving && server.entry.destination.weight == highest;
    if (!is_highest) {
      server.asked = 0;
    } else if (how_many == 1) {
      server.asked = 1;
    }
  }
}

/// `part` of `all`, of which `asked` was asked. More or less only when that is both much (half as much again, or a
/// tenth of all) and more than chance makes of it: three standard deviations of a binomial distribution, and one for
/// rounding.
Balance compare(std::uint64_t part, std::uint64_t all, double asked) {
  const auto whole = static_cast<double>(all);
  const double expected = whole * asked;
  const double difference = static_cast<double>(part) - expected;
  const double size = difference < 0 ? -difference : difference;
  const bool is_much = 2 * size > expected || 10 * size > whole;
  // Squares: a square root would make every start load the mathematical library.
  const bool is_chance = size <= 1 || (size - 1) * (size - 1) <= 9 * whole * asked * (1 - asked);
  if (!is_much || is_chance) return Balance::as_asked;
  return difference < 0 ? Balance::less : Balance::more;
}

}  // namespace

Traffic traffic_of(const ipvs::Stats& stats) { return {stats.connections, stats.bytes_in, stats.bytes_out}; }

Traffic traffic_between(const Traffic& earlier, const Traffic& later) {
  const bool zeroed = later.connections < earlier.connections || later.bytes_in < earlier.bytes_in ||
                      later.bytes_out < earlier.bytes_out;
  if (zeroed) return later;
  return {later.connections - earlier.connections, later.bytes_in - earlier.bytes_in,
          later.bytes_out - earlier.bytes_out};
}

bool is_overloaded(const ipvs::DestinationEntry& server) {
  const std::uint64_t connections = std::uint64_t{server.active_connections} + server.inactive_connections;
  return server.destination.upper_threshold != 0 && connections >= server.destination.upper_threshold;
}

Standing standing_of(const ipvs::DestinationEntry& server) {
  if (server.destination.weight <= 0) return Standing::drained;
  return is_overloaded(server) ? Standing::full : Standing::serving;
}

std::string_view balance_name(Balance balance) {
  static constexpr std::array<std::string_view, 4> names = {"", "as-asked", "more", "less"};
  return names[static_cast<std::size_t>(balance)];
}

std::string_view standing_name(Standing standing) {
  static constexpr std::array<std::string_view, 3> names = {"serving", "drained", "full"};
  return names[static_cast<std::size_t>(standing)];
}

void share_out(ServiceShare& service) {
  std::uint64_t connections = 0;
  std::uint64_t active = 0;
  std::uint64_t bytes = 0;
  bool judged = service.settled;
  for (ServerShare& server : service.servers) {
    server.standing = standing_of(server.entry);
    connections += server.traffic.connections;
    active += server.entry.active_connections;
    bytes += server.traffic.bytes();
    // A full server takes connections again and again in between: what it asked for is not known.
    judged = judged && server.settled && server.standing != Standing::full;
  }
  const Scheduler scheduler = find_scheduler(service.service.scheduler);
  if (scheduler.asks == Asks::highest_weight) {
    ask_highest(service.servers);
  } else if (scheduler.asks != Asks::nothing) {
    ask_by(service.servers, scheduler.asks == Asks::by_weight);
  }
  for (ServerShare& server : service.servers) {
    server.connections = part(server.traffic.connections, connections);
    server.active = part(server.entry.active_connections, active);
    server.bytes = part(server.traffic.bytes(), bytes);
    if (!judged || !server.asked || connections == 0) continue;
    server.balance = compare(server.traffic.connections, connections, *server.asked);
    // New connections make up for those that ended: only if the present ones say the same, it is out of balance.
    const bool confirmed = !scheduler.by_load || active == 0 ||
                           compare(server.entry.active_connections, active, *server.asked) == server.balance;
    if (!confirmed) server.balance = Balance::as_asked;
  }
}

std::vector<double> rates_of_minute(const std::vector<Counted>& counted, std::chrono::steady_clock::time_point end,
                                    std::size_t cells) {
  using Seconds = std::chrono::duration<double>;
  // Time before the end, and connections since the first look, whatever was zeroed in between.
  std::vector<std::pair<double, double>> points;
  double sum = 0;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (i > 0) {
      sum += static_cast<double>(traffic_between({counted[i - 1].connections}, {counted[i].connections}).connections);
    }
    points.emplace_back(Seconds(counted[i].time - end).count(), sum);
  }
  const auto at = [&](double time) {
    const auto after = std::ranges::lower_bound(points, time, {}, &std::pair<double, double>::first);
    if (after == points.begin()) return after->second;
    if (after == points.end()) return points.back().second;
    const auto before = after - 1;
    return before->second + (after->second - before->second) * (time - before->first) / (after->first - before->first);
  };
  std::vector<double> rates(cells, -1);
  if (points.size() < 2) return rates;
  const double length = 60.0 / static_cast<double>(cells);
  for (std::size_t i = 0; i < cells; ++i) {
    const double stop = -length * static_cast<double>(cells - i - 1);
    const double start = std::max(stop - length, points.front().first);
    if (stop - start > length / 4) rates[i] = (at(stop) - at(start)) / (stop - start);
  }
  return rates;
}

}  // namespace ipvsadm
