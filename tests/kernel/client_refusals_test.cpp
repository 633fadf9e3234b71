// SPDX-License-Identifier: MIT
// What error.hpp and client.hpp say of refusals, on the real kernel. Those of sync daemons: client_daemons_test.cpp.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "client_fixture.hpp"

using ipvs::NetworkNamespace;

namespace {

void become_nobody() {
  if (setresuid(65534, 65534, 65534) != 0) _exit(99);
}

/// The errno of `call` in a child that an ordinary user runs; 0 when it was not refused.
int as_nobody(Operation operation, const std::function<void()>& call) {
  return in_child([&] {
    become_nobody();
    try {
      call();
    } catch (const Error& error) {
      return error.operation() == operation ? error.error_number() : 98;
    }
    return 0;
  });
}

Service with_engine(const ServiceKey& key, const char* engine) {
  Service service(key);
  service.persistence_engine = engine;
  return service;
}

Service with_prefix(std::uint32_t length) {
  Service service(ServiceKey::tcp(v6("2001:db8::1"), 80));
  service.netmask = length;
  return service;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "an edited service is refused as a new one is") {
  Client client;
  client.add_service(Service(web));
  const auto refused = [&](const Service& service) { return refusal_of([&] { client.edit_service(service); }); };
  CHECK(refused(Service(web, "nope")) == Refusal{Operation::edit_service, ENOENT});
  CHECK(refused(with_engine(web, "nope")) == Refusal{Operation::edit_service, ENOENT});
  client.add_service(with_prefix(64));
  for (const std::uint32_t length : {0U, 129U}) {
    CHECK(refused(with_prefix(length)) == Refusal{Operation::edit_service, EINVAL});
    Service other = with_prefix(length);
    other.key.port = 81;
    CHECK(refusal_of([&] { client.add_service(other); }) == Refusal{Operation::add_service, EINVAL});
  }
  CHECK(client.service(web).service == Service(web));
}

TEST_CASE_METHOD(Fixture, "destinations with values that the kernel does not take are refused, new or edited") {
  Client client;
  client.add_service(Service(web));
  const Destination good = server("10.1.1.1");
  client.add_destination(web, good);
  Destination negative = good;
  negative.weight = -1;
  Destination crossed = good;
  crossed.upper_threshold = 3;
  crossed.lower_threshold = 4;
  Destination lower_alone = good;
  lower_alone.lower_threshold = 1;
  for (Destination odd : {negative, crossed, lower_alone}) {
    CHECK(refusal_of([&] { client.edit_destination(web, odd); }) == Refusal{Operation::edit_destination, ERANGE});
    odd.key.port = 81;
    CHECK(refusal_of([&] { client.add_destination(web, odd); }) == Refusal{Operation::add_destination, ERANGE});
  }
  Destination portless = good;
  portless.forwarding = ipvs::Forwarding::tunnel;
  portless.tunnel_type = ipvs::TunnelType::gue;
  CHECK(refusal_of([&] { client.edit_destination(web, portless); }) == Refusal{Operation::edit_destination, EINVAL});
  portless.key.port = 81;
  CHECK(refusal_of([&] { client.add_destination(web, portless); }) == Refusal{Operation::add_destination, EINVAL});
  const Destination six = server("2001:db8::1");
  CHECK(refusal_of([&] { client.add_destination(web, six); }) == Refusal{Operation::add_destination, EINVAL});
  CHECK(refusal_of([&] { client.edit_destination(web, six); }) == Refusal{Operation::edit_destination, EINVAL});

  const ServiceKey web6 = ServiceKey::tcp(v6("2001:db8::80"), 80);
  client.add_service(Service(web6));
  CHECK(refusal_of([&] { client.add_destination(web6, server("ff02::1")); }) ==
        Refusal{Operation::add_destination, EINVAL});
  CHECK(client.destinations(web).size() == 1);
  CHECK(client.destinations(web)[0].destination == good);
}

TEST_CASE_METHOD(Fixture, "a key that names nothing is refused by every call that takes one") {
  ServiceKey crossed = web;
  crossed.family = Family::ipv6;
  for (const ServiceKey& key : {ServiceKey{}, ServiceKey::of(ipvs::Protocol::none, v4("10.0.0.1"), 80), crossed}) {
    Client client;
    client.add_service(Service(web));
    CHECK(refusal_of([&] { client.service(key); }) == Refusal{Operation::get_service, EINVAL});
    CHECK(refusal_of([&] { client.destinations(key); }) == Refusal{Operation::list_destinations, EINVAL});
    CHECK(refusal_of([&] { client.zero(key); }) == Refusal{Operation::zero, EINVAL});
    CHECK(refusal_of([&] { client.add_service(Service(key)); }) == Refusal{Operation::add_service, EINVAL});
    CHECK(refusal_of([&] { client.edit_service(Service(key)); }) == Refusal{Operation::edit_service, EINVAL});
    CHECK(refusal_of([&] { client.delete_service(key); }) == Refusal{Operation::delete_service, EINVAL});
    CHECK(refusal_of([&] { client.add_destination(key, server("10.1.1.1")); }) ==
          Refusal{Operation::add_destination, EINVAL});
    CHECK(refusal_of([&] { client.edit_destination(key, server("10.1.1.1")); }) ==
          Refusal{Operation::edit_destination, EINVAL});
    CHECK(refusal_of([&] { client.delete_destination(key, server("10.1.1.1").key); }) ==
          Refusal{Operation::delete_destination, EINVAL});
    CHECK(client.services().size() == 1);
    client.flush();
  }
}

TEST_CASE_METHOD(Fixture, "timeouts go up to what the kernel counts in 31 bits of its ticks") {
  using std::chrono::seconds;
  Client client;
  // No kernel has more than 1,000 ticks a second, none fewer than 100.
  const seconds good(2147483);
  CHECK_NOTHROW(client.set_timeouts({good, good, good}));
  CHECK(client.timeouts() == ipvs::Timeouts{good, good, good});
  for (const seconds odd : {seconds(21474837), seconds(INT32_MAX), seconds(-1), seconds(4294967296)}) {
    CHECK(refusal_of([&] { client.set_timeouts({odd, good, good}); }) == Refusal{Operation::set_timeouts, EINVAL});
    CHECK(refusal_of([&] { client.set_timeouts({good, odd, good}); }) == Refusal{Operation::set_timeouts, EINVAL});
    CHECK(refusal_of([&] { client.set_timeouts({good, good, odd}); }) == Refusal{Operation::set_timeouts, EINVAL});
  }
  CHECK(client.timeouts() == ipvs::Timeouts{good, good, good});
}

TEST_CASE_METHOD(Fixture, "an ordinary user may open a client, and nothing more") {
  CHECK(as_nobody(Operation::open_socket, [] { Client(); }) == 0);
  CHECK(as_nobody(Operation::get_info, [] { Client().info(); }) == EPERM);
  CHECK(as_nobody(Operation::list_services, [] { Client().services(); }) == EPERM);
  CHECK(as_nobody(Operation::list_destinations, [] { Client().destinations(web); }) == EPERM);
  CHECK(as_nobody(Operation::get_timeouts, [] { Client().timeouts(); }) == EPERM);
  CHECK(as_nobody(Operation::list_daemons, [] { Client().daemons(); }) == EPERM);
  CHECK(as_nobody(Operation::add_service, [] { Client().add_service(Service(web)); }) == EPERM);
  CHECK(as_nobody(Operation::flush, [] { Client().flush(); }) == EPERM);
}

TEST_CASE_METHOD(Fixture, "root of another user namespace is an ordinary user") {
  const int refusal = in_child([] {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return 97;
    try {
      Client().services();
    } catch (const Error& error) {
      return error.error_number();
    }
    return 0;
  });
  CHECK(refusal == EPERM);
}

TEST_CASE_METHOD(Fixture, "an ordinary user neither enters a network namespace nor opens another's") {
  const NetworkNamespace here = NetworkNamespace::by_path("/proc/self/ns/net");
  CHECK(as_nobody(Operation::open_namespace, [&] { const Client client(here); }) == EPERM);
  CHECK(as_nobody(Operation::open_namespace, [&] { const ipvs::ConnectionReader reader(here); }) == EPERM);
  CHECK(as_nobody(Operation::open_namespace, [&] { here.run([] {}); }) == EPERM);
  CHECK(as_nobody(Operation::open_namespace, [] { NetworkNamespace::by_pid(1); }) == EACCES);
}

TEST_CASE_METHOD(Fixture, "a fifo is no namespace, and nobody waits for its other end") {
  const std::string path = "/tmp/client-test-fifo";
  unlink(path.c_str());
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  alarm(10);
  CHECK(refusal_of([&] { NetworkNamespace::by_path(path); }) == Refusal{Operation::open_namespace, EINVAL});
  alarm(0);
  unlink(path.c_str());
}

TEST_CASE_METHOD(Fixture, "a namespace that is moved to closes its own first, and what runs inside may throw") {
  NetworkNamespace first = NetworkNamespace::by_path("/proc/self/ns/net");
  NetworkNamespace second = NetworkNamespace::by_path("/proc/self/ns/net");
  const int old = first.descriptor();
  const int kept = second.descriptor();
  first = std::move(second);
  CHECK(first.descriptor() == kept);
  CHECK(fcntl(old, F_GETFD) == -1);
  CHECK(fcntl(kept, F_GETFD) >= 0);
  CHECK_THROWS_AS(first.run([] { throw std::out_of_range("from inside"); }), std::out_of_range);
  {
    const NetworkNamespace last(std::move(first));
    CHECK(last.descriptor() == kept);
  }
  CHECK(fcntl(kept, F_GETFD) == -1);
}
