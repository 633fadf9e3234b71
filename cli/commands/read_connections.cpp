// SPDX-License-Identifier: MIT
#include "commands/read_connections.hpp"

#include "commands/run.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {

ipvs::ConnectionReader open_connections(const Context& context) {
  const auto& network = context.network_namespace();
  try {
    return network ? ipvs::ConnectionReader(*network) : ipvs::ConnectionReader();
  } catch (const ipvs::Error& error) {
    if (error.operation() != ipvs::Operation::read_connections) throw;
    throw Failure(status_listing_failed, "cannot open file /proc/net/ip_vs_conn");
  }
}

void require_complete(const ipvs::ConnectionReader& reader) {
  if (reader.is_complete()) return;
  throw IncompleteListing(
      status_listing_failed,
      "the kernel was resizing its table of connections meanwhile; some may be missing or listed twice");
}

}  // namespace ipvsadm
