// SPDX-License-Identifier: MIT
#include "ipvs/apply.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <variant>

#include "ipvs/batch.hpp"
#include "ipvs/client.hpp"

namespace ipvs {
namespace {

// How often the table is read again when somebody else changes it at the same time, and how often a failed attempt to
// take back is repeated.
constexpr int most_tries = 5;

bool is_deletion(const Change& change) {
  return std::holds_alternative<DeleteService>(change) || std::holds_alternative<DeleteDestination>(change);
}

/// Gives the destinations in `wanted` that `present` has too their present weights.
void keep_weights(Table& wanted, const Table& present) {
  for (auto& [key, entry] : wanted.services) {
    const auto service = present.services.find(key);
    if (service == present.services.end()) continue;
    for (auto& [name, destination] : entry.destinations) {
      const auto found = service->second.destinations.find(name);
      if (found != service->second.destinations.end()) destination.weight = found->second.weight;
    }
  }
}

std::vector<Batch::Refusal> send(Client& client, std::span<const Change> changes) {
  Batch batch(client);
  for (const Change& change : changes) batch.add(change);
  return batch.finish();
}

/// Deletes nothing before what stands in front of it has been accepted: what is deleted and added again has lost its
/// connections. Changes that were not sent are among the refusals.
std::vector<Batch::Refusal> send_carefully(Client& client, std::span<const Change> changes) {
  std::size_t sent = 0;
  while (sent < changes.size()) {
    const bool deletions = is_deletion(changes[sent]);
    const auto rest = changes.subspan(sent);
    const auto end = std::ranges::find_if(rest, [&](const auto& change) { return is_deletion(change) != deletions; });
    const auto count = static_cast<std::size_t>(end - rest.begin());
    std::vector<Batch::Refusal> refusals = send(client, rest.first(count));
    for (Batch::Refusal& refusal : refusals) refusal.number += sent;
    sent += count;
    if (refusals.empty()) continue;
    for (std::size_t i = sent; i < changes.size(); ++i) {
      refusals.push_back({i, Error(operation_of(changes[i]), ECANCELED)});
    }
    return refusals;
  }
  return {};
}

/// Whether a refusal can only mean that the table is no longer what was read.
bool is_stale(const Change& change, int error_number) {
  switch (error_number) {
    case ECANCELED:
    case ESRCH:
    case EEXIST: return true;
    // To a service this is a missing scheduler.
    case ENOENT:
      return std::holds_alternative<EditDestination>(change) || std::holds_alternative<DeleteDestination>(change);
    default: return false;
  }
}

/// Adds to `done` what was carried out of `changes`.
void note_done(std::vector<Change>& done, const std::vector<Change>& changes,
               const std::vector<Batch::Refusal>& refusals) {
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
bool is_gone(const Change& change, int error_number) {
  return is_deletion(change) && (error_number == ESRCH || error_number == ENOENT);
}

/// The changes from `present` to what `before` was, daemons that did not run then included.
std::vector<Change> differences(const Table& present, const Table& before) {
  std::vector<Change> changes = diff(present, before);
  for (const auto& [role, daemon] : present.daemons) {
    if (!before.daemons.contains(role)) changes.emplace_back(StopDaemon{role, daemon.sync_id});
  }
  return changes;
}

class Applier {
 public:
  Applier(Client& client, const Table& wanted, const ApplyOptions& options)
      : client_(client), wanted_(wanted), options_(options), before_(read_table(client)) {}

  ApplyResult run() {
    // Nothing is changed before this is there, so a failure of it may leave.
    std::vector<Change> changes = plan(before_, wanted_, options_);
    try {
      make(std::move(changes));
    } catch (const Error& error) {
      result_.failure = error;
      recover();
    } catch (const std::bad_alloc&) {
      result_.no_memory = true;
      recover();
    }
    return std::move(result_);
  }

 private:
  void make(std::vector<Change> changes) {
    for (int attempt = 1; attempt <= most_tries && !changes.empty(); ++attempt) {
      prepare_recovery(changes);
      const auto start = std::chrono::steady_clock::now();
      const auto refusals = send_carefully(client_, changes);
      note_done(done_, changes, refusals);
      const bool all_stale = std::ranges::all_of(refusals, [&](const Batch::Refusal& refusal) {
        return is_stale(changes[refusal.number], refusal.error.error_number());
      });
      if (!all_stale || (!refusals.empty() && attempt == most_tries)) return give_up(changes, refusals);
      // What was done is right all the same; what is still missing, or was changed by somebody else meanwhile, shows
      // when the table is read anew.
      changes = plan(read_table(client_), wanted_, options_);
      if (!changes.empty()) wait_for_chance(attempt * (std::chrono::steady_clock::now() - start));
    }
    result_.outcome = changes.empty() ? ApplyOutcome::done : ApplyOutcome::changed;
    result_.missing = std::move(changes);
  }

  void give_up(const std::vector<Change>& changes, const std::vector<Batch::Refusal>& refusals) {
    for (const Batch::Refusal& refusal : refusals) {
      if (refusal.error.error_number() == ECANCELED) continue;
      result_.refusals.push_back({changes[refusal.number], refusal.error});
    }
    const std::vector<Change> back = undo(done_, before_);
    for (const Batch::Refusal& left : send(client_, back)) {
      const Change& change = back[left.number];
      // Somebody else has deleted it already.
      if (!is_gone(change, left.error.error_number())) result_.not_taken_back.push_back({change, left.error});
    }
    look(client_);
  }

  /// Compares the table with what it was before.
  void look(Client& client) {
    result_.differences = differences(read_table(client), before_);
    result_.outcome = result_.differences.empty() ? ApplyOutcome::as_before : ApplyOutcome::changed;
  }

  /// Beforehand, since there may be no memory for it afterwards: what takes back all that may have been done.
  void prepare_recovery(const std::vector<Change>& changes) {
    std::vector<Change> possible = done_;
    possible.insert(possible.end(), changes.begin(), changes.end());
    back_ = undo(possible, before_);
  }

  /// After a failure that leaves open what was done: takes back, by a socket of its own, all that may have been.
  void recover() noexcept {
    result_.not_taken_back.clear();
    if (back_.empty()) {
      result_.outcome = ApplyOutcome::as_before;
      return;
    }
    for (int attempt = 1; attempt <= most_tries; ++attempt) {
      try {
        Client client = options_.network_namespace != nullptr ? Client(*options_.network_namespace) : Client();
        // Refused is what had not been done; how the table stands is seen, not concluded.
        [[maybe_unused]] const auto refusals = send(client, back_);
        return look(client);
      } catch (...) {
        // Tried again: most such failures pass.
        continue;
      }
    }
    result_.outcome = ApplyOutcome::unknown;
  }

  /// Two that undo each other's changes would do so in step for ever: each waits for a while of its own, `most` at
  /// most.
  void wait_for_chance(std::chrono::nanoseconds most) {
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::uniform_int_distribution(std::int64_t{0}, most.count())(random_)));
  }

  Client& client_;
  const Table& wanted_;
  const ApplyOptions& options_;
  const Table before_;
  std::vector<Change> done_;
  std::vector<Change> back_;
  ApplyResult result_;
  // Two that start at once rarely do so in the same nanosecond.
  std::minstd_rand random_{static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count())};
};

}  // namespace

std::vector<Change> plan(const Table& present, const Table& wanted, const ApplyOptions& options) {
  std::vector<Change> changes;
  if (options.keep_weights) {
    Table kept = wanted;
    keep_weights(kept, present);
    changes = diff(present, kept);
  } else {
    changes = diff(present, wanted);
  }
  if (options.no_delete) std::erase_if(changes, is_deletion);
  return changes;
}

ApplyResult apply(Client& client, const Table& wanted, const ApplyOptions& options) {
  return Applier(client, wanted, options).run();
}

}  // namespace ipvs
