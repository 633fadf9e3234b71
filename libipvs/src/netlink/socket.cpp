// SPDX-License-Identifier: MIT
#include "netlink/socket.hpp"

#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include "netlink/codec.hpp"

namespace ipvs::netlink {
namespace {

// The kernel fills the packets of a dump up to the largest room that the socket's reader ever offered, but to no more
// than 32 KiB, and clears all of that room first: for a few servers that is most of what their dump costs. So the room
// is small until a dump turns out to be long.
constexpr std::size_t packet_capacity = 32 * 1024;
// 8 KiB less what the kernel adds: as much as it makes for a reader that offers less (NLMSG_GOODSIZE of large pages).
constexpr std::size_t small_packet = 8 * 1024 - 320;

/// How many small packets a dump takes before the room grows. All services are read once, the servers once for each
/// service; but the kernel finds the place to go on by counting from the start again, for every packet.
std::size_t most_small_packets(Operation operation) { return operation == Operation::list_services ? 256 : 1; }
// Room for the refusals of a whole batch, each a packet of its own; see Batch.
constexpr int receive_buffer = 1024 * 1024;
// A send of a whole batch is one packet; libnl starts out with 32 KiB.
constexpr int send_buffer = 128 * 1024;

// libnl keeps the errno of an error only for system calls.
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

// The limits for ordinary processes are net.core.wmem_max and rmem_max, some 200 KiB; CAP_NET_ADMIN exceeds them.
// How much room there is in the end is asked of the socket: see bytes_that_fit() and answers_that_fit().
void enlarge(int descriptor, int size, int forced, int ordinary) {
  if (setsockopt(descriptor, SOL_SOCKET, forced, &size, sizeof size) != 0) {
    setsockopt(descriptor, SOL_SOCKET, ordinary, &size, sizeof size);
  }
}

std::size_t buffer_of(SystemCalls& calls, int descriptor, int option) {
  int size = 0;
  socklen_t length = sizeof size;
  if (calls.getsockopt(descriptor, SOL_SOCKET, option, &size, &length) != 0 || size < 0) return 0;
  return static_cast<std::size_t>(size);
}

// From then on the kernel refuses what another process sends to this socket; until then some may have come.
void take_from_kernel_alone(SystemCalls& calls, int descriptor) {
  const sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
  if (calls.connect(descriptor, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) != 0) {
    throw Error(Operation::open_socket, errno);
  }
}

// Nobody can foresee it, to forge an answer or by having seen another run.
std::uint32_t random_number() {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number) return number;
  // Early at boot, or before Linux 3.17.
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::uint32_t>(now ^ (now >> 32) ^ ::getpid());
}

// Without this every refusal carries the whole refused message back. Linux 4.3; older kernels just don't.
void leave_requests_out_of_answers(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

// The kernel's reasons in words. Linux 4.12; older kernels have none.
void ask_for_reasons(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
}

/// The reason in words of a refusal, which is an error message or the end of a dump; empty without one.
std::string_view reason_in(const nlmsghdr* header) {
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::size_t begin = NLMSG_LENGTH(sizeof(int));
  if (header->nlmsg_type == NLMSG_ERROR) {
    begin = NLMSG_LENGTH(sizeof(nlmsgerr));
    if (header->nlmsg_len < begin) return {};
    const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
    // Else the request comes first, its header being part of nlmsgerr.
    if ((header->nlmsg_flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > NLMSG_HDRLEN) {
      begin += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
    }
  }
  if (header->nlmsg_len <= begin) return {};
  const auto* first = reinterpret_cast<const nlattr*>(reinterpret_cast<const std::byte*>(header) + begin);
  const nlattr* reason = nla_find(first, static_cast<int>(header->nlmsg_len - begin), NLMSGERR_ATTR_MSG);
  if (reason == nullptr) return {};
  const std::string_view text(static_cast<const char*>(nla_data(reason)), static_cast<std::size_t>(nla_len(reason)));
  return text.substr(0, text.find('\0'));
}

int error_in(const nlmsghdr* header) {
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(int))) throw Malformed("error message is too short");
  return -*static_cast<const int*>(NLMSG_DATA(header));
}

}  // namespace

