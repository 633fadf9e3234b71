// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <string>

#include "catch.hpp"
#include "check/service_finder.hpp"

using namespace ipvsadm;

namespace {

ipvs::Address address(const char* text) { return *ipvs::Address::parse(text); }

ipvs::DestinationEntry server(const char* of, std::uint16_t port) {
  ipvs::DestinationEntry entry;
  entry.destination.key = {address(of), port};
  return entry;
}

std::string text_of(const Metrics& metrics, MetricsFormat format) {
  Output output;
  metrics.write(output, format);
  return output.take_text();
}

/// The lines of `text` that begin with `start`.
std::string lines(const std::string& text, const std::string& start) {
  std::string found;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    if (text.compare(begin, start.size(), start) == 0) found += text.substr(begin, end - begin);
    begin = end;
  }
  return found;
}

Metrics example() {
  Metrics metrics;
  metrics.set({1, 2, 1, 4096}, {std::chrono::seconds(900), std::chrono::seconds(120), std::chrono::seconds(300)}, {});
  ipvs::ServiceEntry web{ipvs::Service(ipvs::ServiceKey::tcp(address("10.0.0.1"), 80)), {}};
  web.stats.connections = 5;
  web.stats.bytes_in = 18446744073709551615U;
  ipvs::DestinationEntry first = server("10.1.0.1", 8080);
  first.destination.weight = 3;
  first.destination.upper_threshold = 100;
  first.stats.packets_out = 7;
  metrics.add(web, {first, server("10.1.0.2", 80)});
  metrics.add({ipvs::Service(ipvs::ServiceKey::mark(7, ipvs::Family::ipv6), "sh"), {}}, {});
  metrics.add({ipvs::Service(ipvs::ServiceKey::sctp(address("fd00::1"), 9)), {}}, {server("fd01::1", 9)});
  return metrics;
}

ipvs::Connection connection(const std::string& line) {
  ipvs::Connection read;
  REQUIRE(ipvs::parse_connection(line, read));
  return read;
}

}  // namespace

TEST_CASE("metrics have each server under its own service") {
  const std::string text = text_of(example(), MetricsFormat::prometheus);
  CHECK(lines(text, "ipvs_server_weight") ==
        "ipvs_server_weight{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\","
        "server_address=\"10.1.0.1\",server_port=\"8080\"} 3\n"
        "ipvs_server_weight{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\","
        "server_address=\"10.1.0.2\",server_port=\"80\"} 1\n"
        "ipvs_server_weight{protocol=\"sctp\",address=\"fd00::1\",port=\"9\","
        "server_address=\"fd01::1\",server_port=\"9\"} 1\n");
  CHECK(lines(text, "ipvs_service_info") ==
        "ipvs_service_info{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\",scheduler=\"wlc\"} 1\n"
        "ipvs_service_info{fwmark=\"7\",family=\"ipv6\",scheduler=\"sh\"} 1\n"
        "ipvs_service_info{protocol=\"sctp\",address=\"fd00::1\",port=\"9\",scheduler=\"wlc\"} 1\n");
  CHECK(lines(text, "ipvs_service_incoming_bytes_total{protocol=\"tcp\"") ==
        "ipvs_service_incoming_bytes_total{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\"} "
        "18446744073709551615\n");
}

TEST_CASE("metrics leave out a threshold that is not set, and a metric without a sample") {
  const std::string text = text_of(example(), MetricsFormat::prometheus);
  CHECK(lines(text, "ipvs_server_upper_threshold") ==
        "ipvs_server_upper_threshold{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\","
        "server_address=\"10.1.0.1\",server_port=\"8080\"} 100\n");
  CHECK(text.find("ipvs_server_lower_threshold") == std::string::npos);
  CHECK(text.find("ipvs_service_persistence_timeout") == std::string::npos);
  CHECK(text.find("ipvs_connections") == std::string::npos);
  CHECK(lines(text_of(Metrics(), MetricsFormat::prometheus), "ipvs_service").empty());
}

