// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <csignal>

namespace ipvsadm {

/// The signals by which people and systems end a program.
inline constexpr std::array ending_signals = {SIGINT, SIGTERM, SIGHUP};

/// Has `handler` called for the ending signals; not for those that are ignored, as by nohup or a shell's `&`.
void handle_endings(void (*handler)(int));

/// Sleeps for `duration`, or until a signal comes that `unblocked` lets through meanwhile.
void sleep_with(const sigset_t& unblocked, std::chrono::milliseconds duration);

/// While it lives, the ending signals do not end the program but are noticed, and end pauses early.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that came; 0 when none did.
  static int signal_number();

  /// Sleeps for `duration`, or until a signal comes.
  static void pause(std::chrono::milliseconds duration);
};

/// While it lives, all signals wait that would end the program by default and that others send, SIGPIPE among them.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t former_;
};

}  // namespace ipvsadm
