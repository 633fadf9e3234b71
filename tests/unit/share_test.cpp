// SPDX-License-Identifier: MIT
#include "output/share.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "output/json.hpp"
#include "output/share_table.hpp"

using namespace ipvsadm;

namespace {

/// A server: its weight, and what it got.
struct Given {
  std::int32_t weight;
  std::uint64_t connections;
  std::uint32_t active = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

ServiceShare shared(const std::string& scheduler, const std::vector<Given>& servers) {
  ServiceShare service{ipvs::Service(ipvs::ServiceKey::tcp(*ipvs::Address::parse("10.0.0.185"), 80), scheduler)};
  unsigned number = 3;
  for (const Given& given : servers) {
    ServerShare server{{}};
    server.entry.destination.key = {*ipvs::Address::parse("172.17.0." + std::to_string(number++)), 80};
    server.entry.destination.weight = given.weight;
    server.entry.active_connections = given.active;
    server.traffic = {given.connections, given.bytes_in, given.bytes_out};
    service.traffic.connections += given.connections;
    service.traffic.bytes_in += given.bytes_in;
    service.traffic.bytes_out += given.bytes_out;
    service.servers.push_back(server);
  }
  share_out(service);
  return service;
}

std::string asked(const std::string& scheduler, const std::vector<Given>& servers) {
  std::string text;
  for (const ServerShare& server : shared(scheduler, servers).servers) {
    text += server.asked ? fmt::format("{:.0f} ", *server.asked * 100) : "- ";
  }
  return text;
}

std::string balances(const ServiceShare& service) {
  std::string text;
  for (const ServerShare& server : service.servers) {
    text += server.balance == Balance::unknown ? "unknown " : std::string(balance_name(server.balance)) + " ";
  }
  return text;
}
std::string balances(const std::string& scheduler, const std::vector<Given>& servers) {
  return balances(shared(scheduler, servers));
}

std::string listed(const ServiceShare& service, const ShareTable::Settings& settings) {
  const std::vector<ServiceShare> services = {service};
  const ShareTable table(services, settings, nullptr);
  Text text;
  table.header(text);
  table.service(text, service);
  for (const ServerShare& server : service.servers) table.server(text, service, server, highest_rate(service));
  return to_string(text);
}

}  // namespace

TEST_CASE("a scheduler asks for shares by weight, equally, for one server, or not at all") {
  const std::vector<Given> one_to_three = {{1, 0}, {3, 0}, {0, 0}};
  for (const char* scheduler : {"wrr", "wlc", "sed", "nq", "twos"}) {
    CAPTURE(scheduler);
    CHECK(asked(scheduler, one_to_three) == "25 75 0 ");
  }
  for (const char* scheduler : {"rr", "lc"}) {
    CAPTURE(scheduler);
    CHECK(asked(scheduler, one_to_three) == "50 50 0 ");
  }
  CHECK(asked("fo", one_to_three) == "0 100 0 ");
  // Which of the two it is only the kernel's own order says.
  CHECK(asked("fo", {{3, 0}, {1, 0}, {3, 0}}) == "- 0 - ");
  for (const char* scheduler : {"sh", "dh", "mh", "lblc", "lblcr", "ovf", "none", "of-tomorrow"}) {
    CAPTURE(scheduler);
    CHECK(asked(scheduler, one_to_three) == "- - - ");
  }
  CHECK(asked("wrr", {{0, 0}, {0, 0}}) == "- - ");
  CHECK(asked("wrr", {{2147483647, 0}, {2147483647, 0}, {2147483647, 0}}) == "33 33 33 ");
}

TEST_CASE("a full server asks for nothing, and its service is not judged") {
  ServiceShare service = shared("rr", {{1, 90}, {1, 10}});
  CHECK(balances(service) == "more less ");
  service.servers[1].entry.destination.upper_threshold = 5;
  service.servers[1].entry.active_connections = 2;
  service.servers[1].entry.inactive_connections = 2;
  for (ServerShare& server : service.servers) server.balance = Balance::unknown;
  share_out(service);
  CHECK(service.servers[1].standing == Standing::serving);
  CHECK(balances(service) == "more less ");
  service.servers[1].entry.inactive_connections = 3;
  for (ServerShare& server : service.servers) server.balance = Balance::unknown;
  share_out(service);
  CHECK(service.servers[1].standing == Standing::full);
  CHECK(service.servers[0].asked == 1.0);
  CHECK(balances(service) == "unknown unknown ");
  CHECK(remark_on(service, service.servers[1]).text == "5 connections, limit 5");
}

TEST_CASE("much more or less than asked is marked, and what chance makes is not") {
  CHECK(balances("wrr", {{1, 25}, {3, 75}}) == "as-asked as-asked ");
  CHECK(balances("wrr", {{1, 50}, {3, 50}}) == "more less ");
  // 3 of 4 are no sign of anything.
  CHECK(balances("rr", {{1, 3}, {1, 1}}) == "as-asked as-asked ");
  CHECK(balances("rr", {{1, 0}, {1, 1}}) == "as-asked as-asked ");
  // Many are: but not a difference that nobody would do anything about.
  CHECK(balances("rr", {{1, 520000}, {1, 480000}}) == "as-asked as-asked ");
  CHECK(balances("rr", {{1, 700000}, {1, 300000}}) == "more less ");
  // A small server that gets twice its share, though that is little of all.
  CHECK(balances("wrr", {{1, 2000}, {99, 98000}}) == "more as-asked ");
  CHECK(balances("fo", {{1, 60}, {2, 40}}) == "more less ");
  CHECK(balances("rr", {{1, 0}, {1, 0}}) == "unknown unknown ");
  CHECK(balances("sh", {{1, 1000}, {1, 0}}) == "unknown unknown ");
}

TEST_CASE("schedulers by load are judged by present connections too") {
  // Short connections of one server end sooner: it gets more of them, as it should.
  CHECK(balances("wlc", {{1, 900, 50}, {1, 100, 50}}) == "as-asked as-asked ");
  CHECK(balances("wlc", {{1, 900, 90}, {1, 100, 10}}) == "more less ");
  CHECK(balances("wlc", {{1, 900, 10}, {1, 100, 90}}) == "as-asked as-asked ");
  CHECK(balances("wlc", {{1, 900}, {1, 100}}) == "more less ");
}

TEST_CASE("a service that changed between the looks is not judged") {
  ServiceShare service = shared("rr", {{1, 900}, {1, 100}});
  REQUIRE(balances(service) == "more less ");
  for (ServerShare& server : service.servers) server.balance = Balance::unknown;
  service.servers[0].settled = false;
  share_out(service);
  CHECK(balances(service) == "unknown unknown ");
  service.servers[0].settled = true;
  service.settled = false;
  share_out(service);
  CHECK(balances(service) == "unknown unknown ");
}

TEST_CASE("a counter that was zeroed between the looks counts from 0") {
  const Traffic traffic = traffic_between({100, 1000, 5000}, {130, 1500, 5600});
  CHECK(traffic.connections == 30);
  CHECK(traffic.bytes() == 1100);
  const Traffic zeroed = traffic_between({100, 1000, 5000}, {7, 1500, 5600});
  CHECK(zeroed.connections == 7);
  CHECK(zeroed.bytes_in == 1500);
}

TEST_CASE("rates are short, in decimal units") {
  CHECK(connection_rate_text(0, 4) == "0 conn/s");
  CHECK(connection_rate_text(2, 4) == "0.5 conn/s");
  CHECK(connection_rate_text(1, 86400) == "0.1 conn/s");
  CHECK(connection_rate_text(4816, 4) == "1,204 conn/s");
  CHECK(connection_rate_text(4000000000, 2) == "2,000,000,000 conn/s");
  CHECK(byte_rate_text(999, 1) == "999 B/s");
  CHECK(byte_rate_text(9999, 10) == "1.0 kB/s");
  CHECK(byte_rate_text(72000000, 4) == "18 MB/s");
  CHECK(byte_rate_text(96500000, 1) == "97 MB/s");
  CHECK(byte_rate_text(999600000, 1) == "1.0 GB/s");
  CHECK(byte_rate_text(UINT64_MAX, 2) == "9,223,372 TB/s");
}

TEST_CASE("shares are listed with bars that fit the window, in UTF-8 or ASCII") {
  ServiceShare service = shared("wrr", {{1, 1156, 13, 17280000, 92160000}, {3, 3660, 37, 54720000, 291840000}, {0, 0}});
  service.servers[2].entry.inactive_connections = 12;
  CHECK(listed(service, {80, true, 4}) ==
        "Prot LocalAddress:Port Scheduler\n"
        "  -> RemoteAddress:Port Weight     Asked  Conns Active  Bytes\n"
        "TCP  10.0.0.185:80 wrr    1,204 conn/s      18 MB/s in      96 MB/s out\n"
        "  -> 172.17.0.3:80      weight 1    25 %   24 %   26 %   24 %  ████▏\n"
        "  -> 172.17.0.4:80      weight 3    75 %   76 %   74 %   76 %  ████████████▉\n"
        "  -> 172.17.0.5:80      weight 0 drained    0 %    0 %    0 %  12 left\n");
  CHECK(listed(service, {200, false, 4}).find(" 76 %  #######################\n") != std::string::npos);
  CHECK(listed(service, {82, true, 4}).find("  12 connections left\n") != std::string::npos);
  // No room for a bar that says something.
  CHECK(listed(service, {40, true, 4}).find("█") == std::string::npos);
  CHECK(listed(service, {40, true, 4}).find(" 76 %\n") != std::string::npos);

  ServiceShare quiet = shared("sh", {{1, 0}, {1, 0}});
  CHECK(listed(quiet, {80, true, 4}).find("172.17.0.3:80      weight 1       -      -      -      -\n") !=
        std::string::npos);
}

TEST_CASE("every line of shares fits a window of 80 columns, also of a busy service") {
  ServiceShare service = shared("wrr", {{65535, 4, 1, 1, 1}, {1, 40000000, 40000000, 99000000000, 990000000000}});
  for (ServerShare& server : service.servers) {
    server.entry.destination.key = {*ipvs::Address::parse("172.170.110.130"), 65535};
    server.minute.assign(6, 0.5);
  }
  const std::string text = listed(service, {80, false, 4});
  REQUIRE(text.find(" more\n") != std::string::npos);
  std::size_t longest = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    longest = std::max(longest, end - begin);
    begin = end + 1;
  }
  CAPTURE(text);
  CHECK(longest <= 80);
}

