// SPDX-License-Identifier: MIT
// Sync daemons on the real kernel: what it makes of their settings, and what it takes beside them.
#include <cerrno>
#include <cstdlib>

#include "client_fixture.hpp"

namespace {

struct Routes : Fixture {
  Routes() {
    REQUIRE(std::system("ip route add 224.0.0.0/4 dev lo && ip -6 route add ff00::/8 dev lo table local") == 0);
  }
};

ipvs::Daemon daemon_of(ipvs::DaemonRole role, const char* group) {
  ipvs::Daemon daemon;
  daemon.role = role;
  daemon.interface = "lo";
  daemon.multicast_group = Address::parse(group);
  return daemon;
}

constexpr ipvs::DaemonRole both_roles[] = {ipvs::DaemonRole::master, ipvs::DaemonRole::backup};

/// A web service with a server of its own family and one of the other, through a tunnel.
ipvs::Table mixed_families() {
  ipvs::Table table;
  table.add(Service(web));
  for (const char* address : {"10.1.1.1", "2001:db8::1"}) {
    Destination destination = server(address);
    destination.forwarding = ipvs::Forwarding::tunnel;
    table.add(web, destination);
  }
  return table;
}

}  // namespace

TEST_CASE_METHOD(Routes, "a daemon's message length is what the kernel makes of it, and that is no difference") {
  struct Length {
    std::uint16_t wanted;
    std::uint16_t master;
    std::uint16_t backup;
  };
  struct Group {
    const char* address;
    std::vector<Length> lengths;
  };
  // A backup takes what lo allows, with its MTU of 65,536.
  const std::vector<Group> groups = {
      {"224.0.0.81", {{0, 1472, 65507}, {1, 1, 1024}, {1023, 1023, 1024}, {1025, 1025, 1025}, {65535, 65507, 65507}}},
      {"ff02::81", {{0, 1452, 65487}, {500, 500, 1024}, {65487, 65487, 65487}, {65500, 65487, 65487}}},
  };
  Client client;
  for (const auto& [address, lengths] : groups) {
    for (const Length& length : lengths) {
      for (const ipvs::DaemonRole role : both_roles) {
        INFO(address << ", role " << static_cast<int>(role) << ", length " << length.wanted);
        ipvs::Table wanted;
        ipvs::Daemon& daemon = wanted.daemons[role] = daemon_of(role, address);
        daemon.sync_maxlen = length.wanted;
        carry_out(client, ipvs::diff(ipvs::read_table(client), wanted));
        const ipvs::Table present = ipvs::read_table(client);
        REQUIRE(present.daemons.contains(role));
        CHECK(present.daemons.at(role).sync_maxlen ==
              (role == ipvs::DaemonRole::master ? length.master : length.backup));
        CHECK(present.daemons.at(role).multicast_group == daemon.multicast_group);
        CHECK(ipvs::diff(present, wanted).empty());
        client.stop_daemon(role);
      }
    }
  }
}

TEST_CASE_METHOD(Routes, "a daemon is stopped whatever sync id is given") {
  Client client;
  ipvs::Daemon daemon = daemon_of(ipvs::DaemonRole::backup, "224.0.0.81");
  daemon.sync_id = 5;
  client.start_daemon(daemon);
  CHECK_NOTHROW(client.stop_daemon(ipvs::DaemonRole::backup, 6));
  CHECK(client.daemons().empty());
}

TEST_CASE_METHOD(Fixture, "daemon refusals say what is wrong") {
  Client client;
  const auto refused = [&](ipvs::DaemonRole role, const char* group) {
    return refusal_of([&] { client.start_daemon(daemon_of(role, group)); });
  };
  // To an IPv6 group there must be a route; to an IPv4 group the interface is enough, when it is up.
  CHECK(refused(ipvs::DaemonRole::master, "ff02::81") == Refusal{Operation::start_daemon, ENETUNREACH});
  REQUIRE(std::system("ip link set lo down") == 0);
  CHECK(refused(ipvs::DaemonRole::master, "224.0.0.81") == Refusal{Operation::start_daemon, ENETUNREACH});
  CHECK(client.daemons().empty());
  for (const ipvs::DaemonRole role : both_roles) {
    CHECK(refused(role, "10.0.0.1") == Refusal{Operation::start_daemon, EINVAL});
    CHECK(refused(role, "2001:db8::1") == Refusal{Operation::start_daemon, EINVAL});
    CHECK(refusal_of([&] { client.stop_daemon(role); }) == Refusal{Operation::stop_daemon, ESRCH});
  }
}

TEST_CASE_METHOD(Routes, "no daemon runs beside a destination of another family than its service") {
  Client client;
  const ipvs::Table mixed = mixed_families();
  const Destination& six = mixed.services.at(web).destinations.rbegin()->second;
  const ipvs::Daemon daemon = daemon_of(ipvs::DaemonRole::master, "224.0.0.81");
  carry_out(client, ipvs::diff(ipvs::read_table(client), mixed));
  CHECK(refusal_of([&] { client.start_daemon(daemon); }) == Refusal{Operation::start_daemon, EINVAL});

  client.delete_destination(web, six.key);
  client.start_daemon(daemon);
  CHECK(refusal_of([&] { client.add_destination(web, six); }) == Refusal{Operation::add_destination, EINVAL});
  CHECK(refusal_of([&] { client.edit_destination(web, six); }) == Refusal{Operation::edit_destination, EINVAL});
}

TEST_CASE_METHOD(Routes, "a table exchanges destinations of another family for a daemon, and back") {
  Client client;
  ipvs::Table mixed = mixed_families();
  // A whole service that has to go first, too.
  const ServiceKey mark = ServiceKey::mark(7, Family::ipv6);
  mixed.add(Service(mark));
  Destination four = server("10.1.1.2");
  four.forwarding = ipvs::Forwarding::tunnel;
  mixed.add(mark, four);
  carry_out(client, ipvs::diff(ipvs::read_table(client), mixed));

  ipvs::Table with_daemon;
  with_daemon.add(Service(web));
  with_daemon.daemons[ipvs::DaemonRole::master] = daemon_of(ipvs::DaemonRole::master, "224.0.0.81");
  const ipvs::Table before = ipvs::read_table(client);
  const auto changes = ipvs::diff(before, with_daemon);
  carry_out(client, changes);
  const ipvs::Table present = ipvs::read_table(client);
  CHECK(present.services == with_daemon.services);
  CHECK(ipvs::diff(present, with_daemon).empty());
  carry_out(client, ipvs::undo(changes, before));
  CHECK(ipvs::read_table(client) == before);
}
