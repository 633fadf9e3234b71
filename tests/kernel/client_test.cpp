// SPDX-License-Identifier: MIT
// Every call of ipvs::Client against the real kernel, refusals included. Root only.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <ipvs/ipvs.hpp>

#include "catch.hpp"
#include "client_fixture.hpp"

namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(engine_);
  }
  bool coin() { return below(2) == 0; }

  Service service() {
    const Family family = coin() ? Family::ipv4 : Family::ipv6;
    ServiceKey key;
    switch (below(3)) {
      case 0: key = ServiceKey::mark(1 + below(0xffffffff), family); break;
      case 1: key = ServiceKey::udp(address(family), static_cast<std::uint16_t>(1 + below(65535))); break;
      default: key = ServiceKey::tcp(address(family), static_cast<std::uint16_t>(1 + below(65535)));
    }
    static const std::vector<std::string> schedulers = {"rr", "wrr", "lc",  "wlc", "fo",
                                                        "sh", "mh",  "sed", "nq",  "none"};
    Service service(key, schedulers[below(10)]);
    service.scheduler_flags = static_cast<ipvs::SchedulerFlags>(below(8) << 3);
    service.persistent = coin();
    if (service.persistent) service.persistence_timeout = std::chrono::seconds(1 + below(2678400));
    if (coin()) service.netmask = family == Family::ipv4 ? 0xffffffffU << below(32) : 1 + below(128);
    if (below(4) == 0) service.persistence_engine = "sip";
    service.one_packet = coin();
    return service;
  }

  Destination destination(Family family) {
    Destination destination;
    destination.key = {address(family), static_cast<std::uint16_t>(below(65536))};
    static const std::vector<ipvs::Forwarding> methods = {ipvs::Forwarding::masquerade, ipvs::Forwarding::tunnel,
                                                          ipvs::Forwarding::direct_route};
    destination.forwarding = methods[below(3)];
    destination.weight = static_cast<std::int32_t>(below(0x80000000U));
    destination.upper_threshold = below(0x80000000U);
    destination.lower_threshold = destination.upper_threshold == 0 ? 0 : below(destination.upper_threshold);
    if (destination.forwarding == ipvs::Forwarding::tunnel) {
      destination.tunnel_type = static_cast<ipvs::TunnelType>(below(3));
      if (destination.tunnel_type == ipvs::TunnelType::gue) {
        destination.tunnel_port = static_cast<std::uint16_t>(1 + below(65535));
      }
      if (destination.tunnel_type != ipvs::TunnelType::ipip) {
        destination.tunnel_checksum = static_cast<ipvs::TunnelChecksum>(below(2));
      }
    }
    return destination;
  }

 private:
  Address address(Family family) {
    if (family == Family::ipv4) return Address::v4(0x0a000000 + below(0x00ffffff) + 1);
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
    for (std::size_t i = 8; i < 16; ++i) bytes[i] = static_cast<std::uint8_t>(below(256));
    return Address::v6(bytes);
  }
  std::mt19937_64 engine_;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "info returns version and table size") {
  const ipvs::Info info = Client().info();
  CHECK(info.version_major == 1);
  CHECK(info.version_minor == 2);
  // "IP Virtual Server version 1.2.1 (size=4096)"; 0 in an empty namespace from Linux 7.1 on.
  std::ifstream file("/proc/thread-self/net/ip_vs");
  std::string header;
  std::getline(file, header);
  CHECK(header.ends_with("(size=" + std::to_string(info.connection_table_size) + ")"));
}

TEST_CASE_METHOD(Fixture, "a fresh namespace has no services, daemons or destinations") {
  Client client;
  CHECK(client.services().empty());
  CHECK(client.daemons().empty());
}

