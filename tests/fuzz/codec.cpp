// SPDX-License-Identifier: MIT
// Any bytes in place of the kernel's messages: they are decoded or refused as malformed, nothing else.
#include "netlink/codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel_messages.hpp"

namespace {

// What is changed is now and then a good message: from nothing the fuzzer would hardly ever get beyond the nests.
const std::array good_messages = {kernel_messages::service(), kernel_messages::destination(), kernel_messages::daemon(),
                                  kernel_messages::timeouts(), kernel_messages::info()};

template <typename Decode>
void decoded_or_refused(Decode decode) {
  try {
    decode();
  } catch (const ipvs::netlink::Malformed&) {
    return;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                               unsigned seed) {
  constexpr unsigned start_anew_in = 16;
  if (seed % start_anew_in == 0) {
    const kernel_messages::Bytes& good = good_messages[seed / start_anew_in % good_messages.size()];
    size = std::min(good.size(), capacity);
    std::copy_n(reinterpret_cast<const std::uint8_t*>(good.data()), size, data);
  }
  return LLVMFuzzerMutate(data, size, capacity);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ipvs::netlink;
  const Payload payload(reinterpret_cast<const std::byte*>(data), size);
  decoded_or_refused([&] { decode_service(payload); });
  decoded_or_refused([&] { decode_destination(payload, ipvs::Family::ipv4); });
  decoded_or_refused([&] { decode_destination(payload, ipvs::Family::ipv6); });
  decoded_or_refused([&] { decode_daemon(payload); });
  decoded_or_refused([&] { decode_timeouts(payload); });
  decoded_or_refused([&] { decode_info(payload); });
  return 0;
}
