// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bench {

/// The tables that are measured: TCP services on port 80 with the scheduler rr, real servers on port 8080 by NAT.
constexpr std::uint16_t service_port = 80;
constexpr std::uint16_t server_port = 8080;

/// Addresses in host byte order.
constexpr std::uint32_t service_address(std::uint32_t service) { return (10U << 24U) + service * 256 + 1; }
constexpr std::uint32_t server_address(std::uint32_t service, std::uint32_t servers, std::uint32_t server) {
  return (100U << 24U) + (64U << 16U) + service * servers + server;
}

}  // namespace bench
