// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <optional>

#include <ipvs/table.hpp>

/// Carries out changes on a table as the kernel does (Linux 6.1), and gives the errno of a refusal. That the kernel
/// does so is shown by tests/kernel/client_test.cpp.
struct TableModel {
  ipvs::Table& table;

  int operator()(const ipvs::AddService& c) const {
    return table.services.try_emplace(c.service.key, ipvs::Table::Entry{c.service, {}}).second ? 0 : EEXIST;
  }
  int operator()(const ipvs::EditService& c) const {
    ipvs::Table::Entry* entry = find(c.service.key);
    if (entry == nullptr) return ESRCH;
    entry->service = c.service;
    return 0;
  }
  int operator()(const ipvs::DeleteService& c) const { return table.services.erase(c.key) == 1 ? 0 : ESRCH; }

  int operator()(const ipvs::AddDestination& c) const {
    ipvs::Table::Entry* entry = find(c.service);
    if (entry == nullptr) return ESRCH;
    if (mixed(c.service, c.destination.key) && !table.daemons.empty()) return EINVAL;
    return entry->destinations.try_emplace(c.destination.key, c.destination).second ? 0 : EEXIST;
  }
  int operator()(const ipvs::EditDestination& c) const {
    ipvs::Table::Entry* entry = find(c.service);
    if (entry == nullptr) return ESRCH;
    const auto found = entry->destinations.find(c.destination.key);
    if (found == entry->destinations.end()) return ENOENT;
    found->second = c.destination;
    return 0;
  }
  int operator()(const ipvs::DeleteDestination& c) const {
    ipvs::Table::Entry* entry = find(c.service);
    if (entry == nullptr) return ESRCH;
    return entry->destinations.erase(c.key) == 1 ? 0 : ENOENT;
  }

  int operator()(const ipvs::Zero& /*unused*/) const { return 0; }
  int operator()(const ipvs::Flush& /*unused*/) const {
    table.services.clear();
    return 0;
  }
  int operator()(const ipvs::SetTimeouts& c) const {
    table.timeouts = kept(table.timeouts.value_or(ipvs::Timeouts{}), c.timeouts);
    return 0;
  }

  int operator()(const ipvs::StartDaemon& c) const {
    if (any_mixed()) return EINVAL;
    return table.daemons.try_emplace(c.daemon.role, filled_in(c.daemon)).second ? 0 : EEXIST;
  }
  int operator()(const ipvs::StopDaemon& c) const { return table.daemons.erase(c.role) == 1 ? 0 : ESRCH; }

  static bool mixed(const ipvs::ServiceKey& service, const ipvs::DestinationKey& destination) {
    return service.family != destination.address.family();
  }
  static bool any_mixed(const ipvs::Table::Entry& entry) {
    return std::ranges::any_of(entry.destinations,
                               [&](const auto& named) { return mixed(entry.service.key, named.first); });
  }
  bool any_mixed() const {
    return std::ranges::any_of(table.services, [](const auto& named) { return any_mixed(named.second); });
  }

  /// Zeroes keep what is.
  static ipvs::Timeouts kept(const ipvs::Timeouts& is, const ipvs::Timeouts& set) {
    const auto either = [](auto was, auto now) { return now.count() == 0 ? was : now; };
    return {either(is.tcp, set.tcp), either(is.tcp_fin, set.tcp_fin), either(is.udp, set.udp)};
  }

  /// A daemon as the kernel lists it, on an interface with an MTU of 1,500.
  static ipvs::Daemon filled_in(ipvs::Daemon daemon) {
    if (!daemon.multicast_group) daemon.multicast_group = ipvs::Address::v4(0xe0000051);
    if (daemon.multicast_port == 0) daemon.multicast_port = 8848;
    if (daemon.multicast_ttl == 0) daemon.multicast_ttl = 1;
    const bool v6 = daemon.multicast_group->is_v6();
    const int least = daemon.role == ipvs::DaemonRole::backup ? 1024 : 1;
    const int length =
        daemon.sync_maxlen == 0 ? (v6 ? 1452 : 1472) : std::clamp<int>(daemon.sync_maxlen, least, v6 ? 65487 : 65507);
    daemon.sync_maxlen = static_cast<std::uint16_t>(length);
    return daemon;
  }

 private:
  ipvs::Table::Entry* find(const ipvs::ServiceKey& key) const {
    const auto found = table.services.find(key);
    return found == table.services.end() ? nullptr : &found->second;
  }
};
