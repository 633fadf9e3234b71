// SPDX-License-Identifier: MIT
#include "netlink/system_calls.hpp"

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

namespace ipvs::netlink {
namespace {

SystemCalls* put_in_place = nullptr;

}  // namespace

int SystemCalls::genl_connect(nl_sock* socket) { return ::genl_connect(socket); }

int SystemCalls::genl_ctrl_resolve(nl_sock* socket, const char* name) { return ::genl_ctrl_resolve(socket, name); }

int SystemCalls::connect(int descriptor, const sockaddr* address, socklen_t size) {
  return ::connect(descriptor, address, size);
}

int SystemCalls::getsockopt(int descriptor, int level, int option, void* value, socklen_t* size) {
  return ::getsockopt(descriptor, level, option, value, size);
}

ssize_t SystemCalls::send(int descriptor, const void* data, std::size_t size, int flags) {
  return ::send(descriptor, data, size, flags);
}

int SystemCalls::recvmmsg(int descriptor, mmsghdr* places, unsigned count, int flags) {
  return ::recvmmsg(descriptor, places, count, flags, nullptr);
}

SystemCalls& SystemCalls::in_use() {
  static SystemCalls own;
  return put_in_place != nullptr ? *put_in_place : own;
}

void SystemCalls::use(SystemCalls* others) { put_in_place = others; }

}  // namespace ipvs::netlink
