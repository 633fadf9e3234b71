// SPDX-License-Identifier: MIT
#include "netlink/socket.hpp"

#include <linux/ip_vs.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "netlink/codec.hpp"

namespace ipvs::netlink {
namespace {

// The kernel fills the packets of a dump up to the reader's buffer, but to no more than 32 KiB.
constexpr std::size_t packet_capacity = 32 * 1024;
// Room for the refusals of a whole batch, each a packet of its own; see Batch.
constexpr int socket_buffer = 1024 * 1024;

// libnl keeps the errno behind an error only for system calls.
int errno_of(int libnl_error, int system_error) {
  switch (-libnl_error) {
    case NLE_OBJ_NOTFOUND:
      return ENOPROTOOPT;  // what the kernel itself says to IPVS's socket options when it has no IPVS
    case NLE_NOMEM: return ENOMEM;
    case NLE_PERM: return EPERM;
    case NLE_NOACCESS: return EACCES;
    case NLE_AF_NOSUPPORT: return EAFNOSUPPORT;
    default: return system_error != 0 ? system_error : EPROTO;
  }
}

// A send of a whole batch is one packet; libnl starts out with 32 KiB.
void enlarge_send_buffer(int descriptor) {
  const int size = 128 * 1024;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

// The hard limit for ordinary processes is net.core.rmem_max, some 200 KiB; CAP_NET_ADMIN goes beyond it.
void enlarge_receive_buffer(int descriptor) {
  const int size = socket_buffer;
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
}

// Without this every refusal carries the whole refused message back. Linux 4.3; older kernels just don't.
void leave_requests_out_of_answers(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

int error_in(const nlmsghdr* header) {
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(int))) throw Malformed("error message is too short");
  return -*static_cast<const int*>(NLMSG_DATA(header));
}

}  // namespace

void Socket::Closer::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Socket::Socket() : socket_(nl_socket_alloc()), buffer_(new std::byte[packets_at_once * packet_capacity]) {
  if (!socket_) throw Error(Operation::open_socket, ENOMEM);
  // libnl would peek at the size of every packet first.
  nl_socket_disable_msg_peek(socket_.get());
  errno = 0;
  const int connected = genl_connect(socket_.get());
  if (connected < 0) throw Error(Operation::open_socket, errno_of(connected, errno));
  errno = 0;
  family_ = genl_ctrl_resolve(socket_.get(), IPVS_GENL_NAME);
  if (family_ < 0) throw Error(Operation::open_socket, errno_of(family_, errno));
  enlarge_send_buffer(nl_socket_get_fd(socket_.get()));
  enlarge_receive_buffer(nl_socket_get_fd(socket_.get()));
  leave_requests_out_of_answers(nl_socket_get_fd(socket_.get()));
}

Socket::~Socket() = default;

std::uint32_t Socket::next_sequence() {
  if (++sequence_ == 0) ++sequence_;
  return sequence_;
}

std::uint32_t Socket::port() const { return nl_socket_get_local_port(socket_.get()); }

void Socket::send(std::span<const std::byte> bytes) {
  for (;;) {
    const ssize_t sent = ::send(nl_socket_get_fd(socket_.get()), bytes.data(), bytes.size(), 0);
    if (sent >= 0) return;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category());
  }
}

