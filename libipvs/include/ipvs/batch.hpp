// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "ipvs/change.hpp"
#include "ipvs/error.hpp"
#include "ipvs/export.hpp"

namespace ipvs {

class Client;

/// Many changes on their way to the kernel, a few hundred in one system call. The kernel carries them out one by
/// one in the order given, exactly as single calls of Client would; a refused one does not stop the others.
///
/// Uses the client's socket: while a batch has changes pending, do not call the client. The client must outlive the
/// batch. Pending changes that were not finished are dropped with the batch. Move-only; a moved-from batch may only be
/// destroyed or assigned to.
class IPVS_EXPORT Batch {
 public:
  explicit Batch(Client& client);
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  /// Puts a change in line; its number is returned, counting from 0 for the life of the batch. Sends what is
  /// pending once there is enough of it, so memory does not grow with the number of changes.
  /// Throws Error when the socket fails, as finish() does.
  std::size_t add(const Change& change);

  /// A change that the kernel refused. ENOBUFS: the answer was lost, and with it the knowledge whether the change
  /// was carried out.
  struct Refusal {
    std::size_t number;
    Error error;
  };

  /// Sends what is pending, waits for the answers and returns all refusals since the last finish(), by number. What
  /// is not among them was carried out.
  /// Throws Error when the socket itself fails; the fate of the changes since the last finish() is then unknown, and
  /// nothing more is reported of them.
  [[nodiscard]] std::vector<Refusal> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipvs
