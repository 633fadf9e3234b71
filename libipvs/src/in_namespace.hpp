// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>

#include <cerrno>
#include <exception>
#include <thread>

#include "ipvs/error.hpp"
#include "ipvs/netns.hpp"

namespace ipvs {

/// Runs `work` inside `network`: on a thread of its own, so that no caller is ever left in the wrong namespace.
/// Rethrows what `work` throws; Error(open_namespace) when the namespace can't be entered (EPERM).
template <typename Work>
void in_namespace(const NetworkNamespace& network, Work work) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (setns(network.descriptor(), CLONE_NEWNET) != 0) throw Error(Operation::open_namespace, errno);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ipvs
