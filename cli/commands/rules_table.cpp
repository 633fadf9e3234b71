// SPDX-License-Identifier: MIT
#include "commands/rules_table.hpp"

#include <algorithm>
#include <limits>
#include <variant>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

/// Whether a line has added the service itself, and not only servers to it.
bool is_described(const ipvs::Table::Entry& entry, const ipvs::ServiceKey& key) { return entry.service.key == key; }

}  // namespace

/// Takes the rules in, one function per kind.
struct Wanted::Collector {
  Wanted& wanted;
  std::size_t line = 0;
  std::size_t first_line = 0;  ///< of a service or a server
  decltype(ipvs::Table::services)::value_type* last = nullptr;

  void operator()(const ipvs::AddService& c) {
    ipvs::Table::Entry& entry = entry_of(c.service.key);
    if (!is_described(entry, c.service.key)) {
      entry.service = c.service;
      remember(&entry.service);
    } else if (entry.service != c.service) {
      contradiction(line_of_place(&entry.service));
    }
  }
  void operator()(const ipvs::AddDestination& c) {
    // The service itself may come on a later line.
    auto& destinations = entry_of(c.service).destinations;
    const std::size_t before = destinations.size();
    // At the end, since most files are in order.
    const auto place = destinations.try_emplace(destinations.end(), c.destination.key, c.destination);
    if (destinations.size() != before) {
      remember(&place->second);
    } else if (place->second != c.destination) {
      contradiction(line_of_place(&place->second));
    }
  }
  void operator()(const ipvs::SetTimeouts& c) {
    ipvs::Table& table = wanted.table_;
    if (table.timeouts && *table.timeouts != c.timeouts) contradiction(wanted.timeouts_line_);
    table.timeouts = c.timeouts;
    wanted.timeouts_line_ = line;
  }
  void operator()(const ipvs::Flush& /*unused*/) const {
    // At the top, as files for -R often have it, it says nothing that --apply doesn't do by itself.
    if (first_line != 0) contradiction(first_line);
  }
  void operator()(const ipvs::StartDaemon& c) {
    const auto [known, is_new] = wanted.table_.daemons.try_emplace(c.daemon.role, c.daemon);
    if (is_new) {
      wanted.daemon_lines_.emplace(c.daemon.role, line);
    } else if (known->second != c.daemon) {
      contradiction(wanted.daemon_lines_.at(c.daemon.role));
    }
  }
  template <typename Other>
  void operator()(const Other& /*unused*/) const {
    refuse();
  }

  /// Rules of one service mostly follow each other.
  ipvs::Table::Entry& entry_of(const ipvs::ServiceKey& key) {
    if (last == nullptr || last->first != key) last = &*wanted.table_.services.try_emplace(key).first;
    return last->second;
  }

  void remember(const void* place) {
    if (first_line == 0) first_line = line;
    wanted.lines_.emplace_back(place, static_cast<std::uint32_t>(line));
  }

  std::size_t line_of_place(const void* place) const {
    return std::ranges::find(wanted.lines_, place, &decltype(lines_)::value_type::first)->second;
  }

  [[noreturn]] void contradiction(std::size_t earlier) const {
    throw Failure(status_illegal, fmt::format("line {}: contradicts line {}", line, earlier));
  }
  [[noreturn]] void refuse() const {
    throw Failure(status_illegal,
                  fmt::format("line {}: a table is described by -A, -a, --set and --start-daemon alone", line));
  }
};

/// The line a change comes from, one function per kind.
struct Wanted::LineFinder {
  const Wanted& wanted;

  std::size_t operator()(const ipvs::AddService& c) const { return find(c.service.key); }
  std::size_t operator()(const ipvs::EditService& c) const { return find(c.service.key); }
  std::size_t operator()(const ipvs::AddDestination& c) const { return find(c.service, c.destination.key); }
  std::size_t operator()(const ipvs::EditDestination& c) const { return find(c.service, c.destination.key); }
  std::size_t operator()(const ipvs::SetTimeouts& /*unused*/) const { return wanted.timeouts_line_; }
  std::size_t operator()(const ipvs::StartDaemon& c) const { return find(c.daemon.role); }
  std::size_t operator()(const ipvs::StopDaemon& c) const { return find(c.role); }
  template <typename Other>
  std::size_t operator()(const Other& /*unused*/) const {
    return 0;
  }

  std::size_t find(const ipvs::ServiceKey& key) const {
    const auto entry = wanted.table_.services.find(key);
    return entry == wanted.table_.services.end() ? 0 : find(&entry->second.service);
  }
  std::size_t find(const ipvs::ServiceKey& key, const ipvs::DestinationKey& name) const {
    const auto entry = wanted.table_.services.find(key);
    if (entry == wanted.table_.services.end()) return 0;
    const auto server = entry->second.destinations.find(name);
    return server == entry->second.destinations.end() ? 0 : find(&server->second);
  }
  std::size_t find(ipvs::DaemonRole role) const {
    const auto line = wanted.daemon_lines_.find(role);
    return line == wanted.daemon_lines_.end() ? 0 : line->second;
  }
  std::size_t find(const void* place) const {
    const auto line = std::ranges::lower_bound(wanted.lines_, place, {}, &decltype(lines_)::value_type::first);
    return line == wanted.lines_.end() || line->first != place ? 0 : line->second;
  }
};

Wanted::Wanted(Rules&& rules) {
  // What comes from a command that failed, or from a file that was cut off, must not delete every service.
  if (rules.empty()) throw Failure(status_illegal, "there are no rules; a line -C says that no service is wanted");
  lines_.reserve(rules.size());
  Collector collector{*this};
  for (; !rules.empty(); rules.pop_front()) {
    const Rule& rule = rules.front();
    collector.line = rule.line();
    if (const ipvs::AddDestination* server = rule.server()) {
      collector(*server);
      continue;
    }
    const Command command = rule.command();
    const auto* change = std::get_if<ipvs::Change>(&command);
    if (change == nullptr) collector.refuse();
    std::visit(collector, *change);
  }
  std::ranges::sort(lines_, {}, &decltype(lines_)::value_type::first);
  require_services();
}

void Wanted::require_services() const {
  std::size_t first = std::numeric_limits<std::size_t>::max();
  for (const auto& [key, entry] : table_.services) {
    if (is_described(entry, key)) continue;
    for (const auto& [name, server] : entry.destinations) first = std::min(first, LineFinder{*this}.find(&server));
  }
  if (first == std::numeric_limits<std::size_t>::max()) return;
  throw Failure(status_illegal, fmt::format("line {}: no line adds the service of this server", first));
}

std::size_t Wanted::line_of(const ipvs::Change& change) const { return std::visit(LineFinder{*this}, change); }

}  // namespace ipvsadm
