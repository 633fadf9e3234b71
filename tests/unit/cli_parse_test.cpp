// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "catch.hpp"
#include "fake_names.hpp"
#include "line/failure.hpp"
#include "line/options.hpp"
#include "line/parse.hpp"
#include "line/rules_file.hpp"
#include "output/output.hpp"
#include "output/rules.hpp"

using namespace ipvsadm;

namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; in >> word;) words.push_back(word == "''" ? std::string() : word);
  return words;
}

/// "STATUS: MESSAGE", or "ok".
std::string outcome(const std::vector<std::string>& words) {
  FakeNames names;
  try {
    Parser(names).parse(words, "ipvsadm");
  } catch (const Failure& failure) {
    // The second line, which says why, has a test of its own.
    const std::string message = failure.what();
    return std::to_string(failure.status()) + ": " + message.substr(0, message.find("\n  "));
  }
  return "ok";
}

std::string outcome(const std::string& line) { return outcome(split(line)); }

/// The rule that a line means, written out.
std::string meaning(const std::string& line) {
  FakeNames names;
  const Invocation invocation = Parser(names).parse(split(line), "ipvsadm");
  Text text;
  render_rule(text, std::get<ipvs::Change>(invocation.command), nullptr);
  return {text.data(), text.size() - 1};
}

const std::string try_help = "255: Try `ipvsadm -h' or 'ipvsadm --help' for more information.";

}  // namespace