TEST_CASE("metrics are headed as either format wants it") {
  const std::string plain = text_of(example(), MetricsFormat::prometheus);
  CHECK(lines(plain, "# TYPE ipvs_service_incoming_bytes") == "# TYPE ipvs_service_incoming_bytes_total counter\n");
  CHECK(lines(plain, "# TYPE ipvs_service_info") == "# TYPE ipvs_service_info gauge\n");
  CHECK(lines(plain, "# UNIT").empty());
  CHECK(lines(plain, "# EOF").empty());
  const std::string open = text_of(example(), MetricsFormat::openmetrics);
  CHECK(lines(open, "# TYPE ipvs_service_incoming_bytes") == "# TYPE ipvs_service_incoming_bytes counter\n");
  CHECK(lines(open, "# UNIT ipvs_service_incoming_bytes") == "# UNIT ipvs_service_incoming_bytes bytes\n");
  CHECK(lines(open, "# TYPE ipvs_service ") == "# TYPE ipvs_service info\n");
  CHECK(open.ends_with("# EOF\n"));
  CHECK(lines(plain, "ipvs_") == lines(open, "ipvs_"));
}

TEST_CASE("metrics have the connections of a service by state, and templates apart") {
  Metrics metrics = example();
  metrics.add(ipvs::ServiceKey::tcp(address("10.0.0.1"), 80), {{{"ESTABLISHED", 3}, {"TIME_WAIT", 1}}, 2});
  metrics.add(ipvs::ServiceKey::mark(9), {{{"UDP", 1}}, 0});
  const std::string text = text_of(metrics, MetricsFormat::prometheus);
  CHECK(lines(text, "ipvs_connections{") ==
        "ipvs_connections{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\",state=\"ESTABLISHED\"} 3\n"
        "ipvs_connections{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\",state=\"TIME_WAIT\"} 1\n"
        "ipvs_connections{fwmark=\"9\",family=\"ipv4\",state=\"UDP\"} 1\n");
  CHECK(lines(text, "ipvs_persistence_templates{") ==
        "ipvs_persistence_templates{protocol=\"tcp\",address=\"10.0.0.1\",port=\"80\"} 2\n");
}

TEST_CASE("metrics have which sync daemons run, and which do not") {
  Metrics metrics;
  ipvs::Daemon daemon{ipvs::DaemonRole::backup, "e\"t\\h", 7, 1472, address("224.0.0.81"), 8848, 1};
  metrics.set({}, {}, {daemon});
  const std::string text = text_of(metrics, MetricsFormat::prometheus);
  CHECK(lines(text, "ipvs_sync_daemon_running") ==
        "ipvs_sync_daemon_running{role=\"master\"} 0\n"
        "ipvs_sync_daemon_running{role=\"backup\"} 1\n");
  CHECK(lines(text, "ipvs_sync_daemon_info") ==
        "ipvs_sync_daemon_info{role=\"backup\",interface=\"e\\\"t\\\\h\",sync_id=\"7\",group=\"224.0.0.81\","
        "port=\"8848\"} 1\n");
}

TEST_CASE("labels hold any bytes") {
  CHECK(label_value("plain") == "plain");
  CHECK(label_value("a\"b\\c") == "a\\\"b\\\\c");
  CHECK(label_value("grün") == "grün");
  CHECK(label_value("a\nb\x1b") == "a\\\\x0ab\\\\x1b");
  CHECK(label_value("\xff") == "\\\\xff");
}

TEST_CASE("a connection counts to its service, to that of all ports, or to the mark of its server") {
  ServiceFinder finder;
  finder.add(ipvs::ServiceKey::tcp(address("10.0.0.185"), 80), {});
  finder.add(ipvs::ServiceKey::tcp(address("10.0.0.185"), 0), {});
  finder.add(ipvs::ServiceKey::mark(7), {server("172.17.0.3", 0), server("172.17.0.4", 8080)});
  const auto found = [&](const char* line) { return finder.find(connection(line)); };
  CHECK(found("TCP 0A000001 B41E 0A0000B9 0050 AC110003 1F90 ESTABLISHED 899") == 0U);
  CHECK(found("TCP 0A000001 B41E 0A0000B9 0051 AC110003 1F90 ESTABLISHED 899") == 1U);
  CHECK(found("TCP 0A000001 B41E 0A0000BA 0051 AC110003 1F91 ESTABLISHED 899") == 2U);
  CHECK(found("TCP 0A000001 B41E 0A0000BA 0051 AC110004 1F90 ESTABLISHED 899") == 2U);
  CHECK_FALSE(found("TCP 0A000001 B41E 0A0000BA 0051 AC110004 1F91 ESTABLISHED 899"));
  CHECK_FALSE(found("UDP 0A000001 B41E 0A0000B9 0050 AC110005 1F90 UDP 899"));
  CHECK(found("IP 0A000001 0000 00000007 0000 AC110005 0000 NONE 60") == 2U);
}
