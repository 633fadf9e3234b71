// SPDX-License-Identifier: MIT
// Prints the rates of one virtual service every two seconds, which is how often the kernel renews them.
//
//   watch_service ADDRESS PORT [TIMES]
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <ipvs/ipvs.hpp>

int main(int argc, char** argv) {
  const auto address = ipvs::Address::parse(argc > 2 ? argv[1] : "");
  if (!address) {
    std::fprintf(stderr, "usage: watch_service ADDRESS PORT [TIMES]\n");
    return 2;
  }
  const auto key = ipvs::ServiceKey::tcp(*address, static_cast<std::uint16_t>(std::strtol(argv[2], nullptr, 10)));
  const long times = argc > 3 ? std::strtol(argv[3], nullptr, 10) : -1;
  try {
    ipvs::Client client;
    for (long i = 0; i != times; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::seconds(2));
      const ipvs::Stats stats = client.service(key).stats;
      std::printf("%" PRIu64 " connections, %" PRIu64 " per second, %" PRIu64 " bytes in, %" PRIu64 " per second\n",
                  stats.connections, stats.connections_per_second, stats.bytes_in, stats.bytes_in_per_second);
      std::fflush(stdout);
    }
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "watch_service: %s\n", error.error_number() == ESRCH ? "no such service" : error.what());
    return 1;
  }
}
