// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/error.hpp"
#include "ipvs/export.hpp"
#include "ipvs/table.hpp"

namespace ipvs {

class Client;
class NetworkNamespace;

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

struct ApplyOptions {
  /// Destinations that are there already keep their weights.
  bool keep_weights = false;
  /// Nothing is deleted.
  bool no_delete = false;
  /// The network namespace that the client was made with; null when it was made without one. After a failed system
  /// call, apply() opens a socket of its own there.
  const NetworkNamespace* network_namespace = nullptr;
};

/// How the kernel's table stands after apply().
enum class ApplyOutcome {
  done,       ///< it is what was wanted
  as_before,  ///< it is as it was before
  changed,    ///< it is neither: see ApplyResult::differences
  unknown,    ///< it can't be read
};

/// What became of apply().
struct ApplyResult {
  struct Refusal {
    Change change;
    Error error;
  };

  ApplyOutcome outcome = ApplyOutcome::unknown;
  /// What the kernel refused of the way to the wanted table.
  std::vector<Refusal> refusals;
  /// The system call that failed.
  std::optional<Error> failure;
  /// Whether memory ran out.
  bool no_memory = false;
  /// What the kernel refused to take back.
  std::vector<Refusal> not_taken_back;
  /// With `changed`: the changes that would make the table what it was before.
  std::vector<Change> differences;
  /// With `changed`, when somebody else kept changing the table: the changes that would make it what was wanted.
  /// Nothing was taken back then, and `differences` is empty.
  std::vector<Change> missing;
};

/// The changes that apply() would make to `present`: diff() to the wanted table, as the options have it.
[[nodiscard]] IPVS_EXPORT std::vector<Change> plan(const Table& present, const Table& wanted,
                                                   const ApplyOptions& options);

/// Makes the kernel's table what is wanted by the fewest changes, or leaves it as it was; the result says which.
///
/// Additions and edits come first; nothing is deleted before they are accepted, so connections of what stays go on.
/// When somebody else changes the table meanwhile, it is read and compared again, a few times. When the kernel refuses
/// a change, a system call fails, or memory runs out, what was done is taken back, and the table is read again to see
/// how it stands. A service that was deleted and is added again has lost its connections and counters.
///
/// Throws Error or std::bad_alloc only before anything was changed. Afterwards each failure is in the result.
/// Signals are the caller's: to be sure that none ends the program in the middle, block them around the call.
[[nodiscard]] IPVS_EXPORT ApplyResult apply(Client& client, const Table& wanted, const ApplyOptions& options);

}  // namespace ipvs
