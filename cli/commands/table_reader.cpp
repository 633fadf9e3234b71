// SPDX-License-Identifier: MIT
#include "commands/table_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <utility>

#include "commands/entries.hpp"
#include "ipvs/error.hpp"

namespace ipvsadm {

std::vector<ipvs::DestinationEntry> KernelReader::servers(const ipvs::ServiceKey& key) {
  return destinations_if_there(client_, key);
}

ShortReader::ShortReader(ShortView view) : view_(std::move(view)), by_key_(view_.services.size()) {
  std::iota(by_key_.begin(), by_key_.end(), std::size_t{0});
  std::ranges::sort(by_key_, {}, [&](std::size_t place) { return view_.services[place].service.service.key; });
}

std::vector<ipvs::ServiceEntry> ShortReader::services() {
  std::vector<ipvs::ServiceEntry> services;
  for (const ShortView::Entry& entry : view_.services) services.push_back(entry.service);
  return services;
}

const ShortView::Entry* ShortReader::find(const ipvs::ServiceKey& key) const {
  const auto key_of = [&](std::size_t place) { return view_.services[place].service.service.key; };
  const auto found = std::ranges::lower_bound(by_key_, key, {}, key_of);
  return found != by_key_.end() && key_of(*found) == key ? &view_.services[*found] : nullptr;
}

ipvs::ServiceEntry ShortReader::service(const ipvs::ServiceKey& key) {
  const ShortView::Entry* entry = find(key);
  if (entry == nullptr) throw ipvs::Error(ipvs::Operation::get_service, ESRCH);
  return entry->service;
}

std::vector<ipvs::DestinationEntry> ShortReader::servers(const ipvs::ServiceKey& key) {
  const ShortView::Entry* entry = find(key);
  return entry == nullptr ? std::vector<ipvs::DestinationEntry>() : entry->servers;
}

}  // namespace ipvsadm
