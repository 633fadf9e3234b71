// SPDX-License-Identifier: MIT
#include "line/values.hpp"

#include <string>

#include "catch.hpp"
#include "fake_names.hpp"

using namespace ipvsadm;
using ipvs::Address;

TEST_CASE("a plain address has four decimal numbers without leading zeros") {
  CHECK(read_plain_ipv4("10.0.20.255") == Address::v4(0x0a0014ff));
  CHECK(read_plain_ipv4("0.0.0.0") == Address::v4(0));
  for (const char* other : {"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "1..3.4", "01.2.3.4", "1.2.3.00",
                            "1.2.3.256", "1.2.3.4294967297", "1.2.3.0x4", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 "}) {
    INFO(other);
    CHECK(!read_plain_ipv4(other));
  }
}

TEST_CASE("hosts and ports that are not plain are read as before") {
  FakeNames names;
  const auto port_of = [&](const std::string& text) {
    const auto host = read_host_port(text, ipvs::Protocol::tcp, names);
    return host && host->address == Address::v4(0x0a000008) && host->port ? *host->port : -1;
  };
  CHECK(port_of("10.0.0.8:80") == 80);
  CHECK(port_of("10.0.0.8:0") == 0);
  CHECK(port_of("10.0.0.8:65535") == 65535);
  CHECK(port_of("10.0.0.8:00080") == 80);
  CHECK(port_of("10.0.0.8:0000080") == 80);
  CHECK(port_of("10.0.0.8:+80") == 80);
  CHECK(port_of("10.0.0.8: 80") == 80);
  CHECK(port_of("10.0.0.8:http") == 80);
  CHECK(port_of("10.8:80") == 80);
  CHECK(port_of("012.0.0.010:80") == 80);
  for (const char* wrong : {"10.0.0.8:", "10.0.0.8:65536", "10.0.0.8:99999", "10.0.0.8:-1", "10.0.0.8:80 ",
                            "10.0.0.8:80:80", "10.0.0.256:80", "10.0.0.8.9:80", ":80"}) {
    INFO(wrong);
    CHECK(port_of(wrong) == -1);
  }
}
