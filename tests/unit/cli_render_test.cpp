// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "fake_names.hpp"
#include "output/json.hpp"
#include "output/render.hpp"
#include "output/utf8.hpp"
#include "output/watch_frame.hpp"

using namespace ipvsadm;
using ipvs::Address;
using ipvs::ServiceKey;

namespace {

std::string string_of(const Text& text) { return {text.data(), text.size()}; }

std::string counter(std::uint64_t value, bool exact = false) {
  Text text;
  render_counter(text, value, exact);
  return string_of(text);
}

ipvs::DestinationEntry server(const char* address, std::uint16_t port = 80) {
  ipvs::DestinationEntry entry;
  entry.destination.key = {*Address::parse(address), port};
  entry.destination.forwarding = ipvs::Forwarding::masquerade;
  return entry;
}

std::string server_row(const ipvs::DestinationEntry& entry, View view, Names* names = nullptr, bool exact = false) {
  ListServices list;
  list.view = view;
  list.exact = exact;
  Text text;
  render_server(text, ServiceKey::tcp(Address(), 80), entry, list, names);
  return string_of(text);
}

std::string service_row(const ipvs::Service& service, View view = View::table, Names* names = nullptr) {
  ListServices list;
  list.view = view;
  Text text;
  render_service(text, {service, {}}, list, names);
  return string_of(text);
}

}  // namespace

