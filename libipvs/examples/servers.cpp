// SPDX-License-Identifier: MIT
// Adds a real server to a virtual service, by NAT, or deletes it.
//
//   servers add|delete SERVICE PORT SERVER PORT
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <ipvs/ipvs.hpp>

namespace {

std::uint16_t port(const char* text) { return static_cast<std::uint16_t>(std::strtol(text, nullptr, 10)); }

const char* reason(const ipvs::Error& error) {
  switch (error.error_number()) {
    case ESRCH: return "no such service";
    case ENOENT: return "no such server";
    case EEXIST: return "the server is there already";
    default: return error.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc == 6 ? argv[1] : "";
  const auto service = ipvs::Address::parse(argc == 6 ? argv[2] : "");
  const auto server = ipvs::Address::parse(argc == 6 ? argv[4] : "");
  if (!service || !server || (verb != "add" && verb != "delete")) {
    std::fprintf(stderr, "usage: servers add|delete SERVICE PORT SERVER PORT\n");
    return 2;
  }
  const auto key = ipvs::ServiceKey::tcp(*service, port(argv[3]));
  ipvs::Destination destination;
  destination.key = {*server, port(argv[5])};
  destination.forwarding = ipvs::Forwarding::masquerade;
  try {
    ipvs::Client client;
    if (verb == "add") {
      client.add_destination(key, destination);
    } else {
      client.delete_destination(key, destination.key);
    }
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "servers: %s\n", reason(error));
    return 1;
  }
}
