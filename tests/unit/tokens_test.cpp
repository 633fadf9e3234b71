// SPDX-License-Identifier: MIT
#include "line/tokens.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "catch.hpp"
#include "fake_names.hpp"
#include "line/command_line.hpp"
#include "line/failure.hpp"
#include "line/parse.hpp"

using namespace ipvsadm;

namespace {

/// "-s[rr] -n | operand ! fault"
std::string read(const std::vector<std::string>& words) {
  const TokenLine line = read_tokens(words);
  std::string text;
  for (const Token& token : line.tokens) {
    text += "--" + std::string(info(token.spelling).long_name);
    if (token.value) text += "[" + *token.value + "]";
    text += ' ';
  }
  for (const std::string& operand : line.operands) text += "| " + operand + ' ';
  switch (line.fault) {
    case TokenLine::Fault::none: break;
    case TokenLine::Fault::unknown_option: text += "unknown " + line.fault_word + ' '; break;
    case TokenLine::Fault::missing_argument: text += "missing " + line.fault_word + ' '; break;
    case TokenLine::Fault::unwanted_argument: text += "unwanted " + line.fault_word + ' '; break;
  }
  if (!text.empty()) text.pop_back();
  return text;
}

/// Words that are odd somewhere, more options than values.
std::vector<std::string> random_words(std::mt19937& random) {
  static const std::vector<std::string> pool = {
      "-A", "-a",  "-E",   "-L", "-t",        "10.0.0.1:80", "-u",         "-f",   "7",           "-6",     "-s",
      "rr", "-p",  "5",    "-p", "",          "-",           "--",         "=",    "-s=",         "-s==",   "-srr",
      "-o", "-n",  "-Ln",  "-r", "10.1.1.1",  "-m",          "-w",         "-w-5", "--weight=5",  "--pe",   "sip",
      "{}", "[x]", "['a'", "%%", "--pe=[ab]", "--pe={}",     "--watch=2",  "-b",   "--scheduler", "--json", "--apply",
      "-C", "-S",  "-p-",  "-z", "--bogus",   "--numeric=",  "--drain=10", "-D",   "--netns=x",   "++",     "--netns"};
  std::vector<std::string> words;
  // Half of the lines begin so that they can mean something.
  if (random() % 2 == 0) words = {"-A", "-t", "10.0.0.1:80"};
  for (auto count = random() % 7; count > 0; --count) words.push_back(pool[random() % pool.size()]);
  return words;
}

struct Meaning {
  std::string failure;
  std::optional<Invocation> invocation;
};

auto fields(const Listing& listing) {
  const auto* services = std::get_if<ListServices>(&listing);
  const auto* connections = std::get_if<ListConnections>(&listing);
  const ListServices table = services != nullptr ? *services : ListServices();
  const ListConnections list = connections != nullptr ? *connections : ListConnections();
  const auto of = [](const std::optional<ServerFilter>& server) {
    return server ? std::optional(std::pair(server->address, server->port)) : std::nullopt;
  };
  return std::tuple(listing.index(), table.service, table.any_port, of(table.server), table.view, table.numeric,
                    table.exact, table.sorted, table.json, list.numeric, list.engine_data, list.json, list.count,
                    list.service, list.any_port, of(list.server), list.templates, list.state);
}
auto fields(const Drain& drain) { return std::tuple(drain.service, drain.server, drain.limit); }
auto fields(const KeepingEdit& edit) { return std::tuple(edit.edit, edit.given, edit.scheduler_flags_text); }
auto fields(const Watch& watch) { return std::tuple(fields(watch.listing), watch.interval); }
auto fields(const Save& save) { return std::tuple(save.numeric, save.all); }
auto fields(const Apply& apply) { return std::tuple(apply.file, apply.dry_run, apply.keep_weights, apply.no_delete); }
auto fields(const ipvs::Change& change) { return std::tuple(change); }
auto fields(const Restore& restore) { return std::tuple(restore.file, restore.replace); }
auto fields(const Check& check) {
  return std::tuple(check.service, check.any_port, check.client, check.least_servers, check.probe, check.json);
}
auto fields(const ShowHelp& /*unused*/) { return std::tuple(); }
auto fields(const ShowVersion& /*unused*/) { return std::tuple(); }

bool same(const Command& one, const Command& other) {
  return one.index() == other.index() && std::visit(
                                             [&](const auto& command) {
                                               using Kind = std::decay_t<decltype(command)>;
                                               return fields(command) == fields(std::get<Kind>(other));
                                             },
                                             one);
}

bool same(const Meaning& one, const Meaning& other) {
  if (one.failure != other.failure || one.invocation.has_value() != other.invocation.has_value()) return false;
  return !one.invocation || (same(one.invocation->command, other.invocation->command) &&
                             one.invocation->network_namespace == other.invocation->network_namespace);
}

Meaning meaning(const std::vector<std::string>& words, std::string_view program) {
  FakeNames names;
  try {
    return {{}, Parser(names).parse(words, program)};
  } catch (const Failure& failure) {
    const std::string text = failure.what();
    // A rules file has no program to ask for help.
    const bool no_command = text == "not a rule" || text.starts_with("Try `");
    return {std::to_string(failure.status()) + (no_command ? ": no command" : ": " + text), {}};
  }
}

/// Whether a command line is refused for what a rule may say.
bool is_legal_in_rules(std::string_view failure) {
  constexpr std::array<std::string_view, 6> refusals = {
      "2: Zero port specified",           "2: One-Packet Scheduling is only", "2: invalid timeout value",
      "2: illegal u_threshold specified", "2: illegal l_threshold specified", "2: Illegal 'tun-remcsum' option"};
  return std::ranges::any_of(refusals, [&](std::string_view refusal) { return failure.starts_with(refusal); });
}

}  // namespace