TEST_CASE("counters are nine wide and shortened from 100,000,000 on") {
  CHECK(counter(0) == "        0");
  CHECK(counter(99'999'999) == " 99999999");
  CHECK(counter(100'000'000) == "  100000K");
  CHECK(counter(999'999'999) == "  999999K");
  CHECK(counter(1'000'000'000) == "    1000M");
  CHECK(counter(99'999'999'999) == "   99999M");
  CHECK(counter(100'000'000'000) == "     100G");
  CHECK(counter(99'999'999'999'999) == "   99999G");
  CHECK(counter(100'000'000'000'000) == "     100T");
  CHECK(counter(UINT64_MAX) == "18446744T");
}

TEST_CASE("exact counters are never shortened, and widen") {
  CHECK(counter(100'000'000, true) == " 100000000");
  CHECK(counter(UINT64_MAX, true) == " 18446744073709551615");
}

TEST_CASE("each view of a server has the classic tool's columns") {
  ipvs::DestinationEntry entry = server("10.1.1.1");
  CHECK(server_row(entry, View::table) == "  -> 10.1.1.1:80                  Masq    1      0          0         \n");
  CHECK(server_row(entry, View::stats) ==
        "  -> 10.1.1.1:80                         0        0        0        0        0\n");
  CHECK(server_row(entry, View::thresholds) ==
        "  -> 10.1.1.1:80                  0          0          0          0         \n");
  CHECK(server_row(entry, View::persistent_conn) ==
        "  -> 10.1.1.1:80                  1         0           0          0         \n");
  CHECK(server_row(entry, View::tun_info) ==
        "  -> 10.1.1.1:80                  Masq    n/a           1      0          0         \n");
  entry.destination.forwarding = ipvs::Forwarding::tunnel;
  entry.destination.tunnel_type = ipvs::TunnelType::gue;
  entry.destination.tunnel_port = 6080;
  entry.destination.tunnel_checksum = ipvs::TunnelChecksum::full;
  CHECK(server_row(entry, View::tun_info) ==
        "  -> 10.1.1.1:80                  Tunnel  gue:6080:+c   1      0          0         \n");
}

TEST_CASE("a server's first three rates are never shortened") {
  ipvs::DestinationEntry entry = server("10.1.1.1");
  entry.stats.connections_per_second = 100'000'000;
  entry.stats.bytes_in_per_second = 100'000'000;
  CHECK(server_row(entry, View::rate) ==
        "  -> 10.1.1.1:80                  100000000        0        0  100000K        0\n");
}

TEST_CASE("IPv4 names are cut to their column, IPv6 ones push the rest to the right") {
  FakeNames names;
  const Address long_v4 = *Address::parse("10.1.1.9");
  names.host_names[long_v4] = "a-very-long-host-name-indeed.example.org";
  CHECK(server_row(server("10.1.1.9"), View::table, &names) ==
        "  -> a-very-long-host-name-indeed Masq    1      0          0         \n");
  CHECK(server_row(server("2001:db8:1111:2222:3333:4444:5555:6666"), View::table) ==
        "  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80 Masq    1      0          0         \n");
  CHECK(service_row(ipvs::Service(ServiceKey::tcp(long_v4, 80)), View::table, &names) ==
        "TCP  a-very-long-host-name-indeed wlc\n");
}

TEST_CASE("a service's row has its settings") {
  ipvs::Service service(ServiceKey::tcp(Address::v4(0x0a000001), 80), "sh");
  service.scheduler_flags = ipvs::SchedulerFlags::all;
  service.persistent = true;
  service.persistence_timeout = std::chrono::seconds(360);
  service.netmask = 0xffffff00;
  service.persistence_engine = "sip";
  service.one_packet = true;
  CHECK(service_row(service) ==
        "TCP  10.0.0.1:80 sh (sh-fallback,sh-port) persistent 360 mask 255.255.255.0 pe sip ops\n");
  CHECK(service_row(ipvs::Service(ServiceKey::mark(4294967295, ipvs::Family::ipv6))) == "FWM  4294967295 IPv6 wlc\n");
  FakeNames names;
  CHECK(service_row(ipvs::Service(ServiceKey::tcp(Address::v4(0x0a000001), 80)), View::table, &names) ==
        "TCP  10.0.0.1:http wlc\n");
  CHECK(service_row(service, View::stats) ==
        "TCP  10.0.0.1:80                         0        0        0        0        0\n");
}

TEST_CASE("connections have the classic tool's columns") {
  ipvs::Connection connection;
  REQUIRE(ipvs::parse_connection("TCP 7F000001 B41E 7F000001 0050 7F000002 0051 TIME_WAIT       114", connection));
  Text text;
  render_connection(text, connection, false, nullptr);
  CHECK(string_of(text) == "TCP 01:54  TIME_WAIT   127.0.0.1:46110    127.0.0.1:80       127.0.0.2:81\n");
}

TEST_CASE("JSON arrays part their elements by commas and are one line") {
  Output output;
  JsonArray array(output);
  const auto words = [](std::string_view json) {
    return [json](Text& text) { text.append(json.data(), json.data() + json.size()); };
  };
  array.open(words(R"({"a":1})"), "list");
  array.element(words("{}"));
  array.element(words("[]"));
  array.close();
  CHECK(string_of(output.text()) == "{\"a\":1,\"list\":[{},[]]}\n");
  output.discard();
  JsonArray alone(output);
  alone.open("list");
  alone.close();
  CHECK(string_of(output.text()) == "{\"list\":[]}\n");
}

TEST_CASE("JSON of a service is whole, for a mark too") {
  Text text;
  json_service(text, {ipvs::Service(ServiceKey::mark(7)), {}}, {server("10.1.1.1")});
  const std::string json = string_of(text);
  CHECK(
      json.starts_with(R"({"protocol":null,"family":"ipv4","address":null,"port":null,"fwmark":7,"scheduler":"wlc")"));
  CHECK(json.find(R"("forwarding":"masquerade","weight":1)") != std::string::npos);
}

TEST_CASE("bytes that are no UTF-8 do not spoil the JSON") {
  ipvs::Connection connection;
  connection.engine_name = "sip";
  connection.engine_data = "\xff\xfe";
  Text text;
  json_connection(text, connection);
  CHECK(string_of(text).ends_with(R"("persistence_engine":{"name":"sip","data":"��"}})"));
}

TEST_CASE("any bytes become a JSON string") {
  CHECK(quoted_utf8("") == R"("")");
  CHECK(quoted_utf8("a\"b\\c/\x7F") == "\"a\\\"b\\\\c/\x7F\"");
  CHECK(quoted_utf8("\b\f\n\r\t\x01\x1F") == R"("\b\f\n\r\t\u0001\u001f")");
  CHECK(quoted_utf8(std::string_view("\0", 1)) == R"("\u0000")");
  const std::string whole = "\xC3\xA4\xE2\x82\xAC\xED\x9F\xBF\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF";
  CHECK(quoted_utf8(whole) == '"' + whole + '"');
  // Overlong, a surrogate, beyond U+10FFFF, cut off at the end, and in the middle by a whole character.
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(quoted_utf8("\xC0\x80") == '"' + mark + mark + '"');
  CHECK(quoted_utf8("\xE0\x9F\xBF") == '"' + mark + mark + mark + '"');
  CHECK(quoted_utf8("\xED\xA0\x80") == '"' + mark + mark + mark + '"');
  CHECK(quoted_utf8("\xF4\x90\x80\x80") == '"' + mark + mark + mark + mark + '"');
  CHECK(quoted_utf8("\xF0\x9F\x98") == '"' + mark + '"');
  CHECK(quoted_utf8("\xE2\x82z\xE2\xC3\xA4") == '"' + mark + "z" + mark + "\xC3\xA4\"");
}

TEST_CASE("a frame marks what has changed, fits the window and leaves no rest of the last one") {
  using Rows = std::vector<Row>;
  FrameMaker frames(true);
  const Row service{"tcp 10.0.0.1:80", "TCP  10.0.0.1:80 wlc"};
  const auto frame = [&](std::string_view title, const char* line, std::size_t rows, std::size_t columns) {
    return frames.draw(title, Rows{service, {"tcp 10.0.0.1:80 10.1.1.1:80", line}}, rows, columns);
  };
  const std::string first = frame("title", "  -> 10.1.1.1:80 Masq 1", 10, 80);
  CHECK(first == "\x1b[H\x1b[Ktitle\r\n\x1b[KTCP  10.0.0.1:80 wlc\r\n\x1b[K  -> 10.1.1.1:80 Masq 1\r\n\x1b[J");
  const std::string second = frame("title", "  -> 10.1.1.1:80 Masq 2", 10, 80);
  CHECK(second.find("  -> 10.1.1.1:80 Masq \x1b[1m2\x1b[22m") != std::string::npos);
  CHECK(second.find("\x1b[KTCP  10.0.0.1:80 wlc\r") != std::string::npos);
  const std::string small = frame("a long title", "  -> 10.1.1.1:80 Masq 2", 2, 6);
  // Nothing is erased after a line that fills the window, or its last character would be lost.
  CHECK(small == "\x1b[H\x1b[Ka long\r\n\x1b[KTCP  1");
  FrameMaker plain(false);
  plain.draw("t", Rows{{"", "a b"}}, 5, 5);
  CHECK(plain.draw("t", Rows{{"", "a c"}}, 5, 5).find("\x1b[1m") == std::string::npos);
}

TEST_CASE("a frame counts characters, not bytes") {
  using Rows = std::vector<Row>;
  FrameMaker frames(true);
  CHECK(frames.draw("t", Rows{{"a", "▁▂▅ 1 ██"}}, 2, 7) == "\x1b[H\x1b[Kt\r\n\x1b[K▁▂▅ 1 █");
  // The word after a character of another length is the same.
  const std::string next = frames.draw("t", Rows{{"a", "▁.▅ 1 ██"}}, 2, 7);
  CHECK(next == "\x1b[H\x1b[Kt\r\n\x1b[K\x1b[1m▁.▅\x1b[22m 1 █");
}

TEST_CASE("a frame knows a row by its key, wherever it stands and whatever its line says") {
  using Rows = std::vector<Row>;
  FrameMaker frames(true);
  frames.draw("t", Rows{{"a", "FWM  7 rr"}, {"b", "FWM  7 rr"}}, 10, 100);
  CHECK(frames.draw("t", Rows{{"b", "FWM  7 rr"}, {"a", "FWM  7 rr"}}, 10, 100).find("\x1b[1m") == std::string::npos);
  const std::string other = frames.draw("t", Rows{{"b", "FWM  8 rr"}, {"c", "FWM  7 rr"}}, 10, 100);
  CHECK(other.find("FWM  \x1b[1m8\x1b[22m rr") != std::string::npos);
  CHECK(other.find("\x1b[1mFWM  7 rr\x1b[22m") != std::string::npos);
}

TEST_CASE("a held listing is taken line by line with the keys of its rows") {
  Output output;
  output.begin_row([] { return std::string("not held"); });
  output.append("lost\n");
  output.discard();
  output.hold(true);
  output.append("heading\nsecond heading\n");
  output.begin_row([] { return std::string("a"); });
  output.append("row a\n");
  output.begin_row([] { return std::string("b"); });
  output.append("row b, whose text\nholds a newline\n");
  const std::vector<Row> rows = output.take_rows();
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].line == "heading");
  CHECK(rows[1].line == "second heading");
  CHECK(rows[0].key != rows[1].key);
  CHECK((rows[2].key == "a" && rows[2].line == "row a"));
  CHECK((rows[3].key == "b" && rows[3].line == "row b, whose text"));
  CHECK((rows[4].key != "b" && rows[4].line == "holds a newline"));
  CHECK(output.text().size() == 0);
  CHECK(output.take_rows().empty());
}

TEST_CASE("control characters of what comes from outside are shown, not obeyed") {
  CHECK(visible("call\x1b]0;title\x07 id") == "call\\x1b]0;title\\x07 id");
  CHECK(visible("a\nb\x7f") == "a\\x0ab\\x7f");
  CHECK(visible("a\nb", "\n") == "a\nb");
  CHECK(visible("\xc2\x9b"
                "1m \xc3\xa9 \xff") == "\\xc2\\x9b1m \xc3\xa9 \\xff");
  CHECK(visible("\xe2\x82") == "\\xe2\\x82");

  ipvs::Connection connection;
  connection.engine_name = "sip";
  connection.engine_data = "7\x1b[2J\nTCP 01:00";
  Text text;
  render_connection(text, connection, true, nullptr);
  CHECK(string_of(text).ends_with(" sip                7\\x1b[2J\\x0aTCP 01:00\n"));

  ipvs::Daemon daemon;
  daemon.interface = "e\x1b[1m";
  text.clear();
  render_daemon(text, daemon);
  CHECK(string_of(text).find("mcast=e\\x1b[1m,") != std::string::npos);
}