TEST_CASE_METHOD(Fixture, "services are added, read, edited and deleted") {
  Client client;
  Service service(web, "rr");
  client.add_service(service);
  CHECK(client.service(web).service == service);
  CHECK(client.service(web).stats == ipvs::Stats{});

  service.scheduler = "wlc";
  service.persistent = true;
  service.persistence_timeout = std::chrono::seconds(77);
  service.netmask = 0xffffff00;
  client.edit_service(service);
  REQUIRE(client.services().size() == 1);
  CHECK(client.services()[0].service == service);

  client.delete_service(web);
  CHECK(client.services().empty());
}

TEST_CASE_METHOD(Fixture, "service refusals say what is wrong") {
  Client client;
  client.add_service(Service(web));
  const ServiceKey absent = ServiceKey::tcp(v4("10.0.0.2"), 80);
  CHECK(refusal_of([&] { client.add_service(Service(web)); }) == Refusal{Operation::add_service, EEXIST});
  CHECK(refusal_of([&] { client.edit_service(Service(absent)); }) == Refusal{Operation::edit_service, ESRCH});
  CHECK(refusal_of([&] { client.delete_service(absent); }) == Refusal{Operation::delete_service, ESRCH});
  CHECK(refusal_of([&] { client.service(absent); }) == Refusal{Operation::get_service, ESRCH});
  CHECK(refusal_of([&] { client.zero(absent); }) == Refusal{Operation::zero, ESRCH});
  CHECK(refusal_of([&] { client.destinations(absent); }) == Refusal{Operation::list_destinations, ESRCH});
  CHECK(refusal_of([&] { client.add_service(Service(absent, "nope")); }) == Refusal{Operation::add_service, ENOENT});
  CHECK(refusal_of([&] { client.add_service(Service(absent, std::string(300, 'x'))); }) ==
        Refusal{Operation::add_service, ENOENT});
  Service odd_engine(absent);
  odd_engine.persistence_engine = "nope";
  CHECK(refusal_of([&] { client.add_service(odd_engine); }) == Refusal{Operation::add_service, ENOENT});
  Service bad_prefix(ServiceKey::tcp(v6("2001:db8::1"), 80));
  bad_prefix.netmask = 129;
  CHECK(refusal_of([&] { client.add_service(bad_prefix); }) == Refusal{Operation::add_service, EINVAL});
}

TEST_CASE_METHOD(Fixture, "destinations are added, read, edited and deleted") {
  Client client;
  client.add_service(Service(web));
  CHECK(client.destinations(web).empty());
  Destination destination = server("10.1.1.1", 8080);
  client.add_destination(web, destination);
  REQUIRE(client.destinations(web).size() == 1);
  CHECK(client.destinations(web)[0].destination == destination);
  CHECK(client.destinations(web)[0].active_connections == 0);

  destination.weight = 0;
  destination.upper_threshold = 10;
  destination.lower_threshold = 5;
  client.edit_destination(web, destination);
  CHECK(client.destinations(web)[0].destination == destination);
  client.delete_destination(web, destination.key);
  CHECK(client.destinations(web).empty());
}

TEST_CASE_METHOD(Fixture, "destination refusals distinguish a missing service from a missing destination") {
  Client client;
  client.add_service(Service(web));
  client.add_destination(web, server("10.1.1.1"));
  const ServiceKey absent = ServiceKey::udp(v4("10.0.0.1"), 80);
  const Destination other = server("10.1.1.2");
  CHECK(refusal_of([&] { client.add_destination(web, server("10.1.1.1")); }) ==
        Refusal{Operation::add_destination, EEXIST});
  CHECK(refusal_of([&] { client.add_destination(absent, other); }) == Refusal{Operation::add_destination, ESRCH});
  CHECK(refusal_of([&] { client.edit_destination(absent, other); }) == Refusal{Operation::edit_destination, ESRCH});
  CHECK(refusal_of([&] { client.edit_destination(web, other); }) == Refusal{Operation::edit_destination, ENOENT});
  CHECK(refusal_of([&] { client.delete_destination(absent, other.key); }) ==
        Refusal{Operation::delete_destination, ESRCH});
  CHECK(refusal_of([&] { client.delete_destination(web, other.key); }) ==
        Refusal{Operation::delete_destination, ENOENT});
  CHECK(refusal_of([&] { client.add_destination(web, server("224.0.0.1")); }) ==
        Refusal{Operation::add_destination, EINVAL});
  Destination six = server("2001:db8::1");
  CHECK(refusal_of([&] { client.add_destination(web, six); }) == Refusal{Operation::add_destination, EINVAL});
  six.forwarding = ipvs::Forwarding::tunnel;
  CHECK_NOTHROW(client.add_destination(web, six));
  Destination crossed = server("10.1.1.3");
  crossed.upper_threshold = 3;
  crossed.lower_threshold = 5;
  CHECK(refusal_of([&] { client.add_destination(web, crossed); }) == Refusal{Operation::add_destination, ERANGE});
}

