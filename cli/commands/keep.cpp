// SPDX-License-Identifier: MIT
#include "line/keep.hpp"

#include <algorithm>
#include <cerrno>
#include <variant>
#include <vector>

#include "commands/kernel_modules.hpp"
#include "commands/run.hpp"
#include "ipvs/error.hpp"

namespace ipvsadm {
namespace {

void edit_service(const KeepingEdit& edit, ipvs::Client& client) {
  const ipvs::ServiceKey& key = std::get<ipvs::EditService>(edit.edit).service.key;
  const ipvs::Service service = kept(edit, client.service(key).service);
  load_scheduler_of(service);
  client.edit_service(service);
}

void edit_server(const KeepingEdit& edit, ipvs::Client& client) {
  const ipvs::ServiceKey& service = std::get<ipvs::EditDestination>(edit.edit).service;
  const ipvs::Destination& given = std::get<ipvs::EditDestination>(edit.edit).destination;
  const std::vector<ipvs::DestinationEntry> servers = client.destinations(service);
  const auto found = std::ranges::find_if(servers, [&](const auto& e) { return e.destination.key == given.key; });
  if (found == servers.end()) throw ipvs::Error(ipvs::Operation::edit_destination, ENOENT);
  client.edit_destination(service, kept(edit, found->destination));
}

}  // namespace

void run_keeping_edit(const KeepingEdit& edit, Context& context) {
  const bool of_service = std::holds_alternative<ipvs::EditService>(edit.edit);
  of_service ? edit_service(edit, context.client()) : edit_server(edit, context.client());
}

}  // namespace ipvsadm
