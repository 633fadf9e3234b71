// SPDX-License-Identifier: MIT
// Uses the library as a stranger would, as far as that goes without a kernel.
#include <cstdio>

#include <ipvs/ipvs.hpp>

int main() {
  const auto service = ipvs::ServiceKey::tcp(*ipvs::Address::parse("2001:db8::1"), 80);
  ipvs::Table wanted;
  wanted.add(ipvs::Service(service, "rr"));
  static_assert(IPVS_VERSION >= 20000);
  std::printf("%s: %zu change\n", ipvs::to_string(service).c_str(), ipvs::diff({}, wanted).size());
  // An exception of the library's own must be caught by its type.
  try {
    ipvs::NetworkNamespace::by_name("no-such-namespace");
  } catch (const ipvs::Error& error) {
    std::printf("%s: %d\n", ipvs::to_string(error.operation()), error.error_number());
  }
}
