// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <ipvs/error.hpp>
#include <ipvs/table.hpp>

#include "catch.hpp"
#include "table_model.hpp"

using namespace ipvs;

namespace {

using Changes = std::vector<Change>;

/// Random tables out of few names, so that two of them share some, and with every setting there is.
class Tables {
 public:
  explicit Tables(std::uint32_t seed) : random_(seed) {}

  /// `mixed`: destinations may be of another family than their service.
  Table table(bool mixed) {
    Table table;
    for (int i = below(6); i > 0; --i) {
      Table::Entry entry{service(), {}};
      for (int n = below(4); n > 0; --n) {
        const Destination server = destination(mixed && coin() ? family() : entry.service.key.family);
        entry.destinations[server.key] = server;
      }
      table.services[entry.service.key] = entry;
    }
    return table;
  }

  Timeouts timeouts(int least) {
    const auto time = [&] { return std::chrono::seconds(least + below(3)); };
    return {time(), time(), time()};
  }

  void add_daemons(Table& table) {
    for (const DaemonRole role : {DaemonRole::master, DaemonRole::backup}) {
      if (below(3) == 0) table.daemons[role] = daemon(role);
    }
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool coin() { return below(2) == 0; }

 private:
  Family family() { return coin() ? Family::ipv4 : Family::ipv6; }

  Address address(Family family) {
    const auto number = static_cast<std::uint8_t>(1 + below(2));
    return family == Family::ipv4 ? Address::v4(number) : Address::v6({0x20, 0x01, number});
  }

  std::uint16_t port() { return static_cast<std::uint16_t>(80 + below(2)); }

  Service service() {
    const Family wanted = family();
    Service service(below(3) == 0 ? ServiceKey::mark(static_cast<std::uint32_t>(1 + below(2)), wanted)
                                  : ServiceKey::of(coin() ? Protocol::tcp : Protocol::udp, address(wanted), port()));
    if (coin()) return service;
    service.scheduler = coin() ? "mh" : "none";
    service.scheduler_flags = static_cast<SchedulerFlags>(below(8) << 3);
    service.persistent = coin();
    service.persistence_timeout = std::chrono::seconds(below(3));
    if (coin()) service.netmask = wanted == Family::ipv4 ? 0xffffff00 : 64;
    if (coin()) service.persistence_engine = "sip";
    service.one_packet = coin();
    return service;
  }

  Destination destination(Family family) {
    Destination destination;
    destination.key = {address(family), port()};
    if (coin()) return destination;
    destination.forwarding = coin() ? Forwarding::tunnel : Forwarding::masquerade;
    destination.weight = below(2);
    destination.upper_threshold = static_cast<std::uint32_t>(1 + below(2));
    destination.lower_threshold = static_cast<std::uint32_t>(below(2));
    destination.tunnel_type = static_cast<TunnelType>(below(3));
    destination.tunnel_port = port();
    destination.tunnel_checksum = static_cast<TunnelChecksum>(below(3));
    return destination;
  }

  Daemon daemon(DaemonRole role) {
    Daemon daemon;
    daemon.role = role;
    daemon.interface = coin() ? "eth0" : "eth1";
    daemon.sync_id = static_cast<std::uint32_t>(below(2));
    if (coin()) return daemon;
    static constexpr std::uint16_t lengths[] = {0, 1, 1000, 1024, 65487, 65500, 65535};
    daemon.sync_maxlen = lengths[below(7)];
    daemon.multicast_group = Address::parse(coin() ? "224.0.0.81" : "ff02::81");
    daemon.multicast_port = static_cast<std::uint16_t>(below(2));
    daemon.multicast_ttl = static_cast<std::uint8_t>(below(2));
    return daemon;
  }

  std::mt19937 random_;
};

/// A table as it is, and one to be reached from it; that the kernel can go there.
struct Way {
  Table from;
  Table to;
};

Way random_way(Tables& tables) {
  Way way;
  // No daemon runs beside mixed families, before or after.
  const bool daemons_before = tables.coin();
  const bool daemons_after = tables.coin();
  way.from = tables.table(!daemons_before);
  way.to = tables.table(!daemons_before && !daemons_after);
  way.from.timeouts = tables.timeouts(1);
  if (tables.coin()) way.to.timeouts = tables.timeouts(0);
  if (daemons_before) tables.add_daemons(way.from);
  if (daemons_after) tables.add_daemons(way.to);
  for (auto& [role, daemon] : way.from.daemons) daemon = TableModel::filled_in(daemon);
  // Some stay as they are.
  for (const auto& [key, entry] : way.from.services) {
    if (tables.coin() && (way.to.daemons.empty() || !TableModel::any_mixed(entry))) way.to.services[key] = entry;
  }
  return way;
}

/// Whether a running daemon is already as wanted, what is left open being as it runs.
bool runs_already(const Daemon& running, Daemon wanted) {
  if (!wanted.multicast_group) wanted.multicast_group = running.multicast_group;
  if (wanted.sync_maxlen == 0) wanted.sync_maxlen = running.sync_maxlen;
  if (wanted.multicast_port == 0) wanted.multicast_port = running.multicast_port;
  if (wanted.multicast_ttl == 0) wanted.multicast_ttl = running.multicast_ttl;
  return TableModel::filled_in(wanted) == running;
}

/// The kernel's table when `to` was reached from `from`.
Table reached(const Way& way) {
  Table table{way.to.services, way.from.timeouts, way.from.daemons};
  if (way.to.timeouts) table.timeouts = TableModel::kept(*way.from.timeouts, *way.to.timeouts);
  for (const auto& [role, daemon] : way.to.daemons) {
    const auto running = table.daemons.find(role);
    if (running != table.daemons.end() && runs_already(running->second, daemon)) continue;
    table.daemons[role] = TableModel::filled_in(daemon);
  }
  return table;
}

/// What `changes` make of `table`; none may be refused.
Table carried_out(Table table, std::span<const Change> changes) {
  for (const Change& change : changes) REQUIRE(std::visit(TableModel{table}, change) == 0);
  return table;
}

/// The same without the change of this number; others may be refused then.
Table carried_out_without(Table table, const Changes& changes, std::size_t left_out) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i != left_out) std::visit(TableModel{table}, changes[i]);
  }
  return table;
}

