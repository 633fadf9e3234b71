// SPDX-License-Identifier: MIT
//
// Runs each case of a folder once with the classic ipvsadm and once with ours, each time in a fresh network namespace,
// and compares what every command wrote and returned, and the kernel's table at the end. Root only.
//
//   conformance [--classic PATH] [--ours PATH] [--only PATTERN]... [--show] [CASES_DIR]
//
//   --only PATTERN  only cases whose "file: title" matches the glob, or contains it if it has no `*`
//   --show          runs the tool that --classic names, alone, and prints what it did: for writing cases
//   Defaults: /usr/sbin/ipvsadm, $IPVS_ADM, $IPVS_SOURCE/tests/kernel/cases.
//
// What a *.case file looks like: case_file.hpp. The classic tool is the expectation, but where ours differs on purpose.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <fnmatch.h>

#include "case_file.hpp"
#include "table_dump.hpp"
#include "tool_runner.hpp"

namespace {

using kernel_test::Case;
using kernel_test::Invocation;
using kernel_test::is_tool;
using kernel_test::Outcome;
using kernel_test::Step;
using kernel_test::Trouble;

// ---- Running ----

/// What one tool did in one case.
struct Record {
  std::vector<Outcome> outcomes;
  std::vector<int> look_ups;
  std::string table;
};

Outcome run_with(const std::filesystem::path& tool, Invocation invocation) {
  const std::string name = invocation.arguments.front();
  if (is_tool(name)) {
    invocation.arguments.front() = name == "ipvsadm" ? tool : tool.parent_path() / name;
    if (name == "ipvsadm") invocation.shown_name = name;
  }
  return kernel_test::run(invocation);
}

Outcome run_with(const std::filesystem::path& tool, std::vector<std::string> arguments) {
  Invocation invocation;
  invocation.arguments = std::move(arguments);
  return run_with(tool, std::move(invocation));
}

/// A `$ ` line.
void set_up(const Step& step) {
  const std::vector<std::string>& words = step.command.arguments;
  if (words.front() == "udp" || words.front() == "tcp") {
    const bool tcp = words.front() == "tcp";
    if (words.size() != (tcp ? 5 : 6)) throw Trouble("it takes an address and a port, twice, and a text: " + step.text);
    kernel_test::send({tcp, words[1], words[2], words[3], words[4], tcp ? "" : words[5]});
  } else if (const Outcome outcome = kernel_test::run(step.command); outcome.status != 0) {
    throw Trouble(step.text + ": " + outcome.errors);
  }
}

Record record(const Case& test, const std::filesystem::path& tool, bool is_classic) {
  Record result;
  kernel_test::enter_fresh_namespace(test.hosts);
  for (const Step& step : test.steps) {
    const bool nothing = step.setup || (is_classic && step.classic_does_nothing);
    if (step.setup) set_up(step);
    const Invocation& command = is_classic && step.classic_command ? *step.classic_command : step.command;
    const kernel_test::LookUpCounter look_ups;
    result.outcomes.push_back(nothing ? Outcome{} : run_with(tool, command));
    result.look_ups.push_back(look_ups.count());
  }
  result.table = kernel_test::dump_table();
  return result;
}

// ---- Comparing ----

class Report {
 public:
  /// Notes a difference between two texts, if there is one.
  void compare(const std::string& what, const std::string& expected, const std::string& actual) {
    if (expected == actual) return;
    text_ << "    " << what << ", expected:\n" << framed(expected) << "    " << what << ", ours:\n" << framed(actual);
  }
  void complain(const std::string& what) { text_ << "    " << what << '\n'; }
  std::string take() {
    std::string text = text_.str();
    text_.str({});
    return text;
  }

 private:
  static std::string framed(const std::string& text) {
    if (text.empty()) return "      (nothing)\n";
    std::string result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) result += "      |" + line + "|\n";
    if (text.back() != '\n') result += "      (no newline at the end)\n";
    return result;
  }
  std::ostringstream text_;
};

