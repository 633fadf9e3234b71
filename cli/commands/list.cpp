// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <variant>

#include "commands/connection_filter.hpp"
#include "commands/error_text.hpp"
#include "commands/run.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"
#include "output/json.hpp"
#include "output/render.hpp"

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

/// Calls `visit` with every service to list and its servers, in the order of the listing.
template <typename Visit>
void for_each_service(const std::vector<ipvs::ServiceEntry>& services, bool sorted, ipvs::Client& client, Visit visit) {
  for (const ipvs::ServiceEntry& service : services) {
    std::vector<ipvs::DestinationEntry> servers = destinations_if_there(client, service.service.key);
    if (sorted) sort_servers(servers);
    visit(service, servers);
  }
}

constexpr int count_attempts = 5;
constexpr const char* moved_text =
    "the kernel was resizing its table of connections meanwhile; some may be missing or listed twice";

struct Lister {
  Context& context;

  void operator()(const ListServices& list) const {
    ipvs::Client& client = context.client();
    std::vector<ipvs::ServiceEntry> services = services_to_list(list, client);
    if (list.sorted) sort_services(services);
    list.json ? as_json(list, services) : as_table(list, services);
  }

  void as_table(const ListServices& list, const std::vector<ipvs::ServiceEntry>& services) const {
    Output& output = context.output();
    Names* names = list.numeric ? nullptr : &context.names();
    if (!list.service) render_info(output.text(), context.client().info());
    render_list_header(output.text(), list.view);
    for_each_service(services, list.sorted, context.client(), [&](const auto& service, const auto& servers) {
      render_service(output.text(), service, list, names);
      for (const auto& server : servers) render_server(output.text(), service.service.key, server, list, names);
      output.spill();
    });
  }

  void as_json(const ListServices& list, const std::vector<ipvs::ServiceEntry>& services) const {
    JsonArray array(context.output());
    array.open(json_info(context.client().info()), "services");
    for_each_service(services, list.sorted, context.client(),
                     [&](const auto& service, const auto& servers) { array.element(json_service(service, servers)); });
    array.close();
  }

  /// Before anything is printed: a table that can't be opened has no header.
  ipvs::ConnectionReader open_connections() const {
    const auto& network = context.network_namespace();
    try {
      return network ? ipvs::ConnectionReader(*network) : ipvs::ConnectionReader();
    } catch (const ipvs::Error& error) {
      if (error.operation() != ipvs::Operation::read_connections) throw;
      throw Failure(status_listing_failed, "cannot open file /proc/net/ip_vs_conn");
    }
  }

  /// Calls `visit` with every connection that passes the filter.
  template <typename Visit>
  static void for_each_connection(ipvs::ConnectionReader& reader, const ConnectionFilter& filter, Visit visit) {
    ipvs::Connection connection;
    while (reader.next(connection)) {
      if (filter.passes(connection)) visit(connection);
    }
  }

  /// What was printed stays; the message and the status say what it is worth.
  static void require_complete(const ipvs::ConnectionReader& reader) {
    if (!reader.is_complete()) throw IncompleteListing(status_listing_failed, moved_text);
  }

  /// Nothing is printed yet, so a reading that isn't complete is done again.
  std::uint64_t count_connections(const ConnectionFilter& filter) const {
    for (int attempt = 1;; ++attempt) {
      ipvs::ConnectionReader reader = open_connections();
      if (filter.passes_all()) {
        if (const std::optional<std::uint64_t> count = reader.count()) return *count;
      }
      std::uint64_t count = 0;
      for_each_connection(reader, filter, [&](const auto& /*unused*/) { ++count; });
      if (attempt == count_attempts) require_complete(reader);
      if (reader.is_complete()) return count;
    }
  }

  void operator()(const ListConnections& list) const {
    // The proc file is world-readable, but as with the classic tool nothing is told without the rights.
    context.client().info();
    const ConnectionFilter filter(list, context.client());
    Output& output = context.output();
    if (list.count) {
      const std::uint64_t count = count_connections(filter);
      output.append(list.json ? json_count(count) : fmt::format("{}\n", count));
      return;
    }
    ipvs::ConnectionReader reader = open_connections();
    if (list.json) {
      JsonArray array(output);
      array.open("{}", "connections");
      for_each_connection(reader, filter, [&](const auto& connection) { array.element(json_connection(connection)); });
      array.close();
      require_complete(reader);
      return;
    }
    Names* names = list.numeric ? nullptr : &context.names();
    render_connection_header(output.text(), list.engine_data);
    for_each_connection(reader, filter, [&](const auto& connection) {
      render_connection(output.text(), connection, list.engine_data, names);
      output.spill();
    });
    require_complete(reader);
  }

  void operator()(const ListTimeouts& list) const {
    const ipvs::Timeouts timeouts = context.client().timeouts();
    if (list.json) {
      context.output().append(json_timeouts(timeouts));
    } else {
      render_timeouts(context.output().text(), timeouts);
    }
  }

  void operator()(const ListDaemons& list) const {
    const std::vector<ipvs::Daemon> daemons = context.client().daemons();
    if (!list.json) {
      for (const ipvs::Daemon& daemon : daemons) render_daemon(context.output().text(), daemon);
      return;
    }
    JsonArray array(context.output());
    array.open("{}", "daemons");
    for (const ipvs::Daemon& daemon : daemons) array.element(json_daemon(daemon));
    array.close();
  }
};

}  // namespace

void list(const Listing& listing, Context& context) { std::visit(Lister{context}, listing); }

void run_save(const Save& save, Context& context) {
  ipvs::Client& client = context.client();
  Output& output = context.output();
  Names* names = save.numeric ? nullptr : &context.names();
  std::vector<ipvs::ServiceEntry> services = client.services();
  sort_services(services);
  for_each_service(services, true, client, [&](const auto& service, const auto& servers) {
    render_rule(output.text(), ipvs::AddService{service.service}, names);
    for (const auto& server : servers) {
      render_rule(output.text(), ipvs::AddDestination{service.service.key, server.destination}, names);
    }
    output.spill();
  });
  if (!save.all) return;
  render_rule(output.text(), ipvs::SetTimeouts{client.timeouts()}, names);
  for (const ipvs::Daemon& daemon : client.daemons()) render_rule(output.text(), ipvs::StartDaemon{daemon}, names);
}

}  // namespace ipvsadm
