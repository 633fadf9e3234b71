// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "commands/error_text.hpp"
#include "commands/rules_table.hpp"
#include "commands/run.hpp"
#include "ipvs/batch.hpp"
#include "ipvs/client.hpp"
#include "ipvs/table.hpp"
#include "line/failure.hpp"
#include "line/rules_file.hpp"
#include "output/render.hpp"
#include "output/signals.hpp"

namespace ipvsadm {
namespace {

// How often the table is read again when somebody else changes it at the same time.
constexpr int most_tries = 5;

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

/// Deletes nothing before what stands in front of it has been accepted: what is deleted and added again has lost its
/// connections. Changes that were not sent are among the refusals.
std::vector<ipvs::Batch::Refusal> send_carefully(ipvs::Client& client, std::span<const ipvs::Change> changes) {
  std::size_t sent = 0;
  while (sent < changes.size()) {
    const bool deletions = is_deletion(changes[sent]);
    const auto rest = changes.subspan(sent);
    const auto end = std::ranges::find_if(rest, [&](const auto& change) { return is_deletion(change) != deletions; });
    const auto count = static_cast<std::size_t>(end - rest.begin());
    std::vector<ipvs::Batch::Refusal> refusals = send(client, rest.first(count));
    for (ipvs::Batch::Refusal& refusal : refusals) refusal.number += sent;
    sent += count;
    if (refusals.empty()) continue;
    for (std::size_t i = sent; i < changes.size(); ++i) {
      refusals.push_back({i, ipvs::Error(ipvs::operation_of(changes[i]), ECANCELED)});
    }
    return refusals;
  }
  return {};
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

/// The changes from `present` to what `before` was, daemons that did not run then included.
std::vector<ipvs::Change> differences(const ipvs::Table& present, const ipvs::Table& before) {
  std::vector<ipvs::Change> changes = ipvs::diff(present, before);
  for (const auto& [role, daemon] : present.daemons) {
    if (!before.daemons.contains(role)) changes.emplace_back(ipvs::StopDaemon{role, daemon.sync_id});
  }
  return changes;
}

/// What became of the table, in words, once something had to be taken back.
struct Outcome {
  bool as_before = false;
  std::vector<std::string> lines;
};

/// Compares the table with `before`.
void look(ipvs::Client& client, const ipvs::Table& before, Outcome& outcome) {
  const std::vector<ipvs::Change> different = differences(ipvs::read_table(client), before);
  outcome.as_before = different.empty();
  outcome.lines.emplace_back(outcome.as_before ? "the table is as it was before"
                                               : "the table is not what it was before; that would take:");
  for (const ipvs::Change& change : different) outcome.lines.push_back(rule_text(change));
}

/// Takes back all of `done`, which was done to `before`.
Outcome take_back(ipvs::Client& client, const std::vector<ipvs::Change>& done, const ipvs::Table& before) {
  Outcome outcome;
  const std::vector<ipvs::Change> back = ipvs::undo(done, before);
  for (const ipvs::Batch::Refusal& left : send(client, back)) {
    const ipvs::Change& change = back[left.number];
    // Somebody else has deleted it already.
    if (is_gone(change, left.error.error_number())) continue;
    outcome.lines.push_back(fmt::format("can't be taken back: {}: {}", rule_text(change), refusal_text(left.error)));
  }
  look(client, before, outcome);
  return outcome;
}

void print_changes(const std::vector<ipvs::Change>& changes, Output& output) {
  for (const ipvs::Change& change : changes) {
    render_rule(output.text(), change, nullptr);
    output.spill();
  }
}

/// Two that undo each other's changes would do so in step for ever: each waits for a while of its own, `most` at most.
void wait_for_chance(std::chrono::nanoseconds most) {
  static std::minstd_rand random(static_cast<unsigned>(getpid()));
  std::this_thread::sleep_for(
      std::chrono::nanoseconds(std::uniform_int_distribution(std::int64_t{0}, most.count())(random)));
}

/// One --apply at a time in a network namespace: a lock on the namespace itself, which needs no file of ours. Anybody
/// in there can hold it, so it is not waited for without end; what comes of two at once shows when the table is read
/// again.
class Turn {
 public:
  explicit Turn(const Context& context) {
    const auto& network = context.network_namespace();
    const std::string path = network ? fmt::format("/proc/self/fd/{}", network->descriptor()) : "/proc/self/ns/net";
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    constexpr auto longest = std::chrono::seconds(30);
    constexpr auto look_again = std::chrono::milliseconds(20);
    const auto end = std::chrono::steady_clock::now() + longest;
    while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      if (std::chrono::steady_clock::now() >= end) break;
      std::this_thread::sleep_for(look_again);
    }
  }
  ~Turn() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int descriptor_;
};

/// Makes the table in the kernel what is wanted, or leaves it as it was and tells why. Nothing is told before the table
/// is whole.
class Applier {
 public:
  Applier(Context& context, const Wanted& wanted, const Apply& apply)
      : context_(context),
        client_(context.client()),
        wanted_(wanted),
        apply_(apply),
        before_(ipvs::read_table(client_)) {}

  std::vector<ipvs::Change> changes_from(const ipvs::Table& present) const {
    return changes_to_make(present, wanted_.table, apply_);
  }
  const ipvs::Table& before() const { return before_; }

