// SPDX-License-Identifier: MIT
#include "netlink/message.hpp"

#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

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

}  // namespace

Message::Message() : message_(nlmsg_alloc_size(message_capacity)) {
  if (message_ == nullptr) throw std::bad_alloc();
  header_ = nlmsg_hdr(message_);
}

Message::~Message() { nlmsg_free(message_); }

void Message::begin(int family, std::uint8_t command, Answer answer) {
  header_->nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
  header_->nlmsg_type = static_cast<std::uint16_t>(family);
  header_->nlmsg_flags = header_flags(answer);
  const genlmsghdr generic{command, IPVS_GENL_VERSION, 0};
  std::memcpy(nlmsg_data(header_), &generic, sizeof generic);
}

// What nla_put() does at a fifth of its cost: a rule has some fourteen attributes, and rules come in thousands.
std::byte* Message::reserve(int attribute, std::size_t size) {
  const std::size_t begin = NLMSG_ALIGN(header_->nlmsg_len);
  const std::size_t end = begin + NLA_HDRLEN + NLA_ALIGN(size);
  // The buffer is far larger than any request: names that do not fit the kernel's fields are refused before.
  if (end > message_capacity) throw std::bad_alloc();
  auto* data = reinterpret_cast<std::byte*>(header_) + begin;
  const nlattr head{static_cast<std::uint16_t>(NLA_HDRLEN + size), static_cast<std::uint16_t>(attribute)};
  std::memcpy(data, &head, sizeof head);
  data += NLA_HDRLEN;
  std::fill(data + size, data + NLA_ALIGN(size), std::byte{});
  header_->nlmsg_len = static_cast<std::uint32_t>(end);
  return data;
}

template <typename Number>
void Message::put_number(int attribute, Number value) {
  std::memcpy(reserve(attribute, sizeof value), &value, sizeof value);
}

void Message::put_u8(int attribute, std::uint8_t value) { put_number(attribute, value); }
void Message::put_u16(int attribute, std::uint16_t value) { put_number(attribute, value); }
void Message::put_u32(int attribute, std::uint32_t value) { put_number(attribute, value); }
void Message::put_be16(int attribute, std::uint16_t value) { put_number(attribute, to_big_endian(value)); }
void Message::put_be32(int attribute, std::uint32_t value) { put_number(attribute, to_big_endian(value)); }

void Message::put_string(int attribute, std::string_view value) {
  value = value.substr(0, value.find('\0'));
  std::byte* text = reserve(attribute, value.size() + 1);
  std::ranges::copy(std::as_bytes(std::span(value)), text);
  text[value.size()] = std::byte{};
}

void Message::put_bytes(int attribute, std::span<const std::byte> value) {
  std::byte* data = reserve(attribute, value.size());
  if (!value.empty()) std::memcpy(data, value.data(), value.size());
}

nlattr* Message::open(int attribute) {
  return reinterpret_cast<nlattr*>(reserve(attribute | NLA_F_NESTED, 0) - NLA_HDRLEN);
}

void Message::close(nlattr* nested) {
  const auto* end = reinterpret_cast<const std::byte*>(header_) + header_->nlmsg_len;
  nested->nla_len = static_cast<std::uint16_t>(end - reinterpret_cast<const std::byte*>(nested));
}

void Message::set_sequence(std::uint32_t sequence, std::uint32_t port) {
  header_->nlmsg_seq = sequence;
  header_->nlmsg_pid = port;
}

void Message::set_family(int family) { header_->nlmsg_type = static_cast<std::uint16_t>(family); }

std::span<const std::byte> Message::bytes() const {
  return {reinterpret_cast<const std::byte*>(header_), header_->nlmsg_len};
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