bool starts_a_daemon(const Changes& changes) {
  return std::ranges::any_of(changes, [](const Change& c) { return std::holds_alternative<StartDaemon>(c); });
}

/// Whether a deletion takes away what no daemon can start beside.
bool makes_way(const Change& change, const Table& from) {
  if (const auto* c = std::get_if<DeleteDestination>(&change)) return TableModel::mixed(c->service, c->key);
  if (const auto* c = std::get_if<DeleteService>(&change)) return TableModel::any_mixed(from.services.at(c->key));
  return false;
}

/// The place of a change among the others, as table.hpp promises.
int rank(const Change& change, const Table& from, bool daemon_starts) {
  if (daemon_starts && makes_way(change, from)) return 5;
  static constexpr int ranks[] = {0, 2, 8, 1, 3, 7, -1, -1, 4, 6, 6};
  static_assert(std::size(ranks) == std::variant_size_v<Change>);
  return ranks[change.index()];
}

void check_order(const Changes& changes, const Table& from) {
  const bool daemon_starts = starts_a_daemon(changes);
  int last = 0;
  for (const Change& change : changes) {
    const int place = rank(change, from, daemon_starts);
    REQUIRE(place >= last);
    last = place;
  }
}

const ServiceKey web = ServiceKey::tcp(Address::v4(0x0a000001), 80);

Destination server(const char* address) {
  Destination destination;
  destination.key = {*Address::parse(address), 80};
  destination.forwarding = Forwarding::tunnel;
  return destination;
}

Table table_of(const ServiceKey& key, std::initializer_list<const char*> servers) {
  Table table;
  table.add(Service(key));
  for (const char* address : servers) table.add(key, server(address));
  return table;
}

Daemon daemon_on(const char* interface, DaemonRole role = DaemonRole::master) {
  Daemon daemon;
  daemon.role = role;
  daemon.interface = interface;
  return daemon;
}

}  // namespace

TEST_CASE("a diff carried out turns one table into the other, in order, without a redundant change") {
  const std::uint32_t seed = 1;
  Tables tables(seed);
  for (int i = 0; i < 2000; ++i) {
    INFO("round " << i << ", seed " << seed);
    const Way way = random_way(tables);
    const Changes changes = diff(way.from, way.to);
    const Table present = carried_out(way.from, changes);
    REQUIRE(present == reached(way));
    REQUIRE(diff(present, way.to).empty());
    REQUIRE(diff(way.from, way.from).empty());
    REQUIRE(diff(way.to, way.to).empty());
    check_order(changes, way.from);
    for (std::size_t left_out = 0; left_out < changes.size(); ++left_out) {
      REQUIRE(carried_out_without(way.from, changes, left_out) != present);
    }
  }
}

TEST_CASE("whatever part of a diff was carried out can be undone") {
  const std::uint32_t seed = 2;
  Tables tables(seed);
  for (int i = 0; i < 1000; ++i) {
    INFO("round " << i << ", seed " << seed);
    const Way way = random_way(tables);
    const Changes changes = diff(way.from, way.to);
    for (std::size_t count = 0; count <= changes.size(); ++count) {
      const std::span<const Change> done(changes.data(), count);
      const Table present = carried_out(way.from, done);
      REQUIRE(carried_out(present, undo(done, way.from)) == way.from);
    }
  }
}

