// SPDX-License-Identifier: MIT
#include "commands/complete.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "line/parse.hpp"
#include "line/resolver.hpp"

namespace {

using namespace ipvsadm;
using Words = std::vector<std::string>;

Words texts(const Question& question) {
  Words texts;
  for (const Candidate& candidate : question.candidates) {
    if (candidate.text.starts_with(question.stem)) texts.push_back(question.before + candidate.text);
  }
  return texts;
}
Words offered(const Words& words) { return texts(read_question(words)); }
Source source(const Words& words) { return read_question(words).source; }
bool offers(const Words& words, const std::string& text) {
  const Words all = offered(words);
  return std::ranges::find(all, text) != all.end();
}

}  // namespace

TEST_CASE("completion offers every command first, by its long name") {
  const Words all = offered({""});
  for (const SpellingInfo& info : spellings()) {
    if (!is_command(info.spelling)) continue;
    CAPTURE(info.long_name);
    CHECK(std::ranges::find(all, "--" + std::string(info.long_name)) != all.end());
  }
  CHECK_FALSE(offers({""}, "--weight"));
}

TEST_CASE("completion offers the options that are legal with the command") {
  CHECK(offered({"-D", ""}) ==
        Words{"--tcp-service", "--udp-service", "--sctp-service", "--fwmark-service", "--drain", "--netns"});
  CHECK(offered({"-At", "10.0.0.1:80", "--s"}) == Words{"--scheduler", "--sched-flags"});
  CHECK(offered({"--set", "1", "--d"}).empty());
  CHECK(offered({"-C", ""}) == Words{"--netns"});
}

TEST_CASE("completion offers short names after a single dash") {
  CHECK(offered({"-A", "-s"}) == Words{"-s"});
  CHECK(offers({"-A", "-"}, "-s"));
  CHECK(offers({"-A", "-"}, "--scheduler"));
  CHECK(offered({"-"}).front() == "-A");
}

TEST_CASE("completion offers no option twice and none that conflicts with one given") {
  CHECK_FALSE(offers({"-a", "-m", "-"}, "-g"));
  CHECK_FALSE(offers({"-a", "-m", "--"}, "--tun-type"));
  CHECK(offers({"-a", "-i", "--"}, "--tun-type"));
  CHECK_FALSE(offers({"-a", "-g", "--"}, "--tun-port"));
  // What a tunnel of this type does not take.
  CHECK(offers({"-a", "-i", "--tun-type", "gue", "--"}, "--tun-port"));
  CHECK_FALSE(offers({"-a", "-i", "--tun-type", "gre", "--"}, "--tun-port"));
  CHECK_FALSE(offers({"-a", "-i", "--tun-type", "ipip", "--"}, "--tun-csum"));
  CHECK_FALSE(offers({"-a", "-i", "--tun-type", "gue", "--tun-csum", "--"}, "--tun-nocsum"));
  CHECK_FALSE(offers({"-A", "-t", "10.0.0.1:80", "--"}, "--ops"));
  CHECK(offers({"-A", "-u", "10.0.0.1:80", "--"}, "--ops"));
  CHECK(offers({"-L", "--"}, "--sort"));
  CHECK_FALSE(offers({"-L", "--nosort", "--"}, "--sort"));
  CHECK_FALSE(offers({"-L", "--sort", "--"}, "--nosort"));
  CHECK_FALSE(offers({"-L", "-c", "--"}, "--stats"));
  CHECK_FALSE(offers({"-L", "--timeout", "--"}, "--daemon"));
  CHECK_FALSE(offers({"-L", "--"}, "--client"));
  CHECK(offers({"-L", "-c", "--"}, "--client"));
  CHECK_FALSE(offers({"-L", "--"}, "--total"));
  CHECK(offers({"-L", "--rate", "--"}, "--total"));
  CHECK_FALSE(offers({"-L", "-c", "--"}, "--top"));
  CHECK(offers({"-L", "-c", "--by", "client", "--"}, "--top"));
  CHECK_FALSE(offers({"-L", "-c", "--by", "client", "--"}, "--count"));
  CHECK(offers({"-D", "-f", "7", "-"}, "-6"));
  CHECK_FALSE(offers({"-D", "-t", "10.0.0.1:80", "-"}, "-6"));
}

