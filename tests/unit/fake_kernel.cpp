// SPDX-License-Identifier: MIT
#include "fake_kernel.hpp"

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "failing_memory.hpp"
#include "netlink/system_calls.hpp"

namespace {

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
    const auto message = bytes.first(std::min<std::size_t>(header.nlmsg_len, bytes.size()));
    requests.push_back({header.nlmsg_seq, header.nlmsg_flags, static_cast<std::uint8_t>(bytes[NLMSG_HDRLEN]),
                        kernel_messages::copy(message.subspan(NLMSG_HDRLEN + GENL_HDRLEN)), header.nlmsg_type});
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
  }
  return requests;
}

int fail(int error_number) {
  errno = error_number;
  return -1;
}

/// One packet, cut to the receiver's room as the kernel does.
void hand_over(const FakeKernel::Packet& from, mmsghdr& place) {
  const FakeKernel::Bytes& packet = from.bytes;
  const sockaddr_nl sender{AF_NETLINK, 0, from.sender, 0};
  if (place.msg_hdr.msg_name != nullptr) {
    std::memcpy(place.msg_hdr.msg_name, &sender, std::min<std::size_t>(sizeof sender, place.msg_hdr.msg_namelen));
    place.msg_hdr.msg_namelen = sizeof sender;
  }
  const iovec& room = *place.msg_hdr.msg_iov;
  const std::size_t size = std::min(packet.size(), room.iov_len);
  std::memcpy(room.iov_base, packet.data(), size);
  place.msg_len = static_cast<unsigned>(size);
  place.msg_hdr.msg_flags = size < packet.size() ? MSG_TRUNC : 0;
}

}  // namespace

/// What a socket calls, answered by the fake.
class FakeKernel::Calls : public ipvs::netlink::SystemCalls {
 public:
  explicit Calls(FakeKernel& kernel) : kernel_(kernel) {}

  int genl_connect(nl_sock* /*socket*/) override { return kernel_.connected; }

  int genl_ctrl_resolve(nl_sock* /*socket*/, const char* /*name*/) override { return kernel_.resolved; }

  int connect(int /*socket*/, const sockaddr* address, socklen_t size) override {
    sockaddr_nl to{};
    std::memcpy(&to, address, std::min<std::size_t>(sizeof to, size));
    kernel_.connected_to_kernel = to.nl_family == AF_NETLINK && to.nl_pid == 0 && to.nl_groups == 0;
    return 0;
  }

  int getsockopt(int /*socket*/, int /*level*/, int option, void* value, socklen_t* size) override {
    std::memcpy(value, option == SO_SNDBUF ? &kernel_.send_buffer : &kernel_.receive_buffer, sizeof(int));
    *size = sizeof(int);
    return 0;
  }

  ssize_t send(int /*socket*/, const void* data, std::size_t size, int /*flags*/) override {
    const MemoryWithoutEnd memory;
    if (const int error_number = next_error(kernel_.send_errors)) return fail(error_number);
    kernel_.largest_send = std::max(kernel_.largest_send, size);
    kernel_.sends.push_back(requests_in({static_cast<const std::byte*>(data), size}));
    if (kernel_.answer) kernel_.answer(kernel_.sends.back());
    return static_cast<ssize_t>(size);
  }

  int recvmmsg(int /*socket*/, mmsghdr* places, unsigned count, int flags) override {
    const MemoryWithoutEnd memory;
    ++kernel_.receives;
    kernel_.room = places->msg_hdr.msg_iov->iov_len;
    if (const int error_number = next_error(kernel_.receive_errors)) return fail(error_number);
    std::deque<FakeKernel::Packet>& packets = kernel_.packets;
    if (packets.empty()) {
      kernel_.waited_in_vain = kernel_.waited_in_vain || (flags & MSG_DONTWAIT) == 0;
      return fail(EAGAIN);
    }
    if (const int error_number = packets.front().error_number) {
      packets.pop_front();
      return fail(error_number);
    }
    int taken = 0;
    while (taken < static_cast<int>(count) && !packets.empty() && packets.front().error_number == 0) {
      hand_over(packets.front(), places[taken++]);
      packets.pop_front();
    }
    return taken;
  }

 private:
  /// The next of `errors`, or the one that lasts; 0 for none.
  int next_error(std::deque<int>& errors) const {
    if (errors.empty()) return kernel_.lasting_error;
    const int error_number = errors.front();
    errors.pop_front();
    return error_number;
  }

  FakeKernel& kernel_;
};

FakeKernel::FakeKernel() : calls_(std::make_unique<Calls>(*this)) { ipvs::netlink::SystemCalls::use(calls_.get()); }
FakeKernel::~FakeKernel() { ipvs::netlink::SystemCalls::use(nullptr); }

FakeKernel::Bytes operator+(FakeKernel::Bytes first, const FakeKernel::Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

FakeKernel::Bytes error_message(std::uint32_t sequence, int error_number) {
  // The header of what is answered comes behind the number.
  const nlmsgerr error{-error_number, {}};
  return message_of(sequence, NLMSG_ERROR, 0, std::as_bytes(std::span(&error, 1)));
}

FakeKernel::Bytes refusal_with_text(std::uint32_t sequence, int error_number, const std::string& text, bool capped,
                                    std::size_t echoed) {
  nlmsgerr error{-error_number, {}};
  error.msg.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + echoed);
  FakeKernel::Bytes body = kernel_messages::copy(std::as_bytes(std::span(&error, 1)));
  if (!capped) body.resize(body.size() + NLMSG_ALIGN(echoed));
  const nlattr reason{static_cast<std::uint16_t>(NLA_HDRLEN + text.size() + 1), NLMSGERR_ATTR_MSG};
  body = body + kernel_messages::copy(std::as_bytes(std::span(&reason, 1))) +
         kernel_messages::copy(std::as_bytes(std::span(text.c_str(), text.size() + 1)));
  body.resize(NLMSG_ALIGN(body.size()));
  return message_of(sequence, NLMSG_ERROR, static_cast<std::uint16_t>(NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0)),
                    body);
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
