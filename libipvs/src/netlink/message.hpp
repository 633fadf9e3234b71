// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

struct nl_msg;
struct nlattr;
struct nlmsghdr;

namespace ipvs::netlink {

/// Bytes of one received message's attributes, in place in the receive buffer, aligned to 4 bytes.
using Payload = std::span<const std::byte>;

/// Flags of a request, by what is expected back.
enum class Answer : std::uint16_t {
  ack,      ///< NLM_F_ACK: an error message whose code is 0 when all went well
  reply,    ///< one data message, or an error message
  dump,     ///< NLM_F_DUMP: data messages, then NLMSG_DONE
  silence,  ///< nothing unless the kernel refuses; for all but the last message of a batch
};

/// A generic netlink request under construction. The buffer is reused from request to request.
class Message {
 public:
  Message();
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// Starts anew with the headers of the IPVS command `command` (IPVS_CMD_*) for the family id `family`.
  void begin(int family, std::uint8_t command, Answer answer);

  void put_u8(int attribute, std::uint8_t value);
  void put_u16(int attribute, std::uint16_t value);
  void put_u32(int attribute, std::uint32_t value);
  /// Numbers that the kernel keeps in network order; `value` is in host order.
  void put_be16(int attribute, std::uint16_t value);
  void put_be32(int attribute, std::uint32_t value);
  /// A NUL-terminated string.
  void put_string(int attribute, std::string_view value);
  void put_bytes(int attribute, std::span<const std::byte> value);

  /// A nested attribute lasts from open() to close().
  nlattr* open(int attribute);
  void close(nlattr* nested);

  void set_sequence(std::uint32_t sequence, std::uint32_t port);
  void set_family(int family);
  /// The whole message, headers first, as it is sent.
  std::span<const std::byte> bytes() const;
  /// The attributes alone, as decode functions take them.
  Payload payload() const;

 private:
  /// Room for that much of an attribute's data at the end.
  std::byte* reserve(int attribute, std::size_t size);
  template <typename Number>
  void put_number(int attribute, Number value);

  nl_msg* message_;
  nlmsghdr* header_ = nullptr;  ///< the message's, where its bytes begin
};

/// Turns a finished request that was begun with Answer::silence, at the start of `message`, into one with Answer::ack.
void ask_for_acknowledgement(std::span<std::byte> message);

/// Makes all of the messages requests to the family.
void set_family(std::span<std::byte> messages, int family);

}  // namespace ipvs::netlink
