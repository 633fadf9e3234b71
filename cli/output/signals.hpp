// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <span>

namespace ipvsadm {

/// The signals by which people and systems end a program.
inline constexpr std::array ending_signals = {SIGINT, SIGTERM, SIGHUP};

/// All signals that others send and that end a program by default.
inline constexpr std::array fatal_signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};

/// Has `handler` called for the signals; not for those that are ignored, as by nohup or a shell's `&`. While it runs,
/// no other fatal signal is let through.
void handle_signals(std::span<const int> signals, void (*handler)(int));

/// Does what the signal does to a program without a handler. May be called by a handler.
void take_default_action(int signal);

/// Sleeps for `duration`, or until a signal comes that `unblocked` lets through meanwhile.
void sleep_with(const sigset_t& unblocked, std::chrono::milliseconds duration);

/// While it lives, the fatal signals do not end the program but are noticed, and end pauses early.
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

/// While it lives, the fatal signals wait.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  /// Whether one waits.
  static bool is_one_waiting();

 private:
  sigset_t former_;
};

/// While it lives, a fatal signal ends the program at once, but says on stderr up to which line of the rules it came
/// and `what` that means. There is one at a time.
class EndAtLine {
 public:
  /// `what` must live as long.
  explicit EndAtLine(const char* what);
  ~EndAtLine();
  EndAtLine(const EndAtLine&) = delete;
  EndAtLine& operator=(const EndAtLine&) = delete;

  /// The line that it came to; without one, none is named.
  static void came_to(std::size_t line);

 private:
  std::array<struct sigaction, fatal_signals.size()> former_;
};

}  // namespace ipvsadm
