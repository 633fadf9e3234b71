// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "ipvs/export.hpp"

namespace ipvs {

/// A network namespace, held open by a file descriptor: it stays reachable while this object lives, even when its
/// last process ends. Move-only; a moved-from object holds none.
class IPVS_EXPORT NetworkNamespace {
 public:
  /// The namespace that `ip netns add NAME` made: /run/netns/NAME.
  /// Throws Error(open_namespace): ENOENT, EINVAL, EACCES.
  static NetworkNamespace by_name(const std::string& name);
  /// The namespace of a file such as /proc/PID/ns/net or a bind mount of it. Errors as by_name(); another kind of file
  /// is opened without waiting and refused.
  static NetworkNamespace by_path(const std::string& path);
  /// The network namespace of a process. Errors as by_name().
  static NetworkNamespace by_pid(pid_t pid);

  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  ~NetworkNamespace();

  /// Runs `work` inside the namespace, on a thread of its own, so that no caller is ever left in the wrong one, and
  /// waits for it. Files under /proc/thread-self/net and sockets that `work` opens belong to the namespace for good.
  /// Rethrows what `work` throws; Error(open_namespace) EPERM when the namespace can't be entered.
  void run(const std::function<void()>& work) const;

  /// The descriptor, owned by this object.
  int descriptor() const noexcept { return descriptor_; }

 private:
  explicit NetworkNamespace(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace ipvs