std::string nothing_or_text(const std::string& text) { return text.empty() ? "" : "(some text)\n"; }

/// Connections: the kernel lists them by a hash with a random seed, and their time, the second word, runs.
std::string in_order_without_times(const std::string& text) {
  std::istringstream rest(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(rest, line);) {
    for (std::size_t i = std::min(line.find(' '), line.size() - 1) + 1; i < line.size() && line[i] != ' '; ++i) {
      if (line[i] >= '0' && line[i] <= '9') line[i] = 'T';
    }
    lines.push_back(line + '\n');
  }
  std::ranges::sort(lines);
  return std::accumulate(lines.begin(), lines.end(), std::string());
}

/// `name`: the classic's answer, or what ours is said to answer instead. An expectation that the classic meets too is
/// out of date: the case would no longer show a difference.
template <typename Value>
Value expected(Report& report, const char* name, const Value& classic, const std::optional<Value>& both,
               const std::optional<Value>& ours) {
  if (both && classic != *both) {
    std::ostringstream text;
    text << "the classic's " << name << " is not what the case says: " << classic;
    report.complain(text.str());
  }
  if (ours && classic == *ours) report.complain(std::string("the classic's ") + name + " is the same as ours-" + name);
  return ours.value_or(classic);
}

std::string compare_step(const Step& step, Outcome classic, Outcome ours) {
  Report report;
  if (step.any_text) {
    for (Outcome* outcome : {&classic, &ours}) {
      outcome->output = nothing_or_text(outcome->output);
      outcome->errors = nothing_or_text(outcome->errors);
    }
  }
  if (step.any_order) {
    for (Outcome* outcome : {&classic, &ours}) outcome->output = in_order_without_times(outcome->output);
  }
  const bool notes_expected = step.ours.errors && kernel_test::without_notes(*step.ours.errors) != *step.ours.errors;
  if (!notes_expected) ours.errors = kernel_test::without_notes(ours.errors);
  report.compare("status",
                 std::to_string(expected(report, "status", classic.status, step.both.status, step.ours.status)) + '\n',
                 std::to_string(ours.status) + '\n');
  report.compare("stdout", expected(report, "stdout", classic.output, step.both.output, step.ours.output), ours.output);
  report.compare("stderr", expected(report, "stderr", classic.errors, step.both.errors, step.ours.errors), ours.errors);
  std::string text = report.take();
  if (!text.empty()) text.insert(0, "  line " + std::to_string(step.line) + ": " + step.text + '\n');
  return text;
}

std::string compare_look_ups(const Step& step, int classic, int ours) {
  if (!step.look_ups || (ours == *step.look_ups && classic > ours)) return {};
  return "  line " + std::to_string(step.line) + ": " + step.text +
         "\n    look-ups, expected: " + std::to_string(*step.look_ups) +
         ", and more by the classic; ours: " + std::to_string(ours) + ", the classic: " + std::to_string(classic) +
         '\n';
}

/// Empty if the case passes, else what is wrong.
std::string compare_case(const Case& test, const std::filesystem::path& classic, const std::filesystem::path& ours) {
  std::string text;
  const Record expected_record = record(test, classic, true);
  const Record actual = record(test, ours, false);
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    text += compare_step(test.steps[i], expected_record.outcomes[i], actual.outcomes[i]);
    text += compare_look_ups(test.steps[i], expected_record.look_ups[i], actual.look_ups[i]);
  }
  Report report;
  report.compare("table in the kernel at the end", expected_record.table, actual.table);
  return text + report.take();
}

void show_case(const Case& test, const std::filesystem::path& tool) {
  const Record shown = record(test, tool, true);
  std::cout << "## " << test.name() << '\n';
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    const Outcome& outcome = shown.outcomes[i];
    std::cout << test.steps[i].text << "\n  status: " << outcome.status << '\n' << outcome.output << outcome.errors;
  }
  std::cout << shown.table << std::flush;
}

