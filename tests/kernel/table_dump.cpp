// SPDX-License-Identifier: MIT
#include "table_dump.hpp"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace kernel_test {
namespace {

enum class Form { hidden, number, signed_number, big_endian, text, bytes, address };

struct Attribute {
  int type;
  std::string_view name;
  Form form;
};

constexpr std::array service_attributes = {
    Attribute{IPVS_SVC_ATTR_AF, "family", Form::number},
    Attribute{IPVS_SVC_ATTR_PROTOCOL, "protocol", Form::number},
    Attribute{IPVS_SVC_ATTR_ADDR, "address", Form::address},
    Attribute{IPVS_SVC_ATTR_PORT, "port", Form::big_endian},
    Attribute{IPVS_SVC_ATTR_FWMARK, "fwmark", Form::number},
    Attribute{IPVS_SVC_ATTR_SCHED_NAME, "scheduler", Form::text},
    Attribute{IPVS_SVC_ATTR_FLAGS, "flags", Form::bytes},
    Attribute{IPVS_SVC_ATTR_TIMEOUT, "timeout", Form::number},
    Attribute{IPVS_SVC_ATTR_NETMASK, "netmask", Form::bytes},
    Attribute{IPVS_SVC_ATTR_PE_NAME, "engine", Form::text},
    Attribute{IPVS_SVC_ATTR_STATS, {}, Form::hidden},
    Attribute{IPVS_SVC_ATTR_STATS64, {}, Form::hidden},
};

constexpr std::array server_attributes = {
    Attribute{IPVS_DEST_ATTR_ADDR_FAMILY, "family", Form::number},
    Attribute{IPVS_DEST_ATTR_ADDR, "address", Form::address},
    Attribute{IPVS_DEST_ATTR_PORT, "port", Form::big_endian},
    Attribute{IPVS_DEST_ATTR_FWD_METHOD, "forwarding", Form::number},
    Attribute{IPVS_DEST_ATTR_WEIGHT, "weight", Form::signed_number},
    Attribute{IPVS_DEST_ATTR_U_THRESH, "upper", Form::number},
    Attribute{IPVS_DEST_ATTR_L_THRESH, "lower", Form::number},
    Attribute{IPVS_DEST_ATTR_TUN_TYPE, "tunnel", Form::number},
    Attribute{IPVS_DEST_ATTR_TUN_PORT, "tunnel-port", Form::big_endian},
    Attribute{IPVS_DEST_ATTR_TUN_FLAGS, "tunnel-flags", Form::number},
    Attribute{IPVS_DEST_ATTR_ACTIVE_CONNS, {}, Form::hidden},
    Attribute{IPVS_DEST_ATTR_INACT_CONNS, {}, Form::hidden},
    Attribute{IPVS_DEST_ATTR_PERSIST_CONNS, {}, Form::hidden},
    Attribute{IPVS_DEST_ATTR_STATS, {}, Form::hidden},
    Attribute{IPVS_DEST_ATTR_STATS64, {}, Form::hidden},
};

constexpr std::array daemon_attributes = {
    Attribute{IPVS_DAEMON_ATTR_STATE, "state", Form::number},
    Attribute{IPVS_DAEMON_ATTR_MCAST_IFN, "interface", Form::text},
    Attribute{IPVS_DAEMON_ATTR_SYNC_ID, "syncid", Form::number},
    Attribute{IPVS_DAEMON_ATTR_SYNC_MAXLEN, "maxlen", Form::number},
    Attribute{IPVS_DAEMON_ATTR_MCAST_GROUP, "group", Form::bytes},
    Attribute{IPVS_DAEMON_ATTR_MCAST_GROUP6, "group6", Form::bytes},
    Attribute{IPVS_DAEMON_ATTR_MCAST_PORT, "port", Form::number},
    Attribute{IPVS_DAEMON_ATTR_MCAST_TTL, "ttl", Form::number},
};

constexpr std::array timeout_attributes = {
    Attribute{IPVS_CMD_ATTR_TIMEOUT_TCP, "tcp", Form::number},
    Attribute{IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, "tcpfin", Form::number},
    Attribute{IPVS_CMD_ATTR_TIMEOUT_UDP, "udp", Form::number},
};

std::string printed_number(const nlattr* attribute, bool with_sign) {
  std::uint32_t value = 0;  // the kernel's numbers are of its own byte order
  std::memcpy(&value, nla_data(attribute),
              std::min<std::size_t>(sizeof value, static_cast<std::size_t>(nla_len(attribute))));
  return with_sign ? std::to_string(static_cast<std::int32_t>(value)) : std::to_string(value);
}

std::string printed_bytes(const nlattr* attribute) {
  std::string text = "0x";
  const auto* byte = static_cast<const unsigned char*>(nla_data(attribute));
  for (int i = 0; i < nla_len(attribute); ++i) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02x", byte[i]);
    text += two.data();
  }
  return text;
}

/// An IPv4 address stands in the first four of sixteen bytes.
std::string printed_address(const nlattr* attribute, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (nla_len(attribute) != 16 || inet_ntop(family, nla_data(attribute), text.data(), text.size()) == nullptr) {
    return printed_bytes(attribute);
  }
  return text.data();
}

