// SPDX-License-Identifier: MIT
#include "ipvs/netns.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <thread>
#include <utility>

#include "ipvs/error.hpp"

namespace ipvs {
namespace {

int open_namespace(const std::string& path) {
  // Not to wait for the other end of a pipe.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) throw Error(Operation::open_namespace, errno, path.c_str());
  // Any other file answers ENOTTY; a namespace of another kind reports its own type. Linux 4.11.
  if (ioctl(descriptor, NS_GET_NSTYPE) != CLONE_NEWNET) {
    ::close(descriptor);
    throw Error(Operation::open_namespace, EINVAL, path.c_str());
  }
  return descriptor;
}

}  // namespace

NetworkNamespace NetworkNamespace::by_name(const std::string& name) {
  // A name is one path component, as `ip netns` has it; anything else would reach outside of the folder.
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw Error(Operation::open_namespace, EINVAL, name.c_str());
  }
  return NetworkNamespace(open_namespace("/run/netns/" + name));
}

NetworkNamespace NetworkNamespace::by_path(const std::string& path) { return NetworkNamespace(open_namespace(path)); }

NetworkNamespace NetworkNamespace::by_pid(pid_t pid) {
  return NetworkNamespace(open_namespace("/proc/" + std::to_string(pid) + "/ns/net"));
}

void NetworkNamespace::run(const std::function<void()>& work) const {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (setns(descriptor_, CLONE_NEWNET) != 0) throw Error(Operation::open_namespace, errno);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

NetworkNamespace& NetworkNamespace::operator=(NetworkNamespace&& other) noexcept {
  if (this == &other) return *this;
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

NetworkNamespace::~NetworkNamespace() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace ipvs
