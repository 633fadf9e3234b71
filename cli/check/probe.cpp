// SPDX-License-Identifier: MIT
#include "check/probe.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>

#include "check/causes.hpp"

namespace ipvsadm {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(2);
// As many as any process may have open.
constexpr std::size_t at_a_time = 200;

/// A descriptor that is closed in the end.
class Socket {
 public:
  explicit Socket(int family) : descriptor_(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

struct Attempt {
  ipvs::DestinationKey server;
  Socket socket;
  int error = 0;
  bool pending = false;

  explicit Attempt(const ipvs::DestinationKey& key) : server(key), socket(key.address.is_v4() ? AF_INET : AF_INET6) {
    if (socket.descriptor() < 0 || connect() == 0) {
      error = socket.descriptor() < 0 ? errno : 0;
      return;
    }
    error = errno;
    pending = error == EINPROGRESS;
  }

  int connect() const {
    if (server.address.is_v4()) {
      sockaddr_in end{};
      end.sin_family = AF_INET;
      end.sin_port = htons(server.port);
      end.sin_addr.s_addr = htonl(server.address.v4_number());
      return ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&end), sizeof end);
    }
    sockaddr_in6 end{};
    end.sin6_family = AF_INET6;
    end.sin6_port = htons(server.port);
    std::memcpy(&end.sin6_addr, server.address.bytes().data(), sizeof end.sin6_addr);
    return ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&end), sizeof end);
  }

  void finish() {
    socklen_t size = sizeof error;
    if (getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    pending = false;
  }
};

void wait_for(std::vector<Attempt>& attempts) {
  const Clock::time_point end = Clock::now() + patience;
  for (;;) {
    std::vector<pollfd> waiting;
    std::vector<Attempt*> whose;
    for (Attempt& attempt : attempts) {
      if (!attempt.pending) continue;
      waiting.push_back({attempt.socket.descriptor(), POLLOUT, 0});
      whose.push_back(&attempt);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (waiting.empty() || left <= 0) break;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) <= 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) whose[i]->finish();
    }
  }
  for (Attempt& attempt : attempts) {
    if (attempt.pending) attempt.error = ETIMEDOUT;
  }
}

}  // namespace

std::map<ipvs::DestinationKey, Probe> probe_servers(const std::vector<ServiceFacts>& services) {
  std::set<ipvs::DestinationKey> servers;
  for (const ServiceFacts& service : services) {
    const ipvs::ServiceKey& key = service.entry.service.key;
    if (!key.is_fwmark() && key.protocol != ipvs::Protocol::tcp) continue;
    for (const ipvs::DestinationEntry& server : service.servers) {
      if (server.destination.key.port != 0 && is_available(server)) servers.insert(server.destination.key);
    }
  }
  std::map<ipvs::DestinationKey, Probe> probes;
  for (auto next = servers.begin(); next != servers.end();) {
    std::vector<Attempt> attempts;
    for (; next != servers.end() && attempts.size() < at_a_time; ++next) attempts.emplace_back(*next);
    wait_for(attempts);
    for (const Attempt& attempt : attempts) probes[attempt.server] = {attempt.error};
  }
  return probes;
}

}  // namespace ipvsadm