TEST_CASE_METHOD(Fixture, "reading back and setting again loses nothing") {
  const std::uint64_t seed = 20261123;
  Random random(seed);
  Client client;
  for (int i = 0; i < 60; ++i) {
    const Service service = random.service();
    INFO("round " << i << ", seed " << seed);
    client.add_service(service);
    REQUIRE(client.service(service.key).service == service);
    client.edit_service(client.service(service.key).service);
    REQUIRE(client.service(service.key).service == service);
    for (int n = 0; n < 3; ++n) {
      const Destination destination = random.destination(service.key.family);
      client.add_destination(service.key, destination);
      const auto all = client.destinations(service.key);
      const auto found = std::ranges::find_if(all, [&](const auto& e) { return e.destination.key == destination.key; });
      REQUIRE(found != all.end());
      REQUIRE(found->destination == destination);
      client.edit_destination(service.key, found->destination);
    }
    client.delete_service(service.key);
  }
}

TEST_CASE_METHOD(Fixture, "more than one packet of services and of destinations comes whole") {
  Client client;
  ipvs::Batch batch(client);
  for (std::uint16_t i = 1; i <= 1000; ++i)
    batch.add(ipvs::AddService{Service(ServiceKey::tcp(v4("10.0.0.1"), i), "rr")});
  for (std::uint16_t i = 1; i <= 1000; ++i) {
    batch.add(ipvs::AddDestination{ServiceKey::tcp(v4("10.0.0.1"), 7), server("10.1.1.1", i)});
  }
  CHECK(batch.finish().empty());
  CHECK(client.services().size() == 1000);
  CHECK(client.destinations(ServiceKey::tcp(v4("10.0.0.1"), 7)).size() == 1000);
  client.flush();
  CHECK(client.services().empty());
}

TEST_CASE_METHOD(Fixture, "a batch of nothing but refusals returns every one") {
  Client client;
  client.add_service(Service(web));
  ipvs::Batch batch(client);
  constexpr std::size_t many = 5000;
  for (std::size_t i = 0; i < many; ++i) CHECK(batch.add(ipvs::AddService{Service(web)}) == i);
  const auto refusals = batch.finish();
  REQUIRE(refusals.size() == many);
  for (std::size_t i = 0; i < many; ++i) {
    REQUIRE(refusals[i].number == i);
    REQUIRE(refusals[i].error.error_number() == EEXIST);
    REQUIRE(refusals[i].error.operation() == Operation::add_service);
  }
  CHECK(batch.finish().empty());
  CHECK_NOTHROW(client.info());
}

TEST_CASE_METHOD(Fixture, "a batch continues after a refusal, in order") {
  Client client;
  ipvs::Batch batch(client);
  batch.add(ipvs::AddDestination{web, server("10.1.1.1")});  // too early
  batch.add(ipvs::AddService{Service(web)});
  batch.add(ipvs::AddDestination{web, server("10.1.1.1")});
  batch.add(ipvs::AddService{Service(ServiceKey::tcp(v4("10.0.0.9"), 1), "nope")});
  batch.add(ipvs::DeleteDestination{web, server("10.1.1.2").key});
  const auto refusals = batch.finish();
  REQUIRE(refusals.size() == 3);
  CHECK(refusals[0].number == 0);
  CHECK(refusals[0].error.error_number() == ESRCH);
  CHECK(refusals[1].number == 3);
  CHECK(refusals[1].error.error_number() == ENOENT);
  CHECK(refusals[2].number == 4);
  CHECK(refusals[2].error.error_number() == ENOENT);
  CHECK(client.destinations(web).size() == 1);
}

