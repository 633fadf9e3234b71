// SPDX-License-Identifier: MIT
// Makes connections by the thousand without traffic: sends a backup sync daemon of this network namespace the data of
// them, as another director would (sync messages, version 1).
//
//   connections N [ADDRESS]    N TCP connections of clients 10.x.x.x to ADDRESS:80 (192.0.2.1), by NAT to eight
//                              servers 198.51.100.1 to .8, port 8080
//
// Needs, on lo: multicast, a route to 224.0.0.0/4, and a backup daemon (ipvsadm --start-daemon backup --mcast-interface
// lo).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr unsigned entries_in_a_message = 40;
constexpr unsigned messages_in_a_burst = 16;
constexpr unsigned pause_microseconds = 4000;  // the daemon must empty its receive buffer before the next burst
constexpr std::uint16_t established = 1;
constexpr std::uint32_t timeout_seconds = 3600;

// Both in network byte order, as they travel.
struct MessageHeader {
  std::uint8_t reserved;
  std::uint8_t sync_id;
  std::uint16_t size;
  std::uint8_t connections;
  std::int8_t version;
  std::uint16_t spare;
};
struct Entry {
  std::uint8_t type;
  std::uint8_t protocol;
  std::uint16_t version_and_size;
  std::uint32_t flags;
  std::uint16_t state;
  std::uint16_t client_port;
  std::uint16_t virtual_port;
  std::uint16_t server_port;
  std::uint32_t fwmark;
  std::uint32_t timeout;
  std::uint32_t client;
  std::uint32_t virtual_address;
  std::uint32_t server;
};
static_assert(sizeof(MessageHeader) == 8 && sizeof(Entry) == 36);

struct Datagram {
  MessageHeader header;
  Entry entries[entries_in_a_message];
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long wanted = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  in_addr virtual_address{};
  if (wanted == 0 || argc > 3 || inet_pton(AF_INET, argc > 2 ? argv[2] : "192.0.2.1", &virtual_address) != 1) {
    std::fputs("usage: connections N [ADDRESS]\n", stderr);
    return 2;
  }
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) die("socket");
  const in_addr loopback{htonl(INADDR_LOOPBACK)};
  if (setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback) != 0) die("IP_MULTICAST_IF");
  sockaddr_in group{};
  group.sin_family = AF_INET;
  group.sin_port = htons(8848);
  group.sin_addr.s_addr = htonl(0xe0000051);  // 224.0.0.81

  unsigned burst = 0;
  for (unsigned long made = 0; made < wanted;) {
    const auto count = static_cast<unsigned>(std::min<unsigned long>(entries_in_a_message, wanted - made));
    Datagram datagram{};
    const auto size = static_cast<std::uint16_t>(sizeof(MessageHeader) + count * sizeof(Entry));
    datagram.header.size = htons(size);
    datagram.header.connections = static_cast<std::uint8_t>(count);
    datagram.header.version = 1;
    for (unsigned i = 0; i < count; ++i, ++made) {
      Entry& entry = datagram.entries[i];
      entry.protocol = IPPROTO_TCP;
      entry.version_and_size = htons(sizeof(Entry));
      entry.state = htons(established);
      entry.client_port = htons(static_cast<std::uint16_t>(1024 + made % 60000));
      entry.virtual_port = htons(80);
      entry.server_port = htons(8080);
      entry.timeout = htonl(timeout_seconds);
      entry.client = htonl(static_cast<std::uint32_t>((10U << 24U) + 1 + made / 7));
      entry.virtual_address = virtual_address.s_addr;
      entry.server = htonl(static_cast<std::uint32_t>(0xc6336401 + made % 8));  // 198.51.100.1
    }
    if (sendto(socket, &datagram, size, 0, reinterpret_cast<const sockaddr*>(&group), sizeof group) != size)
      die("sendto");
    if (++burst % messages_in_a_burst == 0) usleep(pause_microseconds);
  }
  return 0;
}
