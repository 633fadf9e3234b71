// SPDX-License-Identifier: MIT
#include <random>

#include <ipvs/table.hpp>

#include "catch.hpp"

using namespace ipvs;

namespace {

class Tables {
 public:
  explicit Tables(std::uint64_t seed) : random_(seed) {}
  Table table() {
    Table table;
    for (int i = below(6); i > 0; --i) {
      // Few keys, so that two tables share some.
      const auto key = ServiceKey::tcp(Address::v4(1), static_cast<std::uint16_t>(1 + below(6)));
      Table::Entry entry;
      entry.service = Service(key, below(2) == 0 ? "rr" : "wlc");
      for (int n = below(4); n > 0; --n) {
        Destination destination;
        destination.key = {Address::v4(static_cast<std::uint32_t>(1 + below(4))), 80};
        destination.weight = below(3);
        entry.destinations[destination.key] = destination;
      }
      table.services[key] = entry;
    }
    if (below(3) == 0)
      table.timeouts = Timeouts{std::chrono::seconds(1 + below(3)), std::chrono::seconds(1), std::chrono::seconds(1)};
    return table;
  }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  std::mt19937_64 random_;
};

/// What the kernel would do; fails the test where the kernel would refuse.
struct Model {
  Table& table;
  void operator()(const AddService& c) const {
    REQUIRE(table.services.try_emplace(c.service.key, Table::Entry{c.service, {}}).second);
  }
  void operator()(const EditService& c) const {
    REQUIRE(table.services.contains(c.service.key));
    REQUIRE(table.services[c.service.key].service != c.service);
    table.services[c.service.key].service = c.service;
  }
  void operator()(const DeleteService& c) const { REQUIRE(table.services.erase(c.key) == 1); }
  void operator()(const AddDestination& c) const {
    REQUIRE(table.services.contains(c.service));
    REQUIRE(table.services[c.service].destinations.try_emplace(c.destination.key, c.destination).second);
  }
  void operator()(const EditDestination& c) const {
    REQUIRE(table.services.contains(c.service));
    auto& destinations = table.services[c.service].destinations;
    REQUIRE(destinations.contains(c.destination.key));
    REQUIRE(destinations[c.destination.key] != c.destination);
    destinations[c.destination.key] = c.destination;
  }
  void operator()(const DeleteDestination& c) const {
    REQUIRE(table.services.contains(c.service));
    REQUIRE(table.services[c.service].destinations.erase(c.key) == 1);
  }
  void operator()(const SetTimeouts& c) const { table.timeouts = c.timeouts; }
  template <typename Other>
  void operator()(const Other&) const {
    FAIL("a diff of tables without daemons has no such change");
  }
};

}  // namespace

TEST_CASE("a diff carried out turns one table into the other, without a redundant change, and can be undone") {
  const std::uint64_t seed = 1;
  Tables tables(seed);
  for (int i = 0; i < 3000; ++i) {
    INFO("round " << i << ", seed " << seed);
    Table from = tables.table();
    if (!from.timeouts) from.timeouts = Timeouts{};
    const Table to = tables.table();
    const auto changes = diff(from, to);
    Table present = from;
    for (const Change& change : changes) std::visit(Model{present}, change);
    REQUIRE(present.services == to.services);
    if (to.timeouts) REQUIRE(present.timeouts == to.timeouts);
    REQUIRE(diff(present, to).empty());
    REQUIRE(diff(from, from).empty());
    for (const Change& change : undo(changes, from)) std::visit(Model{present}, change);
    REQUIRE(present.services == from.services);
    REQUIRE(present.timeouts == from.timeouts);
  }
}

TEST_CASE("a daemon is started anew only when what was asked for differs") {
  Table from;
  Table to;
  Daemon wanted;
  wanted.interface = "eth0";
  to.daemons[wanted.role] = wanted;
  CHECK(diff(from, to) == std::vector<Change>{StartDaemon{wanted}});
  Daemon running = wanted;
  running.sync_maxlen = 1472;
  running.multicast_port = 8848;
  running.multicast_ttl = 1;
  running.multicast_group = Address::parse("224.0.0.81");
  from.daemons[running.role] = running;
  CHECK(diff(from, to).empty());
  to.daemons[wanted.role].multicast_port = 99;
  CHECK(diff(from, to) == std::vector<Change>{StopDaemon{DaemonRole::master, 0}, StartDaemon{to.daemons[wanted.role]}});
  CHECK(diff(from, Table()).empty());
}