TEST_CASE_METHOD(Fixture, "a table is read, changed by a diff and brought back by its undoing") {
  const std::uint64_t seed = 7;
  Random random(seed);
  Client client;
  const auto random_table = [&] {
    ipvs::Table table;
    for (int i = 0; i < 6; ++i) {
      const Service service = random.service();
      table.add(service);
      for (int n = 0; n < 3; ++n) table.add(service.key, random.destination(service.key.family));
    }
    return table;
  };
  ipvs::Table former = ipvs::read_table(client);
  for (int round = 0; round < 10; ++round) {
    INFO("round " << round << ", seed " << seed);
    ipvs::Table wanted = random_table();
    // Half of what is there stays, changed or not.
    for (const auto& [key, entry] : former.services) {
      if (random.coin()) wanted.services[key] = entry;
    }
    const auto changes = ipvs::diff(former, wanted);
    carry_out(client, changes);
    ipvs::Table present = ipvs::read_table(client);
    REQUIRE(present.services == wanted.services);
    REQUIRE(ipvs::diff(present, wanted).empty());
    if (round % 2 == 0) {
      carry_out(client, ipvs::undo(changes, former));
      present = ipvs::read_table(client);
      REQUIRE(present.services == former.services);
    }
    former = present;
  }
}

TEST_CASE_METHOD(Fixture, "timeouts are set, and a zero keeps one") {
  Client client;
  using std::chrono::seconds;
  client.set_timeouts({seconds(10), seconds(20), seconds(30)});
  CHECK(client.timeouts() == ipvs::Timeouts{seconds(10), seconds(20), seconds(30)});
  client.set_timeouts({seconds(0), seconds(25), seconds(0)});
  CHECK(client.timeouts() == ipvs::Timeouts{seconds(10), seconds(25), seconds(30)});
  CHECK(refusal_of([&] {
          client.set_timeouts({seconds(4294967295), seconds(1), seconds(1)});
        }) == Refusal{Operation::set_timeouts, EINVAL});
}

TEST_CASE_METHOD(Fixture, "sync daemons are started, listed and stopped") {
  Client client;
  REQUIRE(std::system("ip route add 224.0.0.0/4 dev lo") == 0);
  ipvs::Daemon master;
  master.interface = "lo";
  master.sync_id = 5;
  master.sync_maxlen = 1000;
  master.multicast_group = v4("224.0.0.99");
  master.multicast_port = 9999;
  master.multicast_ttl = 3;
  client.start_daemon(master);
  ipvs::Daemon backup;
  backup.role = ipvs::DaemonRole::backup;
  backup.interface = "lo";
  client.start_daemon(backup);
  const auto daemons = client.daemons();
  REQUIRE(daemons.size() == 2);
  CHECK(daemons[0] == master);
  CHECK(daemons[1].role == ipvs::DaemonRole::backup);
  CHECK(daemons[1].multicast_group == v4("224.0.0.81"));
  CHECK(daemons[1].multicast_port == 8848);
  CHECK(daemons[1].multicast_ttl == 1);
  CHECK(daemons[1].sync_maxlen > 0);

  CHECK(refusal_of([&] { client.start_daemon(master); }) == Refusal{Operation::start_daemon, EEXIST});
  client.stop_daemon(ipvs::DaemonRole::master, 5);
  client.stop_daemon(ipvs::DaemonRole::backup);
  CHECK(client.daemons().empty());
  CHECK(refusal_of([&] { client.stop_daemon(ipvs::DaemonRole::master); }) == Refusal{Operation::stop_daemon, ESRCH});
  for (const char* name : {"nosuchdevice", "a-name-far-longer-than-any-interface"}) {
    ipvs::Daemon odd;
    odd.interface = name;
    CHECK(refusal_of([&] { client.start_daemon(odd); }) == Refusal{Operation::start_daemon, ENODEV});
  }
}

