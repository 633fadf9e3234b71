// SPDX-License-Identifier: MIT
#include <cstddef>
#include <functional>
#include <random>
#include <vector>

#include "catch.hpp"
#include "kernel_messages.hpp"
#include "netlink/codec.hpp"

using kernel_messages::Bytes;
using namespace ipvs::netlink;

namespace {

/// A few bytes changed, and sometimes the end cut off.
Bytes spoiled(Bytes bytes, std::mt19937& random) {
  for (std::size_t n = random() % 4; n > 0; --n) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
  if (random() % 4 == 0) bytes.resize(random() % bytes.size());
  // A copy of exactly this size, so that the sanitizer sees a step beyond.
  return {bytes.begin(), bytes.end()};
}

struct Count {
  int read = 0;
  int refused = 0;
};

Count read_spoiled(const Bytes& good, const std::function<void(const Bytes&)>& decode, std::mt19937& random) {
  Count count;
  for (int i = 0; i < 20'000; ++i) {
    const Bytes bad = spoiled(good, random);
    try {
      decode(bad);
      ++count.read;
    } catch (const Malformed&) {
      ++count.refused;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("bytes that make no sense are refused, never a crash") {
  struct Kind {
    const char* name;
    Bytes good;
    std::function<void(const Bytes&)> decode;
  };
  const std::vector<Kind> kinds = {
      {"service", kernel_messages::service(), [](const Bytes& bytes) { decode_service(bytes); }},
      {"destination", kernel_messages::destination(),
       [](const Bytes& bytes) { decode_destination(bytes, ipvs::Family::ipv4); }},
      {"daemon", kernel_messages::daemon(), [](const Bytes& bytes) { decode_daemon(bytes); }},
      {"timeouts", kernel_messages::timeouts(), [](const Bytes& bytes) { decode_timeouts(bytes); }},
      {"info", kernel_messages::info(), [](const Bytes& bytes) { decode_info(bytes); }},
  };
  const std::uint32_t seed = 20261123;
  std::mt19937 random(seed);
  for (const Kind& kind : kinds) {
    INFO(kind.name << ", seed " << seed);
    CHECK_NOTHROW(kind.decode(kind.good));
    const Count count = read_spoiled(kind.good, kind.decode, random);
    // Both must be common, or the bytes never came to the decoder's inner parts.
    CHECK(count.read > 4'000);
    CHECK(count.refused > 4'000);
  }
}

TEST_CASE("a message that ends early is refused, wherever it ends") {
  const Bytes service = kernel_messages::service({0, true});
  const Bytes destination = kernel_messages::destination({0, true});
  for (std::size_t size = 0; size < service.size(); ++size) {
    const Bytes cut(service.begin(), service.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(decode_service(cut), Malformed);
  }
  for (std::size_t size = 0; size < destination.size(); ++size) {
    const Bytes cut(destination.begin(), destination.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(decode_destination(cut, ipvs::Family::ipv4), Malformed);
  }
}