TEST_CASE("completion offers the commands that fit options given before") {
  CHECK(offered({"-w", "5", "--"}) ==
        Words{"--add-server", "--edit-server", "--tcp-service", "--udp-service", "--sctp-service", "--fwmark-service",
              "--real-server", "--gatewaying", "--ipip", "--masquerading", "--u-threshold", "--l-threshold",
              "--tun-type", "--tun-port", "--tun-nocsum", "--tun-csum", "--tun-remcsum", "--keep", "--netns"});
}

TEST_CASE("completion offers values, apart from their option or attached") {
  CHECK(offered({"-A", "-s", "w"}) == Words{"wrr", "wlc"});
  CHECK(offered({"-A", "-sw"}) == Words{"-swrr", "-swlc"});
  CHECK(offered({"-A", "--scheduler=w"}) == Words{"--scheduler=wrr", "--scheduler=wlc"});
  CHECK(offered({"-A", "--scheduler=nq"}) == Words{"--scheduler=nq"});
  CHECK(offered({"--start-daemon", ""}) == Words{"master", "backup"});
  CHECK(offered({"-a", "-i", "--tun-type", "g"}) == Words{"gue", "gre"});
  CHECK(offered({"-L", "-c", "--state", "TIME"}) == Words{"TIME_WAIT"});
  CHECK(offered({"-L", "--metrics=o"}) == Words{"--metrics=openmetrics"});
  CHECK_FALSE(offers({"-L", "--metrics", "--"}, "--json"));
  CHECK(offers({"-L", "--metrics", "--"}, "--connection"));
  CHECK(offered({"-L", "-c", "--by", "s"}) == Words{"server", "service", "state"});
  CHECK(offered({"-L", "-c", "--by", "service,s"}) == Words{"service,server", "service,state"});
  CHECK(offered({"-L", "--share", "--sort-by", "b"}) == Words{"bytes"});
  CHECK_FALSE(offers({"-L", "--"}, "--sort-by"));
  CHECK_FALSE(offers({"-L", "--share", "--"}, "--stats"));
  CHECK(offered({"-a", "-w", ""}).empty());
}

TEST_CASE("completion offers the scheduler's own flags and those not listed yet") {
  CHECK(offered({"-A", "-s", "sh", "-b", ""}) == Words{"sh-fallback", "sh-port", "flag-1", "flag-2", "flag-3"});
  CHECK(offered({"-A", "-s", "mh", "-b", "mh-port,m"}) == Words{"mh-port,mh-fallback"});
  CHECK(offered({"-A", "--sched-flags=sh-p"}) == Words{"--sched-flags=sh-port"});
}

TEST_CASE("completion offers options where an optional value may be left out") {
  CHECK(offers({"-A", "-p", ""}, "--scheduler"));
  CHECK(offers({"-A", "-p", "--"}, "--scheduler"));
  CHECK_FALSE(offers({"-A", "-p", "--"}, "--persistent"));
  CHECK(offers({"--apply", "--"}, "--dry-run"));
}

TEST_CASE("completion asks the kernel for services, but not for a new one's address") {
  const Question question = read_question(Words{"--netns", "blue", "-D", "-u", "10."});
  CHECK(question.source == Source::services);
  CHECK(question.service == Spelling::udp_service);
  CHECK(question.network_namespace == "blue");
  CHECK(question.stem == "10.");
  CHECK(source({"-L", "--tcp-service="}) == Source::services);
  CHECK(read_question(Words{"-L", "--tcp-service=1"}).before == "--tcp-service=");
  CHECK(source({"-A", "-t", ""}) == Source::words);
}

