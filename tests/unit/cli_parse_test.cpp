// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "catch.hpp"
#include "fake_names.hpp"
#include "line/failure.hpp"
#include "line/parse.hpp"
#include "line/rules_file.hpp"
#include "output/output.hpp"
#include "output/render.hpp"

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
    return std::to_string(failure.status()) + ": " + failure.what();
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

TEST_CASE("the first offence is told, in the classic tool's words and with its status") {
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
      {"-L -r 10.1.1.1", "2: Illegal 'real-server' option with the 'list' command"},
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

TEST_CASE("a line without a command that can be read is told where help is") {
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
  const std::uint64_t seed = 20261123;
  std::mt19937_64 random(seed);
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

TEST_CASE("rules files are read line by line, whatever the white space") {
  FakeNames names;
  Parser parser(names);
  const auto rules = read_rules(RulesFile("\n\t-A  -t\t10.0.0.1:80\r\n\nipvsadm -a -t 10.0.0.1:80 -r 10.1.1.1 -m"),
                                Comments::refused, parser);
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].line() == 2);
  CHECK(rules[1].line() == 4);
  CHECK(read_rules(RulesFile(""), Comments::refused, parser).empty());
  CHECK(read_rules(RulesFile("# a\n  # b\n"), Comments::skipped, parser).empty());
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

TEST_CASE("the first line of a rules file that is wrong is told with its number") {
  FakeNames names;
  Parser parser(names);
  const auto fault = [&](const std::string& text) -> std::string {
    try {
      read_rules(RulesFile(text), Comments::refused, parser);
    } catch (const Failure& failure) {
      return std::to_string(failure.status()) + ": " + failure.what();
    }
    return "none";
  };
  CHECK(fault("-C\n-A -t 10.0.0.1:80 -w x\n-z\n") == "2: line 2: illegal weight specified");
  CHECK(fault("-C\n# c\n") == "255: line 2: not a rule");
  CHECK(fault("-A -z") == "255: line 1: -z: unknown option");
  CHECK(fault("-C\n-R\n") == "2: line 2: invalid option `-R'");
  CHECK(fault("-h") == "2: line 1: invalid option `-h'");
  CHECK(fault("--netns x -C") == "2: line 1: Illegal 'netns' option in a rules file");
  CHECK(fault(std::string("-C\n-C\0\n", 7)) == "255: line 2: a NUL byte is in it");
  CHECK(fault("\x01\xff\n") == "255: line 1: not a rule");
  CHECK(fault("-A -t 10.0.0.1:80" + std::string(1000000, ' ') + "-s rr\n") == "none");
}

// Hosts are looked up in tests/kernel/cases, with a hosts file of the test's own.
TEST_CASE("a port name that the system does not know is none, however often it is asked for") {
  SystemNames names;
  for (int i = 0; i < 2; ++i) CHECK(names.port("no-such-port-name", ipvs::Protocol::tcp) == std::nullopt);
}
