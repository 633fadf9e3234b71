// SPDX-License-Identifier: MIT
#include "signals.hpp"

#include <poll.h>

#include <array>
#include <ctime>

namespace ipvsadm {
namespace {

constexpr std::array endings = {SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t noticed = 0;
std::array<struct sigaction, endings.size()> former_actions;
struct sigaction former_window_action;
sigset_t former_mask;

extern "C" void notice(int signal) {
  if (signal != SIGWINCH) noticed = signal;
}

}  // namespace

// The signals are blocked but for the pauses, so that none can slip in between a look at signal_number() and a pause.
Interruption::Interruption() {
  noticed = 0;
  struct sigaction action {};
  action.sa_handler = notice;
  sigset_t blocked;
  sigemptyset(&blocked);
  for (std::size_t i = 0; i < endings.size(); ++i) {
    sigaction(endings[i], &action, &former_actions[i]);
    sigaddset(&blocked, endings[i]);
  }
  sigaction(SIGWINCH, &action, &former_window_action);
  sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, &former_mask);
}

Interruption::~Interruption() {
  sigprocmask(SIG_SETMASK, &former_mask, nullptr);
  for (std::size_t i = 0; i < endings.size(); ++i) sigaction(endings[i], &former_actions[i], nullptr);
  sigaction(SIGWINCH, &former_window_action, nullptr);
}

int Interruption::signal_number() { return noticed; }

void Interruption::pause(std::chrono::milliseconds duration) {
  if (noticed != 0) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const timespec time{static_cast<time_t>(seconds.count()),
                      static_cast<long>(std::chrono::nanoseconds(duration - seconds).count())};
  ppoll(nullptr, 0, &time, &former_mask);
}

}  // namespace ipvsadm
