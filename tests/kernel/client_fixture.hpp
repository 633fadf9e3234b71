// SPDX-License-Identifier: MIT
// What the tests of ipvs::Client on the real kernel share.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <ostream>
#include <vector>

#include <ipvs/ipvs.hpp>

#include "catch.hpp"

using ipvs::Address;
using ipvs::Client;
using ipvs::Destination;
using ipvs::Error;
using ipvs::Family;
using ipvs::Operation;
using ipvs::Service;
using ipvs::ServiceKey;

inline Address v4(const char* text) { return Address::parse(text).value(); }
inline Address v6(const char* text) { return Address::parse(text).value(); }

/// Moves this process into an empty network namespace; each test starts with one.
inline void enter_fresh_namespace() {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_MULTICAST;
  REQUIRE(ioctl(socket, SIOCSIFFLAGS, &request) == 0);
  close(socket);
}

struct Fixture {
  Fixture() { enter_fresh_namespace(); }
};

struct Refusal {
  Operation operation;
  int error_number;
  bool operator==(const Refusal&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << ipvs::to_string(refusal.operation) << ": " << std::strerror(refusal.error_number);
}

/// What the kernel said to `call`; fails the test when it said nothing.
inline Refusal refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.operation(), error.error_number()};
  }
  FAIL("the call was not refused");
  return {};
}

/// Runs `work` in a child process and gives its exit status.
inline int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline const ServiceKey web = ServiceKey::tcp(Address::v4(0x0a000001), 80);

inline Destination server(const char* address, std::uint16_t port = 80) {
  Destination destination;
  destination.key = {Address::parse(address).value(), port};
  destination.forwarding = ipvs::Forwarding::masquerade;
  return destination;
}

/// Carries out all changes in one batch; none may be refused.
inline void carry_out(Client& client, const std::vector<ipvs::Change>& changes) {
  ipvs::Batch batch(client);
  for (const ipvs::Change& change : changes) batch.add(change);
  for (const auto& refusal : batch.finish()) FAIL_CHECK(refusal.number << ": " << refusal.error.what());
}