std::string printed(const nlattr* attribute, Form form, int family) {
  switch (form) {
    case Form::text:
      return {static_cast<const char*>(nla_data(attribute)), static_cast<std::size_t>(nla_len(attribute))};
    case Form::number: return printed_number(attribute, false);
    case Form::signed_number: return printed_number(attribute, true);
    case Form::big_endian: return std::to_string(ntohs(nla_get_u16(const_cast<nlattr*>(attribute))));
    case Form::address: return printed_address(attribute, family);
    case Form::bytes:
    case Form::hidden: break;
  }
  return printed_bytes(attribute);
}

/// " name=value" for each attribute within `nest`; one that isn't in the table is shown by its number.
std::string printed_all(const nlattr* nest, std::span<const Attribute> table, int family) {
  std::string line;
  nlattr* attribute = nullptr;
  int rest = 0;
  for (attribute = static_cast<nlattr*>(nla_data(nest)), rest = nla_len(nest); nla_ok(attribute, rest);
       attribute = nla_next(attribute, &rest)) {
    const auto* known = std::ranges::find(table, nla_type(attribute), &Attribute::type).operator->();
    if (known == table.data() + table.size()) {
      line += ' ' + std::to_string(nla_type(attribute)) + '=' + printed_bytes(attribute);
    } else if (known->form != Form::hidden) {
      line += ' ' + std::string(known->name) + '=' + printed(attribute, known->form, family);
    }
  }
  while (line.find('\0') != std::string::npos) line.erase(line.find('\0'), 1);  // the end of a string
  return line;
}

int family_within(const nlattr* nest, int type, int otherwise) {
  const nlattr* attribute = nla_find(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), type);
  return attribute == nullptr ? otherwise : nla_get_u16(const_cast<nlattr*>(attribute));
}

/// One answer's attributes, as they came.
using Message = std::vector<unsigned char>;

const nlattr* find(const Message& message, int type) {
  return nla_find(reinterpret_cast<const nlattr*>(message.data()), static_cast<int>(message.size()), type);
}

int keep_message(nl_msg* message, void* messages) {
  auto* header = static_cast<genlmsghdr*>(nlmsg_data(nlmsg_hdr(message)));
  const auto* first = reinterpret_cast<const unsigned char*>(genlmsg_attrdata(header, 0));
  static_cast<std::vector<Message>*>(messages)->emplace_back(first, first + genlmsg_attrlen(header, 0));
  return NL_OK;
}

void check(int result, const char* what) {
  if (result < 0)
    throw std::runtime_error(std::string("reading the kernel's table: ") + what + ": " + nl_geterror(result));
}

class Reader {
 public:
  Reader() : socket_(nl_socket_alloc(), nl_socket_free) {
    check(socket_ ? 0 : -NLE_NOMEM, "a socket");
    check(genl_connect(socket_.get()), "a socket");
    family_ = genl_ctrl_resolve(socket_.get(), IPVS_GENL_NAME);
    check(family_, "the IPVS family");
    nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, keep_message, &answers_);
  }

  std::vector<Message> ask(int command, int flags, const nlattr* service = nullptr) {
    const std::unique_ptr<nl_msg, decltype(&nlmsg_free)> message(nlmsg_alloc(), nlmsg_free);
    genlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family_, 0, flags, static_cast<std::uint8_t>(command),
                IPVS_GENL_VERSION);
    if (service != nullptr) {
      check(nla_put(message.get(), IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED, nla_len(service), nla_data(service)),
            "a request");
    }
    answers_.clear();
    check(nl_send_auto(socket_.get(), message.get()), "a request");
    check(nl_recvmsgs_default(socket_.get()), "an answer");
    return std::exchange(answers_, {});
  }

 private:
  std::unique_ptr<nl_sock, decltype(&nl_socket_free)> socket_;
  int family_ = 0;
  std::vector<Message> answers_;
};

}  // namespace

std::string dump_table() {
  Reader reader;
  std::vector<std::string> lines;
  for (const Message& found : reader.ask(IPVS_CMD_GET_SERVICE, NLM_F_DUMP)) {
    const nlattr* service = find(found, IPVS_CMD_ATTR_SERVICE);
    if (service == nullptr) throw std::runtime_error("a service without attributes");
    const int family = family_within(service, IPVS_SVC_ATTR_AF, AF_INET);
    const std::string line = "service" + printed_all(service, service_attributes, family);
    lines.push_back(line);
    for (const Message& below : reader.ask(IPVS_CMD_GET_DEST, NLM_F_DUMP, service)) {
      const nlattr* server = find(below, IPVS_CMD_ATTR_DEST);
      if (server == nullptr) throw std::runtime_error("a server without attributes");
      const int server_family = family_within(server, IPVS_DEST_ATTR_ADDR_FAMILY, family);
      lines.push_back(line + "; server" + printed_all(server, server_attributes, server_family));
    }
  }
  for (const Message& found : reader.ask(IPVS_CMD_GET_DAEMON, NLM_F_DUMP)) {
    const nlattr* daemon = find(found, IPVS_CMD_ATTR_DAEMON);
    if (daemon == nullptr) throw std::runtime_error("a sync daemon without attributes");
    lines.push_back("daemon" + printed_all(daemon, daemon_attributes, AF_INET));
  }
  for (const Message& found : reader.ask(IPVS_CMD_GET_CONFIG, 0)) {
    std::string line = "timeouts";
    for (const Attribute& attribute : timeout_attributes) {
      const nlattr* value = find(found, attribute.type);
      line += ' ' + std::string(attribute.name) + '=' + (value == nullptr ? "none" : printed_number(value, false));
    }
    lines.push_back(line);
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace kernel_test
