// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>

#include "failure.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/error.hpp"
#include "messages.hpp"
#include "render.hpp"
#include "run.hpp"

namespace ipvsadm {
namespace {

/// The destinations, or none when the service has gone since it was listed.
std::vector<ipvs::DestinationEntry> destinations_if_there(ipvs::Client& client, const ipvs::ServiceKey& key) {
  try {
    return client.destinations(key);
  } catch (const ipvs::Error& error) {
    if (error.error_number() == ESRCH) return {};
    throw;
  }
}

std::vector<ipvs::ServiceEntry> services_to_list(const ListServices& list, ipvs::Client& client) {
  if (!list.service) return client.services();
  try {
    return {client.service(*list.service)};
  } catch (const ipvs::Error& error) {
    // A listing that fails has a status of its own.
    if (error.error_number() == EPERM) throw;
    throw Failure(status_listing_failed, refusal_text(error));
  }
}

void sort_services(std::vector<ipvs::ServiceEntry>& services) {
  std::ranges::sort(
      services, {}, [](const ipvs::ServiceEntry& e) -> const auto& { return e.service.key; });
}

void sort_servers(std::vector<ipvs::DestinationEntry>& servers) {
  std::ranges::sort(
      servers, {}, [](const ipvs::DestinationEntry& e) -> const auto& { return e.destination.key; });
}

}  // namespace

void run_list(const ListServices& list, Context& context) {
  ipvs::Client& client = context.client();
  Output& output = context.output();
  Names* names = list.numeric ? nullptr : &context.names();

  std::vector<ipvs::ServiceEntry> services = services_to_list(list, client);
  if (list.sorted) sort_services(services);
  if (!list.service) render_info(output.text(), client.info());
  render_list_header(output.text(), list.view);
  for (const ipvs::ServiceEntry& service : services) {
    const ipvs::ServiceKey& key = service.service.key;
    std::vector<ipvs::DestinationEntry> servers = destinations_if_there(client, key);
    if (list.sorted) sort_servers(servers);
    render_service(output.text(), service, list, names);
    for (const ipvs::DestinationEntry& server : servers) render_server(output.text(), key, server, list, names);
    output.spill();
  }
}

void run_list(const ListConnections& list, Context& context) {
  // The proc file is world-readable, but as with the classic tool nothing is told without the rights.
  context.client().info();
  Output& output = context.output();
  Names* names = list.numeric ? nullptr : &context.names();
  render_connection_header(output.text(), list.engine_data);
  ipvs::ConnectionReader reader;
  ipvs::Connection connection;
  while (reader.next(connection)) {
    render_connection(output.text(), connection, list.engine_data, names);
    output.spill();
  }
}

void run_list(const ListTimeouts& /*list*/, Context& context) {
  render_timeouts(context.output().text(), context.client().timeouts());
}

void run_list(const ListDaemons& /*list*/, Context& context) {
  for (const ipvs::Daemon& daemon : context.client().daemons()) render_daemon(context.output().text(), daemon);
}

void run_save(const Save& save, Context& context) {
  ipvs::Client& client = context.client();
  Output& output = context.output();
  Names* names = save.numeric ? nullptr : &context.names();
  std::vector<ipvs::ServiceEntry> services = client.services();
  sort_services(services);
  for (const ipvs::ServiceEntry& service : services) {
    const ipvs::ServiceKey& key = service.service.key;
    std::vector<ipvs::DestinationEntry> servers = destinations_if_there(client, key);
    sort_servers(servers);
    render_service_rule(output.text(), service.service, names);
    for (const ipvs::DestinationEntry& server : servers) {
      render_server_rule(output.text(), key, server.destination, names);
    }
    output.spill();
  }
}

}  // namespace ipvsadm
