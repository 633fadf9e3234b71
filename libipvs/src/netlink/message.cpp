// SPDX-License-Identifier: MIT
#include "netlink/message.hpp"

#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <algorithm>
#include <bit>
#include <new>
#include <string>

namespace ipvs::netlink {
namespace {

// Longest IPVS request: a service with two names of 16 bytes and an address, some 200 bytes.
constexpr std::size_t message_capacity = 1024;

constexpr std::uint16_t to_big_endian(std::uint16_t value) {
  if constexpr (std::endian::native == std::endian::big) return value;
  return __builtin_bswap16(value);
}

constexpr std::uint32_t to_big_endian(std::uint32_t value) {
  if constexpr (std::endian::native == std::endian::big) return value;
  return __builtin_bswap32(value);
}

std::uint16_t header_flags(Answer answer) {
  switch (answer) {
    case Answer::ack: return NLM_F_REQUEST | NLM_F_ACK;
    case Answer::dump: return NLM_F_REQUEST | NLM_F_DUMP;
    case Answer::reply:
    case Answer::silence: break;
  }
  return NLM_F_REQUEST;
}

// The buffer is far larger than any request: names that do not fit the kernel's fields are refused before.
void check(int result) {
  if (result < 0) throw std::bad_alloc();
}

}  // namespace

Message::Message() : message_(nlmsg_alloc_size(message_capacity)) {
  if (message_ == nullptr) throw std::bad_alloc();
}

Message::~Message() { nlmsg_free(message_); }

void Message::begin(int family, std::uint8_t command, Answer answer) {
  nlmsghdr* header = nlmsg_hdr(message_);
  header->nlmsg_len = NLMSG_HDRLEN;
  header->nlmsg_type = static_cast<std::uint16_t>(family);
  header->nlmsg_flags = header_flags(answer);
  const genlmsghdr generic{command, IPVS_GENL_VERSION, 0};
  check(nlmsg_append(message_, const_cast<genlmsghdr*>(&generic), sizeof generic, NLMSG_ALIGNTO));
}

void Message::put_u8(int attribute, std::uint8_t value) { check(nla_put_u8(message_, attribute, value)); }
void Message::put_u16(int attribute, std::uint16_t value) { check(nla_put_u16(message_, attribute, value)); }
void Message::put_u32(int attribute, std::uint32_t value) { check(nla_put_u32(message_, attribute, value)); }
void Message::put_be16(int attribute, std::uint16_t value) { put_u16(attribute, to_big_endian(value)); }
void Message::put_be32(int attribute, std::uint32_t value) { put_u32(attribute, to_big_endian(value)); }

void Message::put_string(int attribute, std::string_view value) {
  check(nla_put_string(message_, attribute, std::string(value).c_str()));
}

void Message::put_bytes(int attribute, std::span<const std::byte> value) {
  check(nla_put(message_, attribute, static_cast<int>(value.size()), value.data()));
}

nlattr* Message::open(int attribute) {
  nlattr* nested = nla_nest_start(message_, attribute);
  if (nested == nullptr) throw std::bad_alloc();
  return nested;
}

// The kernel refuses an empty nest in no command of ours; nla_nest_end would drop one.
void Message::close(nlattr* nested) { nla_nest_end(message_, nested); }

void Message::set_sequence(std::uint32_t sequence, std::uint32_t port) {
  nlmsghdr* header = nlmsg_hdr(message_);
  header->nlmsg_seq = sequence;
  header->nlmsg_pid = port;
}

void Message::set_family(int family) { nlmsg_hdr(message_)->nlmsg_type = static_cast<std::uint16_t>(family); }

std::span<const std::byte> Message::bytes() const {
  const nlmsghdr* header = nlmsg_hdr(message_);
  return {reinterpret_cast<const std::byte*>(header), header->nlmsg_len};
}

Payload Message::payload() const { return bytes().subspan(NLMSG_HDRLEN + GENL_HDRLEN); }

void ask_for_acknowledgement(std::span<std::byte> message) {
  reinterpret_cast<nlmsghdr*>(message.data())->nlmsg_flags |= NLM_F_ACK;
}

void set_family(std::span<std::byte> messages, int family) {
  while (messages.size() >= NLMSG_HDRLEN) {
    auto* header = reinterpret_cast<nlmsghdr*>(messages.data());
    header->nlmsg_type = static_cast<std::uint16_t>(family);
    messages = messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), messages.size()));
  }
}

}  // namespace ipvs::netlink