TEST_CASE("completion asks the kernel for the servers of the service typed before") {
  const auto address = ipvs::Address::parse("10.0.0.1");
  const Question question = read_question(Words{"-e", "-t", "10.0.0.1:80", "-r", ""});
  CHECK(question.source == Source::servers);
  REQUIRE(question.of.has_value());
  CHECK(question.of == ipvs::ServiceKey::tcp(*address, 80));
  CHECK(read_question(Words{"-d", "-f", "7", "-6", "-r", ""}).of == ipvs::ServiceKey::mark(7, ipvs::Family::ipv6));
  CHECK(source({"-a", "-t", "10.0.0.1:80", "-r", ""}) == Source::words);
  CHECK(source({"-e", "-t", "nonsense", "-r", ""}) == Source::words);
  CHECK(source({"-L", "-c", "-r", ""}) == Source::servers);
}

TEST_CASE("completion knows what else to ask the system for") {
  CHECK(source({"--start-daemon", "master", "--mcast-interface", ""}) == Source::interfaces);
  CHECK(source({"-L", "--netns", ""}) == Source::namespaces);
  CHECK(source({"-L", "--netns", "/proc/"}) == Source::files);
  CHECK(source({"--apply", ""}) == Source::files);
  CHECK(source({"-R", ""}) == Source::files);
  CHECK(source({"--restore", "ru"}) == Source::files);
  CHECK(source({"-R", "-"}) == Source::words);
  CHECK(source({"-R", "rules", ""}) == Source::words);
  CHECK(source({"-S", ""}) == Source::words);
}

TEST_CASE("completion offers nothing after a fault or a closed list of options") {
  CHECK(offered({"-A", "--no-such-option", ""}).empty());
  CHECK(offered({"-A", "no-such-option", "--no-such"}).empty());
}

TEST_CASE("every scheduler, daemon role, tunnel type and engine that completion offers is one the parser takes") {
  SystemNames names;
  Parser parser(names);
  const std::vector<Words> lines = {
      {"-A", "-t", "10.0.0.1:80", "-s", ""},
      {"-A", "-t", "10.0.0.1:80", "-p", "60", "--pe", ""},
      {"--start-daemon", ""},
      {"--stop-daemon", ""},
      {"-a", "-t", "10.0.0.1:80", "-r", "10.0.0.2", "-i", "--tun-port", "9", "--tun-type", ""}};
  for (const Words& line : lines) {
    REQUIRE_FALSE(offered(line).empty());
    for (const std::string& value : offered(line)) {
      Words whole = line;
      whole.back() = value;
      // Only gue takes a port.
      if (value == "ipip" || value == "gre") whole.erase(whole.end() - 4, whole.end() - 2);
      CAPTURE(whole);
      CHECK_NOTHROW(parser.parse(whole, "ipvsadm"));
    }
  }
}

TEST_CASE("completion and --help name the same schedulers") {
  std::string named;
  for (const std::string& name : offered({"-A", "-s", ""})) named += name + " ";
  const std::string_view help = info(Spelling::scheduler).help;
  CHECK(named == std::string(help.substr(0, help.find('('))));
}

TEST_CASE("every option that completion offers after a command is legal with it") {
  for (const SpellingInfo& command : spellings()) {
    if (!is_command(command.spelling)) continue;
    Words line{"--" + std::string(command.long_name)};
    if (command.argument == Argument::required) line.emplace_back("master");
    line.emplace_back("--");
    const CommandInfo& rule = command_info(command.spelling);
    for (const std::string& text : offered(line)) {
      const auto option = std::ranges::find(spellings(), text.substr(2), &SpellingInfo::long_name);
      CAPTURE(line, text);
      REQUIRE(option != spellings().end());
      const bool always = option->spelling == Spelling::netns || option->spelling == Spelling::sort;
      CHECK((always || (rule.required | rule.allowed).has(option->option)));
    }
  }
}

TEST_CASE("a completion answer has a line for each candidate that fits, a tab before its description") {
  Question question;
  question.before = "-s";
  question.stem = "w";
  const std::vector<Candidate> candidates{{"wlc", "weighted"}, {"rr", "round robin"}, {"wrr", ""}};
  CHECK(answer_text(question, candidates) == "-swlc\tweighted\n-swrr\n");
  question.source = Source::files;
  CHECK(answer_text(question, {}) == "@files\n");
}
