// SPDX-License-Identifier: MIT
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel_messages.hpp"

/// Stands for the kernel's end of every IPVS socket while it lives; there is at most one. It does what a real kernel
/// hardly ever can be brought to do; all else is tested on a real one, by tests/kernel/client_test.cpp.
class FakeKernel {
 public:
  using Bytes = kernel_messages::Bytes;

  struct Request {
    std::uint32_t sequence;
    std::uint16_t flags;
    std::uint8_t command;
    Bytes attributes;
    std::uint16_t family;
  };

  FakeKernel();
  ~FakeKernel();
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  /// Called with the messages of each send; fills `packets`.
  std::function<void(std::span<const Request>)> answer;
  /// All sends so far.
  std::vector<std::vector<Request>> sends;
  /// What can be received.
  struct Packet {
    Bytes bytes;
    int error_number = 0;      ///< instead of bytes: what receiving fails with
    std::uint32_t sender = 0;  ///< the kernel, or the number of another process's socket
  };
  std::deque<Packet> packets;

  /// What the next sends and receives fail with; 0 for one that does not.
  std::deque<int> send_errors;
  std::deque<int> receive_errors;
  /// What all sends and receives fail with after those.
  int lasting_error = 0;
  std::size_t receives = 0;
  /// Bytes that the last receive offered for a packet.
  std::size_t room = 0;
  /// What libnl says, below 0 for a failure.
  int connected = 0;
  int resolved = kernel_messages::family_id;
  int receive_buffer = 1024 * 1024;
  int send_buffer = 256 * 1024;
  /// The most bytes of a send so far.
  std::size_t largest_send = 0;
  /// Whether the socket was connected to the kernel.
  bool connected_to_kernel = false;
  /// Somebody waited for a packet that would never have come.
  bool waited_in_vain = false;

  void put(const Bytes& packet) { packets.push_back({packet}); }
  /// What another process sends to the socket.
  void forge(const Bytes& packet, std::uint32_t sender = 4711) { packets.push_back({packet, 0, sender}); }
  void put_error(int error_number) { packets.push_back({{}, error_number}); }

 private:
  class Calls;
  std::unique_ptr<Calls> calls_;
};

// Messages of an answer; a packet holds one or more.

FakeKernel::Bytes operator+(FakeKernel::Bytes first, const FakeKernel::Bytes& second);
/// An acknowledgement, or a refusal.
FakeKernel::Bytes error_message(std::uint32_t sequence, int error_number = 0);
/// A refusal with the kernel's words. `capped`: without the request that it answers, whose attributes take `echoed`
/// bytes.
FakeKernel::Bytes refusal_with_text(std::uint32_t sequence, int error_number, const std::string& text,
                                    bool capped = true, std::size_t echoed = 0);
/// An NLMSG_ERROR without room for its number.
FakeKernel::Bytes short_error_message(std::uint32_t sequence);
FakeKernel::Bytes data_message(std::uint32_t sequence, const FakeKernel::Bytes& payload, std::uint16_t flags = 0,
                               std::uint16_t type = kernel_messages::family_id);
/// The end of a dump.
FakeKernel::Bytes done_message(std::uint32_t sequence, int error_number = 0);
FakeKernel::Bytes empty_done_message(std::uint32_t sequence);
