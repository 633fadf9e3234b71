// SPDX-License-Identifier: MIT
#include "output/signals.hpp"

#include <poll.h>

#include <array>
#include <ctime>
#include <span>

namespace ipvsadm {
namespace {

volatile sig_atomic_t noticed = 0;
std::array<struct sigaction, ending_signals.size()> former_actions;
sigset_t former_mask;

extern "C" void notice(int signal) { noticed = signal; }

constexpr std::array held_signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};

void block(std::span<const int> signals, sigset_t& former) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : signals) sigaddset(&blocked, signal);
  sigprocmask(SIG_BLOCK, &blocked, &former);
}

}  // namespace

void handle_endings(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal : ending_signals) {
    struct sigaction former {};
    sigaction(signal, nullptr, &former);
    if (former.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
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
  block(ending_signals, former_mask);
  for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], nullptr, &former_actions[i]);
  handle_endings(notice);
}

Interruption::~Interruption() {
  for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &former_actions[i], nullptr);
  sigprocmask(SIG_SETMASK, &former_mask, nullptr);
}

int Interruption::signal_number() { return noticed; }

void Interruption::pause(std::chrono::milliseconds duration) {
  if (noticed == 0) sleep_with(former_mask, duration);
}

SignalsHeld::SignalsHeld() { block(held_signals, former_); }
SignalsHeld::~SignalsHeld() { sigprocmask(SIG_SETMASK, &former_, nullptr); }

}  // namespace ipvsadm
