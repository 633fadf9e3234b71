// SPDX-License-Identifier: MIT
// Checks the TCP ports of all real servers. One that doesn't answer gets weight 0, so no new connections, and its
// weight back when it answers again. Ends at SIGINT or SIGTERM, and gives all weights back first. It keeps them in
// memory: after SIGKILL those of dead servers stay 0. Servers of port 0 keep the client's port and are not checked.
//
//   health_checker [SECONDS]    between two rounds, 5 without a number
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ipvs/ipvs.hpp>

namespace {

volatile std::sig_atomic_t stopped = 0;

using Server = std::pair<ipvs::ServiceKey, ipvs::DestinationKey>;

/// Weights as they were, of the servers that we set to 0.
std::map<Server, std::int32_t> failed;

/// Whether somebody accepts connections there within a second. Nothing when we have no socket to find out with.
std::optional<bool> answers(const ipvs::DestinationKey& server) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* to = nullptr;
  const std::string host = server.address.to_string();
  if (getaddrinfo(host.c_str(), std::to_string(server.port).c_str(), &hints, &to) != 0) return std::nullopt;
  const int socket = ::socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = connect(socket, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
  freeaddrinfo(to);
  if (socket < 0) return std::nullopt;
  pollfd waiting{socket, POLLOUT, 0};
  socklen_t length = sizeof error;
  if (error == EINPROGRESS && poll(&waiting, 1, 1000) == 1) getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
  close(socket);
  return error == 0;
}

/// Runs `work`; false when its service or server was deleted meanwhile. The next round sees what is left.
template <typename Work>
bool if_still_there(Work work) try {
  work();
  return true;
} catch (const ipvs::Error& error) {
  if (error.error_number() != ESRCH && error.error_number() != ENOENT) throw;
  return false;
}

bool set_weight(ipvs::Client& client, const Server& server, ipvs::Destination destination, std::int32_t weight) {
  destination.weight = weight;
  if (!if_still_there([&] { client.edit_destination(server.first, destination); })) return false;
  std::printf("%s: weight %d\n", ipvs::to_string(server.second).c_str(), weight);
  std::fflush(stdout);
  return true;
}

void check(ipvs::Client& client, const Server& server) {
  std::optional<bool> alive = stopped ? true : answers(server.second);
  if (stopped) alive = true;  // to have its weight back
  if (!alive) return;
  // Read again: somebody else may have set it while we waited.
  for (const ipvs::DestinationEntry& entry : client.destinations(server.first)) {
    const ipvs::Destination& present = entry.destination;
    if (present.key != server.second) continue;
    const auto known = failed.find(server);
    if (present.weight > 0) {
      failed.erase(server);
      if (!*alive && set_weight(client, server, present, 0)) failed[server] = present.weight;
    } else if (*alive && known != failed.end() && set_weight(client, server, present, known->second)) {
      failed.erase(known);
    }
  }
}

void check_all(ipvs::Client& client) {
  for (const ipvs::ServiceEntry& service : client.services()) {
    const ipvs::ServiceKey& key = service.service.key;
    if (key.protocol != ipvs::Protocol::tcp) continue;
    if_still_there([&] {
      for (const ipvs::DestinationEntry& entry : client.destinations(key)) {
        if (entry.destination.key.port != 0) check(client, {key, entry.destination.key});
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view text = argc > 1 ? argv[1] : "5";
  unsigned interval = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), interval);
  if (argc > 2 || error != std::errc() || end != text.data() + text.size() || interval == 0) {
    std::fprintf(stderr, "usage: health_checker [SECONDS]\n");
    return 2;
  }
  std::signal(SIGINT, [](int) { stopped = 1; });
  std::signal(SIGTERM, [](int) { stopped = 1; });
  ipvs::Client client;
  while (!stopped) {
    check_all(client);
    if (!stopped) sleep(interval);  // ends early at a signal
  }
  check_all(client);
} catch (const ipvs::Error& error) {
  std::fprintf(stderr, "health_checker: %s\n", error.what());
  return 1;
}