TEST_CASE_METHOD(Fixture, "real connections are counted, listed and zeroed") {
  Client client;
  REQUIRE(std::system("ip addr add 10.9.0.1/32 dev lo") == 0);
  const ServiceKey key = ServiceKey::tcp(v4("10.9.0.1"), 80);
  client.add_service(Service(key, "rr"));
  client.add_destination(key, server("127.0.0.2", 8081));

  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8081);
  inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 16) == 0);
  std::vector<int> sockets;
  address.sin_port = htons(80);
  inet_pton(AF_INET, "10.9.0.1", &address.sin_addr);
  const auto connect_once = [&] {
    sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(sockets.back(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  };
  for (int i = 0; i < 5; ++i) connect_once();
  CHECK(client.destinations(key)[0].active_connections == 5);

  ipvs::ConnectionReader reader;
  int seen = 0;
  for (const ipvs::Connection& connection : reader) {
    ++seen;
    CHECK(connection.protocol == ipvs::Protocol::tcp);
    CHECK(connection.virtual_service == ipvs::Endpoint{v4("10.9.0.1"), 80});
    CHECK(connection.destination == ipvs::Endpoint{v4("127.0.0.2"), 8081});
    CHECK(connection.state == "ESTABLISHED");
    CHECK(connection.expires.count() > 0);
  }
  CHECK(seen == 5);
  CHECK(reader.begin() == reader.end());

  // The kernel adds counters up every two seconds.
  const auto counted = [&](std::uint64_t expected) {
    std::uint64_t count = 0;
    for (int i = 0; i < 50 && count != expected; ++i) {
      usleep(100'000);
      count = client.service(key).stats.connections;
    }
    return count;
  };
  CHECK(counted(5) == 5);
  CHECK(client.destinations(key)[0].stats.connections == 5);
  client.zero(key);
  CHECK(client.service(key).stats.connections == 0);
  CHECK(client.destinations(key)[0].stats.connections == 0);
  for (int i = 0; i < 2; ++i) connect_once();
  CHECK(counted(2) == 2);
  client.zero();
  CHECK(client.service(key).stats.connections == 0);
  CHECK(client.destinations(key)[0].stats.connections == 0);
  for (const int socket : sockets) close(socket);
  close(listener);
}

TEST_CASE_METHOD(Fixture, "an ordinary user is refused with EPERM") {
  const int status = in_child([] {
    if (setresuid(65534, 65534, 65534) != 0) return 2;
    try {
      Client client;
      client.services();
    } catch (const Error& error) {
      return error.error_number() == EPERM ? 0 : 3;
    }
    return 4;
  });
  CHECK(status == 0);
}

TEST_CASE_METHOD(Fixture, "another network namespace is reached by path, process and name, and the own one stays") {
  const ServiceKey here = ServiceKey::tcp(v4("10.0.0.1"), 1);
  Client().add_service(Service(here));
  // A process that stays in a namespace of its own.
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool moved = unshare(CLONE_NEWNET) == 0;
    if (write(ready[1], "x", 1) != 1 || !moved) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  const ServiceKey there = ServiceKey::tcp(v4("10.0.0.2"), 2);
  const std::string path = "/proc/" + std::to_string(child) + "/ns/net";
  {
    Client other(ipvs::NetworkNamespace::by_pid(child));
    other.add_service(Service(there));
  }
  CHECK(Client(ipvs::NetworkNamespace::by_path(path)).services().at(0).service.key == there);
  REQUIRE((mkdir("/run/netns", 0755) == 0 || errno == EEXIST));
  const int file = open("/run/netns/client-test", O_CREAT | O_RDONLY, 0444);
  REQUIRE(file >= 0);
  close(file);
  REQUIRE(mount(path.c_str(), "/run/netns/client-test", nullptr, MS_BIND, nullptr) == 0);
  CHECK(Client(ipvs::NetworkNamespace::by_name("client-test")).services().at(0).service.key == there);
  ipvs::ConnectionReader reader(ipvs::NetworkNamespace::by_name("client-test"));
  ipvs::Connection connection;
  CHECK_FALSE(reader.next(connection));
  CHECK(Client().services().at(0).service.key == here);
  umount("/run/netns/client-test");
  unlink("/run/netns/client-test");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);

  using ipvs::NetworkNamespace;
  CHECK(refusal_of([] { NetworkNamespace::by_name("nosuch"); }) == Refusal{Operation::open_namespace, ENOENT});
  CHECK(refusal_of([] { NetworkNamespace::by_name("../x"); }) == Refusal{Operation::open_namespace, EINVAL});
  CHECK(refusal_of([] { NetworkNamespace::by_path("/etc/hosts"); }) == Refusal{Operation::open_namespace, EINVAL});
  CHECK(refusal_of([] { NetworkNamespace::by_path("/proc/self/ns/mnt"); }) ==
        Refusal{Operation::open_namespace, EINVAL});
  CHECK(refusal_of([] { NetworkNamespace::by_pid(2'000'000'000); }) == Refusal{Operation::open_namespace, ENOENT});
}

TEST_CASE_METHOD(Fixture, "a client can be moved, and two clients work in two threads") {
  Client first;
  Client moved = std::move(first);
  moved.add_service(Service(web));
  Client assigned;
  assigned = std::move(moved);
  CHECK(assigned.services().size() == 1);

  const auto work = [](std::uint16_t base) {
    Client client;
    for (std::uint16_t i = 0; i < 50; ++i) {
      client.add_service(Service(ServiceKey::udp(Address::v4(0x0a000005), static_cast<std::uint16_t>(base + i))));
    }
  };
  // A thread starts in the namespace of the thread that makes it.
  std::thread one(work, std::uint16_t{1000});
  std::thread two(work, std::uint16_t{2000});
  one.join();
  two.join();
  CHECK(assigned.services().size() == 101);
}

// Takes the modules out and puts them back, so it leaves things as it found them.
TEST_CASE_METHOD(Fixture, "without IPVS in the kernel the constructor says ENOPROTOOPT") {
  // Namespaces of the other tests still hold schedulers until the kernel has cleaned up behind them.
  int status = -1;
  for (int i = 0; i < 100 && status != 0; ++i) {
    status = std::system(
        "exec 2>/dev/null; lsmod | awk '$1 ~ /^ip_vs_/ { print $1 }' | xargs -r rmmod; rmmod ip_vs && ! lsmod | grep "
        "-q "
        "'^ip_vs '");
    if (status != 0) usleep(100'000);
  }
  REQUIRE(status == 0);
  // The kernel would load the module by itself for whoever asks for its netlink family.
  REQUIRE(std::system("echo /bin/false >/proc/sys/kernel/modprobe") == 0);
  CHECK(refusal_of([] { Client(); }) == Refusal{Operation::open_socket, ENOPROTOOPT});
  CHECK(refusal_of([] { ipvs::ConnectionReader(); }) == Refusal{Operation::read_connections, ENOENT});
  REQUIRE(std::system("echo /sbin/modprobe >/proc/sys/kernel/modprobe") == 0);
  // The module of 5.10 has no such alias: there somebody has to load it by name.
  if (std::system("modprobe -q -n net-pf-16-proto-16-family-IPVS") != 0) {
    CHECK(refusal_of([] { Client(); }) == Refusal{Operation::open_socket, ENOPROTOOPT});
    std::puts("skipped - the kernel loads its module for who opens a client: it has no alias for the netlink family");
    REQUIRE(std::system("modprobe ip_vs") == 0);
  }
  CHECK_NOTHROW(Client());
}
