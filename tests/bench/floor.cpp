// SPDX-License-Identifier: MIT
// What the kernel's own work costs: the netlink messages that a tool has to send, made by hand on a raw socket, with
// no parsing, no checks and no output.
//
//   floor restore SERVICES SERVERS   adds that many services, each with that many servers: a send for 256 messages,
//                                    only the last of which is acknowledged
//   floor dump                       dumps all services, and each one's servers, undecoded; prints how many
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "shape.hpp"

namespace {

constexpr unsigned messages_in_a_send = 256;
constexpr std::uint8_t generic_version = 1;  // of IPVS as of the controller
static_assert(IPVS_GENL_VERSION == generic_version);

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Messages one after the other.
class Buffer {
 public:
  explicit Buffer(std::uint16_t family) : family_(family) {}

  void begin(std::uint8_t command, std::uint16_t flags) {
    message_ = bytes_.size();
    nlmsghdr header{};
    header.nlmsg_type = family_;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    header.nlmsg_seq = ++sequence_;
    put_raw(&header, sizeof header);
    const genlmsghdr generic{command, generic_version, 0};
    put_raw(&generic, sizeof generic);
    end();
  }
  void put(int type, const void* data, std::size_t size) {
    const nlattr attribute{static_cast<std::uint16_t>(sizeof(nlattr) + size), static_cast<std::uint16_t>(type)};
    put_raw(&attribute, sizeof attribute);
    put_raw(data, size);
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    end();
  }
  template <typename T>
  void put(int type, const T& value) {
    put(type, &value, sizeof value);
  }
  std::size_t open(int type) {
    put(type | NLA_F_NESTED, nullptr, 0);
    return bytes_.size() - sizeof(nlattr);
  }
  void close(std::size_t nested) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - nested);
    std::memcpy(&bytes_[nested], &size, sizeof size);
  }
  void acknowledge() {
    const std::uint16_t flags = NLM_F_REQUEST | NLM_F_ACK;
    std::memcpy(&bytes_[message_ + offsetof(nlmsghdr, nlmsg_flags)], &flags, sizeof flags);
  }
  void send(int socket) {
    if (::send(socket, bytes_.data(), bytes_.size(), 0) < 0) die("send");
    bytes_.clear();
  }
  void use(std::uint16_t family) { family_ = family; }

 private:
  void put_raw(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void end() {
    const auto length = static_cast<std::uint32_t>(bytes_.size() - message_);
    std::memcpy(&bytes_[message_], &length, sizeof length);
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t message_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint16_t family_;
};

alignas(nlmsghdr) std::uint8_t received[64 * 1024];

/// Reads until an acknowledgement or the end of a dump; every other message is given to `use`.
template <typename Use>
void receive(int socket, Use use) {
  while (true) {
    const ssize_t size = recv(socket, received, sizeof received, 0);
    if (size < 0) die("recv");
    auto left = static_cast<unsigned>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(received); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int error = *static_cast<int*>(NLMSG_DATA(header));
        if (error == 0) return;
        errno = -error;
        die("the kernel refuses");
      }
      use(header);
    }
  }
}

nlattr* find(void* begin, std::size_t size, int type) {
  auto* at = static_cast<std::uint8_t*>(begin);
  for (auto* end = at + size; at + sizeof(nlattr) <= end;) {
    auto* attribute = reinterpret_cast<nlattr*>(at);
    if ((attribute->nla_type & NLA_TYPE_MASK) == type) return attribute;
    at += (attribute->nla_len + 3) / 4 * 4;
  }
  std::fprintf(stderr, "attribute %d is missing\n", type);
  std::exit(1);
}

nlattr* find(nlmsghdr* header, int type) {
  return find(static_cast<std::uint8_t*>(NLMSG_DATA(header)) + GENL_HDRLEN,
              header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), type);
}

