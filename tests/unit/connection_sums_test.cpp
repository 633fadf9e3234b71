// SPDX-License-Identifier: MIT
#include "output/connection_sums.hpp"

#include <string>

#include "catch.hpp"
#include "output/json.hpp"

using namespace ipvsadm;

namespace {

ipvs::Connection read(const std::string& line) {
  ipvs::Connection connection;
  REQUIRE(ipvs::parse_connection(line, connection));
  return connection;
}

std::string table(const Sums& wanted, const std::vector<std::string>& lines) {
  ConnectionSums sums(wanted);
  for (const std::string& line : lines) sums.add(read(line));
  Output output;
  render_sums(output, sums.largest(), wanted, nullptr);
  return output.take_text();
}

const std::vector<std::string> some = {
    "TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90 ESTABLISHED 899",
    "TCP 0A000002 B41E 0A0000B9 0050 AC110004 1F90 TIME_WAIT 9",
    "TCP 0A000001 B41F 0A0000B9 0050 AC110003 1F90 ESTABLISHED 899",
    "UDP 0A000001 B41F 0A0000B9 0035 AC110003 0035 UDP 299",
    "IP 0A000001 0000 00000007 0000 AC110003 0000 NONE 60",
};

}  // namespace

TEST_CASE("connections are summed by each key, the largest sum first") {
  CHECK(table({{SumKey::client}, {}, {}}, some) ==
        "Connections  Client\n"
        "          4  10.0.0.1\n"
        "          1  10.0.0.2\n");
  CHECK(table({{SumKey::service}, {}, {}}, some) ==
        "Connections  Service\n"
        "          3  TCP  10.0.0.185:80\n"
        "          1  UDP  10.0.0.185:53\n"
        "          1  FWM  7\n");
  CHECK(table({{SumKey::protocol, SumKey::state}, {}, {}}, some) ==
        "Connections  Protocol  State\n"
        "          2  TCP       ESTABLISHED\n"
        "          1  IP        NONE\n"
        "          1  TCP       TIME_WAIT\n"
        "          1  UDP       UDP\n");
  CHECK(table({{SumKey::server}, 1, {}}, some) ==
        "Connections  Server\n"
        "          2  172.17.0.3:8080\n");
  CHECK(table({{SumKey::state}, {}, {}}, {}) == "Connections  State\n");
}

TEST_CASE("IPv6 clients of one network are one, and those of IPv4 are not") {
  const auto line = [](const char* client) {
    return std::string("TCP ") + client +
           " D4D8 2001:0db8:0000:0000:0000:0000:0000:0001 0050 0A010101 0050 TIME_WAIT 119";
  };
  const std::vector<std::string> lines = {line("2001:0db8:0001:0002:0000:0000:0000:0001"),
                                          line("2001:0db8:0001:0002:ffff:0000:0000:0001"),
                                          line("2001:0db8:0001:0003:0000:0000:0000:0001"), some[0]};
  CHECK(table({{SumKey::client}, {}, 64}, lines) ==
        "Connections  Client\n"
        "          2  2001:db8:1:2::/64\n"
        "          1  10.0.0.1\n"
        "          1  2001:db8:1:3::/64\n");
  CHECK(table({{SumKey::client}, {}, 33}, lines) ==
        "Connections  Client\n"
        "          3  2001:db8::/33\n"
        "          1  10.0.0.1\n");
}

TEST_CASE("sums are members of their keys' names in JSON") {
  const Sums wanted = {{SumKey::client, SumKey::service, SumKey::server, SumKey::state, SumKey::protocol}, {}, {}};
  ConnectionSums sums(wanted);
  sums.add(read(some[0]));
  CHECK(sums.total() == 1);
  Text text;
  json_sum(text, sums.largest().front(), wanted);
  CHECK(fmt::to_string(text) ==
        R"({"connections":1,"client":{"address":"10.0.0.1","prefix":32},"service":{"protocol":"tcp","family":"ipv4",)"
        R"("address":"10.0.0.185","port":80,"fwmark":null},"server":{"address":"172.17.0.3","port":8080},)"
        R"("state":"ESTABLISHED","protocol":"tcp"})");
}
