// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "commands/connection_filter.hpp"
#include "commands/entries.hpp"
#include "commands/error_text.hpp"
#include "commands/read_connections.hpp"
#include "commands/run.hpp"
#include "commands/share.hpp"
#include "commands/table_reader.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"
#include "output/connection_sums.hpp"
#include "output/json.hpp"
#include "output/render.hpp"

namespace ipvsadm {
namespace {

/// What names a connection: all but its state and time.
std::string key_of(const ipvs::Connection& connection) {
  const auto text = [](const ipvs::Endpoint& end) { return to_string(ipvs::DestinationKey{end.address, end.port}); };
  return fmt::format("{} {} {} {}", to_string(connection.protocol), text(connection.client),
                     text(connection.virtual_service), text(connection.destination));
}

/// Calls `visit` with every service to list and those of its servers that are to be listed.
template <typename Visit>
void for_each_listed(const ListServices& list, const std::vector<ipvs::ServiceEntry>& services, TableReader& table,
                     Visit visit) {
  for (const ipvs::ServiceEntry& service : services) {
    std::vector<ipvs::DestinationEntry> servers = table.servers(service.service.key);
    if (list.sorted) sort_servers(servers);
    if (list.server) {
      std::erase_if(servers, [&](const ipvs::DestinationEntry& entry) {
        return !list.server->passes(entry.destination.key.address, entry.destination.key.port);
      });
      if (servers.empty()) continue;
    }
    visit(service, servers);
  }
}

void add(ipvs::Stats& sum, const ipvs::Stats& more) {
  sum.connections += more.connections;
  sum.packets_in += more.packets_in;
  sum.packets_out += more.packets_out;
  sum.bytes_in += more.bytes_in;
  sum.bytes_out += more.bytes_out;
  sum.connections_per_second += more.connections_per_second;
  sum.packets_in_per_second += more.packets_in_per_second;
  sum.packets_out_per_second += more.packets_out_per_second;
  sum.bytes_in_per_second += more.bytes_in_per_second;
  sum.bytes_out_per_second += more.bytes_out_per_second;
}

/// What is listed of the service counts: its row, or if servers are looked for, theirs.
void add(ipvs::Stats& sum, const ListServices& list, const ipvs::ServiceEntry& service,
         const std::vector<ipvs::DestinationEntry>& servers) {
  if (!list.server) return add(sum, service.stats);
  for (const ipvs::DestinationEntry& server : servers) add(sum, server.stats);
}

/// The view as it is asked for; empty for the one that needs no rights.
std::string_view needs_rights(View view) {
  // Indexed by View.
  static constexpr std::array<std::string_view, 6> names = {
      "", "--stats", "--rate", "--thresholds", "--persistent-conn", "--tun-info"};
  return names[static_cast<std::size_t>(view)];
}

constexpr const char* short_text =
    "short view, without CAP_NET_ADMIN: no counters, thresholds, flags of schedulers or persistence engines";
constexpr const char* short_connections_text =
    "without CAP_NET_ADMIN: connections as everybody can see them; that the kernel is resizing its table would not "
    "show";

struct Lister {
  Context& context;
  Looks& looks;

  /// Calls `work` with the kernel's answers; without the rights for them, with what everybody may see. The kernel
  /// refuses the first question or none, so nothing is done twice.
  template <typename Work>
  void with_table(std::string_view needing_rights, const char* short_words, Work work) const {
    try {
      KernelReader table(context.client());
      return work(table);
    } catch (const ipvs::Error& error) {
      if (error.error_number() != EPERM) throw;
    }
    if (!needing_rights.empty()) throw no_rights(needing_rights);
    ShortReader table(short_view());
    context.print_message_once(short_words);
    work(table);
  }

  /// What only those with the rights are answered.
  template <typename Question>
  static auto with_rights(std::string_view what, Question question) {
    try {
      return question();
    } catch (const ipvs::Error& error) {
      if (error.error_number() == EPERM) throw no_rights(what);
      throw;
    }
  }

  ShortView short_view() const {
    ShortView view;
    try {
      context.run_inside([&] { view = read_short_view(); });
    } catch (const std::system_error& error) {
      if (error.code().value() != EBADMSG) throw no_rights("");
      throw Failure(status_listing_failed, "/proc/net/ip_vs has a line of an unknown kind");
    }
    return view;
  }

  void operator()(const ListServices& list) const {
    with_table(needs_rights(list.view), short_text, [&](TableReader& table) {
      std::vector<ipvs::ServiceEntry> services = services_to_list(list, table);
      if (list.sorted) sort_services(services);
      list.json ? as_json(list, services, table) : as_table(list, services, table);
    });
  }

  void as_table(const ListServices& list, const std::vector<ipvs::ServiceEntry>& services, TableReader& table) const {
    Output& output = context.output();
    Names* names = list.numeric ? nullptr : &context.names();
    if (!list.service) render_info(output.text(), table.info());
    render_list_header(output.text(), list.view);
    ipvs::Stats total;
    for_each_listed(list, services, table, [&](const auto& service, const auto& servers) {
      add(total, list, service, servers);
      const ipvs::ServiceKey& key = service.service.key;
      output.begin_row([&] { return to_string(key); });
      render_service(output.text(), service, list, names);
      for (const auto& server : servers) {
        output.begin_row([&] { return to_string(key) + " " + to_string(server.destination.key); });
        render_server(output.text(), key, server, list, names);
      }
      output.spill();
    });
    if (!list.total) return;
    output.begin_row([] { return std::string("total"); });
    render_total(output.text(), total, list);
  }

