// SPDX-License-Identifier: MIT
// What a real kernel rarely shows: answers that are late, lost, odd, or changing while they are read. All that it does
// show is tested on the real one, by tests/kernel/client_test.cpp.
#include <linux/ip_vs.h>
#include <netlink/errno.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <ipvs/ipvs.hpp>

#include "catch.hpp"
#include "fake_kernel.hpp"

using namespace ipvs;
using Requests = std::span<const FakeKernel::Request>;

namespace {

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.error_number();
  }
  return 0;
}

const Change harmless = Flush{};

/// The fake kernel's answer to each dump in turn: the ports of the services in each packet.
using Reading = std::vector<std::vector<std::uint16_t>>;

struct Dumps {
  FakeKernel& kernel;
  std::vector<Reading> readings;
  /// Answers to requests for a single service, in turn: its port, or 0 when it is gone.
  std::deque<std::uint16_t> singles = {};
  std::size_t next = 0;

  void operator()(Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    if ((requests.front().flags & NLM_F_DUMP) == 0) {
      const std::uint16_t port = singles.at(0);
      singles.pop_front();
      kernel.put(port == 0 ? error_message(sequence, ESRCH)
                           : data_message(sequence, kernel_messages::service({}, 6, port)));
      return;
    }
    const Reading& reading = readings.at(std::min(next++, readings.size() - 1));
    for (const auto& ports : reading) {
      FakeKernel::Bytes packet;
      for (const std::uint16_t port : ports) {
        packet = packet + data_message(sequence, kernel_messages::service({}, 6, port), NLM_F_MULTI);
      }
      kernel.put(packet);
    }
    kernel.put(done_message(sequence));
  }
};

std::vector<std::uint16_t> ports_of(const std::vector<ServiceEntry>& services) {
  std::vector<std::uint16_t> ports;
  ports.reserve(services.size());
  for (const ServiceEntry& entry : services) ports.push_back(entry.service.key.port);
  return ports;
}

using Ports = std::vector<std::uint16_t>;

/// What a kernel answers that takes everything.
struct Obliging {
  FakeKernel& kernel;
  void operator()(Requests requests) const {
    for (const auto& request : requests) {
      if ((request.flags & NLM_F_ACK) != 0) kernel.put(error_message(request.sequence));
    }
  }
};

}  // namespace

TEST_CASE("a socket that can't be opened is reported with its errno") {
  FakeKernel kernel;
  kernel.connected = -NLE_NOMEM;
  CHECK(error_of([] { Client(); }) == ENOMEM);
  kernel.connected = -NLE_AF_NOSUPPORT;
  CHECK(error_of([] { Client(); }) == EAFNOSUPPORT);
  kernel.connected = 0;
  kernel.resolved = -NLE_OBJ_NOTFOUND;
  CHECK(error_of([] { Client(); }) == ENOPROTOOPT);
  kernel.resolved = -NLE_PERM;
  CHECK(error_of([] { Client(); }) == EPERM);
}

TEST_CASE("a request carries its own sequence number, and a signal does not end it") {
  FakeKernel kernel;
  Client client;
  kernel.send_errors = {EINTR, EINTR};
  kernel.answer = [&](Requests requests) {
    kernel.put_error(EINTR);
    kernel.put(data_message(requests.front().sequence, kernel_messages::info()));
  };
  CHECK(client.info() == Info{1, 2, 3, 4096});
  CHECK(client.info() == Info{1, 2, 3, 4096});
  REQUIRE(kernel.sends.size() == 2);
  CHECK(kernel.sends[0][0].sequence != 0);
  CHECK(kernel.sends[0][0].sequence != kernel.sends[1][0].sequence);
  CHECK(kernel.sends[0][0].command == IPVS_CMD_GET_INFO);
}

