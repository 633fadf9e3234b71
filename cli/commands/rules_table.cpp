// SPDX-License-Identifier: MIT
#include "commands/rules_table.hpp"

#include <string>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

[[noreturn]] void contradiction(std::size_t line, std::size_t earlier) {
  throw Failure(status_illegal, fmt::format("line {}: contradicts line {}", line, earlier));
}

/// Takes the rules in, one function per kind.
struct Collector {
  Wanted& wanted;
  std::size_t line = 0;

  void operator()(const ipvs::AddService& c) {
    const auto [known, is_new] = wanted.service_lines.try_emplace(c.service.key, line);
    ipvs::Table::Entry& entry = wanted.table.services[c.service.key];
    if (!is_new && entry.service != c.service) contradiction(line, known->second);
    entry.service = c.service;
  }
  void operator()(const ipvs::AddDestination& c) {
    const auto [known, is_new] = wanted.server_lines.try_emplace({c.service, c.destination.key}, line);
    // The service itself may come on a later line.
    auto& destinations = wanted.table.services[c.service].destinations;
    const auto [there, added] = destinations.try_emplace(c.destination.key, c.destination);
    if (!is_new && there->second != c.destination) contradiction(line, known->second);
  }
  void operator()(const ipvs::SetTimeouts& c) {
    if (wanted.table.timeouts && *wanted.table.timeouts != c.timeouts) contradiction(line, wanted.timeouts_line);
    wanted.table.timeouts = c.timeouts;
    wanted.timeouts_line = line;
  }
  void operator()(const ipvs::Flush& /*unused*/) {
    // At the top, as files for -R often have it, it says nothing that --apply doesn't do by itself.
    if (!wanted.service_lines.empty()) contradiction(line, wanted.service_lines.begin()->second);
    if (!wanted.server_lines.empty()) contradiction(line, wanted.server_lines.begin()->second);
  }
  void operator()(const ipvs::StartDaemon& c) {
    const auto [known, is_new] = wanted.daemon_lines.try_emplace(c.daemon.role, line);
    ipvs::Daemon& daemon = wanted.table.daemons[c.daemon.role];
    if (!is_new && daemon != c.daemon) contradiction(line, known->second);
    daemon = c.daemon;
  }
  template <typename Other>
  void operator()(const Other& /*unused*/) {
    refuse();
  }

  [[noreturn]] void refuse() const {
    throw Failure(status_illegal,
                  fmt::format("line {}: a table is described by -A, -a, --set and --start-daemon alone", line));
  }
};

/// The line a change comes from, one function per kind.
struct LineFinder {
  const Wanted& wanted;

  std::size_t operator()(const ipvs::AddService& c) const { return find(wanted.service_lines, c.service.key); }
  std::size_t operator()(const ipvs::EditService& c) const { return find(wanted.service_lines, c.service.key); }
  std::size_t operator()(const ipvs::AddDestination& c) const {
    return find(wanted.server_lines, std::pair(c.service, c.destination.key));
  }
  std::size_t operator()(const ipvs::EditDestination& c) const {
    return find(wanted.server_lines, std::pair(c.service, c.destination.key));
  }
  std::size_t operator()(const ipvs::SetTimeouts& /*unused*/) const { return wanted.timeouts_line; }
  std::size_t operator()(const ipvs::StartDaemon& c) const { return find(wanted.daemon_lines, c.daemon.role); }
  std::size_t operator()(const ipvs::StopDaemon& c) const { return find(wanted.daemon_lines, c.role); }
  template <typename Other>
  std::size_t operator()(const Other& /*unused*/) const {
    return 0;
  }

  template <typename Lines, typename Key>
  static std::size_t find(const Lines& lines, const Key& key) {
    const auto found = lines.find(key);
    return found == lines.end() ? 0 : found->second;
  }
};

}  // namespace

std::size_t Wanted::line_of(const ipvs::Change& change) const { return std::visit(LineFinder{*this}, change); }

Wanted read_wanted(const Rules& rules) {
  // What comes from a command that failed, or from a file that was cut off, must not delete every service.
  if (rules.empty()) throw Failure(status_illegal, "there are no rules; a line -C says that no service is wanted");
  Wanted wanted;
  Collector collector{wanted};
  for (const Rule& rule : rules) {
    collector.line = rule.line();
    const Command command = rule.command();
    const auto* change = std::get_if<ipvs::Change>(&command);
    if (change == nullptr) collector.refuse();
    std::visit(collector, *change);
  }
  for (const auto& [names, line] : wanted.server_lines) {
    if (wanted.service_lines.contains(names.first)) continue;
    throw Failure(status_illegal, fmt::format("line {}: no line adds the service of this server", line));
  }
  return wanted;
}

}  // namespace ipvsadm
