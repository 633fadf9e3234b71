// SPDX-License-Identifier: MIT
// Makes a web service balance over the servers named, and over no others, by the fewest changes: whatever else the
// kernel's table holds stays, and so do the connections of servers that stay.
//
//   apply_table SERVICE PORT SERVER...
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <ipvs/ipvs.hpp>

namespace {

/// Says what became of it.
int report(const ipvs::ApplyResult& result) {
  for (const auto& refusal : result.refusals) std::fprintf(stderr, "apply_table: %s\n", refusal.error.what());
  if (result.failure) std::fprintf(stderr, "apply_table: %s\n", result.failure->what());
  switch (result.outcome) {
    case ipvs::ApplyOutcome::done: std::puts("done"); return 0;
    case ipvs::ApplyOutcome::as_before: std::puts("not done; the table is as it was before"); return 1;
    default: std::puts("not done; the table may not be what it was before"); return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto address = ipvs::Address::parse(argc > 2 ? argv[1] : "");
  if (!address) {
    std::fprintf(stderr, "usage: apply_table SERVICE PORT SERVER...\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::strtol(argv[2], nullptr, 10));
  const auto web = ipvs::ServiceKey::tcp(*address, port);
  std::vector<ipvs::Destination> servers;
  for (int i = 3; i < argc; ++i) {
    const auto server = ipvs::Address::parse(argv[i]);
    if (!server) {
      std::fprintf(stderr, "apply_table: not an address: %s\n", argv[i]);
      return 2;
    }
    ipvs::Destination destination;
    destination.key = {*server, port};
    destination.forwarding = ipvs::Forwarding::masquerade;
    servers.push_back(destination);
  }
  try {
    ipvs::Client client;
    const ipvs::Table present = ipvs::read_table(client);
    ipvs::Table wanted = present;
    wanted.services.erase(web);
    wanted.add(ipvs::Service(web));
    for (const ipvs::Destination& server : servers) wanted.add(web, server);
    std::printf("%zu changes: ", ipvs::plan(present, wanted, {}).size());
    return report(ipvs::apply(client, wanted, {}));
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "apply_table: %s\n", error.what());
    return 1;
  }
}
