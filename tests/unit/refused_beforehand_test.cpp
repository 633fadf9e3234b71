// SPDX-License-Identifier: MIT
// What no message can say, and so must not be sent as something else.
#include <cerrno>
#include <string>
#include <vector>

#include "catch.hpp"
#include "netlink/codec.hpp"

using namespace ipvs;
using netlink::refused_beforehand;
using std::chrono::seconds;

namespace {

const ServiceKey web = ServiceKey::tcp(Address::v4(0x0a000001), 80);

/// Every change that names a service.
std::vector<Change> changes_of(const ServiceKey& key) {
  return {AddService{Service(key)}, EditService{Service(key)},  DeleteService{key}, AddDestination{key, {}},
          EditDestination{key, {}}, DeleteDestination{key, {}}, Zero{key}};
}

int with_timeout(seconds timeout) {
  Service service(web);
  service.persistence_timeout = timeout;
  return refused_beforehand(AddService{service});
}

int with_names(const std::string& scheduler, const std::string& engine) {
  Service service(web, scheduler);
  service.persistence_engine = engine;
  const int refusal = refused_beforehand(AddService{service});
  CHECK(refused_beforehand(EditService{service}) == refusal);
  return refusal;
}

int with_interface(const std::string& name) {
  Daemon daemon;
  daemon.interface = name;
  return refused_beforehand(StartDaemon{daemon});
}

}  // namespace

TEST_CASE("what a message can say is not refused before the kernel has seen it") {
  for (const ServiceKey& key :
       {web, ServiceKey::udp(*Address::parse("::1"), 0), ServiceKey::mark(1), ServiceKey::mark(1, Family::ipv6),
        ServiceKey::of(static_cast<Protocol>(47), Address::v4(1), 1)}) {
    CHECK(refused_beforehand(key) == 0);
    for (const Change& change : changes_of(key)) CHECK(refused_beforehand(change) == 0);
  }
  CHECK(refused_beforehand(Zero{}) == 0);
  CHECK(refused_beforehand(Flush{}) == 0);
  CHECK(refused_beforehand(StopDaemon{}) == 0);
  CHECK(refused_beforehand(SetTimeouts{}) == 0);
}

TEST_CASE("a key without a protocol names nothing") {
  const ServiceKey key = ServiceKey::of(Protocol::none, Address::v4(0x0a000001), 80);
  CHECK(refused_beforehand(key) == EINVAL);
  for (const Change& change : changes_of(key)) CHECK(refused_beforehand(change) == EINVAL);
}

TEST_CASE("a key whose address is of another family names nothing") {
  ServiceKey six_with_four = web;
  six_with_four.family = Family::ipv6;
  ServiceKey four_with_six = ServiceKey::tcp(*Address::parse("2001:db8::1"), 80);
  four_with_six.family = Family::ipv4;
  for (const ServiceKey& key : {six_with_four, four_with_six}) {
    CHECK(refused_beforehand(key) == EINVAL);
    for (const Change& change : changes_of(key)) CHECK(refused_beforehand(change) == EINVAL);
  }
}

TEST_CASE("times below 0 or beyond 32 bits can't be sent") {
  const seconds most(UINT32_MAX);
  CHECK(with_timeout(most) == 0);
  CHECK(with_timeout(seconds(-1)) == EINVAL);
  CHECK(with_timeout(most + seconds(1)) == EINVAL);
  CHECK(refused_beforehand(SetTimeouts{{most, most, most}}) == 0);
  for (const seconds odd : {seconds(-1), seconds::min(), most + seconds(1), seconds::max()}) {
    CHECK(refused_beforehand(SetTimeouts{{odd, seconds(1), seconds(1)}}) == EINVAL);
    CHECK(refused_beforehand(SetTimeouts{{seconds(1), odd, seconds(1)}}) == EINVAL);
    CHECK(refused_beforehand(SetTimeouts{{seconds(1), seconds(1), odd}}) == EINVAL);
  }
}

TEST_CASE("no scheduler, engine or interface has a name that is too long, or one with a NUL in it") {
  const std::string longest(15, 'x');
  const std::string too_long(16, 'x');
  const std::string with_nul("rr\0x", 4);
  CHECK(with_names(longest, longest) == 0);
  CHECK(with_interface(longest) == 0);
  for (const std::string& name : {too_long, std::string(100'000, 'x'), with_nul}) {
    CHECK(with_names(name, "") == ENOENT);
    CHECK(with_names("rr", name) == ENOENT);
    CHECK(with_interface(name) == ENODEV);
  }
}
