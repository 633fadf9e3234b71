// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>

namespace ipvsadm {

/// The terminal's other screen without a cursor, where listings are drawn again and again; the screen and the cursor
/// that were there come back at the end, and while the program is stopped (Ctrl-Z).
///
/// The ending signals end the program at once with status 0, even in the midst of a look-up or of a write that waits:
/// whoever watches has nothing to lose. So do the other fatal signals, in their own way.
class Watching {
 public:
  /// `terminal`: whether stdout is one. Otherwise there is no screen to change, only the signals are as said.
  explicit Watching(bool terminal);
  ~Watching();
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  /// Shows the other screen, once the first listing is there. Does nothing without a terminal.
  void show() const;

  /// Sleeps for `duration`, or until the window changes its size or the program continues after a stop.
  void pause(std::chrono::milliseconds duration) const;

 private:
  bool terminal_;
  sigset_t unblocked_;
};

/// A window's size in characters.
struct Window {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

/// The size of the terminal that `descriptor` is open on; the usual size if it reports none.
Window window_size(int descriptor);

}  // namespace ipvsadm
