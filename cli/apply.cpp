// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "failure.hpp"
#include "ipvs/batch.hpp"
#include "ipvs/table.hpp"
#include "messages.hpp"
#include "render.hpp"
#include "rules_file.hpp"
#include "run.hpp"
#include "wanted.hpp"

namespace ipvsadm {
namespace {

// How often the table is read again when somebody else changes it at the same time.
constexpr int most_tries = 5;

std::string rule_text(const ipvs::Change& change) {
  Text text;
  render_rule(text, change, nullptr);
  return {text.data(), text.size() - 1};
}

bool is_deletion(const ipvs::Change& change) {
  return std::holds_alternative<ipvs::DeleteService>(change) || std::holds_alternative<ipvs::DeleteDestination>(change);
}

/// What is left of the changes for --no-delete, and of the table for --keep-weights.
std::vector<ipvs::Change> changes_to_make(const ipvs::Table& present, ipvs::Table wanted, const Apply& apply) {
  if (apply.keep_weights) keep_weights(wanted, present);
  std::vector<ipvs::Change> changes = ipvs::diff(present, wanted);
  if (apply.no_delete) {
    std::erase_if(changes, is_deletion);
  }
  return changes;
}

std::vector<ipvs::Batch::Refusal> send(ipvs::Client& client, std::span<const ipvs::Change> changes) {
  ipvs::Batch batch(client);
  for (const ipvs::Change& change : changes) batch.add(change);
  return batch.finish();
}

/// Deletes nothing before everything else has been accepted: what is deleted and added again has lost its
/// connections. Changes that were not sent are among the refusals.
std::vector<ipvs::Batch::Refusal> send_carefully(ipvs::Client& client, std::span<const ipvs::Change> changes) {
  const auto first = std::ranges::find_if(changes, is_deletion);
  const auto count = static_cast<std::size_t>(first - changes.begin());
  std::vector<ipvs::Batch::Refusal> refusals = send(client, changes.first(count));
  if (refusals.empty()) {
    for (const ipvs::Batch::Refusal& refusal : send(client, changes.subspan(count))) {
      refusals.push_back({refusal.number + count, refusal.error});
    }
    return refusals;
  }
  for (std::size_t i = count; i < changes.size(); ++i) {
    refusals.push_back({i, ipvs::Error(ipvs::operation_of(changes[i]), ECANCELED)});
  }
  return refusals;
}

/// Whether a refusal can only mean that the table is no longer what was read.
bool is_stale(const ipvs::Change& change, int error_number) {
  switch (error_number) {
    case ECANCELED:
    case ESRCH:
    case EEXIST: return true;
    // To a service this is a missing scheduler.
    case ENOENT:
      return std::holds_alternative<ipvs::EditDestination>(change) ||
             std::holds_alternative<ipvs::DeleteDestination>(change);
    default: return false;
  }
}

void tell(const std::string& message) { fmt::print(stderr, "{}\n", message); }

std::string where(const Wanted& wanted, const ipvs::Change& change) {
  const std::size_t line = wanted.line_of(change);
  return line != 0 ? fmt::format("line {}", line) : rule_text(change);
}

/// Adds to `done` what was carried out of `changes`.
void note_done(std::vector<ipvs::Change>& done, const std::vector<ipvs::Change>& changes,
               const std::vector<ipvs::Batch::Refusal>& refusals) {
  auto refusal = refusals.begin();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (refusal != refusals.end() && refusal->number == i) {
      ++refusal;
    } else {
      done.push_back(changes[i]);
    }
  }
}

/// Whether what should be deleted is not there anyway.
bool is_gone(const ipvs::Change& change, int error_number) {
  return is_deletion(change) && (error_number == ESRCH || error_number == ENOENT);
}

/// Takes back all of `done`, which was done to `before`. What can't be taken back is told.
void take_back(ipvs::Client& client, const std::vector<ipvs::Change>& done, const ipvs::Table& before) {
  const std::vector<ipvs::Change> back = ipvs::undo(done, before);
  auto failed = send(client, back);
  // Somebody else has deleted it already.
  std::erase_if(failed, [&](const ipvs::Batch::Refusal& refusal) {
    return is_gone(back[refusal.number], refusal.error.error_number());
  });
  if (failed.empty()) {
    tell("the table is as it was before");
    return;
  }
  for (const ipvs::Batch::Refusal& left : failed) {
    tell(fmt::format("can't be taken back: {}: {}", rule_text(back[left.number]), refusal_text(left.error)));
  }
}

void print_changes(const std::vector<ipvs::Change>& changes, Output& output) {
  for (const ipvs::Change& change : changes) {
    render_rule(output.text(), change, nullptr);
    output.spill();
  }
}

}  // namespace

int run_apply(const Apply& apply, Context& context) {
  Parser parser(context.names());
  const Wanted wanted = read_wanted(
      read_rules(apply.file ? RulesFile::open(*apply.file) : RulesFile::standard_input(), Comments::skipped, parser));
  ipvs::Client& client = context.client();

  const ipvs::Table before = ipvs::read_table(client);
  ipvs::Table present = before;
  std::vector<ipvs::Change> done;
  for (int attempt = 1;; ++attempt) {
    const std::vector<ipvs::Change> changes = changes_to_make(present, wanted.table, apply);
    if (apply.dry_run) {
      constexpr int status_changes = 3;
      print_changes(changes, context.output());
      return changes.empty() ? status_done : status_changes;
    }
    const auto refusals = send_carefully(client, changes);
    if (refusals.empty()) return status_done;
    note_done(done, changes, refusals);

    const bool all_stale = std::ranges::all_of(refusals, [&](const ipvs::Batch::Refusal& refusal) {
      return is_stale(changes[refusal.number], refusal.error.error_number());
    });
    if (!all_stale || attempt == most_tries) {
      for (const auto& refusal : refusals) {
        if (refusal.error.error_number() == ECANCELED) continue;
        tell(fmt::format("{}: {}", where(wanted, changes[refusal.number]), refusal_text(refusal.error)));
      }
      take_back(client, done, before);
      return status_refused;
    }
    // What was done is right all the same; only what is missing has to be found out anew.
    present = ipvs::read_table(client);
  }
}

}  // namespace ipvsadm
