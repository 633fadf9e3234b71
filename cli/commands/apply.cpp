// SPDX-License-Identifier: MIT
#include "ipvs/apply.hpp"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "commands/error_text.hpp"
#include "commands/kernel_modules.hpp"
#include "commands/rules_table.hpp"
#include "commands/run.hpp"
#include "commands/turn.hpp"
#include "ipvs/client.hpp"
#include "ipvs/table.hpp"
#include "line/failure.hpp"
#include "line/rules_file.hpp"
#include "output/rules.hpp"
#include "output/signals.hpp"

namespace ipvsadm {
namespace {

std::string where(const Wanted& wanted, const ipvs::Change& change) {
  const std::size_t line = wanted.line_of(change);
  return line != 0 ? fmt::format("line {}", line) : rule_text(change);
}

void print_changes(const std::vector<ipvs::Change>& changes, Output& output) {
  for (const ipvs::Change& change : changes) {
    render_rule(output.text(), change, nullptr);
    output.spill();
  }
}

void print_outcome(const ipvs::ApplyResult& result) {
  switch (result.outcome) {
    case ipvs::ApplyOutcome::done: return;
    case ipvs::ApplyOutcome::as_before: return print_message("the table is as it was before");
    case ipvs::ApplyOutcome::unknown: return print_message("the table can't be read: its state is unknown");
    case ipvs::ApplyOutcome::changed: break;
  }
  const bool contended = !result.missing.empty();
  print_message(contended ? "somebody else keeps changing the table; it differs from the rules by:"
                          : "the table is not what it was before; that would take:");
  for (const ipvs::Change& change : contended ? result.missing : result.differences) print_message(rule_text(change));
}

/// Says what became of the table, and gives the exit status.
int report(const ipvs::ApplyResult& result, const Wanted& wanted) {
  for (const auto& [change, error] : result.refusals) {
    print_message(fmt::format("{}: {}", where(wanted, change), refusal_with_reason(error)));
  }
  if (result.failure) print_message(refusal_with_reason(*result.failure));
  if (result.no_memory) print_message("Memory allocation problem");
  for (const auto& [change, error] : result.not_taken_back) {
    print_message(fmt::format("can't be taken back: {}: {}", rule_text(change), refusal_with_reason(error)));
  }
  print_outcome(result);
  switch (result.outcome) {
    case ipvs::ApplyOutcome::done: return status_done;
    case ipvs::ApplyOutcome::as_before: return status_as_before;
    default: return status_not_as_before;
  }
}

int make(const Wanted& wanted, const ipvs::ApplyOptions& options, Context& context) {
  // The table is never left half changed, nor is it left unsaid.
  const SignalsHeld held;
  const ipvs::ApplyResult result = ipvs::apply(context.client(), wanted.table(), options);
  try {
    return report(result, wanted);
  } catch (const std::bad_alloc&) {
    print_message("Memory allocation problem");
    return result.outcome == ipvs::ApplyOutcome::as_before ? status_as_before : status_not_as_before;
  }
}

/// The table that the rules describe. Whatever is wrong with them has status 2.
Wanted read_table_of(const Apply& apply, Context& context) {
  try {
    Parser parser(context.names());
    std::vector<std::string> warnings;
    const EndAtLine end("interrupted; nothing is changed");
    Rules rules = read_rules(RulesFile::named(apply.file), UnknownHosts::refused, parser, warnings, EndAtLine::came_to);
    for (const std::string& warning : warnings) print_message(warning);
    return Wanted(std::move(rules));
  } catch (const Failure& failure) {
    if (failure.status() != status_unreadable) throw;
    throw Failure(status_illegal, failure.what());
  }
}

int apply_to_kernel(const Apply& apply, Context& context) {
  const Wanted wanted = read_table_of(apply, context);
  ipvs::ApplyOptions options;
  options.keep_weights = apply.keep_weights;
  options.no_delete = apply.no_delete;
  if (const auto& network = context.network_namespace()) options.network_namespace = &*network;
  if (!apply.dry_run) {
    // A lack of rights is reported before anything is waited for.
    context.client().info();
    const Turn turn(context);
    for (const auto& [key, wanted_service] : wanted.table().services) load_scheduler_of(wanted_service.service);
    return make(wanted, options, context);
  }
  const std::vector<ipvs::Change> changes = ipvs::plan(ipvs::read_table(context.client()), wanted.table(), options);
  print_changes(changes, context.output());
  return changes.empty() ? status_done : status_changes;
}

}  // namespace

int run_apply(const Apply& apply, Context& context) {
  // These come before anything is touched: ipvs::apply() lets none out afterwards.
  try {
    return apply_to_kernel(apply, context);
  } catch (const ipvs::Error& error) {
    throw Failure(status_as_before, refusal_with_reason(error) + what_root_lacks(error));
  } catch (const std::bad_alloc&) {
    print_message("Memory allocation problem");
    return status_as_before;
  }
}

}  // namespace ipvsadm
