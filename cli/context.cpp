// SPDX-License-Identifier: MIT
#include "context.hpp"

#include <sys/wait.h>

#include <cerrno>

#include <spawn.h>

#include "ipvs/error.hpp"
#include "messages.hpp"

extern char** environ;

namespace ipvsadm {
namespace {

/// Lets modprobe try; whether it worked shows when the socket is opened again. Its words go to our stderr.
void load_module() {
  const char* const arguments[] = {"/sbin/modprobe", "--", "ip_vs", nullptr};
  pid_t child = 0;
  // posix_spawn takes char*const[] for historical reasons and changes nothing.
  if (posix_spawn(&child, arguments[0], nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0) return;
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

ipvs::Client& Context::client() {
  if (client_) return *client_;
  try {
    client_.emplace();
    return *client_;
  } catch (const ipvs::Error& error) {
    if (error.error_number() != ENOPROTOOPT) throw no_ipvs(error);
  }
  load_module();
  try {
    client_.emplace();
  } catch (const ipvs::Error& error) {
    throw no_ipvs(error);
  }
  return *client_;
}

}  // namespace ipvsadm
