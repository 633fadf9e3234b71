// SPDX-License-Identifier: MIT
#include <unordered_set>

#include <ipvs/address.hpp>

#include "catch.hpp"

using ipvs::Address;
using ipvs::Family;

TEST_CASE("an address reads what it writes") {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1:0:0:1",
                           "2001:db8:1:2:3:4:5:6", "::ffff:1.2.3.4"}) {
    const auto address = Address::parse(text);
    REQUIRE(address);
    CHECK(address->to_string() == text);
  }
}

TEST_CASE("what is no address is not read as one") {
  const std::string with_nul("1.2.3.4\0", 8);
  for (const std::string& text : {std::string(), std::string("10"), std::string("10.2"), std::string("010.0.0.1"),
                                  std::string("1.2.3.256"), std::string("1.2.3.4 "), std::string("[::1]"),
                                  std::string("::1%lo"), std::string("localhost"), std::string(200, '1'), with_nul}) {
    INFO(text);
    CHECK_FALSE(Address::parse(text));
  }
}

TEST_CASE("numbers of addresses are in host order") {
  CHECK(Address::v4(0x7f000001).to_string() == "127.0.0.1");
  CHECK(Address::parse("10.0.0.185")->v4_number() == 0x0a0000b9);
  CHECK(Address::parse("::1")->v4_number() == 0);
}

TEST_CASE("addresses sort by number, IPv4 before IPv6") {
  const std::vector<const char*> sorted = {"8.8.8.8", "10.0.0.1", "192.168.0.1", "223.0.0.1", "::1", "2001:db8::1"};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
    CHECK(*Address::parse(sorted[i]) < *Address::parse(sorted[i + 1]));
}

TEST_CASE("an address lies in the networks that its first bits name") {
  const Address address = *Address::parse("10.1.2.3");
  CHECK(address.in_network(*Address::parse("10.1.2.0"), 24));
  CHECK(address.in_network(*Address::parse("10.1.2.2"), 31));
  CHECK_FALSE(address.in_network(*Address::parse("10.1.2.0"), 31));
  CHECK(address.in_network(*Address::parse("99.0.0.0"), 0));
  CHECK(address.in_network(address, 99));
  CHECK_FALSE(address.in_network(*Address::parse("::"), 0));
  const Address six = *Address::parse("2001:db8:ff00::1");
  CHECK(six.in_network(*Address::parse("2001:db8:fe00::"), 39));
  CHECK_FALSE(six.in_network(*Address::parse("2001:db8:fe00::"), 40));
}

TEST_CASE("addresses are keys of unordered containers") {
  std::unordered_set<Address> set = {Address::v4(1), Address::v4(2), Address::any(Family::ipv6), Address::v4(1)};
  CHECK(set.size() == 3);
}