  int run() {
    // The table is never left half changed.
    const SignalsHeld held;
    try {
      return make();
    } catch (const ipvs::Error& error) {
      return recover(&error);
    } catch (const std::bad_alloc&) {
      return recover(nullptr);
    }
  }

 private:
  int make() {
    std::vector<ipvs::Change> changes = changes_from(before_);
    for (int attempt = 1; attempt <= most_tries; ++attempt) {
      if (changes.empty()) return status_done;
      prepare_recovery(changes);
      const auto start = std::chrono::steady_clock::now();
      const auto refusals = send_carefully(client_, changes);
      note_done(done_, changes, refusals);
      const bool all_stale = std::ranges::all_of(refusals, [&](const ipvs::Batch::Refusal& refusal) {
        return is_stale(changes[refusal.number], refusal.error.error_number());
      });
      if (!all_stale || (!refusals.empty() && attempt == most_tries)) return give_up(changes, refusals);
      // What was done is right all the same; what is still missing, or was changed by somebody else meanwhile, shows
      // when the table is read anew.
      changes = changes_from(ipvs::read_table(client_));
      if (!changes.empty()) wait_for_chance(attempt * (std::chrono::steady_clock::now() - start));
    }
    if (changes.empty()) return status_done;
    tell("somebody else keeps changing the table; it differs from the rules by:");
    for (const ipvs::Change& change : changes) tell(rule_text(change));
    return status_not_as_before;
  }

  int give_up(const std::vector<ipvs::Change>& changes, const std::vector<ipvs::Batch::Refusal>& refusals) {
    std::vector<std::string> lines;
    for (const auto& refusal : refusals) {
      if (refusal.error.error_number() == ECANCELED) continue;
      lines.push_back(fmt::format("{}: {}", where(wanted_, changes[refusal.number]), refusal_text(refusal.error)));
    }
    const Outcome outcome = take_back(client_, done_, before_);
    for (const std::string& line : lines) tell(line);
    return say(outcome);
  }

  static int say(const Outcome& outcome) {
    for (const std::string& line : outcome.lines) tell(line);
    return outcome.as_before ? status_as_before : status_not_as_before;
  }

  /// Beforehand, since there may be no memory for it afterwards: what takes back all that may have been done.
  void prepare_recovery(const std::vector<ipvs::Change>& changes) {
    std::vector<ipvs::Change> possible = done_;
    possible.insert(possible.end(), changes.begin(), changes.end());
    back_ = ipvs::undo(possible, before_);
  }

  /// After a failure that leaves open what was done: takes back, by a socket of its own, all that may have been.
  /// `failed` is null when memory ran out, and there may be none to say so.
  int recover(const ipvs::Error* failed) noexcept {
    constexpr std::string_view no_memory = "Memory allocation problem";
    for (int attempt = 1; attempt <= most_tries; ++attempt) {
      try {
        const std::string why = failed != nullptr ? refusal_text(*failed) : std::string(no_memory);
        Outcome outcome;
        if (back_.empty()) {
          outcome = {true, {"the table is as it was before"}};
        } else {
          const auto& network = context_.network_namespace();
          ipvs::Client client = network ? ipvs::Client(*network) : ipvs::Client();
          // Refused is what had not been done; how the table stands is seen, not concluded.
          [[maybe_unused]] const auto refusals = send(client, back_);
          look(client, before_, outcome);
        }
        tell(why);
        return say(outcome);
      } catch (...) {
        // Tried again: most such failures pass.
        continue;
      }
    }
    tell(failed != nullptr ? failed->what() : no_memory);
    tell("what has become of the table is not known: it can't be read");
    return status_not_as_before;
  }

  Context& context_;
  ipvs::Client& client_;
  const Wanted& wanted_;
  const Apply& apply_;
  const ipvs::Table before_;
  std::vector<ipvs::Change> done_;
  std::vector<ipvs::Change> back_;
};

/// The table that the rules describe. Whatever is wrong with them has status 2.
Wanted read_table_of(const Apply& apply, Context& context) {
  try {
    Parser parser(context.names());
    const bool standard_input = !apply.file || *apply.file == "-";
    return read_wanted(read_rules(standard_input ? RulesFile::standard_input() : RulesFile::open(*apply.file),
                                  Comments::skipped, parser));
  } catch (const Failure& failure) {
    if (failure.status() != status_unreadable) throw;
    throw Failure(status_illegal, failure.what());
  }
}

int apply_to_kernel(const Apply& apply, Context& context) {
  const Wanted wanted = read_table_of(apply, context);
  if (!apply.dry_run) {
    const Turn turn(context);
    return Applier(context, wanted, apply).run();
  }
  const Applier applier(context, wanted, apply);
  const std::vector<ipvs::Change> changes = applier.changes_from(applier.before());
  print_changes(changes, context.output());
  return changes.empty() ? status_done : status_changes;
}

}  // namespace

int run_apply(const Apply& apply, Context& context) {
  // These come before anything is touched: Applier lets none out afterwards.
  try {
    return apply_to_kernel(apply, context);
  } catch (const ipvs::Error& error) {
    throw Failure(status_as_before, refusal_text(error));
  } catch (const std::bad_alloc&) {
    tell("Memory allocation problem");
    return status_as_before;
  }
}

}  // namespace ipvsadm
