// SPDX-License-Identifier: MIT
// Checks the TCP ports of all real servers. One that doesn't answer gets weight 0, so no new connections, and its
// weight back when it answers again. Ends at SIGINT or SIGTERM, and gives all weights back first.
//
//   health_checker [SECONDS]    between two rounds, 5 without a number
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include <ipvs/ipvs.hpp>

namespace {

volatile std::sig_atomic_t stopped = 0;

using Server = std::pair<ipvs::ServiceKey, ipvs::DestinationKey>;

/// Weights as they were, of the servers that we set to 0.
std::map<Server, std::int32_t> failed;

/// Whether somebody accepts connections there within a second.
bool answers(const ipvs::DestinationKey& server) {
  const auto& bytes = server.address.bytes();
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);
  if (server.address.is_v4()) {
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(server.port), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&v4.sin_addr, bytes.data(), sizeof v4.sin_addr);
    std::memcpy(&storage, &v4, size);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(server.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), sizeof v6.sin6_addr);
    size = sizeof v6;
    std::memcpy(&storage, &v6, size);
  }
  const int socket = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  int error = 0;
  if (connect(socket, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    pollfd waiting{socket, POLLOUT, 0};
    socklen_t length = sizeof error;
    error = errno;
    if (error == EINPROGRESS && poll(&waiting, 1, 1000) == 1) {
      getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    }
  }
  close(socket);
  return error == 0;
}

void set_weight(ipvs::Client& client, const Server& server, ipvs::Destination destination, std::int32_t weight) {
  destination.weight = weight;
  client.edit_destination(server.first, destination);
  std::printf("%s port %u: weight %d\n", server.second.address.to_string().c_str(), unsigned{server.second.port},
              weight);
  std::fflush(stdout);
}

void check(ipvs::Client& client, const Server& server, const ipvs::Destination& destination) {
  const bool alive = !stopped && answers(server.second);
  const auto known = failed.find(server);
  if (destination.weight > 0) {
    // Somebody else may have set it again meanwhile.
    if (known != failed.end()) failed.erase(known);
    if (alive || stopped) return;
    failed[server] = destination.weight;
    set_weight(client, server, destination, 0);
  } else if (known != failed.end() && (alive || stopped)) {
    set_weight(client, server, destination, known->second);
    failed.erase(known);
  }
}

void check_all(ipvs::Client& client) try {
  for (const ipvs::ServiceEntry& service : client.services()) {
    const ipvs::ServiceKey& key = service.service.key;
    if (key.protocol != ipvs::Protocol::tcp) continue;
    for (const ipvs::DestinationEntry& entry : client.destinations(key)) {
      check(client, {key, entry.destination.key}, entry.destination);
    }
  }
} catch (const ipvs::Error& error) {
  // A service or server may be deleted while we look; the next round sees what is left.
  if (error.error_number() != ESRCH && error.error_number() != ENOENT) throw;
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned interval = argc > 1 ? static_cast<unsigned>(std::strtol(argv[1], nullptr, 10)) : 5;
  std::signal(SIGINT, [](int) { stopped = 1; });
  std::signal(SIGTERM, [](int) { stopped = 1; });
  try {
    ipvs::Client client;
    while (!stopped) {
      check_all(client);
      // Ends early at a signal.
      if (!stopped) sleep(interval);
    }
    check_all(client);
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "health_checker: %s\n", error.what());
    return 1;
  }
}
