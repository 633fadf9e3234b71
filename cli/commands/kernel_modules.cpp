// SPDX-License-Identifier: MIT
#include "commands/kernel_modules.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <variant>

#include <spawn.h>

namespace ipvsadm {
namespace {

/// Runs modprobe to its end.
void load(const char* module, Words words) {
  const std::array<const char*, 4> arguments{"/sbin/modprobe", "--", module, nullptr};
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;
  if (posix_spawnattr_init(&attributes) != 0) return;
  if (posix_spawn_file_actions_init(&files) == 0) {
    // Signals that we hold are none of its business: it stays possible to end it.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const bool ready = words == Words::printed ||
                       posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
    pid_t child = 0;
    // posix_spawn takes char*const[] for historical reasons and changes nothing.
    if (ready && posix_spawn(&child, arguments[0], &files, &attributes, const_cast<char* const*>(arguments.data()),
                             environ) == 0) {
      while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    posix_spawn_file_actions_destroy(&files);
  }
  posix_spawnattr_destroy(&attributes);
}

/// One that keeps something for each network namespace.
struct Scheduler {
  const char* name;
  bool tried = false;
};

}  // namespace

void load_ipvs(Words words) { load("ip_vs", words); }

void load_scheduler_of(const ipvs::Service& service) {
  static std::array schedulers{Scheduler{"lblc"}, Scheduler{"lblcr"}};
  for (Scheduler& scheduler : schedulers) {
    if (service.scheduler != scheduler.name || scheduler.tried) continue;
    scheduler.tried = true;
    const std::string module = "ip_vs_" + service.scheduler;
    if (access(("/sys/module/" + module).c_str(), F_OK) != 0) load(module.c_str(), Words::dropped);
  }
}

void load_scheduler_of(const ipvs::Change& change) {
  if (const auto* added = std::get_if<ipvs::AddService>(&change)) {
    load_scheduler_of(added->service);
  } else if (const auto* edited = std::get_if<ipvs::EditService>(&change)) {
    load_scheduler_of(edited->service);
  }
}

}  // namespace ipvsadm