TEST_CASE("a daemon is started anew only when what was asked for differs") {
  Table from;
  Table to;
  const Daemon wanted = daemon_on("eth0");
  to.daemons[wanted.role] = wanted;
  CHECK(diff(from, to) == Changes{StartDaemon{wanted}});
  from.daemons[wanted.role] = TableModel::filled_in(wanted);
  CHECK(diff(from, to).empty());
  CHECK(diff(from, Table()).empty());
  const auto differs = [&](const Daemon& changed) {
    to.daemons[wanted.role] = changed;
    return diff(from, to) == Changes{StopDaemon{DaemonRole::master, 0}, StartDaemon{changed}};
  };
  CHECK(differs(daemon_on("eth1")));
  Daemon other = wanted;
  other.sync_id = 1;
  CHECK(differs(other));
  other = wanted;
  other.sync_maxlen = 1000;
  CHECK(differs(other));
  other = wanted;
  other.multicast_group = Address::parse("224.0.0.82");
  CHECK(differs(other));
  other = wanted;
  other.multicast_port = 99;
  CHECK(differs(other));
  other = wanted;
  other.multicast_ttl = 2;
  CHECK(differs(other));
}

TEST_CASE("what the kernel makes of a message length is no difference") {
  for (const DaemonRole role : {DaemonRole::master, DaemonRole::backup}) {
    for (const char* group : {"224.0.0.81", "ff02::81"}) {
      for (const int length : {1, 1023, 1024, 1025, 65486, 65487, 65488, 65507, 65508, 65535}) {
        Table to;
        Daemon& daemon = to.daemons[role] = daemon_on("eth0", role);
        daemon.sync_maxlen = static_cast<std::uint16_t>(length);
        daemon.multicast_group = Address::parse(group);
        Table from;
        from.daemons[role] = TableModel::filled_in(daemon);
        INFO("role " << static_cast<int>(role) << ", group " << group << ", length " << length);
        CHECK(diff(from, to).empty());
        from.daemons[role].sync_maxlen = 1200;
        CHECK(diff(from, to).size() == 2);
      }
    }
  }
}

TEST_CASE("only what keeps a daemon from starting is deleted before it") {
  Table from = table_of(web, {"10.1.1.1", "2001:db8::1"});
  from.services.merge(table_of(ServiceKey::mark(1), {"2001:db8::1"}).services);
  from.services.merge(table_of(ServiceKey::mark(2), {"10.1.1.1"}).services);
  Table to = table_of(web, {});
  const Daemon daemon = daemon_on("eth0");
  to.daemons[daemon.role] = daemon;
  CHECK(diff(from, to) == Changes{DeleteDestination{web, server("2001:db8::1").key}, DeleteService{ServiceKey::mark(1)},
                                  StartDaemon{daemon}, DeleteDestination{web, server("10.1.1.1").key},
                                  DeleteService{ServiceKey::mark(2)}});
  to.daemons.clear();
  CHECK(diff(from, to) == Changes{DeleteDestination{web, server("10.1.1.1").key},
                                  DeleteDestination{web, server("2001:db8::1").key}, DeleteService{ServiceKey::mark(1)},
                                  DeleteService{ServiceKey::mark(2)}});
}

TEST_CASE("a server that an old kernel reports as local is no difference") {
  Table from = table_of(web, {"10.1.1.1"});
  const Table to = from;
  Destination& reported = from.services[web].destinations.begin()->second;
  reported.forwarding = Forwarding::local;
  CHECK(diff(from, to).empty());
  reported.weight = 7;
  CHECK(diff(from, to) == Changes{EditDestination{web, server("10.1.1.1")}});
}

TEST_CASE("a destination that was added to a rival's service is deleted when that is undone") {
  // Somebody else added the service between our reading and our changes, so ours was refused.
  const AddDestination added{web, server("10.1.1.1")};
  CHECK(undo(Changes{added}, Table()) == Changes{DeleteDestination{web, added.destination.key}});
  // Our own is deleted with all that is in it.
  CHECK(undo(Changes{AddService{Service(web)}, added}, Table()) == Changes{DeleteService{web}});
}

TEST_CASE("what is added to a table stands under its own key, and what can't be added is refused as the kernel does") {
  Table table = table_of(web, {"10.1.1.1"});
  REQUIRE(table.services.size() == 1);
  CHECK(table.services.at(web).service == Service(web));
  CHECK(table.services.at(web).destinations.at(server("10.1.1.1").key) == server("10.1.1.1"));

  const Table before = table;
  const auto refusal = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return std::pair(error.operation(), error.error_number());
    }
    return std::pair(Operation::flush, 0);
  };
  CHECK(refusal([&] { table.add(Service(web, "rr")); }) == std::pair(Operation::add_service, EEXIST));
  Destination heavier = server("10.1.1.1");
  heavier.weight = 7;
  CHECK(refusal([&] { table.add(web, heavier); }) == std::pair(Operation::add_destination, EEXIST));
  const ServiceKey absent = ServiceKey::mark(9);
  CHECK(refusal([&] { table.add(absent, heavier); }) == std::pair(Operation::add_destination, ESRCH));
  CHECK(table == before);
}

TEST_CASE("flushing is undone, zeroing can't be") {
  Table before = table_of(web, {"10.1.1.1"});
  CHECK(carried_out(Table(), undo(Changes{Flush{}}, before)) == before);
  CHECK(undo(Changes{Zero{}, Zero{web}}, before).empty());
}
