// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <map>
#include <optional>
#include <vector>

#include "check/service_finder.hpp"
#include "commands/entries.hpp"
#include "commands/read_connections.hpp"
#include "commands/run.hpp"
#include "output/connection_sums.hpp"

namespace ipvsadm {
namespace {

/// Sums up the connections by service, in the order of the keys.
std::map<ipvs::ServiceKey, ConnectionStates> read_states(const std::vector<ipvs::ServiceEntry>& services,
                                                         const ServiceFinder& finder, const Context& context) {
  std::map<ipvs::ServiceKey, ConnectionStates> states;
  const auto begin = [&](const auto& /*unused*/) {
    states.clear();
    return false;
  };
  read_completely(context, begin, [&](const ipvs::Connection& connection) {
    const std::optional<std::size_t> service = finder.find(connection);
    ConnectionStates& of_service = states[service ? services[*service].service.key : named_service(connection)];
    if (connection.is_template()) {
      ++of_service.templates;
    } else {
      ++of_service.connections[connection.state];
    }
  });
  return states;
}

}  // namespace

void run_metrics(const ListMetrics& list, Context& context) {
  ipvs::Client& client = context.client();
  Metrics metrics;
  ServiceFinder finder;
  metrics.set(client.info(), client.timeouts(), client.daemons());
  std::vector<ipvs::ServiceEntry> services = client.services();
  if (list.sorted) sort_services(services);
  for_each_service(services, list.sorted, client, [&](const auto& service, const auto& servers) {
    metrics.add(service, servers);
    if (list.connections) finder.add(service.service.key, servers);
  });
  if (list.connections) {
    for (const auto& [key, states] : read_states(services, finder, context)) metrics.add(key, states);
  }
  metrics.write(context.output(), list.format);
}

}  // namespace ipvsadm
