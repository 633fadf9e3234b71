// SPDX-License-Identifier: MIT
#include "commands/turn.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "line/failure.hpp"
#include "output/output.hpp"

namespace ipvsadm {
namespace {

constexpr const char* folder = "/run/ipvsadm";

/// The namespace's own name: no two that live at the same time have the same.
std::string name_of_namespace(const Context& context) {
  const auto& network = context.network_namespace();
  struct stat about {};
  if ((network ? ::fstat(network->descriptor(), &about) : ::stat("/proc/self/ns/net", &about)) != 0) return "net";
  return fmt::format("net-{}-{}", about.st_dev, about.st_ino);
}

/// Whether it is of that kind and the caller's, and others have none of `rights`.
bool is_ours(int descriptor, mode_t kind, mode_t rights) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 && (about.st_mode & S_IFMT) == kind && about.st_uid == ::geteuid() &&
         (about.st_mode & rights) == 0;
}

[[noreturn]] void refuse(std::string_view what) {
  throw Failure(
      status_as_before,
      fmt::format("`{}' is not the caller's alone, so that others could hold up --apply: nothing was touched", what));
}

/// Opens the folder, made if need be; -1 where there can't be one.
int open_folder() {
  if (::mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return -1;
  const int descriptor = ::open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ELOOP || errno == ENOTDIR) refuse(folder);
    return -1;
  }
  if (is_ours(descriptor, S_IFDIR, S_IWGRP | S_IWOTH)) return descriptor;
  ::close(descriptor);
  refuse(folder);
}

void warn_of_no_lock(int error_number) {
  print_message(fmt::format("can't use `{}': {}; another --apply at the same time is not waited for", folder,
                            std::strerror(error_number)));
}

}  // namespace

Turn::Turn(const Context& context) : folder_(open_folder()) {
  const int error_number = errno;
  try {
    name_ = name_of_namespace(context);
    if (folder_ >= 0) {
      wait();
    } else {
      warn_of_no_lock(error_number);
    }
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    if (folder_ >= 0) ::close(folder_);
    throw;
  }
}

// The file is removed while it is locked: who waits for it sees that it is gone, and makes it anew.
Turn::~Turn() {
  if (file_ >= 0) {
    ::unlinkat(folder_, name_.c_str(), 0);
    ::close(file_);
  }
  if (folder_ >= 0) ::close(folder_);
}

Turn::State Turn::try_to_take() {
  if (file_ < 0) {
    file_ = ::openat(folder_, name_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file_ < 0 && errno != ELOOP && errno != EISDIR) return State::impossible;
    if (file_ < 0 || !is_ours(file_, S_IFREG, S_IRWXG | S_IRWXO)) refuse(fmt::format("{}/{}", folder, name_));
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) return State::busy;
  struct stat locked {};
  struct stat named {};
  if (::fstat(file_, &locked) == 0 && ::fstatat(folder_, name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
      locked.st_dev == named.st_dev && locked.st_ino == named.st_ino) {
    return State::held;
  }
  ::close(file_);
  file_ = -1;
  return State::busy;
}

void Turn::wait() {
  using Clock = std::chrono::steady_clock;
  constexpr auto longest = std::chrono::seconds(30);
  constexpr auto in_silence = std::chrono::seconds(1);
  constexpr auto look_again = std::chrono::milliseconds(20);
  const auto start = Clock::now();
  bool said = false;
  for (;;) {
    const State state = try_to_take();
    if (state == State::held) return;
    if (state == State::impossible) return warn_of_no_lock(errno);
    const auto waited = Clock::now() - start;
    if (waited >= longest) {
      throw Failure(status_as_before,
                    fmt::format("another --apply is at work here and does not end (`{}/{}' is locked): nothing was"
                                " touched",
                                folder, name_));
    }
    if (!said && waited >= in_silence) {
      print_message(fmt::format("another --apply is at work here: waiting for it, {} s at most", longest.count()));
      said = true;
    }
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace ipvsadm
