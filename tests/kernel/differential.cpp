// SPDX-License-Identifier: MIT
//
// Runs random sequences of command lines with the classic ipvsadm and with ours, each in a fresh network namespace,
// and compares every line's output, messages and exit status and the kernel's table at the end. A sequence that
// differs is shrunk to its shortest form and printed. Root only.
//
//   differential [--classic PATH] [--ours PATH] [--seed N] [--first N] [--sequences N] [--seconds N]
//
//   Sequence number K depends on the seed and K alone: --first K --sequences 1 runs it again.
//   Defaults: /usr/sbin/ipvsadm, $IPVS_ADM, seed 1, first 0, 300 sequences, no time limit.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "command_lines.hpp"
#include "table_dump.hpp"
#include "tool_runner.hpp"

namespace {

using kernel_test::CommandLines;
using kernel_test::Outcome;
using kernel_test::Words;

struct Settings {
  std::string classic = "/usr/sbin/ipvsadm";
  std::string ours;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  std::uint64_t sequences = 300;
  std::uint64_t seconds = UINT64_MAX;
};

struct Record {
  std::vector<Outcome> outcomes;
  std::string table;
  bool operator==(const Record&) const = default;
};

/// Rules as the classic tool would have written them: it forgets -x, -y and flag-3 of sh and mh.
std::string forgetful(const std::string& text) {
  static const std::regex thresholds(R"((\n|^)(-a [^\n]*?)( -x \d+)?( -y \d+)?(?=( --tun|\n|$)))");
  return std::regex_replace(text, thresholds, "$1$2");
}

Record record(const std::vector<Words>& lines, const std::string& tool) {
  kernel_test::enter_fresh_namespace();
  Record result;
  for (const Words& words : lines) {
    kernel_test::Invocation invocation;
    invocation.arguments = {tool};
    invocation.arguments.insert(invocation.arguments.end(), words.begin(), words.end());
    invocation.shown_name = "ipvsadm";
    Outcome outcome = kernel_test::run(invocation);
    outcome.output = forgetful(outcome.output);
    // Ours adds lines that say more of a fault, and warnings.
    outcome.errors = kernel_test::without_notes(outcome.errors);
    result.outcomes.push_back(std::move(outcome));
  }
  result.table = kernel_test::dump_table();
  return result;
}

/// Lines whose outcomes differ, as they were seen: a second look may find none.
struct Difference {
  std::vector<Words> lines;
  Record classic;
  Record ours;
};

std::optional<Difference> find_difference(std::vector<Words> lines, const Settings& settings) {
  Difference found{std::move(lines), {}, {}};
  found.classic = record(found.lines, settings.classic);
  found.ours = record(found.lines, settings.ours);
  if (found.classic == found.ours) return std::nullopt;
  return found;
}

/// The shortest sequence found by leaving out lines, then words, that still differs.
Difference shrink(Difference difference, const Settings& settings) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    const auto try_fewer = [&](std::vector<Words> fewer) {
      std::optional<Difference> found = find_difference(std::move(fewer), settings);
      if (!found) return;
      difference = *std::move(found);
      smaller = true;
    };
    for (std::size_t i = difference.lines.size(); i-- > 0 && difference.lines.size() > 1;) {
      std::vector<Words> fewer = difference.lines;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      try_fewer(std::move(fewer));
    }
    for (std::size_t i = 0; i < difference.lines.size(); ++i) {
      // The command itself stays.
      for (std::size_t word = difference.lines[i].size(); word-- > 1;) {
        std::vector<Words> fewer = difference.lines;
        fewer[i].erase(fewer[i].begin() + static_cast<std::ptrdiff_t>(word));
        try_fewer(std::move(fewer));
      }
    }
  }
  return difference;
}

std::string shown(const Words& words) {
  std::string text = "ipvsadm";
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_of(" '\"\\$[]*") == std::string::npos;
    text += plain ? " " + word : " '" + word + "'";
  }
  return text;
}

void print_outcome(const std::string& who, const Outcome& outcome) {
  std::cout << "  " << who << ": status " << outcome.status << "\n";
  if (!outcome.output.empty()) std::cout << "    stdout: " << outcome.output;
  if (!outcome.errors.empty()) std::cout << "    stderr: " << outcome.errors;
}

void print_difference(std::uint64_t number, const Difference& difference, const Settings& settings) {
  const auto& [lines, classic, ours] = difference;
  std::cout << "not ok - sequence " << number << " (seed " << settings.seed << "), shrunk:\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::cout << "  $ " << shown(lines[i]) << "\n";
    if (classic.outcomes[i] == ours.outcomes[i]) continue;
    print_outcome("classic", classic.outcomes[i]);
    print_outcome("ours", ours.outcomes[i]);
  }
  if (classic.table != ours.table) {
    std::cout << "  table, classic:\n" << classic.table << "  table, ours:\n" << ours.table;
  }
  std::cout << std::flush;
}

std::optional<Settings> read_arguments(int argc, char** argv) {
  Settings settings;
  if (const char* ours = std::getenv("IPVS_ADM")) settings.ours = ours;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--classic")
      settings.classic = value;
    else if (name == "--ours")
      settings.ours = value;
    else if (name == "--seed")
      settings.seed = std::stoull(value);
    else if (name == "--first")
      settings.first = std::stoull(value);
    else if (name == "--sequences")
      settings.sequences = std::stoull(value);
    else if (name == "--seconds")
      settings.seconds = std::stoull(value);
    else
      return std::nullopt;
  }
  if (argc % 2 == 0 || settings.ours.empty()) return std::nullopt;
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::optional<Settings> settings = read_arguments(argc, argv);
    if (!settings) {
      std::cerr << "usage: differential [--classic PATH] [--ours PATH] [--seed N] [--first N] [--sequences N]"
                   " [--seconds N]\n";
      return 2;
    }
    kernel_test::prepare();
    // The module first, or the first commands of the two tools would find different kernels.
    kernel_test::enter_fresh_namespace();
    kernel_test::run({{settings->classic, "-L"}, "ipvsadm", {}, {}, false});

    const auto start = std::chrono::steady_clock::now();
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t lines_run = 0;
    for (std::uint64_t i = settings->first; i < settings->first + settings->sequences; ++i) {
      const auto elapsed = std::chrono::steady_clock::now() - start;
      if (elapsed > std::chrono::seconds(std::min<std::uint64_t>(settings->seconds, 1'000'000))) break;
      const std::vector<Words> lines = CommandLines(settings->seed * 1'000'003 + i).sequence();
      lines_run += lines.size();
      if (std::optional<Difference> found = find_difference(lines, *settings)) {
        print_difference(i, shrink(*std::move(found), *settings), *settings);
        ++failed;
      } else {
        ++passed;
      }
    }
    std::cout << passed + failed << " sequences, " << lines_run << " command lines, each with both tools\n"
              << passed << " passed, " << failed << " failed\n";
    if (passed == 0) return 1;
    return failed == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "differential: " << error.what() << "\n";
    return 2;
  }
}
