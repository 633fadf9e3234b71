// SPDX-License-Identifier: MIT
#include "output/signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string_view>

namespace ipvsadm {
namespace {

using Actions = std::array<struct sigaction, fatal_signals.size()>;

volatile sig_atomic_t noticed = 0;
Actions former_actions;
sigset_t former_mask;

extern "C" void notice(int signal) { noticed = signal; }

sigset_t set_of(std::span<const int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

void block_fatal_signals(sigset_t& former) {
  const sigset_t blocked = set_of(fatal_signals);
  sigprocmask(SIG_BLOCK, &blocked, &former);
}

void get_actions(Actions& actions) {
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) sigaction(fatal_signals[i], nullptr, &actions[i]);
}

void set_actions(const Actions& actions) {
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) sigaction(fatal_signals[i], &actions[i], nullptr);
}

}  // namespace

void handle_signals(std::span<const int> signals, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_mask = set_of(fatal_signals);
  for (const int signal : signals) {
    struct sigaction former {};
    sigaction(signal, nullptr, &former);
    if (former.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

void take_default_action(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  const sigset_t one = set_of({&signal, 1});
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

void sleep_with(const sigset_t& unblocked, std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const timespec time{static_cast<time_t>(seconds.count()),
                      static_cast<long>(std::chrono::nanoseconds(duration - seconds).count())};
  ppoll(nullptr, 0, &time, &unblocked);
}

// The signals are blocked but for the pauses, so that none can slip in between a look at signal_number() and a pause.
Interruption::Interruption() {
  noticed = 0;
  block_fatal_signals(former_mask);
  get_actions(former_actions);
  handle_signals(fatal_signals, notice);
}

Interruption::~Interruption() {
  set_actions(former_actions);
  sigprocmask(SIG_SETMASK, &former_mask, nullptr);
}

int Interruption::signal_number() { return noticed; }

void Interruption::pause(std::chrono::milliseconds duration) {
  if (noticed == 0) sleep_with(former_mask, duration);
}

SignalsHeld::SignalsHeld() { block_fatal_signals(former_); }
SignalsHeld::~SignalsHeld() { sigprocmask(SIG_SETMASK, &former_, nullptr); }

bool SignalsHeld::is_one_waiting() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return std::ranges::any_of(fatal_signals, [&](int signal) { return sigismember(&pending, signal) == 1; });
}

namespace {

const char* volatile end_means = nullptr;
volatile sig_atomic_t end_line = 0;

/// Puts text together in a signal's handler, where nothing may be allocated.
class Note {
 public:
  void add(std::string_view text) {
    for (const char c : text) add(c);
  }
  void add(unsigned number) {
    if (number >= base) add(number / base);
    add(static_cast<char>('0' + number % base));
  }
  void add(char c) {
    if (size_ < bytes_.size()) bytes_[size_++] = c;
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  static constexpr unsigned base = 10;
  std::array<char, 160> bytes_{};
  std::size_t size_ = 0;
};

extern "C" void end_at_line(int signal) {
  Note note;
  if (const auto line = static_cast<unsigned>(end_line)) {
    note.add("line ");
    note.add(line);
    note.add(": ");
  }
  note.add(end_means);
  note.add('\n');
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, note.text().data(), note.text().size());
  take_default_action(signal);
}

}  // namespace

EndAtLine::EndAtLine(const char* what) {
  end_means = what;
  end_line = 0;
  get_actions(former_);
  handle_signals(fatal_signals, end_at_line);
}

EndAtLine::~EndAtLine() { set_actions(former_); }

void EndAtLine::came_to(std::size_t line) { end_line = static_cast<sig_atomic_t>(line); }

}  // namespace ipvsadm
