// SPDX-License-Identifier: MIT
#pragma once

#include "ipvs/client.hpp"
#include "netlink/message.hpp"
#include "netlink/socket.hpp"

namespace ipvs {

/// What a Client holds; Batch works on the same socket.
struct Client::State {
  netlink::Socket socket;
  netlink::Message message;  ///< reused by every call

  void begin(std::uint8_t command, netlink::Answer answer);
  ServiceEntry get_service(Operation operation, const ServiceKey& key);
};

}  // namespace ipvs
