// SPDX-License-Identifier: MIT
// Makes a web service balance over the servers named, and over no others, by the fewest changes: whatever else the
// kernel's table holds stays, and so do the connections of servers that stay.
//
//   apply_table SERVICE PORT SERVER...
#include <cstdio>
#include <cstdlib>

#include <ipvs/ipvs.hpp>

namespace {

/// All changes in one go; those that the kernel refuses are told.
int carry_out(ipvs::Client& client, const std::vector<ipvs::Change>& changes) {
  ipvs::Batch batch(client);
  for (const ipvs::Change& change : changes) batch.add(change);
  const auto refusals = batch.finish();
  for (const auto& refusal : refusals) std::fprintf(stderr, "apply_table: %s\n", refusal.error.what());
  std::printf("%zu changes, %zu refused\n", changes.size(), refusals.size());
  return refusals.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto address = ipvs::Address::parse(argc > 2 ? argv[1] : "");
  if (!address) {
    std::fprintf(stderr, "usage: apply_table SERVICE PORT SERVER...\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::strtol(argv[2], nullptr, 10));
  ipvs::Table::Entry web{ipvs::Service(ipvs::ServiceKey::tcp(*address, port)), {}};
  for (int i = 3; i < argc; ++i) {
    const auto server = ipvs::Address::parse(argv[i]);
    if (!server) {
      std::fprintf(stderr, "apply_table: not an address: %s\n", argv[i]);
      return 2;
    }
    ipvs::Destination destination;
    destination.key = {*server, port};
    destination.forwarding = ipvs::Forwarding::masquerade;
    web.destinations[destination.key] = destination;
  }
  try {
    ipvs::Client client;
    const ipvs::Table present = ipvs::read_table(client);
    ipvs::Table wanted = present;
    wanted.services[web.service.key] = web;
    return carry_out(client, ipvs::diff(present, wanted));
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "apply_table: %s\n", error.what());
    return 1;
  }
}
