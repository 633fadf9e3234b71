// SPDX-License-Identifier: MIT
// Any bytes in place of the kernel's messages: they are decoded or refused as malformed, nothing else.
#include "netlink/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace {

template <typename Decode>
void decoded_or_refused(Decode decode) {
  try {
    decode();
  } catch (const ipvs::netlink::Malformed&) {
    return;
  }
}

}  // namespace

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