void Socket::Closer::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Socket::Socket()
    : calls_(SystemCalls::in_use()),
      socket_(nl_socket_alloc()),
      sequence_(random_number()),
      room_(small_packet),
      buffer_(new std::byte[packets_at_once * packet_capacity]) {
  if (!socket_) throw Error(Operation::open_socket, ENOMEM);
  nl_socket_set_msg_buf_size(socket_.get(), small_packet);
  // libnl would peek at the size of every packet first.
  nl_socket_disable_msg_peek(socket_.get());
  errno = 0;
  const int connected = calls_.genl_connect(socket_.get());
  if (connected < 0) throw Error(Operation::open_socket, errno_of(connected, errno));
  const int descriptor = nl_socket_get_fd(socket_.get());
  take_from_kernel_alone(calls_, descriptor);
  drop_what_came();
  errno = 0;
  family_ = calls_.genl_ctrl_resolve(socket_.get(), IPVS_GENL_NAME);
  if (family_ < 0) throw Error(Operation::open_socket, errno_of(family_, errno));
  enlarge(descriptor, send_buffer, SO_SNDBUFFORCE, SO_SNDBUF);
  enlarge(descriptor, receive_buffer, SO_RCVBUFFORCE, SO_RCVBUF);
  leave_requests_out_of_answers(descriptor);
  ask_for_reasons(descriptor);
}

Socket::~Socket() = default;

// libnl, which resolves the family, doesn't look at the sender.
void Socket::drop_what_came() try {
  while (!receive_packets(packets_at_once, MSG_DONTWAIT).front().empty()) {
  }
} catch (const std::system_error& failure) {
  throw Error(Operation::open_socket, failure.code().value());
}

std::uint32_t Socket::next_sequence() {
  if (++sequence_ == 0) ++sequence_;
  return sequence_;
}

std::uint32_t Socket::port() const { return nl_socket_get_local_port(socket_.get()); }

void Socket::send(std::span<const std::byte> bytes) {
  for (;;) {
    const ssize_t sent = calls_.send(nl_socket_get_fd(socket_.get()), bytes.data(), bytes.size(), 0);
    if (sent >= 0) return;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category());
  }
}

Socket::Packets Socket::receive_packets(std::size_t most, int flags) {
  for (;;) {
    std::array<iovec, packets_at_once> places{};
    std::array<sockaddr_nl, packets_at_once> senders{};
    std::array<mmsghdr, packets_at_once> headers{};
    for (std::size_t i = 0; i < packets_at_once; ++i) {
      places[i] = {buffer_.get() + i * packet_capacity, room_};
      headers[i].msg_hdr.msg_name = &senders[i];
      headers[i].msg_hdr.msg_namelen = sizeof senders[i];
      headers[i].msg_hdr.msg_iov = &places[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    int count = 0;
    do {
      count = calls_.recvmmsg(nl_socket_get_fd(socket_.get()), headers.data(), static_cast<unsigned>(most),
                              flags | MSG_WAITFORONE);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN) return {};
    if (count < 0) throw std::system_error(errno, std::generic_category());
    Packets packets{};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      // The kernel's own number is 0; no process can have it.
      if (headers[i].msg_hdr.msg_namelen != sizeof senders[i] || senders[i].nl_pid != 0) continue;
      if ((headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) throw std::system_error(EMSGSIZE, std::generic_category());
      packets[kept++] = {static_cast<std::byte*>(places[i].iov_base), headers[i].msg_len};
    }
    if (kept > 0) return packets;
  }
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
  std::size_t packets_with_data() const { return packets_with_data_; }
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
        if (const int error_number = error_in(&header)) {
          throw Error(operation_, error_number, Error::KernelText{reason_in(&header)});
        }
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
    if (header.nlmsg_type == NLMSG_ERROR) on_answer({header.nlmsg_seq, error_in(&header), reason_in(&header)});
  });
  return !packet.empty();
}

std::size_t Socket::answers_that_fit() const {
  // What the kernel charges for the smallest packet; measured: some 270 fill the usual 212,992 bytes.
  constexpr std::size_t charge = 1024;
  return std::max<std::size_t>(buffer_of(calls_, nl_socket_get_fd(socket_.get()), SO_RCVBUF) / charge, 1);
}

std::size_t Socket::bytes_that_fit() const {
  // netlink_sendmsg() refuses more than this with EMSGSIZE.
  constexpr std::size_t reserve = 32;
  return std::max(buffer_of(calls_, nl_socket_get_fd(socket_.get()), SO_SNDBUF), reserve) - reserve;
}

bool Socket::has_new_family() {
  errno = 0;
  const int family = calls_.genl_ctrl_resolve(socket_.get(), IPVS_GENL_NAME);
  if (family == -NLE_OBJ_NOTFOUND) throw Error(Operation::open_socket, errno_of(family, errno));
  // Any other failure leaves what is known.
  if (family < 0 || family == family_) return false;
  family_ = family;
  return true;
}

Moment Socket::request(Operation operation, Message& message, Answer answer,
                       const std::function<void(Payload)>& on_data) {
  try {
    return request_once(operation, message, answer, on_data);
  } catch (const Error& error) {
    if (error.error_number() != ENOENT || !has_new_family()) throw;
  }
  message.set_family(family_);
  return request_once(operation, message, answer, on_data);
}

Moment Socket::request_once(Operation operation, Message& message, Answer answer,
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
    if (dump && reader.packets_with_data() > most_small_packets(operation)) room_ = packet_capacity;
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