TEST_CASE("answers that an earlier request gave up on are passed over") {
  FakeKernel kernel;
  Client client;
  kernel.answer = [&](Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    kernel.put(error_message(sequence - 1, ESRCH));
    kernel.put(short_error_message(sequence - 1));
    kernel.put(data_message(sequence - 1, kernel_messages::timeouts()));
    kernel.put(done_message(sequence - 1) + data_message(sequence, kernel_messages::info()));
  };
  CHECK(client.info() == Info{1, 2, 3, 4096});
  CHECK(kernel.packets.empty());

  Batch batch(client);
  kernel.answer = [&](Requests requests) {
    kernel.put(error_message(requests.front().sequence - 1, EEXIST));
    kernel.put(error_message(requests.back().sequence));
  };
  batch.add(harmless);
  batch.add(harmless);
  CHECK(batch.finish().empty());
}

TEST_CASE("only the kernel's packets count, whoever else sends") {
  FakeKernel kernel;
  // Before the socket was connected to the kernel.
  kernel.forge(data_message(1, kernel_messages::timeouts()));
  kernel.forge(error_message(2, EPERM));
  Client client;
  CHECK(kernel.connected_to_kernel);
  CHECK(kernel.packets.empty());

  kernel.answer = [&](Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    kernel.forge(error_message(sequence, ESRCH));
    kernel.forge(FakeKernel::Bytes(100'000));
    kernel.put(data_message(sequence, kernel_messages::info()));
  };
  CHECK(client.info() == Info{1, 2, 3, 4096});

  kernel.answer = [&](Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    kernel.forge(data_message(sequence, kernel_messages::service({}, 6, 99)));
    kernel.put(data_message(sequence, kernel_messages::service({}, 6, 1), NLM_F_MULTI) + done_message(sequence));
    kernel.forge(done_message(sequence));
  };
  CHECK(ports_of(client.services()) == Ports{1});

  Batch batch(client);
  kernel.answer = [&](Requests requests) {
    kernel.forge(error_message(requests.front().sequence, EEXIST));
    kernel.put(error_message(requests.back().sequence));
  };
  batch.add(harmless);
  batch.add(harmless);
  CHECK(batch.finish().empty());

  // A forged answer alone is none.
  kernel.answer = [&](Requests requests) {
    kernel.forge(data_message(requests.front().sequence, kernel_messages::info()));
  };
  CHECK(error_of([&] { client.info(); }) == EINTR);
}

TEST_CASE("sequence numbers of two sockets don't start alike") {
  FakeKernel kernel;
  kernel.answer = [&](Requests requests) {
    kernel.put(data_message(requests.front().sequence, kernel_messages::info()));
  };
  for (int i = 0; i < 4; ++i) Client().info();
  std::set<std::uint32_t> first;
  for (const auto& send : kernel.sends) first.insert(send[0].sequence);
  CHECK(first.size() == 4);
}

TEST_CASE("a batch is no larger than the send buffer takes") {
  FakeKernel kernel;
  kernel.answer = Obliging{kernel};
  // net.core.wmem_max of 4096, without the rights to go beyond it.
  kernel.send_buffer = 8192;
  Client client;
  Batch batch(client);
  for (int i = 0; i < 500; ++i) batch.add(harmless);
  CHECK(batch.finish().empty());
  CHECK(kernel.largest_send <= 8192 - 32);
  CHECK(kernel.sends.size() > 1);
  CHECK(kernel.largest_send > 4096);
}

TEST_CASE("no answer is EINTR, and nobody waits for it") {
  FakeKernel kernel;
  Client client;
  CHECK(error_of([&] { client.info(); }) == EINTR);
  CHECK(error_of([&] { client.flush(); }) == EINTR);
  // The kernel does not answer this one when the daemon had not begun to run.
  CHECK(error_of([&] { client.stop_daemon(DaemonRole::master); }) == 0);
  CHECK_FALSE(kernel.waited_in_vain);

  Batch batch(client);
  batch.add(harmless);
  batch.add(harmless);
  const auto refusals = batch.finish();
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].number == 1);
  CHECK(refusals[0].error.error_number() == EINTR);
  batch.add(StopDaemon{});
  CHECK(batch.finish().empty());
}

