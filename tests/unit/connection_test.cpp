// SPDX-License-Identifier: MIT
#include <concepts>
#include <iterator>
#include <ranges>

#include <ipvs/connection.hpp>

#include "catch.hpp"

using ipvs::Address;
using ipvs::Connection;
using ipvs::Endpoint;
using ipvs::parse_connection;

// That its iterators read the table is shown by tests/kernel/client_test.cpp.
static_assert(std::ranges::input_range<ipvs::ConnectionReader>);
static_assert(!std::ranges::forward_range<ipvs::ConnectionReader>);
static_assert(std::same_as<std::ranges::range_value_t<ipvs::ConnectionReader>, Connection>);

TEST_CASE("a line of IPv4 is read") {
  Connection c;
  REQUIRE(parse_connection("TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90 ESTABLISHED     899", c));
  CHECK(c.protocol == ipvs::Protocol::tcp);
  CHECK(c.client == Endpoint{Address::v4(0x0a000001), 0xb41e});
  CHECK(c.virtual_service == Endpoint{Address::v4(0x0a0000b9), 80});
  CHECK(c.destination == Endpoint{Address::v4(0xac110003), 8080});
  CHECK(c.state == "ESTABLISHED");
  CHECK(c.expires.count() == 899);
  CHECK(c.engine_name.empty());
}

TEST_CASE("a line of IPv6 is read, and one that leads to IPv4 through a tunnel") {
  Connection c;
  REQUIRE(
      parse_connection("TCP 0000:0000:0000:0000:0000:0000:0000:0001 D4D8 2001:0db8:0000:0000:0000:0000:0000:0001 0050 "
                       "0A010101 0050 TIME_WAIT       119",
                       c));
  CHECK(c.client.address == *Address::parse("::1"));
  CHECK(c.virtual_service.address == *Address::parse("2001:db8::1"));
  CHECK(c.destination.address == Address::v4(0x0a010101));
}

TEST_CASE("a persistence engine's name and data are read, blanks and all") {
  Connection c;
  REQUIRE(parse_connection("UDP 0A000001 0000 0A0000B9 13C4 AC110003 13C4 UDP             179 sip call id 7", c));
  CHECK(c.protocol == ipvs::Protocol::udp);
  CHECK(c.engine_name == "sip");
  CHECK(c.engine_data == "call id 7");
  REQUIRE(parse_connection("IP  0A000001 0000 00000007 0000 AC110003 0000 NONE            179", c));
  CHECK(c.protocol == ipvs::Protocol::none);
  CHECK(c.engine_data.empty());
}

TEST_CASE("other protocols are read by number") {
  Connection c;
  REQUIRE(parse_connection("IP_47 0A000001 0000 00000007 0000 AC110003 0000 NONE 1", c));
  CHECK(c.protocol == ipvs::Protocol{47});
}

TEST_CASE("lines that make no sense are refused") {
  Connection c;
  for (const char* line :
       {"", "TCP", "XYZ 0A000001 B41E 0A0000B9 0050 AC110003 1F90 NONE 1",
        "TCP 0A0000 B41E 0A0000B9 0050 AC110003 1F90 NONE 1", "TCP 0A000001 1B41E 0A0000B9 0050 AC110003 1F90 NONE 1",
        "TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90 NONE", "TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90",
        "TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90 NONE x"}) {
    INFO(line);
    CHECK_FALSE(parse_connection(line, c));
  }
}

TEST_CASE("addresses and ports of a connection have no more digits than the kernel writes") {
  ipvs::Connection connection;
  CHECK(ipvs::parse_connection("TCP 7f000001 b41e 7F000001 0050 7F000002 0051 TIME_WAIT 114", connection));
  CHECK(connection.client.address == ipvs::Address::v4(0x7f000001));
  CHECK(connection.client.port == 0xb41e);
  for (const char* wrong : {"TCP 7F000001 0B41E 7F000001 0050 7F000002 0051 TIME_WAIT 114",
                            "TCP 7F000001 B4-E 7F000001 0050 7F000002 0051 TIME_WAIT 114",
                            "TCP 7G000001 B41E 7F000001 0050 7F000002 0051 TIME_WAIT 114",
                            "TCP 7F000001 B41E 7F000001 0050 7F000002 @051 TIME_WAIT 114"}) {
    INFO(wrong);
    CHECK_FALSE(ipvs::parse_connection(wrong, connection));
  }
}
