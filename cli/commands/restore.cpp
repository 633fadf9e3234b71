// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "commands/error_text.hpp"
#include "commands/kernel_modules.hpp"
#include "commands/refusal_reason.hpp"
#include "commands/run.hpp"
#include "ipvs/batch.hpp"
#include "ipvs/table.hpp"
#include "line/failure.hpp"
#include "line/rules_file.hpp"
#include "output/signals.hpp"

namespace ipvsadm {
namespace {

bool is_addition(const ipvs::Change& change) {
  return std::holds_alternative<ipvs::AddService>(change) || std::holds_alternative<ipvs::AddDestination>(change) ||
         std::holds_alternative<ipvs::StartDaemon>(change);
}

/// Whether the table has just what an addition says. One function per kind; a table that holds nothing else is
/// compared, so that what the kernel fills in by itself is no difference here either.
struct IsThere {
  const ipvs::Table& table;

  bool operator()(const ipvs::AddService& c) const {
    const auto found = table.services.find(c.service.key);
    return found != table.services.end() && found->second.service == c.service;
  }
  bool operator()(const ipvs::AddDestination& c) const {
    const auto service = table.services.find(c.service);
    if (service == table.services.end()) return false;
    const auto found = service->second.destinations.find(c.destination.key);
    if (found == service->second.destinations.end()) return false;
    ipvs::Table is;
    ipvs::Table wanted;
    is.services[c.service].destinations.insert(*found);
    wanted.services[c.service].destinations.emplace(c.destination.key, c.destination);
    return ipvs::diff(is, wanted).empty();
  }
  bool operator()(const ipvs::StartDaemon& c) const {
    ipvs::Table is;
    ipvs::Table wanted;
    is.daemons = table.daemons;
    wanted.daemons[c.daemon.role] = c.daemon;
    return ipvs::diff(is, wanted).empty();
  }
  template <typename Other>
  bool operator()(const Other& /*unused*/) const {
    return false;
  }
};

/// Carries rules out in order, changes in batches. Refusals are reported with their lines; the rest is carried out.
class RuleRunner {
 public:
  explicit RuleRunner(Context& context) : context_(context), batch_(context.client()) {}

  /// No signal ends the program until what comes now is answered for.
  void hold_signals() {
    if (!held_) held_.emplace();
  }

  void table_is_cleared() { cleared_ = true; }

  void run(const Rule& rule) {
    if (const std::string* fault = rule.fault()) {
      // Messages come in the order of the lines.
      finish();
      return fail(rule.line(), *fault);
    }
    if (const ipvs::AddDestination* server = rule.server()) return add(rule, *server);
    const Command command = rule.command();
    if (const auto* change = std::get_if<ipvs::Change>(&command)) return add(rule, *change);
    // A listing in the middle must show what was done so far.
    finish();
    EndAtLine::came_to(rule.line());
    try {
      // A drain that gave up has said why.
      if (ipvsadm::run(command, context_) != status_done) failed_ = true;
    } catch (const Failure& failure) {
      fail(rule.line(), failure.what());
    } catch (const ipvs::Error& error) {
      fail(rule.line(), refusal_with_reason(error));
    }
    // Whatever ends the rules later, this was printed. Where it can't be, that is a fault of no line.
    context_.output().flush();
  }

  void finish() {
    const std::vector<ipvs::Batch::Refusal> refusals = batch_.finish();
    if (first_unknown_ < sent_.size()) EndAtLine::came_to(sent_.back()->line());
    first_unknown_ = sent_.size();
    std::optional<ipvs::Table> table;
    for (const ipvs::Batch::Refusal& refusal : refusals) {
      const Rule& rule = *sent_[refusal.number];
      const auto change = std::get<ipvs::Change>(rule.command());
      print_line_message(rule.line(),
                         refusal_with_reason(refusal.error) + refusal_reason(change, refusal.error, context_));
      if (refusal.error.error_number() == EEXIST) {
        if (!table) table = ipvs::read_table(context_.client());
        if (std::visit(IsThere{*table}, change)) continue;
      }
      failed_ = true;
    }
    additions_pending_ = false;
    held_.reset();
  }

  /// After a failure: which lines are carried out, and which may be.
  void say_how_far() const noexcept {
    if (first_unknown_ != sent_.size()) {
      print_without_memory("lines {} to {}: which of them are carried out is not known; those after them are not",
                           sent_[first_unknown_]->line(), sent_.back()->line());
    } else if (!sent_.empty()) {
      print_without_memory("line {}: no change after it is made", sent_.back()->line());
    } else if (cleared_) {
      print_message("the table is cleared; no line is carried out");
    }
  }

  bool failed() const { return failed_; }

 private:
  void add(const Rule& rule, const ipvs::Change& change) {
    // What was there already is compared with what its rule says before a later rule changes it.
    if (is_addition(change)) {
      additions_pending_ = true;
    } else if (additions_pending_) {
      finish();
    }
    hold_signals();
    load_scheduler_of(change);
    sent_.push_back(&rule);
    batch_.add(change);
    if (sent_.size() % look_for_signals_every == 0 && SignalsHeld::is_one_waiting()) finish();
  }

  /// Memory may be what is missing.
  template <typename... Numbers>
  static void print_without_memory(fmt::format_string<Numbers&...> format, Numbers... numbers) {
    std::array<char, 160> text{};
    const auto end = fmt::format_to_n(text.data(), text.size(), format, numbers...);
    print_message({text.data(), std::min(end.size, text.size())});
  }

  void fail(std::size_t line, const std::string& message) {
    failed_ = true;
    print_line_message(line, message);
  }
  static void print_line_message(std::size_t line, const std::string& message) {
    print_message(fmt::format("line {}: {}", line, message));
  }

  static constexpr std::size_t look_for_signals_every = 64;

  Context& context_;
  ipvs::Batch batch_;
  std::optional<SignalsHeld> held_;
  std::vector<const Rule*> sent_;  ///< by the batch's numbers
  std::size_t first_unknown_ = 0;  ///< from there on no answer was seen
  bool cleared_ = false;
  bool additions_pending_ = false;
  bool failed_ = false;
};

/// Reads the file whole, before anything is changed.
Rules read(const Restore& restore, Context& context) {
  const EndAtLine end("interrupted; nothing is changed");
  Parser parser(context.names());
  std::vector<std::string> warnings;
  Rules rules =
      read_rules(RulesFile::named(restore.file), UnknownHosts::reported, parser, warnings, EndAtLine::came_to);
  for (const std::string& warning : warnings) print_message(warning);
  return rules;
}

void clear(Context& context) {
  try {
    context.client().flush();
  } catch (...) {
    print_message("whether the table was cleared is not known; no line is carried out");
    throw;
  }
}

}  // namespace

int run_restore(const Restore& restore, Context& context) {
  const Rules rules = read(restore, context);
  // Without rights every rule would be refused; say so once.
  context.client().info();
  RuleRunner runner(context);
  const EndAtLine end("interrupted; the lines after it are not carried out");
  if (restore.replace) {
    runner.hold_signals();
    clear(context);
    runner.table_is_cleared();
  }
  try {
    for (const Rule& rule : rules) runner.run(rule);
    runner.finish();
  } catch (...) {
    runner.say_how_far();
    throw;
  }
  return runner.failed() ? status_refused : status_done;
}

}  // namespace ipvsadm