TEST_CASE("an answer that makes no sense is EBADMSG, and the next call is none the worse") {
  FakeKernel kernel;
  Client client;
  const auto answer_with = [&](const std::function<FakeKernel::Bytes(std::uint32_t)>& message) {
    kernel.answer = [&kernel, message](Requests requests) { kernel.put(message(requests.front().sequence)); };
  };
  const std::vector<std::function<FakeKernel::Bytes(std::uint32_t)>> odd = {
      short_error_message,
      [](std::uint32_t sequence) { return error_message(sequence); },  // no data at all
      [](std::uint32_t sequence) { return data_message(sequence, {}); },
      [](std::uint32_t sequence) { return data_message(sequence, kernel_messages::timeouts()); },
      [](std::uint32_t sequence) { return data_message(sequence, kernel_messages::info(), 0, 29); },
      [](std::uint32_t sequence) {
        // Shorter than a generic netlink header.
        FakeKernel::Bytes message = data_message(sequence, {});
        const std::uint32_t length = NLMSG_HDRLEN;
        std::memcpy(message.data(), &length, sizeof length);
        message.resize(NLMSG_HDRLEN);
        return message;
      },
  };
  for (const auto& message : odd) {
    answer_with(message);
    CHECK(error_of([&] { client.info(); }) == EBADMSG);
    answer_with([](std::uint32_t sequence) { return data_message(sequence, kernel_messages::info()); });
    CHECK(client.info() == Info{1, 2, 3, 4096});
  }
}

TEST_CASE("an odd message within a dump does not keep the rest of it from being read") {
  FakeKernel kernel;
  Client client;
  kernel.answer = [&](Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    kernel.put(data_message(sequence, kernel_messages::info()) + data_message(sequence, kernel_messages::service()));
    kernel.put(done_message(sequence));
  };
  CHECK(error_of([&] { client.services(); }) == EBADMSG);
  CHECK(kernel.packets.empty());
  CHECK(kernel.sends.size() == 1);
}