TEST_CASE("remarks are words, and of persistence they name the reason") {
  ServiceShare service = shared("rr", {{1, 90}, {1, 10}});
  CHECK(remark_on(service, service.servers[0]).text == "more than asked");
  CHECK(remark_on(service, service.servers[1]).text == "less than asked");
  service.service.persistent = true;
  CHECK(remark_on(service, service.servers[0]).text == "more: clients that stay");
  CHECK(remark_on(service, service.servers[1]).text == "less: clients stay elsewhere");
  service = shared("wrr", {{0, 0, 1}, {1, 5}});
  CHECK(remark_on(service, service.servers[0]).text == "1 connection left");
  CHECK(remark_on(service, service.servers[1]).text.empty());
  CHECK(remark_on(service, service.servers[0]).brief == "1 left");
}

TEST_CASE("the last minute is in cells of equal length, and unknown before the first look") {
  using std::chrono::seconds;
  const std::chrono::steady_clock::time_point now(seconds(1000));
  // 10 a second for 20 seconds, then none, then zeroed and 5 a second.
  const std::vector<Counted> counted = {
      {now - seconds(30), 500}, {now - seconds(20), 600}, {now - seconds(10), 600}, {now, 50}};
  CHECK(rates_of_minute(counted, now, 6) == std::vector<double>{-1, -1, -1, 10, 0, 5});
  // Looks that are further apart than cells are long.
  const std::vector<Counted> rare = {{now - seconds(60), 0}, {now, 600}};
  CHECK(rates_of_minute(rare, now, 6) == std::vector<double>(6, 10));
  CHECK(rates_of_minute({{now, 600}}, now, 3) == std::vector<double>(3, -1));
  CHECK(rates_of_minute({}, now, 3) == std::vector<double>(3, -1));

  ServiceShare service = shared("rr", {{1, 5}});
  service.servers[0].minute = {-1, 0, 0.001, 5, 10};
  CHECK(listed(service, {80, true, 4}).find("100 %      -      -   ▁▂▅█  ██") != std::string::npos);
  CHECK(listed(service, {80, false, 4}).find("100 %      -      -   _.=#  ##") != std::string::npos);
}