std::uint16_t family_of(int socket) {
  Buffer buffer(GENL_ID_CTRL);
  buffer.begin(CTRL_CMD_GETFAMILY, NLM_F_ACK);
  buffer.put(CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  buffer.send(socket);
  std::uint16_t family = 0;
  receive(socket,
          [&](nlmsghdr* header) { std::memcpy(&family, find(header, CTRL_ATTR_FAMILY_ID) + 1, sizeof family); });
  return family;
}

void put_service_key(Buffer& buffer, std::uint32_t service) {
  buffer.put(IPVS_SVC_ATTR_AF, std::uint16_t{AF_INET});
  buffer.put(IPVS_SVC_ATTR_PROTOCOL, std::uint16_t{IPPROTO_TCP});
  buffer.put(IPVS_SVC_ATTR_ADDR, htonl(bench::service_address(service)));
  buffer.put(IPVS_SVC_ATTR_PORT, htons(bench::service_port));
}

void restore(int socket, Buffer& buffer, std::uint32_t services, std::uint32_t servers) {
  unsigned waiting = 0;
  const auto sent = [&](bool last) {
    if (++waiting < messages_in_a_send && !last) return;
    waiting = 0;
    buffer.acknowledge();
    buffer.send(socket);
    receive(socket, [](nlmsghdr*) {});
  };
  for (std::uint32_t service = 0; service < services; ++service) {
    buffer.begin(IPVS_CMD_NEW_SERVICE, 0);
    const std::size_t nested = buffer.open(IPVS_CMD_ATTR_SERVICE);
    put_service_key(buffer, service);
    buffer.put(IPVS_SVC_ATTR_SCHED_NAME, "rr", 3);
    buffer.put(IPVS_SVC_ATTR_FLAGS, ip_vs_flags{0, ~0U});
    buffer.put(IPVS_SVC_ATTR_TIMEOUT, std::uint32_t{0});
    buffer.put(IPVS_SVC_ATTR_NETMASK, ~std::uint32_t{0});
    buffer.close(nested);
    sent(servers == 0 && service + 1 == services);
    for (std::uint32_t server = 0; server < servers; ++server) {
      buffer.begin(IPVS_CMD_NEW_DEST, 0);
      const std::size_t of = buffer.open(IPVS_CMD_ATTR_SERVICE);
      put_service_key(buffer, service);
      buffer.close(of);
      const std::size_t dest = buffer.open(IPVS_CMD_ATTR_DEST);
      buffer.put(IPVS_DEST_ATTR_ADDR, htonl(bench::server_address(service, servers, server)));
      buffer.put(IPVS_DEST_ATTR_PORT, htons(bench::server_port));
      buffer.put(IPVS_DEST_ATTR_FWD_METHOD, std::uint32_t{IP_VS_CONN_F_MASQ});
      buffer.put(IPVS_DEST_ATTR_WEIGHT, std::uint32_t{1});
      buffer.put(IPVS_DEST_ATTR_U_THRESH, std::uint32_t{0});
      buffer.put(IPVS_DEST_ATTR_L_THRESH, std::uint32_t{0});
      buffer.put(IPVS_DEST_ATTR_ADDR_FAMILY, std::uint16_t{AF_INET});
      buffer.close(dest);
      sent(service + 1 == services && server + 1 == servers);
    }
  }
}

void dump(int socket, Buffer& buffer, unsigned& services, unsigned& servers) {
  constexpr int key[] = {IPVS_SVC_ATTR_AF, IPVS_SVC_ATTR_PROTOCOL, IPVS_SVC_ATTR_ADDR, IPVS_SVC_ATTR_PORT};
  struct Key {
    std::uint8_t bytes[4][20];
  };
  std::vector<Key> keys;
  buffer.begin(IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
  buffer.send(socket);
  receive(socket, [&](nlmsghdr* header) {
    nlattr* service = find(header, IPVS_CMD_ATTR_SERVICE);
    Key found{};
    for (int i = 0; i < 4; ++i) {
      const nlattr* attribute = find(service + 1, service->nla_len - sizeof(nlattr), key[i]);
      std::memcpy(found.bytes[i], attribute, attribute->nla_len);
    }
    keys.push_back(found);
  });
  for (const Key& service : keys) {
    buffer.begin(IPVS_CMD_GET_DEST, NLM_F_DUMP);
    const std::size_t nested = buffer.open(IPVS_CMD_ATTR_SERVICE);
    for (int i = 0; i < 4; ++i) {
      const auto* attribute = reinterpret_cast<const nlattr*>(service.bytes[i]);
      buffer.put(key[i], attribute + 1, attribute->nla_len - sizeof(nlattr));
    }
    buffer.close(nested);
    buffer.send(socket);
    receive(socket, [&](nlmsghdr*) { ++servers; });
  }
  services = static_cast<unsigned>(keys.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (!(what == "restore" && argc == 4) && !(what == "dump" && argc == 2)) {
    std::fputs("usage: floor restore SERVICES SERVERS | floor dump\n", stderr);
    return 2;
  }
  const int socket = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
  if (socket < 0) die("socket");
  Buffer buffer(family_of(socket));
  unsigned services = 0;
  unsigned servers = 0;
  if (what == "restore") {
    const auto number = [&](int i) { return static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)); };
    restore(socket, buffer, number(2), number(3));
  } else {
    dump(socket, buffer, services, servers);
  }
  if (what == "dump") std::printf("%u %u\n", services, servers);
}