TEST_CASE("a packet that did not fit is EMSGSIZE") {
  FakeKernel kernel;
  Client client;
  kernel.answer = [&](Requests /*unused*/) { kernel.put(FakeKernel::Bytes(100'000)); };
  CHECK(error_of([&] { client.info(); }) == EMSGSIZE);
}

TEST_CASE("a failing socket is reported with its errno") {
  FakeKernel kernel;
  Client client;
  kernel.send_errors = {ENOMEM};
  CHECK(error_of([&] { client.info(); }) == ENOMEM);
  kernel.put_error(ENOBUFS);
  CHECK(error_of([&] { client.services(); }) == ENOBUFS);
}

TEST_CASE("a dump ends with a DONE of either form, or fails with the number in it") {
  FakeKernel kernel;
  Client client;
  kernel.answer = [&](Requests requests) { kernel.put(empty_done_message(requests.front().sequence)); };
  CHECK(client.services().empty());
  kernel.answer = [&](Requests requests) { kernel.put(done_message(requests.front().sequence, ENOMEM)); };
  CHECK(error_of([&] { client.services(); }) == ENOMEM);
  kernel.answer = [&](Requests requests) { kernel.put(error_message(requests.front().sequence, EPERM)); };
  CHECK(error_of([&] { client.services(); }) == EPERM);
  CHECK_FALSE(kernel.waited_in_vain);
}

TEST_CASE("a dump of one packet is read once") {
  FakeKernel kernel;
  kernel.answer = Dumps{kernel, {{{1, 2, 3}}}};
  CHECK(ports_of(Client().services()) == Ports{1, 2, 3});
  CHECK(kernel.sends.size() == 1);
}

TEST_CASE("the room for packets is small until a dump is long: one of servers at once, one of services in the end") {
  constexpr std::size_t small = 8 * 1024 - 320;
  constexpr std::size_t large = 32 * 1024;
  FakeKernel kernel;
  Client client;
  const ServiceKey key = ServiceKey::of(Protocol::tcp, *Address::parse("10.0.0.1"), 80);
  const auto answer_with_packets = [&](std::size_t count, const FakeKernel::Bytes& payload) {
    kernel.answer = [&kernel, count, payload](Requests requests) {
      const std::uint32_t sequence = requests.front().sequence;
      for (std::size_t i = 0; i < count; ++i) kernel.put(data_message(sequence, payload, NLM_F_MULTI));
      kernel.put(done_message(sequence));
    };
  };
  answer_with_packets(256, kernel_messages::service());
  client.services();
  CHECK(kernel.room == small);
  answer_with_packets(1, kernel_messages::destination());
  client.destinations(key);
  CHECK(kernel.room == small);
  SECTION("of servers") {
    answer_with_packets(2, kernel_messages::destination());
    client.destinations(key);
  }
  SECTION("of services") {
    answer_with_packets(300, kernel_messages::service());
    client.services();
  }
  CHECK(kernel.room == large);
}

TEST_CASE("a dump of several packets is read until two readings agree") {
  FakeKernel kernel;
  SECTION("at once") {
    kernel.answer = Dumps{kernel, {{{1, 2}, {3}}}};
    CHECK(ports_of(Client().services()) == Ports{1, 2, 3});
    CHECK(kernel.sends.size() == 2);
  }
  SECTION("however they are split into packets") {
    kernel.answer = Dumps{kernel, {{{1, 2}, {3}}, {{1}, {2, 3}}}};
    CHECK(ports_of(Client().services()) == Ports{1, 2, 3});
    CHECK(kernel.sends.size() == 2);
  }
  SECTION("after some that missed or repeated one") {
    kernel.answer = Dumps{kernel, {{{1, 2}, {2, 3}}, {{1}, {3}}, {{1, 2}, {3}}, {{1, 2}, {3}}}};
    CHECK(ports_of(Client().services()) == Ports{1, 2, 3});
    CHECK(kernel.sends.size() == 4);
  }
  SECTION("a second reading that fits one packet is of one moment") {
    kernel.answer = Dumps{kernel, {{{1, 2}, {3}}, {{1, 3}}}};
    CHECK(ports_of(Client().services()) == Ports{1, 3});
    CHECK(kernel.sends.size() == 2);
  }
  SECTION("until six more held nothing new, and then each that is still there is returned once") {
    std::vector<Reading> readings = {{{1}, {2}}, {{2}, {3}}, {{3}, {4}}, {{4}, {5}}};
    for (int i = 0; i < 20; ++i) {
      readings.push_back({{5, 6, 5}, {6, 7}});
      readings.push_back({{7, 6}, {5}});
    }
    kernel.answer = Dumps{kernel, readings, {1, 0, 3, 0}};
    CHECK(ports_of(Client().services()) == Ports{5, 6, 7, 1, 3});
    CHECK(kernel.sends.size() == 13 + 4);
  }
  SECTION("thirty times at most") {
    std::vector<Reading> readings;
    for (std::uint16_t port = 1; port <= 40; ++port)
      readings.push_back({{port}, {static_cast<std::uint16_t>(port + 1)}});
    kernel.answer = Dumps{kernel, readings, std::deque<std::uint16_t>(29, 0)};
    CHECK(ports_of(Client().services()) == Ports{30, 31});
    CHECK(kernel.sends.size() == 30 + 29);
  }
}

TEST_CASE("a dump that the kernel marks as interrupted is read again") {
  FakeKernel kernel;
  int reading = 0;
  kernel.answer = [&](Requests requests) {
    const std::uint32_t sequence = requests.front().sequence;
    const std::uint16_t flags = reading++ == 0 ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
    kernel.put(data_message(sequence, kernel_messages::service(), flags));
    kernel.put(done_message(sequence));
  };
  CHECK(Client().services().size() == 1);
  CHECK(kernel.sends.size() == 2);
}

TEST_CASE("a batch asks only for the last answer of each send, and sends no more than can be answered") {
  FakeKernel kernel;
  kernel.answer = Obliging{kernel};
  SECTION("256 with room enough") {
    Client client;
    Batch batch(client);
    for (int i = 0; i < 600; ++i) batch.add(harmless);
    CHECK(batch.finish().empty());
    REQUIRE(kernel.sends.size() == 3);
    CHECK(kernel.sends[0].size() == 256);
    CHECK(kernel.sends[2].size() == 88);
  }
  SECTION("as many as the receive buffer takes refusals of") {
    kernel.receive_buffer = 4096;
    Client client;
    Batch batch(client);
    for (int i = 0; i < 10; ++i) batch.add(harmless);
    CHECK(batch.finish().empty());
    REQUIRE(kernel.sends.size() == 3);
    CHECK(kernel.sends[0].size() == 4);
  }
  for (const auto& requests : kernel.sends) {
    for (const auto& request : requests) {
      CHECK(((request.flags & NLM_F_ACK) != 0) == (&request == &requests.back()));
    }
  }
}

TEST_CASE("when answers of a batch are lost, every change without one is refused with ENOBUFS") {
  FakeKernel kernel;
  Client client;
  Batch batch(client);
  for (int i = 0; i < 4; ++i) batch.add(harmless);
  kernel.answer = [&](Requests requests) {
    kernel.put(error_message(requests[1].sequence, ESRCH));
    kernel.put_error(ENOBUFS);
    kernel.put(error_message(requests[3].sequence));
  };
  const auto refusals = batch.finish();
  REQUIRE(refusals.size() == 3);
  const std::vector<std::pair<std::size_t, int>> expected = {{0, ENOBUFS}, {1, ESRCH}, {2, ENOBUFS}};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(refusals[i].number == expected[i].first);
    CHECK(refusals[i].error.error_number() == expected[i].second);
    CHECK(refusals[i].error.operation() == Operation::flush);
  }
  CHECK(batch.finish().empty());
  CHECK(kernel.sends.size() == 1);

  kernel.answer = Obliging{kernel};
  CHECK(batch.add(harmless) == 4);
  CHECK(batch.finish().empty());
  CHECK(kernel.sends.back().size() == 1);
}

TEST_CASE("a batch whose socket fails says so once: nothing is sent again, nothing more is reported") {
  FakeKernel kernel;
  Client client;
  Batch batch(client);
  // One that is refused without asking, which must be forgotten too.
  batch.add(DeleteService{});
  batch.add(harmless);
  batch.add(harmless);
  int expected = 0;
  SECTION("an answer that makes no sense") {
    kernel.answer = [&](Requests requests) {
      kernel.put(error_message(requests[0].sequence, ESRCH));
      kernel.put(short_error_message(requests[1].sequence));
    };
    expected = EBADMSG;
  }
  SECTION("sending") {
    kernel.send_errors = {ENOMEM};
    expected = ENOMEM;
  }
  SECTION("receiving") {
    kernel.put_error(EIO);
    expected = EIO;
  }
  CHECK(error_of([&] { static_cast<void>(batch.finish()); }) == expected);
  const std::size_t sends = kernel.sends.size();
  CHECK(batch.finish().empty());
  CHECK(kernel.sends.size() == sends);

  kernel.answer = Obliging{kernel};
  batch.add(harmless);
  CHECK(batch.finish().empty());
  CHECK(kernel.sends.size() == sends + 1);
  CHECK(kernel.sends.back().size() == 1);
}

TEST_CASE("a batch that is dropped sends nothing") {
  FakeKernel kernel;
  Client client;
  { Batch(client).add(harmless); }
  CHECK(kernel.sends.empty());
}
