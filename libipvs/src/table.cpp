// SPDX-License-Identifier: MIT
#include "ipvs/table.hpp"

#include <algorithm>
#include <cerrno>
#include <compare>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "ipvs/client.hpp"
#include "ipvs/error.hpp"

namespace ipvs {
namespace {

/// Whether the kernel's `is` does what `wanted` asks for.
bool same(const Destination& is, const Destination& wanted) {
  Destination comparable = is;
  // Old kernels report a server on this machine as local, whatever was set.
  if (comparable.forwarding == Forwarding::local) comparable.forwarding = wanted.forwarding;
  return comparable == wanted;
}

/// What the kernel makes of a message length (Linux 6.1): at most what fits a packet after the IP and UDP headers.
std::uint16_t kept_maxlen(std::uint16_t wanted, const Daemon& running) {
  constexpr std::uint16_t most_over_v4 = 65535 - 20 - 8;
  constexpr std::uint16_t most_over_v6 = 65535 - 40 - 8;
  const std::uint16_t least = running.role == DaemonRole::backup ? 1024 : 1;
  const bool over_v6 = running.multicast_group && running.multicast_group->is_v6();
  return std::clamp(wanted, least, over_v6 ? most_over_v6 : most_over_v4);
}

bool same(const Daemon& is, const Daemon& wanted) {
  // What was not asked for has been filled in by the kernel.
  return is.role == wanted.role && is.interface == wanted.interface && is.sync_id == wanted.sync_id &&
         (wanted.sync_maxlen == 0 || is.sync_maxlen == wanted.sync_maxlen ||
          is.sync_maxlen == kept_maxlen(wanted.sync_maxlen, is)) &&
         (!wanted.multicast_group || is.multicast_group == wanted.multicast_group) &&
         (wanted.multicast_port == 0 || is.multicast_port == wanted.multicast_port) &&
         (wanted.multicast_ttl == 0 || is.multicast_ttl == wanted.multicast_ttl);
}

bool same(const Timeouts& is, const Timeouts& wanted) {
  const auto fits = [](std::chrono::seconds a, std::chrono::seconds b) { return b.count() == 0 || a == b; };
  return fits(is.tcp, wanted.tcp) && fits(is.tcp_fin, wanted.tcp_fin) && fits(is.udp, wanted.udp);
}

/// The kernel starts no sync daemon while there is such a destination (EINVAL, Linux 6.1).
bool is_mixed(const ServiceKey& service, const DestinationKey& destination) {
  return destination.address.family() != service.family;
}

/// The changes by kind; they are joined in the order of the members.
struct Sorted {
  std::vector<Change> add_services;
  std::vector<Change> add_destinations;
  std::vector<Change> edit_services;
  std::vector<Change> edit_destinations;
  std::vector<Change> timeouts;
  std::vector<Change> make_way;  ///< deletions without which the daemons can't start
  std::vector<Change> daemons;
  std::vector<Change> delete_destinations;
  std::vector<Change> delete_services;

  /// Where a deletion belongs whose place is `last` if no daemon needs it earlier. Call it when the daemons are known.
  std::vector<Change>& deletions(bool mixed, std::vector<Change>& last) {
    return mixed && !daemons.empty() ? make_way : last;
  }

  std::vector<Change> join() && {
    std::vector<Change> all;
    for (std::vector<Change>* kind : {&add_services, &add_destinations, &edit_services, &edit_destinations, &timeouts,
                                      &make_way, &daemons, &delete_destinations, &delete_services}) {
      std::ranges::move(*kind, std::back_inserter(all));
    }
    return all;
  }
};

void add_entry(Sorted& out, const Table::Entry& entry) {
  out.add_services.emplace_back(AddService{entry.service});
  for (const auto& [name, destination] : entry.destinations) {
    out.add_destinations.emplace_back(AddDestination{entry.service.key, destination});
  }
}

/// Walks through two maps side by side: calls `leaves` for what `from` alone has, `comes` for what `to` alone has, and
/// `stays` for what both have.
template <typename Map, typename Leaves, typename Comes, typename Stays>
void walk(const Map& from, const Map& to, Leaves leaves, Comes comes, Stays stays) {
  auto old = from.begin();
  auto wanted = to.begin();
  while (old != from.end() || wanted != to.end()) {
    const auto order = old == from.end()    ? std::strong_ordering::greater
                       : wanted == to.end() ? std::strong_ordering::less
                                            : old->first <=> wanted->first;
    if (order < 0) {
      leaves(*old++);
    } else if (order > 0) {
      comes(*wanted++);
    } else {
      stays(old++->second, wanted++->second);
    }
  }
}

void change_entry(Sorted& out, const Table::Entry& from, const Table::Entry& to) {
  const ServiceKey& key = to.service.key;
  if (from.service != to.service) out.edit_services.emplace_back(EditService{to.service});
  walk(
      from.destinations, to.destinations,
      [&](const auto& named) {
        out.deletions(is_mixed(key, named.first), out.delete_destinations)
            .emplace_back(DeleteDestination{key, named.first});
      },
      [&](const auto& named) {
        out.add_destinations.emplace_back(AddDestination{key, named.second});
      },
      [&](const Destination& is, const Destination& wanted) {
        if (!same(is, wanted)) out.edit_destinations.emplace_back(EditDestination{key, wanted});
      });
}

void delete_entry(Sorted& out, const Table::Entry& entry) {
  const ServiceKey& key = entry.service.key;
  const bool mixed =
      std::ranges::any_of(entry.destinations, [&](const auto& named) { return is_mixed(key, named.first); });
  // A deleted service takes its destinations along.
  out.deletions(mixed, out.delete_services).emplace_back(DeleteService{key});
}

void change_daemons(Sorted& out, const Table& from, const Table& to) {
  for (const auto& [role, daemon] : to.daemons) {
    const auto running = from.daemons.find(role);
    if (running != from.daemons.end()) {
      if (same(running->second, daemon)) continue;
      out.daemons.emplace_back(StopDaemon{role, running->second.sync_id});
    }
    out.daemons.emplace_back(StartDaemon{daemon});
  }
}

/// Takes one change back. Each function gives the changes in the order in which they are to be made.
struct Undo {
  const Table& before;
  std::set<ServiceKey> added;  ///< services that `done` itself added; somebody else may have added more
  std::vector<Change>& out;