TEST_CASE("shares as JSON have whole percents, and null for what is not known") {
  ServiceShare service = shared("wrr", {{1, 2, 0, 10, 20}, {3, 7, 0, 10, 20}});
  Text text;
  json_share(text, service);
  CHECK(
      to_string(text) ==
      R"({"protocol":"tcp","family":"ipv4","address":"10.0.0.185","port":80,"fwmark":null,"scheduler":"wrr",)"
      R"("persistent":false,"traffic":{"connections":9,"bytes_in":20,"bytes_out":40},"servers":[)"
      R"({"family":"ipv4","address":"172.17.0.3","port":80,"weight":1,"standing":"serving","asked_percent":25,)"
      R"("connections_percent":22,"active_percent":null,"bytes_percent":50,"balance":"as-asked",)"
      R"("active_connections":0,"inactive_connections":0,"traffic":{"connections":2,"bytes_in":10,"bytes_out":20}},)"
      R"({"family":"ipv4","address":"172.17.0.4","port":80,"weight":3,"standing":"serving","asked_percent":75,)"
      R"("connections_percent":78,"active_percent":null,"bytes_percent":50,"balance":"as-asked",)"
      R"("active_connections":0,"inactive_connections":0,"traffic":{"connections":7,"bytes_in":10,"bytes_out":20}}]})");
}