Socket::Packets Socket::receive_packets(std::size_t most, int flags) {
  std::array<iovec, packets_at_once> places{};
  std::array<mmsghdr, packets_at_once> headers{};
  for (std::size_t i = 0; i < packets_at_once; ++i) {
    places[i] = {buffer_.get() + i * packet_capacity, packet_capacity};
    headers[i].msg_hdr.msg_iov = &places[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  int count = 0;
  do {
    count = ::recvmmsg(nl_socket_get_fd(socket_.get()), headers.data(), static_cast<unsigned>(most),
                       flags | MSG_WAITFORONE, nullptr);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) count = 0;
  if (count < 0) throw std::system_error(errno, std::generic_category());
  Packets packets{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if ((headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) throw std::system_error(EMSGSIZE, std::generic_category());
    packets[i] = {static_cast<std::byte*>(places[i].iov_base), headers[i].msg_len};
  }
  return packets;
}

namespace {

template <typename Visit>
void for_each_message(std::span<std::byte> packet, Visit visit) {
  int left = static_cast<int>(packet.size());
  for (auto* header = reinterpret_cast<nlmsghdr*>(packet.data()); nlmsg_ok(header, left);
       header = nlmsg_next(header, &left)) {
    visit(*header);
  }
}

/// Takes the answer to one request apart, packet by packet.
class AnswerReader {
 public:
  AnswerReader(Operation operation, int family, std::uint32_t sequence, Answer answer,
               const std::function<void(Payload)>& on_data)
      : operation_(operation), family_(family), sequence_(sequence), answer_(answer), on_data_(on_data) {}

  /// Throws Error for the kernel's refusal.
  void use(std::span<std::byte> packet) {
    has_data_ = false;
    for_each_message(packet, [this](const nlmsghdr& header) {
      // Others are the rest of an earlier answer that was given up.
      if (header.nlmsg_seq == sequence_ && !done_) use(header);
    });
    packets_with_data_ += has_data_ ? 1 : 0;
  }

  bool done() const { return done_; }
  Moment moment() const { return packets_with_data_ > 1 || interrupted_ ? Moment::several : Moment::one; }
  const std::optional<Malformed>& malformed() const { return malformed_; }

 private:
  void use(const nlmsghdr& header) {
    interrupted_ = interrupted_ || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    switch (header.nlmsg_type) {
      case NLMSG_NOOP: return;
      case NLMSG_DONE:
        // An empty DONE is as good as one that carries 0.
        if (header.nlmsg_len < NLMSG_LENGTH(sizeof(int))) {
          done_ = true;
          return;
        }
        [[fallthrough]];
      case NLMSG_ERROR:
        if (const int error_number = error_in(&header)) throw Error(operation_, error_number);
        done_ = true;
        return;
      default: use_data(header);
    }
  }

  void use_data(const nlmsghdr& header) {
    has_data_ = true;
    done_ = answer_ == Answer::reply;
    if (header.nlmsg_type != family_ || header.nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) {
      malformed_.emplace("unexpected message type");
      return;
    }
    if (malformed_ || !on_data_) return;
    try {
      on_data_({reinterpret_cast<const std::byte*>(&header) + NLMSG_LENGTH(GENL_HDRLEN),
                header.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN)});
    } catch (const Malformed& reason) {
      malformed_.emplace(reason);
    }
  }

  Operation operation_;
  int family_;
  std::uint32_t sequence_;
  Answer answer_;
  const std::function<void(Payload)>& on_data_;
  std::optional<Malformed> malformed_;
  std::size_t packets_with_data_ = 0;
  bool has_data_ = false;
  bool interrupted_ = false;
  bool done_ = false;
};

}  // namespace

bool Socket::receive_if_any(const std::function<void(Answered)>& on_answer) {
  const std::span<std::byte> packet = receive_packets(1, MSG_DONTWAIT).front();
  for_each_message(packet, [&](const nlmsghdr& header) {
    if (header.nlmsg_type == NLMSG_ERROR) on_answer({header.nlmsg_seq, error_in(&header)});
  });
  return !packet.empty();
}

std::size_t Socket::answers_that_fit() const {
  // What the kernel charges for the smallest packet; measured: some 270 fill the usual 212,992 bytes.
  constexpr std::size_t charge = 1024;
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(nl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVBUF, &size, &length) != 0 || size < 0) return 1;
  return static_cast<std::size_t>(size) / charge;
}

Moment Socket::request(Operation operation, Message& message, Answer answer,
                       const std::function<void(Payload)>& on_data) try {
  const std::uint32_t sequence = next_sequence();
  message.set_sequence(sequence, port());
  send(message.bytes());

  AnswerReader reader(operation, family_, sequence, answer, on_data);
  while (!reader.done()) {
    // The kernel has answered before send() returns; to wait for what has not come would be to wait for ever. A dump's
    // next packet is made when one is taken, so that the last and the end of it come together.
    const bool dump = answer == Answer::dump;
    const Packets packets = receive_packets(dump ? packets_at_once : 1, dump ? 0 : MSG_DONTWAIT);
    if (packets.front().empty()) throw Error(operation, EINTR);
    for (const std::span<std::byte> packet : packets) reader.use(packet);
  }
  if (reader.malformed()) throw Error(operation, EBADMSG, reader.malformed()->what());
  return reader.moment();
} catch (const Malformed& reason) {
  throw Error(operation, EBADMSG, reason.what());
} catch (const Error&) {
  throw;
} catch (const std::system_error& failure) {
  throw Error(operation, failure.code().value());
}

}  // namespace ipvs::netlink
