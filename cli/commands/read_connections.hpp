// SPDX-License-Identifier: MIT
#pragma once

#include "commands/context.hpp"
#include "ipvs/connection.hpp"

namespace ipvsadm {

/// The connections of the namespace to work in. To be called before anything is printed: throws Failure(1) when they
/// can't be read.
ipvs::ConnectionReader open_connections(const Context& context);

/// Throws IncompleteListing when the kernel moved its connections while they were read: what was printed stays; the
/// message and the status say what it is worth.
void require_complete(const ipvs::ConnectionReader& reader);

constexpr int read_attempts = 5;

/// Calls `visit` with every connection. Nothing is printed yet, so a reading that isn't complete is done again:
/// `begin(reader)` says when one begins, and returns whether nothing need be read.
template <typename Begin, typename Visit>
void read_completely(const Context& context, Begin begin, Visit visit) {
  for (int attempt = 1;; ++attempt) {
    ipvs::ConnectionReader reader = open_connections(context);
    if (begin(reader)) return;
    ipvs::Connection connection;
    while (reader.next(connection)) visit(connection);
    if (attempt == read_attempts) require_complete(reader);
    if (reader.is_complete()) return;
  }
}

}  // namespace ipvsadm
