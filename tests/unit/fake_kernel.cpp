// SPDX-License-Identifier: MIT
#include "fake_kernel.hpp"

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace {

FakeKernel* kernel = nullptr;

FakeKernel::Bytes message_of(std::uint32_t sequence, std::uint16_t type, std::uint16_t flags,
                             std::span<const std::byte> body) {
  const nlmsghdr header{static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size()), type, flags, sequence, 0};
  FakeKernel::Bytes bytes(NLMSG_ALIGN(header.nlmsg_len));
  std::memcpy(bytes.data(), &header, sizeof header);
  std::ranges::copy(body, bytes.begin() + NLMSG_HDRLEN);
  return bytes;
}

std::vector<FakeKernel::Request> requests_in(std::span<const std::byte> bytes) {
  std::vector<FakeKernel::Request> requests;
  while (bytes.size() >= NLMSG_HDRLEN + GENL_HDRLEN) {
    nlmsghdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    requests.push_back({header.nlmsg_seq, header.nlmsg_flags, static_cast<std::uint8_t>(bytes[NLMSG_HDRLEN])});
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
  }
  return requests;
}

int fail(int error_number) {
  errno = error_number;
  return -1;
}

/// One packet, cut to the receiver's room as the kernel does.
void hand_over(const FakeKernel::Bytes& packet, mmsghdr& place) {
  const iovec& room = *place.msg_hdr.msg_iov;
  const std::size_t size = std::min(packet.size(), room.iov_len);
  std::memcpy(room.iov_base, packet.data(), size);
  place.msg_len = static_cast<unsigned>(size);
  place.msg_hdr.msg_flags = size < packet.size() ? MSG_TRUNC : 0;
}

}  // namespace

FakeKernel::FakeKernel() { kernel = this; }
FakeKernel::~FakeKernel() { kernel = nullptr; }

FakeKernel::Bytes operator+(FakeKernel::Bytes first, const FakeKernel::Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

FakeKernel::Bytes error_message(std::uint32_t sequence, int error_number) {
  // The header of what is answered comes behind the number.
  const nlmsgerr error{-error_number, {}};
  return message_of(sequence, NLMSG_ERROR, 0, std::as_bytes(std::span(&error, 1)));
}

FakeKernel::Bytes short_error_message(std::uint32_t sequence) { return message_of(sequence, NLMSG_ERROR, 0, {}); }

FakeKernel::Bytes data_message(std::uint32_t sequence, const FakeKernel::Bytes& payload, std::uint16_t flags,
                               std::uint16_t type) {
  return message_of(sequence, type, flags, FakeKernel::Bytes(GENL_HDRLEN) + payload);
}

FakeKernel::Bytes done_message(std::uint32_t sequence, int error_number) {
  const int number = -error_number;
  return message_of(sequence, NLMSG_DONE, NLM_F_MULTI, std::as_bytes(std::span(&number, 1)));
}

FakeKernel::Bytes empty_done_message(std::uint32_t sequence) { return message_of(sequence, NLMSG_DONE, 0, {}); }

// What libipvs calls, in place of the C library's and libnl's: the program's own definitions come first. The names are
// given to the linker alone, for the headers have declared them already.
extern "C" {
ssize_t fake_send(int socket, const void* data, size_t size, int flags) __asm__("send");
int fake_recvmmsg(int socket, mmsghdr* places, unsigned count, int flags, timespec* timeout) __asm__("recvmmsg");
int fake_getsockopt(int socket, int level, int option, void* value, socklen_t* size) __asm__("getsockopt");

int genl_connect(nl_sock* /*socket*/) { return kernel != nullptr ? kernel->connected : -1; }

int genl_ctrl_resolve(nl_sock* /*socket*/, const char* /*name*/) { return kernel != nullptr ? kernel->resolved : -1; }

int fake_getsockopt(int /*socket*/, int /*level*/, int /*option*/, void* value, socklen_t* size) {
  if (kernel == nullptr) return fail(EBADF);
  std::memcpy(value, &kernel->receive_buffer, sizeof(int));
  *size = sizeof(int);
  return 0;
}

ssize_t fake_send(int /*socket*/, const void* data, size_t size, int /*flags*/) {
  if (kernel == nullptr) return fail(EBADF);
  if (!kernel->send_errors.empty()) {
    const int error_number = kernel->send_errors.front();
    kernel->send_errors.pop_front();
    return fail(error_number);
  }
  kernel->sends.push_back(requests_in({static_cast<const std::byte*>(data), size}));
  if (kernel->answer) kernel->answer(kernel->sends.back());
  return static_cast<ssize_t>(size);
}

int fake_recvmmsg(int /*socket*/, mmsghdr* places, unsigned count, int flags, timespec* /*timeout*/) {
  if (kernel == nullptr) return fail(EBADF);
  std::deque<FakeKernel::Packet>& packets = kernel->packets;
  if (packets.empty()) {
    kernel->waited_in_vain = kernel->waited_in_vain || (flags & MSG_DONTWAIT) == 0;
    return fail(EAGAIN);
  }
  if (const int error_number = packets.front().error_number) {
    packets.pop_front();
    return fail(error_number);
  }
  int taken = 0;
  while (taken < static_cast<int>(count) && !packets.empty() && packets.front().error_number == 0) {
    hand_over(packets.front().bytes, places[taken++]);
    packets.pop_front();
  }
  return taken;
}

}  // extern "C"
