// SPDX-License-Identifier: MIT
// Counts the connections in the table by client, most first.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ipvs/ipvs.hpp>

int main() {
  std::unordered_map<ipvs::Address, std::size_t> counts;
  try {
    ipvs::ConnectionReader reader;
    for (const ipvs::Connection& connection : reader) ++counts[connection.client.address];
  } catch (const ipvs::Error& error) {
    std::fprintf(stderr, "count_connections: %s\n", error.what());
    return 1;
  }
  std::vector<std::pair<std::size_t, ipvs::Address>> sorted;
  sorted.reserve(counts.size());
  for (const auto& [client, count] : counts) sorted.emplace_back(count, client);
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  for (const auto& [count, client] : sorted) std::printf("%zu %s\n", count, client.to_string().c_str());
}
