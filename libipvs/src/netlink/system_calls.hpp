// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

struct nl_sock;

namespace ipvs::netlink {

/// What Socket calls of libnl and of the system: the seam where a unit test stands for the kernel. Each function is the
/// one of its name, with that one's result and errno.
class SystemCalls {
 public:
  SystemCalls() = default;
  virtual ~SystemCalls() = default;
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;

  virtual int genl_connect(nl_sock* socket);
  virtual int genl_ctrl_resolve(nl_sock* socket, const char* name);
  virtual int connect(int descriptor, const sockaddr* address, socklen_t size);
  virtual int getsockopt(int descriptor, int level, int option, void* value, socklen_t* size);
  virtual ssize_t send(int descriptor, const void* data, std::size_t size, int flags);
  virtual int recvmmsg(int descriptor, mmsghdr* places, unsigned count, int flags);

  /// Those that sockets use which are opened from now on: the system's own, unless a test has put others in their
  /// place.
  static SystemCalls& in_use();
  /// For tests alone; nullptr puts the system's own back. Not for several threads.
  static void use(SystemCalls* others);
};

}  // namespace ipvs::netlink
