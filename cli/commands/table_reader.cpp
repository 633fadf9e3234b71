// SPDX-License-Identifier: MIT
#include "commands/table_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <utility>

#include "commands/entries.hpp"
#include "commands/error_text.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {
namespace {

/// Those of the address, whatever their port.
std::vector<ipvs::ServiceEntry> services_of_address(const ipvs::ServiceKey& key, TableReader& table) {
  std::vector<ipvs::ServiceEntry> services = table.services();
  std::erase_if(services, [&](const ipvs::ServiceEntry& entry) {
    const ipvs::ServiceKey& its = entry.service.key;
    return its.is_fwmark() || its.protocol != key.protocol || its.address != key.address;
  });
  return services;
}

}  // namespace

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

std::vector<ipvs::ServiceEntry> services_to_list(const ListServices& list, TableReader& table) {
  if (!list.service) return table.services();
  try {
    return {table.service(*list.service)};
  } catch (const ipvs::Error& error) {
    // A listing that fails has a status of its own.
    if (error.error_number() == EPERM) throw;
    if (list.any_port && error.error_number() == ESRCH) {
      std::vector<ipvs::ServiceEntry> services = services_of_address(*list.service, table);
      if (!services.empty()) return services;
    }
    throw Failure(status_listing_failed, refusal_text(error));
  }
}

}  // namespace ipvsadm
