// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ipvs {

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// The counters and current rates of a service or a destination.
///
/// Kernel: IPVS_SVC_ATTR_STATS64 and IPVS_DEST_ATTR_STATS64 (Linux 4.1 and later), all 64 bits wide. Older kernels
/// have only the STATS attributes, whose connection, packet and rate fields wrap at 32 bits.
/// Counters run since the last zero() or the creation of the entry; rates are averages that the kernel renews
/// every two seconds.
struct Stats {
  std::uint64_t connections = 0;  ///< connections scheduled. Kernel: IPVS_STATS_ATTR_CONNS
  std::uint64_t packets_in = 0;   ///< packets from clients. Kernel: IPVS_STATS_ATTR_INPKTS
  std::uint64_t packets_out = 0;  ///< packets to clients; only NAT sees them. Kernel: IPVS_STATS_ATTR_OUTPKTS
  std::uint64_t bytes_in = 0;     ///< bytes from clients, with IP headers. Kernel: IPVS_STATS_ATTR_INBYTES
  std::uint64_t bytes_out = 0;    ///< bytes to clients, likewise; only NAT sees them. Kernel: IPVS_STATS_ATTR_OUTBYTES

  std::uint64_t connections_per_second = 0;  ///< Kernel: IPVS_STATS_ATTR_CPS
  std::uint64_t packets_in_per_second = 0;   ///< Kernel: IPVS_STATS_ATTR_INPPS
  std::uint64_t packets_out_per_second = 0;  ///< Kernel: IPVS_STATS_ATTR_OUTPPS
  std::uint64_t bytes_in_per_second = 0;     ///< Kernel: IPVS_STATS_ATTR_INBPS
  std::uint64_t bytes_out_per_second = 0;    ///< Kernel: IPVS_STATS_ATTR_OUTBPS

  friend bool operator==(const Stats&, const Stats&) = default;
};

}  // namespace ipvs