  void as_json(const ListServices& list, const std::vector<ipvs::ServiceEntry>& services, TableReader& table) const {
    const Known known = table.is_short() ? Known::short_view : Known::all;
    JsonArray array(context.output());
    ipvs::Stats total;
    array.open([&](Text& text) { json_info(text, table.info(), known); }, "services");
    for_each_listed(list, services, table, [&](const auto& service, const auto& servers) {
      add(total, list, service, servers);
      array.element([&](Text& text) { json_service(text, service, servers, known); });
    });
    if (!list.total) return array.close();
    array.close("total", [&](Text& text) { json_stats(text, total); });
  }

  /// Calls `visit` with every connection that passes the filter.
  template <typename Visit>
  static void for_each_connection(ipvs::ConnectionReader& reader, const ConnectionFilter& filter, Visit visit) {
    ipvs::Connection connection;
    while (reader.next(connection)) {
      if (filter.passes(connection)) visit(connection);
    }
  }

  std::uint64_t count_connections(const ConnectionFilter& filter) const {
    std::uint64_t count = 0;
    const auto begin = [&](const ipvs::ConnectionReader& reader) {
      const std::optional<std::uint64_t> known = filter.passes_all() ? reader.count() : std::nullopt;
      count = known.value_or(0);
      return known.has_value();
    };
    read_completely(context, begin, [&](const auto& connection) { count += filter.passes(connection) ? 1 : 0; });
    return count;
  }

  void list_sums(const ListConnections& list, const ConnectionFilter& filter) const {
    ConnectionSums sums(*list.sums);
    const auto begin = [&](const auto& /*unused*/) {
      sums.clear();
      return false;
    };
    read_completely(context, begin, [&](const ipvs::Connection& connection) {
      if (filter.passes(connection)) sums.add(connection);
    });
    if (!list.json) {
      return render_sums(context.output(), sums.largest(), *list.sums, list.numeric ? nullptr : &context.names());
    }
    JsonArray array(context.output());
    array.open([&](Text& text) { json_connections(text, sums.total()); }, "sums");
    for (const Sum& sum : sums.largest()) {
      array.element([&](Text& text) { json_sum(text, sum, *list.sums); });
    }
    array.close();
  }

  void operator()(const ListConnections& list) const {
    // Before anything is printed: without IPVS there is no heading.
    with_table("", short_connections_text, [&](TableReader& table) {
      table.info();
      list_connections(list, ConnectionFilter(list, table));
    });
  }

  void list_connections(const ListConnections& list, const ConnectionFilter& filter) const {
    if (list.sums) return list_sums(list, filter);
    Output& output = context.output();
    if (list.count) {
      const std::uint64_t count = count_connections(filter);
      if (list.json) {
        json_count(output.text(), count);
      } else {
        output.append(fmt::format("{}\n", count));
      }
      return;
    }
    ipvs::ConnectionReader reader = open_connections(context);
    if (list.json) {
      JsonArray array(output);
      array.open("connections");
      for_each_connection(reader, filter, [&](const auto& connection) {
        array.element([&](Text& text) { json_connection(text, connection); });
      });
      array.close();
      require_complete(reader);
      return;
    }
    Names* names = list.numeric ? nullptr : &context.names();
    render_connection_header(output.text(), list.engine_data);
    for_each_connection(reader, filter, [&](const auto& connection) {
      output.begin_row([&] { return key_of(connection); });
      render_connection(output.text(), connection, list.engine_data, names);
      output.spill();
    });
    require_complete(reader);
  }

  void operator()(const ListMetrics& list) const {
    with_rights("--metrics", [&] { return run_metrics(list, context), true; });
  }

  void operator()(const ListShares& list) const {
    with_rights("--share", [&] {
      KernelReader table(context.client());
      return list_shares(list, table, context, looks), true;
    });
  }

  void operator()(const ListTimeouts& list) const {
    const ipvs::Timeouts timeouts = with_rights("--timeout", [&] { return context.client().timeouts(); });
    if (list.json) {
      json_timeouts(context.output().text(), timeouts);
    } else {
      render_timeouts(context.output().text(), timeouts);
    }
  }

  void operator()(const ListDaemons& list) const {
    const std::vector<ipvs::Daemon> daemons = with_rights("--daemon", [&] { return context.client().daemons(); });
    if (!list.json) {
      for (const ipvs::Daemon& daemon : daemons) {
        context.output().begin_row([&] { return std::to_string(static_cast<int>(daemon.role)); });
        render_daemon(context.output().text(), daemon);
      }
      return;
    }
    JsonArray array(context.output());
    array.open("daemons");
    for (const ipvs::Daemon& daemon : daemons) array.element([&](Text& text) { json_daemon(text, daemon); });
    array.close();
  }
};

}  // namespace

void list(const Listing& listing, Context& context, Looks& looks) { std::visit(Lister{context, looks}, listing); }

}  // namespace ipvsadm
