// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <csignal>

namespace ipvsadm {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the program but are noticed, and end pauses early.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that came; 0 when none did.
  static int signal_number();

  /// Sleeps for `duration`, or until a signal comes; a change of the window's size ends it too.
  static void pause(std::chrono::milliseconds duration);
};

}  // namespace ipvsadm