  void operator()(const AddService& c) const { out.emplace_back(DeleteService{c.service.key}); }
  void operator()(const EditService& c) const {
    if (const Table::Entry* entry = find(c.service.key)) out.emplace_back(EditService{entry->service});
  }
  void operator()(const DeleteService& c) const {
    const Table::Entry* entry = find(c.key);
    if (entry == nullptr) return;
    out.emplace_back(AddService{entry->service});
    for (const auto& [name, destination] : entry->destinations) {
      out.emplace_back(AddDestination{c.key, destination});
    }
  }
  void operator()(const AddDestination& c) const {
    // A service that was added is deleted with its destinations.
    if (!added.contains(c.service)) out.emplace_back(DeleteDestination{c.service, c.destination.key});
  }
  void operator()(const EditDestination& c) const {
    if (const Destination* destination = find(c.service, c.destination.key)) {
      out.emplace_back(EditDestination{c.service, *destination});
    }
  }
  void operator()(const DeleteDestination& c) const {
    if (const Destination* destination = find(c.service, c.key)) {
      out.emplace_back(AddDestination{c.service, *destination});
    }
  }
  void operator()(const Zero& /*unused*/) const {}  // counters can't be brought back
  void operator()(const Flush& /*unused*/) const {
    for (const auto& [key, entry] : before.services) (*this)(DeleteService{key});
  }
  void operator()(const SetTimeouts& /*unused*/) const {
    if (before.timeouts) out.emplace_back(SetTimeouts{*before.timeouts});
  }
  void operator()(const StartDaemon& c) const { out.emplace_back(StopDaemon{c.daemon.role, c.daemon.sync_id}); }
  void operator()(const StopDaemon& c) const {
    const auto daemon = before.daemons.find(c.role);
    if (daemon != before.daemons.end()) out.emplace_back(StartDaemon{daemon->second});
  }

  const Table::Entry* find(const ServiceKey& key) const {
    const auto found = before.services.find(key);
    return found == before.services.end() ? nullptr : &found->second;
  }
  const Destination* find(const ServiceKey& key, const DestinationKey& name) const {
    const Table::Entry* entry = find(key);
    if (entry == nullptr) return nullptr;
    const auto found = entry->destinations.find(name);
    return found == entry->destinations.end() ? nullptr : &found->second;
  }
};

}  // namespace

void Table::add(Service service) {
  const ServiceKey key = service.key;
  if (!services.try_emplace(key, Entry{std::move(service), {}}).second) throw Error(Operation::add_service, EEXIST);
}

void Table::add(const ServiceKey& key, const Destination& destination) {
  const auto found = services.find(key);
  if (found == services.end()) throw Error(Operation::add_destination, ESRCH);
  const bool added = found->second.destinations.try_emplace(destination.key, destination).second;
  if (!added) throw Error(Operation::add_destination, EEXIST);
}

Table read_table(Client& client) {
  Table table;
  // All services first: what they were listed in is gone before there are destinations.
  for (ServiceEntry& entry : client.services()) {
    const ServiceKey key = entry.service.key;
    table.services.try_emplace(key, Table::Entry{std::move(entry.service), {}});
  }
  for (auto service = table.services.begin(); service != table.services.end();) {
    auto& [key, entry] = *service;
    try {
      for (const DestinationEntry& destination : client.destinations(key)) {
        // The kernel lists them in the order in which they were added.
        entry.destinations.try_emplace(entry.destinations.end(), destination.destination.key, destination.destination);
      }
      ++service;
    } catch (const Error& error) {
      if (error.error_number() != ESRCH) throw;
      service = table.services.erase(service);
    }
  }
  table.timeouts = client.timeouts();
  for (const Daemon& daemon : client.daemons()) table.daemons.emplace(daemon.role, daemon);
  return table;
}

std::vector<Change> diff(const Table& from, const Table& to) {
  Sorted changes;
  change_daemons(changes, from, to);
  walk(
      from.services, to.services, [&](const auto& named) { delete_entry(changes, named.second); },
      [&](const auto& named) { add_entry(changes, named.second); },
      [&](const Table::Entry& is, const Table::Entry& wanted) { change_entry(changes, is, wanted); });
  if (to.timeouts && !same(from.timeouts.value_or(Timeouts{}), *to.timeouts)) {
    changes.timeouts.emplace_back(SetTimeouts{*to.timeouts});
  }
  return std::move(changes).join();
}

std::vector<Change> undo(std::span<const Change> done, const Table& before) {
  std::vector<Change> changes;
  Undo undo_one{before, {}, changes};
  for (const Change& change : done) {
    if (const auto* addition = std::get_if<AddService>(&change)) undo_one.added.insert(addition->service.key);
  }
  // No views in this file: Clang 14 can't compile libstdc++ 12's.
  std::for_each(done.rbegin(), done.rend(), [&](const Change& change) { std::visit(undo_one, change); });
  return changes;
}

}  // namespace ipvs