TEST_CASE("a command line means what it says, however it is spelled") {
  struct Row {
    const char* line;
    const char* rule;
  };
  const std::vector<Row> rows = {
      {"-A -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"},
      {"-At10.0.0.1:80 -srr", "-A -t 10.0.0.1:80 -s rr"},
      {"-A -t=10.0.0.1:80 -s=rr", "-A -t 10.0.0.1:80 -s rr"},
      {"--add-service --tcp-service=10.0.0.1:80 --scheduler=", "-A -t 10.0.0.1:80 -s wlc"},
      {"-A --scheduler= -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"},
      {"-s rr -p -t 10.0.0.1:http -A", "-A -t 10.0.0.1:80 -s rr -p 360"},
      {"-A -t 10.2:+80", "-A -t 10.0.0.2:80 -s wlc"},
      {"-A -t 010.0.0.1:080", "-A -t 8.0.0.1:80 -s wlc"},
      {"-A -t web:80", "-A -t 10.0.0.7:80 -s wlc"},
      {"-A -t six:80", "-A -t [2001:db8::6]:80 -s wlc"},
      {"-A -t [six]:80", "-A -t [2001:db8::6]:80 -s wlc"},
      {"-A -t 2001:db8::1 -p5 -M 64", "-A -t [2001:db8::1]:0 -s wlc -p 5 -M 64"},
      {"-A -M 64 -p -6 -f 4294967295", "-A -f 4294967295 -6 -s wlc -p 360 -M 64"},
      {"-A -u 10.0.0.1:tftp -o -b flag-1,,flag-3, -s rr", "-A -u 10.0.0.1:69 -s rr -o -b flag-1,flag-3"},
      {"-A --sctp-service 10.0.0.1:9 -s mh -b mh-port,flag-1",
       "-A --sctp-service 10.0.0.1:9 -s mh -b mh-fallback,mh-port"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1:8080 -mw5", "-a -t 10.0.0.1:80 -r 10.1.1.1:8080 -m -w 5"},
      {"-a -r 10.1.1.1:http -m -t 10.0.0.1:8080", "-a -t 10.0.0.1:8080 -r 10.1.1.1:80 -m -w 1"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1:8080", "-a -t 10.0.0.1:80 -r 10.1.1.1:80 -g -w 1"},
      {"-a -f 3 -r 10.1.1.1:http", "-a -f 3 -r 10.1.1.1:80 -g -w 1"},
      {"-a -t 10.0.0.1:80 -r ::1 -i --tun-type gue --tun-port 6080 --tun-remcsum -x 9 -y 3",
       "-a -t 10.0.0.1:80 -r [::1]:80 -i -w 1 -x 9 -y 3 --tun-type gue --tun-port 6080 --tun-remcsum"},
      {"-d -t 10.0.0.1:80 -r 10.1.1.1:8080", "-d -t 10.0.0.1:80 -r 10.1.1.1:8080"},
      {"-D -f 1 -6", "-D -f 1 -6"},
      {"-C --sort", "-C"},
      {"-Z", "-Z"},
      {"--set 0 20 2678400", "--set 0 20 2678400"},
      {"--set -- 1 2 3", "--set 1 2 3"},
      {"--start-daemon master", "--start-daemon master --mcast-interface eth0 --syncid 0"},
      {"--stop-daemon=backup --syncid 7", "--stop-daemon backup --syncid 7"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(meaning(row.line) == row.rule);
  }
}

TEST_CASE("the first offence is reported, in the classic tool's words and with its status") {
  struct Row {
    const char* line;
    const char* outcome;
  };
  const std::vector<Row> rows = {
      {"-A", "2: You need to supply the 'service-address' option for the 'add-service' command"},
      {"-a -t 10.0.0.1:80", "2: You need to supply the 'real-server' option for the 'add-server' command"},
      {"-A -t 10.0.0.1:80 -w 5", "2: Illegal 'weight' option with the 'add-service' command"},
      {"-C -r 10.1.1.1 -n", "2: Illegal 'numeric' option with the 'flush' command"},
      {"-A -t 10.0.0.1:80 -u 10.0.0.1:80", "2: multiple 'service-address' options specified"},
      {"-A -t 10.0.0.1:80 -t x", "2: multiple 'service-address' options specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -mg", "2: multiple 'forwarding-method' options specified"},
      {"-A -t bogus:80 -z", "2: illegal virtual server address[:port] specified"},
      {"-A -z -t bogus:80", "255: -z: unknown option"},
      {"-A -t 10", "2: illegal virtual server address[:port] specified"},
      {"-A -t [::1]", "2: illegal virtual server address[:port] specified"},
      {"-A -t [10.0.0.1]:80", "2: illegal virtual server address[:port] specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1:", "2: illegal real server address[:port] specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -w -5", "2: illegal weight specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -w 2147483648", "2: illegal weight specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -x 0x1", "2: illegal u_threshold specified"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -y ''", "2: illegal l_threshold specified"},
      {"-A -t 10.0.0.1:80 -p 0", "2: invalid timeout value `0' specified"},
      {"-A -t 10.0.0.1:80 -p ''", "2: invalid timeout value `' specified"},
      {"-A -t 10.0.0.1:80 -p -5", "255: -5: unknown option"},
      {"-A -t 10.0.0.1:80 -p -", "2: unexpected argument -"},
      {"-A -f 0", "2: invalid fwmark value `0' specified"},
      {"-A -f 4294967296", "2: invalid fwmark value `4294967296' specified"},
      {"-A -t 10.0.0.1:80 -M 256.0.0.0", "2: illegal virtual server persistent mask specified"},
      {"-A -t [::1]:80 -M 129", "2: illegal ipv6 netmask specified"},
      {"-A -t 10.0.0.1:80 -s rr -b sh-port,bogus", "2: incompatible scheduler flag `sh-port'"},
      {"-A -t 10.0.0.1:80 -s rr -b bogus,sh-port", "2: invalid scheduler flag `bogus'"},
      {"-A -b bogus foo", "2: unexpected argument foo"},
      {"-A -t 10.0.0.1", "2: Zero port specified for non-persistent service"},
      {"-A -t 10.0.0.1:80 -o", "2: One-Packet Scheduling is only for UDP virtual services"},
      {"-a -t 10.0.0.1:80 -r ::1 -m", "2: Different address family is allowed only for tunneling servers"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 --tun-csum", "2: Tunnel options conflict with forward method"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -i --tun-type gue",
       "2: You need to supply the 'tun-port' option for the 'gue' tunnel type"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -i --tun-csum", "2: Illegal 'tun-csum' option with the 'ipip' tunnel type"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -i --tun-type gre --tun-csum --tun-nocsum",
       "2: The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type"},
      {"-a -t 10.0.0.1:80 -r 10.1.1.1 -i --tun-type foo", "2: illegal tunnel type specified"},
      {"-L -c --timeout", "2: The option 'timeout' conflicts with the 'connection' option in the 'list' command"},
      {"-L --daemon --timeout -t 10.0.0.1:80",
       "2: The option 'timeout' conflicts with the 'service-address' option in the 'list' command"},
      {"-L -c --stats", "2: options conflicts in the list command"},
      {"-L --timeout --persistent-conn", "2: options conflicts in the list command"},
      {"-L -r 10.1.1.1 --timeout", "2: Illegal 'real-server' option with the 'list' command"},
      {"-L --state NONE", "2: Illegal 'state' option with the 'list' command"},
      {"-L -6", "2: -6 is only for fwmark services (-f)"},
      {"--set 1 2", "2: --set option requires 3 timeout values"},
      {"--set 1 2 3 4", "2: unexpected argument 4"},
      {"--set 1 2 x 4", "2: invalid timeout value `x' specified"},
      {"--start-daemon both", "2: illegal start-daemon parameter specified"},
      {"--stop-daemon both", "2: illegal start_daemon specified"},
      {"--start-daemon master --mcast-group 10.0.0.1", "2: invalid IPv4 mcast-group `10.0.0.1'"},
      {"--start-daemon master --mcast-group fe80::1", "2: invalid IPv6 mcast-group `fe80::1'"},
      {"--start-daemon master --mcast-port 0", "2: illegal mcast-port specified"},
      {"--start-daemon master --mcast-ttl 256", "2: illegal mcast-ttl specified"},
      {"--start-daemon master --sync-maxlen 65508", "2: illegal sync-maxlen specified"},
      {"--start-daemon master --syncid 256", "2: illegal syncid specified"},
      {"-A -D -t 10.0.0.1:80", "2: invalid option `-D'"},
      {"-AD", "2: invalid option `-AD'"},
      {"-L -h", "2: invalid option `-h'"},
      {"--start-daemon master --start-daemon backup", "2: invalid option `backup'"},
      {"-A -t", "255: -t: missing argument"},
      {"-Lt", "255: -Lt: missing argument"},
      {"-Lz", "255: -Lz: unknown option"},
      {"-Lnz", "255: -Lnz: unknown option"},
      {"-L --numeric=5", "255: --numeric=5: option does not take an argument"},
      {"-L --numeric=", "255: --numeric=: option does not take an argument"},
      {"-L --numeric=true", "255: --numeric=true: option does not take an argument"},
      {"-Ln=5", "255: -Ln=5: option does not take an argument"},
      {"-L --nume", "255: --nume: unknown option"},
      {"-L ++", "2: unexpected argument ++"},
      {"-L -- -n", "2: unexpected argument -n"},
      {"-L --watch=0", "2: illegal watch interval specified"},
      {"-Lc --client 1", "2: illegal client address specified"},
      {"-Lc --client 10.0.0.0/33", "2: illegal client address specified"},
      {"-Lc --state foo", "2: illegal state specified"},
      {"-d -t 10.0.0.1:80 -r 10.1.1.1 --drain=x", "2: illegal drain time specified"},
      {"-A -t 10.0.0.1:80 --drain", "2: Illegal 'drain' option with the 'add-service' command"},
      {"--apply a b", "2: unexpected argument b"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(outcome(row.line) == row.outcome);
  }
}

TEST_CASE("sums are asked for by known keys, each once, and what belongs to them needs them") {
  FakeNames names;
  const Invocation read = Parser(names).parse(split("-L -c --by state,client --top 5 --client-prefix 64"), "ipvsadm");
  const std::optional<Sums>& sums = std::get<ListConnections>(std::get<Listing>(read.command)).sums;
  REQUIRE(sums);
  CHECK(sums->by == std::vector<SumKey>{SumKey::state, SumKey::client});
  CHECK(sums->top == 5U);
  CHECK(sums->client_prefix == 64U);
  for (const char* keys : {"''", ",", "state,", "state,state", "port", "State"}) {
    INFO(keys);
    CHECK(outcome(std::string("-L -c --by ") + keys).starts_with("2: invalid key `"));
  }
  CHECK(outcome("-L --by state") == "2: Illegal 'by' option with the 'list' command");
  CHECK(outcome("-L -c --top 5") == "2: Illegal 'top' option with the 'list' command");
  CHECK(outcome("-L -c --client-prefix 64") == "2: Illegal 'client-prefix' option with the 'list' command");
  CHECK(outcome("-L -c --by state --top 0") == "2: illegal number of sums specified");
  CHECK(outcome("-L -c --by client --client-prefix 129") == "2: illegal client prefix specified");
  CHECK(outcome("-L -c --by state --count") != "ok");
  CHECK(outcome("-L --total") == "2: Illegal 'total' option with the 'list' command");
  CHECK(outcome("-L --stats --total") == "ok");
  CHECK(outcome("-L --rate --total --json") == "ok");
}

TEST_CASE("a line without a command that can be read says where help is") {
  for (const char* line :
       {"-z", "--bogus", "-n", "foo", "-", "--", "''", "-nz", "-L=5", "--set=1 2 3", "--start-daemon", "-h=5"}) {
    INFO(line);
    CHECK(outcome(line) == try_help);
  }
}

TEST_CASE("help and version end all reading") {
  for (const char* line : {"-h", "-h -z", "-hL", "-v foo", "-vL", "--help --bogus"}) {
    INFO(line);
    CHECK(outcome(line) == "ok");
  }
}

TEST_CASE("one parser reads line after line") {
  FakeNames names;
  Parser parser(names);
  for (int i = 0; i < 30000; ++i) {
    REQUIRE_NOTHROW(parser.parse(std::vector<std::string>{"-A", "-t", "10.0.0.1:80", "-p"}, "ipvsadm"));
    if (i % 100 == 0) REQUIRE_THROWS_AS(parser.parse(std::vector<std::string>{"-A", "-t"}, "ipvsadm"), Failure);
  }
}

TEST_CASE("a line of a hundred thousand words is refused in good time") {
  std::vector<std::string> words(100000, "x");
  words.front() = "-L";
  words.back() = "-z";
  CHECK(outcome(words) == "255: -z: unknown option");
}

TEST_CASE("random lines throw nothing but Failure") {
  const std::uint32_t seed = 20261123;
  std::mt19937 random(seed);
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> pool = {"-",  "--", "",     "=",     "-=",    "++", "10.0.0.1:80", "[::1]:80", "1",
                                   "-5", "x",  "--x=", "[a,b]", "-\xff", "%%", "-pp",         "-t-t"};
  for (const SpellingInfo& info : spellings()) {
    pool.push_back("--" + std::string(info.long_name));
    pool.push_back("--" + std::string(info.long_name) + "=7");
    for (const char letter : info.short_names) pool.push_back(std::string("-") + letter);
    for (const char letter : info.short_names) pool.push_back(std::string("-n") + letter + "3");
  }
  int read = 0;
  for (int i = 0; i < 8000; ++i) {
    std::vector<std::string> words;
    for (std::size_t n = random() % 7; n > 0; --n) words.push_back(pool[random() % pool.size()]);
    try {
      parser.parse(words, "ipvsadm");
      ++read;
    } catch (const Failure& failure) {
      REQUIRE((failure.status() == 2 || failure.status() == 255));
    }
  }
  CHECK(read > 0);
}

TEST_CASE("shares are of services, over four seconds or more, in an order that is asked for") {
  FakeNames names;
  const auto read = [&](const char* line) {
    const Invocation invocation = Parser(names).parse(split(line), "ipvsadm");
    return std::get<ListShares>(std::get<Listing>(invocation.command));
  };
  CHECK(read("-L --share").interval == std::chrono::seconds(4));
  CHECK(read("-L --share=5.5").interval == std::chrono::milliseconds(5500));
  CHECK_FALSE(read("-L --share").sort_by);
  CHECK(read("-L --share --sort-by conns").sort_by == SortKey::conns);
  CHECK(read("-L --share --sort-by rate").sort_by == SortKey::rate);
  CHECK(read("-L --share --sort-by bytes").sort_by == SortKey::bytes);
  CHECK(read("-L --share --sort-by weight").sort_by == SortKey::weight);
  const ListShares shares = read("-Ln --share -t 10.0.0.1:80 -r 10.1.0.1 --nosort --json");
  CHECK((shares.which.numeric && shares.which.service && shares.which.server && shares.which.json));
  CHECK_FALSE(shares.which.sorted);
  const Invocation watch = Parser(names).parse(split("-L --share=6 --watch=3"), "ipvsadm");
  CHECK(std::get<ListShares>(std::get<Watch>(watch.command).listing).interval == std::chrono::seconds(6));
  // The kernel adds its counters up every two seconds.
  for (const char* seconds : {"3.9", "0", "86401", "x", "-3", ""}) {
    CAPTURE(seconds);
    CHECK(outcome(std::string("-L --share=") + seconds).starts_with("2: illegal share interval specified"));
  }
  CHECK(outcome("-L --share --sort-by active").starts_with("2: illegal sort key specified"));
  CHECK(outcome("-L --sort-by rate") == "2: Illegal 'sort-by' option with the 'list' command");
  for (const char* more : {"-c", "--stats", "--rate", "--thresholds", "--persistent-conn", "--tun-info", "--timeout",
                           "--daemon", "--exact", "--metrics"}) {
    CAPTURE(more);
    CHECK(outcome(std::string("-L --share ") + more).starts_with("2: The option '"));
  }
}

TEST_CASE("metrics are of the whole table, in one of two formats") {
  FakeNames names;
  const auto read = [&](const char* line) {
    const Invocation invocation = Parser(names).parse(split(line), "ipvsadm");
    return std::get<ListMetrics>(std::get<Listing>(invocation.command));
  };
  CHECK(read("-L --metrics").format == MetricsFormat::prometheus);
  CHECK_FALSE(read("-L --metrics").connections);
  CHECK(read("-Lnc --metrics=openmetrics").format == MetricsFormat::openmetrics);
  CHECK(read("-Lnc --metrics").connections);
  CHECK_FALSE(read("-L --metrics --nosort").sorted);
  CHECK(outcome("-L --metrics=json") == "2: illegal metrics format specified");
  for (const char* more : {"-t 10.0.0.1:80", "-r 10.0.0.1", "--stats", "--json", "--watch", "--timeout", "--exact"}) {
    CAPTURE(more);
    CHECK(outcome(std::string("-L --metrics ") + more).starts_with("2: The option 'metrics' conflicts with the '"));
  }
  CHECK(outcome("-S --metrics") == "2: Illegal 'metrics' option with the 'save' command");
}

TEST_CASE("rules files are read line by line, whatever the white space") {
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> warnings;
  const auto read = [&](std::string_view text) {
    return read_rules(RulesFile(text), UnknownHosts::reported, parser, warnings);
  };
  const auto rules = read("\n\t-A  -t\t10.0.0.1:80\r\n\nipvsadm -a -t 10.0.0.1:80 -r 10.1.1.1 -m");
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].line() == 2);
  CHECK(rules[1].line() == 4);
  CHECK(read("").empty());
  CHECK(read("# a\n  # b\n\t#c\n ipvsadm # d").empty());
  CHECK(warnings.empty());
}

TEST_CASE("comments after rules, lines that continue, and a byte order mark are read as people write them") {
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> warnings;
  const auto meanings = [&](std::string_view text) {
    Text written;
    for (const Rule& rule : read_rules(RulesFile(text), UnknownHosts::reported, parser, warnings)) {
      written.append(std::to_string(rule.line()) + ": ");
      render_rule(written, std::get<ipvs::Change>(rule.command()), nullptr);
    }
    return fmt::to_string(written);
  };
  CHECK(meanings("\xef\xbb\xbf-C\n-A -t 10.0.0.1:80 # web") == "1: -C\n2: -A -t 10.0.0.1:80 -s wlc\n");
  CHECK(meanings("\xef\xbb\xbf").empty());
  CHECK(meanings("-A -t 10.0.0.1:80 \\\n  -s rr\\\r\n -p 60\n-C\n") == "1: -A -t 10.0.0.1:80 -s rr -p 60\n4: -C\n");
  CHECK(meanings("# a comment ends with its line \\\n-C # so does this \\\n-C") == "2: -C\n3: -C\n");
  CHECK(meanings("-C\\") == "1: -C\n");
  CHECK(meanings("-C \\\n\\\n\n-C") == "1: -C\n4: -C\n");
  CHECK_THROWS_AS(meanings("-C\n\xef\xbb\xbf-C"), Failure);
  // What stands within a word is part of it.
  CHECK_THROWS_AS(meanings("-A -t 10.0.0.1:80#web"), Failure);
}

TEST_CASE("in rules all is legal that the kernel holds and that a save writes") {
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> warnings;
  for (const char* line :
       {"-A -t 10.0.0.1:0 -s wlc", "-A -t 10.0.0.1:80 -s wlc -p 0", "-A -t 10.0.0.1:80 -s wlc -p 4294967295",
        "-A -t 10.0.0.1:80 -s wlc -o", "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1 -x 4294967295 -y 4294967295",
        "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -i -w 1 --tun-type gre --tun-remcsum"}) {
    const auto rules = read_rules(RulesFile(line), UnknownHosts::refused, parser, warnings);
    CHECK(rule_text(std::get<ipvs::Change>(rules.at(0).command())) == line);
    CHECK(outcome(line).starts_with("2: "));
  }
  // A port that was forgotten is still a mistake.
  CHECK_THROWS_AS(read_rules(RulesFile("-A -t 10.0.0.1"), UnknownHosts::refused, parser, warnings), Failure);
  CHECK(warnings.empty());
}

TEST_CASE("a host's name without an address is a wrong line only where the whole table is described") {
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> warnings;
  const char* text = "-C\n-A -t nosuch:80\n-a -t 10.0.0.1:80 -r nosuch -m\n-C";
  const auto rules = read_rules(RulesFile(text), UnknownHosts::reported, parser, warnings);
  REQUIRE(rules.size() == 4);
  CHECK(rules[0].fault() == nullptr);
  REQUIRE(rules[1].fault() != nullptr);
  CHECK(*rules[1].fault() == "illegal virtual server address[:port] specified\n  `nosuch:80': no such host is known");
  REQUIRE(rules[2].fault() != nullptr);
  CHECK(*rules[2].fault() == "illegal real server address[:port] specified\n  `nosuch': no such host is known");
  CHECK_THROWS_AS(read_rules(RulesFile(text), UnknownHosts::refused, parser, warnings), Failure);
  // No host can have such a name.
  CHECK_THROWS_AS(read_rules(RulesFile("-A -t 10.0.0.256:80"), UnknownHosts::reported, parser, warnings), Failure);
  CHECK_THROWS_AS(read_rules(RulesFile("-A -t web:nosuch"), UnknownHosts::reported, parser, warnings), Failure);
}

TEST_CASE("a second line says which value is wrong, and why") {
  struct Row {
    const char* line;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {"-a -t 10.0.0.1:80 -r 192.168.2,175", "`192.168.2,175': not an address, and no such host is known"},
      {"-a -t 10.0.0.1:80 -r 10.0.0.256", "`10.0.0.256': not an address, and no such host is known"},
      {"-a -t 10.0.0.1:80 -r nosuch", "`nosuch': no such host is known"},
      {"-A -t [nosuch]:80", "`[nosuch]:80': no such host is known with an IPv6 address"},
      {"-A -t 10.0.0.1:htttp", "`10.0.0.1:htttp': no TCP port is named htttp"},
      {"-A -u 10.0.0.1:http", "`10.0.0.1:http': no UDP port is named http"},
      {"-A -t 10.0.0.1:65536", "`10.0.0.1:65536': the port 65536 is not from 0 to 65535"},
      {"-A -t 10.0.0.1:", "`10.0.0.1:': no port follows the colon"},
      {"-A -t :80", "`:80': there is no address before the colon"},
      {"-A -t 80", "`80': a number alone is not an address"},
      {"-A -t ''", "`': it is empty"},
      {"-A -t 2001:db8:0:0:0:0:0:1:80",
       "`2001:db8:0:0:0:0:0:1:80': an IPv6 address with a port needs brackets: [2001:db8:0:0:0:0:0:1]:80"},
      {"-A -t 2001:db8::1:80", "`2001:db8::1:80': an IPv6 address with a port needs brackets: [ADDRESS]:PORT"},
      {"-A -t 2001:db8::1]:80", "`2001:db8::1]:80': the opening bracket is missing"},
      {"-A -t [2001:db8::1:80", "`[2001:db8::1:80': the closing bracket is missing"},
      {"-A -t [2001:db8::1]", "`[2001:db8::1]': brackets are for an address with a port: [ADDRESS]:PORT"},
      {"-A -t [2001:db8::1]80", "`[2001:db8::1]80': a colon must follow the closing bracket"},
      {"-A -t [10.0.0.1]:80", "`[10.0.0.1]:80': brackets are for IPv6 addresses"},
      {"-A -t [2001:db8::g]:80", "`[2001:db8::g]:80': the text in the brackets is not an IPv6 address"},
      {"-A -t []:80", "`[]:80': the brackets are empty"},
      {"-A -t 10.0.0.1:80:81", "`10.0.0.1:80:81': not an IPv6 address, and other addresses have at most one colon"},
      {"-A -t [fe80::1%eth0]:80", "`[fe80::1%eth0]:80': a zone (%LINK) is not allowed here"},
      {"-A -t 10.0.0.1\xc2\xa0:80", "`10.0.0.1\xc2\xa0:80': a no-break space is in it"},
      {"-A -t \xe2\x80\x9c"
       "10.0.0.1:80\xe2\x80\x9d",
       "`\xe2\x80\x9c"
       "10.0.0.1:80\xe2\x80\x9d': a curly quote is in it"},
      {"-A -t \xff", "`\xff': it contains a character that is not ASCII"},
      {"-a -t 10.0.0.1:80 -r 10.1.0.1 -w -5", "`-5': not a number from 0 to 2147483647"},
      {"-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type vxlan", "`vxlan': must be ipip, gue or gre"},
      {"-A -t 10.0.0.1:80 -p 0", "not a number of seconds from 1 to 2678400"},
      {"-A -t 10.0.0.1:80 -p -M 300.0.0.0", "`300.0.0.0': not a dotted mask like 255.255.255.0"},
  };
  for (const Row& row : rows) {
    INFO(row.line);
    FakeNames names;
    std::string message;
    try {
      Parser(names).parse(split(row.line), "ipvsadm");
    } catch (const Failure& failure) {
      message = failure.what();
    }
    REQUIRE(message.find('\n') != std::string::npos);
    CHECK(message.substr(message.find('\n')) == "\n  " + std::string(row.reason));
  }
}

TEST_CASE("what is legal but may not be meant gets a warning") {
  FakeNames names;
  const auto warnings = [&](const std::string& line) {
    std::string text;
    for (const std::string& warning : Parser(names).parse(split(line), "ipvsadm").warnings) text += warning + ".";
    return text;
  };
  CHECK(warnings("-A -t 192.168.2:80") == "`192.168.2' is read as 192.168.0.2.");
  CHECK(warnings("-A -t 010.0.0.1:80") == "`010.0.0.1' is read as 8.0.0.1.");
  CHECK(warnings("-A -t 0xa.0.0.1:80") == "`0xa.0.0.1' is read as 10.0.0.1.");
  CHECK(warnings("-A -t 10.0.0.100:80").empty());
  CHECK(warnings("-A -t 0.0.0.0:0 -p").empty());
  CHECK(warnings("-A -t web:80").empty());
  CHECK(warnings("-A -t [2001:db8::1]:80").empty());
  CHECK(warnings("-A -p -t 2001:db8::1").empty());
  const std::string unused = "the server's port 8080 is not used: without -m it is the service's, 80.";
  CHECK(warnings("-a -t 10.0.0.1:80 -r 10.1.0.1:8080") == unused);
  CHECK(warnings("-e -t 10.0.0.1:80 -r 10.1.0.1:8080 -i") == unused);
  CHECK(warnings("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m").empty());
  CHECK(warnings("-a -t 10.0.0.1:80 -r 10.1.0.1:80 -g").empty());
  CHECK(warnings("-a -f 1 -r 10.1.0.1:8080 -g").empty());
}

TEST_CASE(
    "a rules file of any length and with lines of any length is read whole, with or without an end of the last line") {
  const std::string path = std::filesystem::temp_directory_path() / ("rules." + std::to_string(getpid()));
  std::vector<std::string> lines(9000);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = "-D -t 10.0.0.1:" + std::to_string(1 + i);
  lines[4000] = "#" + std::string(300000, 'x');
  for (const char* last : {"-C", "-C\n"}) {
    std::ofstream written(path);
    for (const std::string& line : lines) written << line << '\n';
    written << last;
    written.close();
    RulesFile file = RulesFile::open(path);
    std::size_t same = 0;
    for (const std::string& line : lines) same += file.next_line() == line ? 1 : 0;
    CHECK(same == lines.size());
    CHECK(file.next_line() == "-C");
    CHECK_FALSE(file.next_line());
    CHECK_FALSE(file.next_line());
  }
  std::filesystem::remove(path);
  CHECK_THROWS_AS(RulesFile::open(path), Failure);
}

TEST_CASE("the first line of a rules file that is wrong is reported with its number") {
  FakeNames names;
  Parser parser(names);
  const auto fault = [&](const std::string& text) -> std::string {
    try {
      std::vector<std::string> warnings;
      read_rules(RulesFile(text), UnknownHosts::reported, parser, warnings);
    } catch (const Failure& failure) {
      const std::string message = failure.what();
      return std::to_string(failure.status()) + ": " + message.substr(0, message.find("\n  "));
    }
    return "none";
  };
  CHECK(fault("-C\n-A -t 10.0.0.1:80 -w x\n-z\n") == "2: line 2: illegal weight specified");
  CHECK(fault("-C\njunk # c\n") == "255: line 2: not a rule");
  CHECK(fault("-A -z") == "255: line 1: -z: unknown option");
  CHECK(fault("-C\n-R\n") == "2: line 2: invalid option `-R'");
  CHECK(fault("-h") == "2: line 1: invalid option `-h'");
  CHECK(fault("--netns x -C") == "2: line 1: Illegal 'netns' option in a rules file");
  CHECK(fault(std::string("-C\n-C\0\n", 7)) == "255: line 2: it contains a NUL byte");
  CHECK(fault("\x01\xff\n") == "255: line 1: not a rule");
  CHECK(fault("-A -t 10.0.0.1:80" + std::string(1000000, ' ') + "-s rr\n") == "none");
}

// Hosts are looked up in tests/kernel/cases, with a hosts file of the test's own.
TEST_CASE("a port name that the system does not know is none, however often it is asked for") {
  SystemNames names;
  for (int i = 0; i < 2; ++i) CHECK(names.port("no-such-port-name", ipvs::Protocol::tcp) == std::nullopt);
}
