// SPDX-License-Identifier: MIT
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <ipvs/destination.hpp>
#include <ipvs/service.hpp>
#include <ipvs/version.hpp>

#include "catch.hpp"

using ipvs::Address;
using ipvs::DestinationKey;
using ipvs::Family;
using ipvs::Protocol;
using ipvs::ServiceKey;

TEST_CASE("keys are written for messages") {
  const Address four = Address::v4(0x0a000001);
  const Address six = *Address::parse("2001:db8::1");
  CHECK(to_string(ServiceKey::tcp(four, 80)) == "tcp 10.0.0.1:80");
  CHECK(to_string(ServiceKey::udp(six, 53)) == "udp [2001:db8::1]:53");
  CHECK(to_string(ServiceKey::sctp(four, 0)) == "sctp 10.0.0.1:0");
  CHECK(to_string(ServiceKey::of(Protocol{47}, four, 0)) == "protocol 47 10.0.0.1:0");
  CHECK(to_string(ServiceKey::mark(7)) == "fwmark 7");
  CHECK(to_string(ServiceKey::mark(4294967295U, Family::ipv6)) == "fwmark 4294967295 ipv6");
  CHECK(to_string(DestinationKey{four, 8080}) == "10.0.0.1:8080");
  CHECK(to_string(DestinationKey{six, 0}) == "[2001:db8::1]:0");
  CHECK(to_string(Protocol::none) == "ip");
}

TEST_CASE("services' keys are found by hash, and no two of a large table share one") {
  std::unordered_map<ServiceKey, unsigned> numbers;
  std::unordered_set<std::size_t> hashes;
  unsigned number = 0;
  const auto put = [&](const ServiceKey& key) {
    numbers[key] = number++;
    hashes.insert(std::hash<ServiceKey>{}(key));
  };
  for (std::uint16_t port = 0; port < 5000; ++port) {
    put(ServiceKey::tcp(Address::v4(0x0a000001), port));
    put(ServiceKey::udp(Address::v4(0x0a000001), port));
    put(ServiceKey::tcp(Address::v4(0x0a000100U + port), 80));
    put(ServiceKey::mark(1U + port));
    put(ServiceKey::mark(1U + port, Family::ipv6));
  }
  REQUIRE(numbers.size() == number);
  CHECK(numbers.at(ServiceKey::udp(Address::v4(0x0a000001), 1)) == 6);
  CHECK(numbers.at(ServiceKey::mark(5000, Family::ipv6)) == number - 1);
  // A few of 25,000 may meet by chance where the number has 32 bits.
  CHECK(hashes.size() > number - 10);
}

TEST_CASE("destinations' keys are found by hash") {
  std::unordered_map<DestinationKey, unsigned> weights;
  std::unordered_set<std::size_t> hashes;
  for (std::uint16_t port = 0; port < 5000; ++port) {
    const DestinationKey key{Address::v4(0xac110000U + port % 7U), port};
    weights[key] = port;
    hashes.insert(std::hash<DestinationKey>{}(key));
  }
  CHECK(weights.size() == 5000);
  CHECK(weights.at({Address::v4(0xac110001U), 4999}) == 4999);
  CHECK(hashes.size() > 4990);
}

TEST_CASE("the version is the same in the headers and in the library") {
  CHECK(ipvs::version() == IPVS_VERSION);
  CHECK(IPVS_VERSION == IPVS_VERSION_MAJOR * 10000 + IPVS_VERSION_MINOR * 100 + IPVS_VERSION_PATCH);
  CHECK(std::string(IPVS_VERSION_STRING) == std::to_string(IPVS_VERSION_MAJOR) + "." +
                                                std::to_string(IPVS_VERSION_MINOR) + "." +
                                                std::to_string(IPVS_VERSION_PATCH));
}
