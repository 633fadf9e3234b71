// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ipvs/client.hpp"

namespace ipvsadm {

/// What the kernel shows of its table to everybody: versions, services, servers, weights, how packets are forwarded and
/// how many connections there are. Not counters, thresholds, tunnels, flags of schedulers or persistence engines: these
/// members hold nothing that is known.
///
/// It is the tool's and not the library's: a library's entry whose counters are all 0 would be read as one without
/// traffic. Kernel: /proc/net/ip_vs.
struct ShortView {
  struct Entry {
    ipvs::ServiceEntry service;
    std::vector<ipvs::DestinationEntry> servers;
  };

  ipvs::Info info;
  std::vector<Entry> services;
};

/// Reads the whole file; nothing when a line makes no sense. The kernel writes times of persistence in its own ticks.
///
/// It does not write the family of a mark. That of the servers that are not in tunnels is it, else what only a mask of
/// IPv6 can be, else that of the first server.
/// Pure.
std::optional<ShortView> parse_short_view(std::string_view text, unsigned ticks_per_second);

/// That of the network namespace of the thread. Throws std::system_error when the file can't be read, EBADMSG when it
/// makes no sense.
ShortView read_short_view();

}  // namespace ipvsadm
