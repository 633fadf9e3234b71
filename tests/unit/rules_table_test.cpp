// SPDX-License-Identifier: MIT
// The table that a rules file describes, and the line of each change.
#include "commands/rules_table.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "fake_names.hpp"
#include "line/failure.hpp"

namespace {

using namespace ipvsadm;

Wanted wanted_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  FakeNames names;
  Parser parser(names);
  std::vector<std::string> warnings;
  return Wanted(read_rules(RulesFile(text), UnknownHosts::refused, parser, warnings));
}

std::string failure_of(const std::vector<std::string>& lines) {
  try {
    wanted_of(lines);
    return "none";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace

TEST_CASE("rules in any order make the same table, and each change is found on its first line") {
  std::vector<std::string> rules;
  std::vector<ipvs::Change> changes;
  for (int service = 1; service <= 20; ++service) {
    const std::string address = "10.0.0." + std::to_string(service) + ":80";
    rules.push_back("-A -t " + address + " -s rr");
    ipvs::AddService addition;
    addition.service.key =
        ipvs::ServiceKey::of(ipvs::Protocol::tcp, *ipvs::Address::parse("10.0.0." + std::to_string(service)), 80);
    addition.service.scheduler = "rr";
    changes.emplace_back(addition);
    for (int server = 1; server <= service; ++server) {
      rules.push_back("-a -t " + address + " -r 10.1.0." + std::to_string(server) + ":80 -m");
      ipvs::AddDestination destination;
      destination.service = addition.service.key;
      destination.destination.key = {*ipvs::Address::parse("10.1.0." + std::to_string(server)), 80};
      destination.destination.forwarding = ipvs::Forwarding::masquerade;
      changes.emplace_back(destination);
    }
  }
  const ipvs::Table table = wanted_of(rules).table();
  REQUIRE(table.services.size() == 20);

  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same orders every time
  for (int round = 0; round < 20; ++round) {
    std::vector<std::size_t> order(rules.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, random);
    std::vector<std::string> shuffled;
    shuffled.reserve(order.size() + 10);
    for (const std::size_t i : order) shuffled.push_back(rules[i]);
    // A line may stand twice: the first counts.
    shuffled.insert(shuffled.end(), shuffled.begin(), shuffled.begin() + 10);
    const Wanted wanted = wanted_of(shuffled);
    REQUIRE(wanted.table() == table);
    for (std::size_t line = 1; line <= order.size(); ++line) {
      INFO(shuffled[line - 1]);
      REQUIRE(wanted.line_of(changes[order[line - 1]]) == line);
    }
  }
}

TEST_CASE("changes that come from no line have none") {
  const Wanted wanted = wanted_of({"-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m"});
  const ipvs::ServiceKey service = wanted.table().services.begin()->first;
  ipvs::AddDestination other;
  other.service = service;
  other.destination.key = {*ipvs::Address::parse("10.1.0.2"), 80};
  CHECK(wanted.line_of(other) == 0);
  CHECK(wanted.line_of(ipvs::DeleteService{service}) == 0);
  CHECK(wanted.line_of(ipvs::SetTimeouts{}) == 0);
  CHECK(wanted.line_of(ipvs::StopDaemon{ipvs::DaemonRole::master, 0}) == 0);
}

TEST_CASE("of lines that contradict each other the first is named, of servers without a service the first") {
  const std::string service = "-A -t 10.0.0.9:80 -s rr";
  CHECK(failure_of({}) == "there are no rules; a line -C says that no service is wanted");
  CHECK(failure_of({"# nothing", service, service, "-A -t 10.0.0.9:80 -s wrr"}) == "line 4: contradicts line 2");
  CHECK(failure_of({"-a -t 10.0.0.9:80 -r 10.1.0.2:80 -m", service, "-a -t 10.0.0.9:80 -r 10.1.0.2:80 -m -w 2"}) ==
        "line 3: contradicts line 1");
  CHECK(failure_of({"--set 1 2 3", "--set 1 2 3", "--set 1 2 4"}) == "line 3: contradicts line 2");
  CHECK(failure_of({"-C", "-a -t 10.0.0.9:80 -r 10.1.0.2:80", service, "-C"}) == "line 4: contradicts line 2");
  CHECK(failure_of({"-a -t 10.0.0.9:80 -r 10.1.0.9:80", "-a -t 10.0.0.1:80 -r 10.1.0.1:80",
                    "-A -t 10.0.0.2:80 -s rr"}) == "line 1: no line adds the service of this server");
  CHECK(failure_of({service, "-Z"}) == "line 2: a table is described by -A, -a, --set and --start-daemon alone");
}