TEST_CASE("words become tokens as ipvsadm 1.31 reads them") {
  struct Row {
    std::vector<std::string> words;
    const char* tokens;
  };
  const std::vector<Row> rows = {
      {{"-Ln"}, "--list --numeric"},
      {{"-srr", "-s=rr", "-s==rr", "-s", "rr"}, "--scheduler[rr] --scheduler[rr] --scheduler[=rr] --scheduler[rr]"},
      {{"-s=", "--scheduler=", "-s", ""}, "--scheduler[] --scheduler[] --scheduler[]"},
      {{"--scheduler==rr", "--scheduler", "=rr"}, "--scheduler[=rr] --scheduler[=rr]"},
      {{"-s", "--numeric=", "-M"}, "--scheduler[--numeric=] missing -M"},
      {{"--pe", "--ops=", "-s"}, "--pe[--ops=] missing -s"},
      {{"-p-", "-"}, "--persistent[-] | -"},
      {{"-s", "=", "-p="}, "--scheduler[=] --persistent[]"},
      {{"-s", "-=", "-n="}, "--scheduler[-=] unwanted -n="},
      {{"-p", "-n", "-p"}, "--persistent --numeric --persistent"},
      {{"-p", "5", "-p", ""}, "--persistent[5] --persistent[]"},
      {{"-p", "-5"}, "--persistent unknown -5"},
      {{"-s", "--", "-n", "--", "-n"}, "--scheduler[--] --numeric | -n"},
      {{"-p", "--", "-n"}, "--persistent | -n"},
      {{"-n-"}, "--numeric unknown -n-"},
      {{"--=", "-n"}, "unknown --="},
      {{"--nume"}, "unknown --nume"},
      {{"-\xff"}, "unknown -\xff"},
      {{"a", "-n", ""}, "--numeric | a |"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.tokens);
    // An empty operand ends the text.
    CHECK(read(row.words).substr(0, std::string(row.tokens).size()) == row.tokens);
    CHECK(read(row.words).size() <= std::string(row.tokens).size() + 1);
  }
}

TEST_CASE("CLI11 gives every token back as it was, in order") {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::vector<std::string> words = random_words(random);
    const TokenLine line = read_tokens(words);
    std::vector<Token> bound;
    bind_command_line(line.tokens, [&](const Token& token) { bound.push_back(token); });
    CAPTURE(words);
    REQUIRE(std::ranges::equal(bound, line.tokens, [](const Token& a, const Token& b) {
      return a.spelling == b.spelling && a.value == b.value && a.word == b.word;
    }));
  }
}

TEST_CASE("a command line and a line of a rules file mean the same") {
  std::mt19937 random(11);
  int understood = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::vector<std::string> words = random_words(random);
    const Meaning as_command = meaning(words, "ipvsadm");
    CAPTURE(words, as_command.failure);
    // Rules may say what other programs can do to the table.
    if (is_legal_in_rules(as_command.failure)) continue;
    REQUIRE(same(as_command, meaning(words, {})));
    understood += as_command.invocation ? 1 : 0;
  }
  CHECK(understood > 1000);
}