/// A runner that can't see is no judge: the classic tool must be what it should, and the table readable.
void check_oracle(const std::filesystem::path& classic, const std::filesystem::path& ours) {
  kernel_test::enter_fresh_namespace();
  if (kernel_test::dump_table() != "timeouts tcp=900 tcpfin=120 udp=300\n") throw Trouble("a fresh table isn't empty");
  const std::vector<std::string> version = {"ipvsadm", "-v"};
  const std::vector<std::string> addition = {"ipvsadm", "-A", "-t", "10.0.0.1:80", "-s", "rr"};
  if (run_with(classic, version).output.find("v1.31 ") == std::string::npos)
    throw Trouble("not ipvsadm 1.31: " + classic.string());
  if (run_with(classic, addition).status != 0 ||
      kernel_test::dump_table().find(" address=10.0.0.1 port=80 scheduler=rr ") == std::string::npos) {
    throw Trouble("a service that the classic tool adds isn't seen in the kernel's table");
  }
  if (run_with(ours, version).output.empty()) throw Trouble("it doesn't run: " + ours.string());
}

// ---- The command line ----

std::string from_environment(const char* name, const char* tail = "") {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value + std::string(tail);
}

struct Options {
  std::filesystem::path classic = "/usr/sbin/ipvsadm";
  std::filesystem::path ours = from_environment("IPVS_ADM");
  std::filesystem::path cases = from_environment("IPVS_SOURCE", "/tests/kernel/cases");
  std::vector<std::string> only;  ///< globs; none: all cases
  bool show = false;
};

Options read_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--show") {
      options.show = true;
    } else if (word == "--classic" || word == "--ours" || word == "--only") {
      if (++i == arguments.size()) throw Trouble(word + " needs a value");
      if (word == "--classic") options.classic = arguments[i];
      if (word == "--ours") options.ours = arguments[i];
      if (word == "--only")
        options.only.push_back(arguments[i].find('*') == std::string::npos ? '*' + arguments[i] + '*' : arguments[i]);
    } else if (word.starts_with('-')) {
      throw Trouble("unknown option " + word);
    } else {
      options.cases = word;
    }
  }
  if (options.show) options.ours = options.classic;
  if (options.ours.empty() || options.cases.empty()) throw Trouble("no --ours or no folder of cases");
  return options;
}

std::vector<Case> load(const Options& options) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.cases)) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<Case> cases;
  for (const auto& file : files) std::ranges::move(kernel_test::read_cases(file), std::back_inserter(cases));
  std::vector<std::string> names;
  std::ranges::transform(cases, std::back_inserter(names), &Case::name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) throw Trouble("two cases are called " + *twice);
  std::erase_if(cases, [&](const Case& test) {
    return !options.only.empty() && std::ranges::none_of(options.only, [&](const std::string& pattern) {
      return fnmatch(pattern.c_str(), test.name().c_str(), 0) == 0;
    });
  });
  if (cases.empty()) throw Trouble("no case in " + options.cases.string() + " matches");
  return cases;
}

int run_all(const Options& options) {
  const std::vector<Case> cases = load(options);
  kernel_test::prepare();
  if (!options.show) check_oracle(options.classic, options.ours);
  const auto begun = std::chrono::steady_clock::now();
  std::size_t failed = 0;
  for (const Case& test : cases) {
    std::string wrong;
    try {
      if (options.show) {
        show_case(test, options.classic);
        continue;
      }
      wrong = compare_case(test, options.classic, options.ours);
    } catch (const std::exception& error) {
      wrong = std::string("  ") + error.what() + '\n';
    }
    if (wrong.empty()) continue;
    ++failed;
    std::cout << "FAILED " << test.file << ".case line " << test.line << ": " << test.title << '\n'
              << wrong << std::endl;
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun;
  if (!options.show) {
    std::cout << cases.size() - failed << " passed, " << failed << " failed (" << static_cast<int>(time.count())
              << " s)\n";
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_all(read_options({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    std::cerr << "conformance: " << error.what() << '\n';
    return 2;
  }
}
