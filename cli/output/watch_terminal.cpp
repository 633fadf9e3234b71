// SPDX-License-Identifier: MIT
#include "output/watch_terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "line/failure.hpp"
#include "output/signals.hpp"

namespace ipvsadm {
namespace {

volatile sig_atomic_t shown = 0;

// Whatever follows may run in a signal's handler.

void write_screen(std::string_view text) {
  // A terminal that Ctrl-S holds would wait for ever.
  tcflow(STDOUT_FILENO, TCOON);
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
}

void enter_screen() { write_screen("\x1b[?1049h\x1b[?25l"); }
void leave_screen() { write_screen("\x1b[?25h\x1b[?1049l"); }

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

extern "C" void end(int /*signal*/) {
  if (shown != 0) leave_screen();
  _exit(status_done);
}

extern "C" void quit(int signal) {
  if (shown != 0) leave_screen();
  take_default_action(signal);
}

extern "C" void stop(int signal) {
  const int error_number = errno;
  const sig_atomic_t was_shown = shown;
  if (was_shown != 0) leave_screen();
  shown = 0;
  take_default_action(signal);
  // Here the program continues.
  handle(signal, stop);
  // Set first: a signal may come while the screen is entered.
  shown = was_shown;
  if (was_shown != 0) enter_screen();
  errno = error_number;
}

extern "C" void end_pause(int /*signal*/) {}

}  // namespace

Watching::Watching(bool terminal) : terminal_(terminal) {
  if (terminal_) {
    handle_signals(fatal_signals, quit);
    handle(SIGTSTP, stop);
    handle(SIGWINCH, end_pause);
    // To put the screen back must not stop a program in the background that is asked to end.
    handle(SIGTTOU, SIG_IGN);
  }
  handle_signals(ending_signals, end);
  // A window that changes between a drawing and the pause ends the pause.
  sigset_t window;
  sigemptyset(&window);
  sigaddset(&window, SIGWINCH);
  sigprocmask(SIG_BLOCK, &window, &unblocked_);
}

Watching::~Watching() {
  if (shown != 0) leave_screen();
  shown = 0;
  sigprocmask(SIG_SETMASK, &unblocked_, nullptr);
}

void Watching::show() const {
  if (!terminal_) return;
  shown = 1;
  enter_screen();
}

void Watching::pause(std::chrono::milliseconds duration) const { sleep_with(unblocked_, duration); }

Window window_size(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {size.ws_row, size.ws_col};
}

}  // namespace ipvsadm
