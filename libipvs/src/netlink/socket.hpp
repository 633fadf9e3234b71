// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ipvs/error.hpp"
#include "netlink/message.hpp"
#include "netlink/system_calls.hpp"

struct nl_sock;

namespace ipvs::netlink {

/// One message of an answer, as receive_if_any() hands it on.
struct Answered {
  std::uint32_t sequence;
  int error_number;              ///< of a refusal; 0 for an acknowledgement
  std::string_view kernel_text;  ///< in the receive buffer
};

/// Whether an answer's data is of one moment. What comes in several packets is not: the kernel fills each on its own.
enum class Moment : std::uint8_t { one, several };

/// A generic netlink socket bound to the kernel's IPVS family.
class Socket {
 public:
  /// Opens the socket in the caller's network namespace and resolves the family, once.
  /// Throws Error(open_socket); ENOPROTOOPT when there is no IPVS.
  Socket();
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int family() const { return family_; }
  /// To be called when the kernel said ENOENT, which it also does of a family that it does not have: resolves the
  /// family again. True if it has another id now, as after the module was unloaded and loaded again; requests that were
  /// refused can be repeated then. Throws Error(open_socket), ENOPROTOOPT, when there is no IPVS any more.
  bool has_new_family();

  /// Sends `message` (begun with Answer::ack, reply or dump) and waits for its whole answer. Every data message is
  /// handed to `on_data`, which may throw Malformed; the answer is then still read to its end.
  /// Throws Error(operation) for the kernel's refusal, a failing socket or a malformed answer; EINTR when the kernel
  /// gave no answer, as it does for whatever its own code ends with EINTR (Linux 6.1).
  Moment request(Operation operation, Message& message, Answer answer,
                 const std::function<void(Payload)>& on_data = {});

  /// The next sequence number; never 0. The first is random.
  std::uint32_t next_sequence();
  std::uint32_t port() const;

  /// Sends bytes that hold one or more whole messages in one system call. Throws std::system_error.
  void send(std::span<const std::byte> bytes);

  /// Takes one packet of answers and calls `on_answer` for each acknowledgement or refusal in it; false when there is
  /// none. There is nothing to wait for: the kernel answers before send() returns.
  /// Throws std::system_error: ENOBUFS when the kernel had to drop answers; Malformed.
  bool receive_if_any(const std::function<void(Answered)>& on_answer);

  /// How many unread answers, each in a packet of its own, the receive buffer has room for.
  std::size_t answers_that_fit() const;
  /// How many bytes one send() takes.
  std::size_t bytes_that_fit() const;

 private:
  static constexpr std::size_t packets_at_once = 2;
  /// Packets in a buffer that the next call uses again; those that didn't come are empty.
  using Packets = std::array<std::span<std::byte>, packets_at_once>;
  /// Takes up to `most` packets that are there; waits for one unless flags say MSG_DONTWAIT. What other processes sent
  /// is passed over. Throws std::system_error.
  Packets receive_packets(std::size_t most, int flags);

  Moment request_once(Operation operation, Message& message, Answer answer,
                      const std::function<void(Payload)>& on_data);
  void drop_what_came();

  struct Closer {
    void operator()(nl_sock* socket) const;
  };
  SystemCalls& calls_;
  std::unique_ptr<nl_sock, Closer> socket_;
  int family_ = 0;
  std::uint32_t sequence_ = 0;
  std::size_t room_;  ///< that is offered for a packet
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace ipvs::netlink
