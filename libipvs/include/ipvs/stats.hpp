// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ipvs {

/// The counters and current rates of a service or a destination.
///
/// Kernel: IPVS_SVC_ATTR_STATS64 and IPVS_DEST_ATTR_STATS64 (Linux 4.1 and later), all 64 bits wide. Older kernels
/// have only the STATS attributes, whose connection, packet and rate fields wrap at 32 bits.
/// Counters run since the last zero() or the creation of the entry; rates are averages that the kernel renews
/// every two seconds.
struct Stats {
  std::uint64_t connections = 0;  ///< connections scheduled
  std::uint64_t packets_in = 0;   ///< packets from clients
  std::uint64_t packets_out = 0;  ///< packets to clients; only NAT sees them
  std::uint64_t bytes_in = 0;     ///< bytes from clients
  std::uint64_t bytes_out = 0;    ///< bytes to clients; only NAT sees them

  std::uint64_t connections_per_second = 0;
  std::uint64_t packets_in_per_second = 0;
  std::uint64_t packets_out_per_second = 0;
  std::uint64_t bytes_in_per_second = 0;
  std::uint64_t bytes_out_per_second = 0;

  friend bool operator==(const Stats&, const Stats&) = default;
};

}  // namespace ipvs
