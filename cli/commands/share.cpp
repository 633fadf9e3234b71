// SPDX-License-Identifier: MIT
#include "commands/share.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "commands/entries.hpp"
#include "line/values.hpp"
#include "output/json.hpp"
#include "output/render.hpp"
#include "output/share_table.hpp"
#include "output/watch_terminal.hpp"

namespace ipvsadm {
namespace {

using Clock = std::chrono::steady_clock;

/// A service and its servers as they are now, in the order of the listing.
struct Present {
  ipvs::ServiceEntry service;
  std::vector<ipvs::DestinationEntry> servers;
};

std::vector<Present> read_table(const ListServices& list, TableReader& table) {
  std::vector<ipvs::ServiceEntry> services = services_to_list(list, table);
  if (list.sorted) sort_services(services);
  std::vector<Present> present;
  present.reserve(services.size());
  for (ipvs::ServiceEntry& service : services) {
    std::vector<ipvs::DestinationEntry> servers = table.servers(service.service.key);
    if (list.sorted) sort_servers(servers);
    present.push_back({std::move(service), std::move(servers)});
  }
  return present;
}

template <typename Items>
auto find_by_key(const Items& items, const auto& key) -> decltype(items.data()) {
  const auto found = std::ranges::lower_bound(
      items, key, {}, [](const auto& item) -> const auto& { return item.key; });
  return found != items.end() && found->key == key ? &*found : nullptr;
}

Look look_of(const std::vector<Present>& table, Clock::time_point time) {
  Look look{time, {}};
  look.services.reserve(table.size());
  for (const Present& present : table) {
    Look::Service& service = look.services.emplace_back();
    service.key = present.service.service.key;
    service.scheduler = present.service.service.scheduler;
    service.traffic = traffic_of(present.service.stats);
    service.servers.reserve(present.servers.size());
    for (const ipvs::DestinationEntry& server : present.servers) {
      const ipvs::Destination& destination = server.destination;
      service.servers.push_back(
          {destination.key, destination.weight, destination.upper_threshold, traffic_of(server.stats)});
    }
    std::ranges::sort(service.servers, {}, &Look::Server::key);
  }
  std::ranges::sort(look.services, {}, &Look::Service::key);
  return look;
}

ServiceShare compare(const Present& present, const Look& earlier) {
  ServiceShare share{present.service.service};
  const Look::Service* before = earlier.find(share.service.key);
  share.settled = before != nullptr && before->scheduler == share.service.scheduler &&
                  before->servers.size() == present.servers.size();
  // What is new has counted from 0 on.
  share.traffic = traffic_between(before == nullptr ? Traffic() : before->traffic, traffic_of(present.service.stats));
  for (const ipvs::DestinationEntry& entry : present.servers) {
    ServerShare& server = share.servers.emplace_back(ServerShare{entry});
    const Look::Server* its = before == nullptr ? nullptr : find_by_key(before->servers, entry.destination.key);
    server.settled = its != nullptr && its->weight == entry.destination.weight &&
                     its->upper_threshold == entry.destination.upper_threshold;
    server.traffic = traffic_between(its == nullptr ? Traffic() : its->traffic, traffic_of(entry.stats));
  }
  share_out(share);
  return share;
}

std::uint64_t sort_value(const ServerShare& server, SortKey key) {
  switch (key) {
    case SortKey::conns: return server.entry.active_connections;
    case SortKey::rate: return server.traffic.connections;
    case SortKey::bytes: return server.traffic.bytes();
    case SortKey::weight: break;
  }
  return static_cast<std::uint64_t>(std::max(server.entry.destination.weight, 0));
}

/// Largest first; what is alike stays in its order. A service is as large as all of its servers.
void sort_shares(std::vector<ServiceShare>& services, SortKey key) {
  const auto of_server = [&](const ServerShare& server) { return sort_value(server, key); };
  const auto of_service = [&](const ServiceShare& service) {
    std::uint64_t sum = 0;
    for (const ServerShare& server : service.servers) sum += of_server(server);
    return sum;
  };
  for (ServiceShare& service : services) std::ranges::stable_sort(service.servers, std::greater<>(), of_server);
  std::ranges::stable_sort(services, std::greater<>(), of_service);
}

/// Shares are of the whole service, whatever of it is listed.
void keep_listed(std::vector<ServiceShare>& services, const ServerFilter& filter) {
  for (ServiceShare& service : services) {
    std::erase_if(service.servers, [&](const ServerShare& server) {
      const ipvs::DestinationKey& key = server.entry.destination.key;
      return !filter.passes(key.address, key.port);
    });
  }
  std::erase_if(services, [](const ServiceShare& service) { return service.servers.empty(); });
}

/// Whether the locale's character set is UTF-8, by the variables that name it.
bool is_utf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    std::string name = value;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
  }
  return false;
}

/// The terminal's, or as COLUMNS says where there is none.
std::size_t listing_columns() {
  if (isatty(STDOUT_FILENO) == 1) return window_size(STDOUT_FILENO).columns;
  const char* value = std::getenv("COLUMNS");
  const auto columns = value == nullptr ? std::nullopt : read_number(value, 1, 10000);
  return columns ? static_cast<std::size_t>(*columns) : Window().columns;
}

constexpr std::size_t narrow_window = 100;

void add_minutes(std::vector<ServiceShare>& services, const Looks& looks, std::size_t columns) {
  const std::size_t cells = columns < narrow_window ? 6 : 15;
  for (ServiceShare& service : services) {
    for (ServerShare& server : service.servers) {
      server.minute =
          rates_of_minute(looks.counted(service.service.key, server.entry.destination.key), looks.newest().time, cells);
    }
  }
}

void print_table(const ListShares& list, const std::vector<ServiceShare>& services, const ipvs::Info& info,
                 const ShareTable::Settings& settings, Context& context) {
  Output& output = context.output();
  Names* names = list.which.numeric ? nullptr : &context.names();
  const ShareTable layout(services, settings, names);
  if (!list.which.service) render_info(output.text(), info);
  layout.header(output.text());
  for (const ServiceShare& service : services) {
    const ipvs::ServiceKey& key = service.service.key;
    output.begin_row([&] { return to_string(key); });
    layout.service(output.text(), service);
    const double highest = highest_rate(service);
    for (const ServerShare& server : service.servers) {
      output.begin_row([&] { return to_string(key) + " " + to_string(server.entry.destination.key); });
      layout.server(output.text(), service, server, highest);
    }
    output.spill();
  }
}

void print_json(const std::vector<ServiceShare>& services, const ipvs::Info& info, std::chrono::milliseconds time,
                Context& context) {
  JsonArray array(context.output());
  array.open([&](Text& text) { json_share_info(text, info, time); }, "services");
  for (const ServiceShare& service : services) {
    array.element([&](Text& text) { json_share(text, service); });
  }
  array.close();
}

}  // namespace

const Look::Service* Look::find(const ipvs::ServiceKey& key) const { return find_by_key(services, key); }

void Looks::add(Look look, std::chrono::milliseconds interval) {
  looks_.push_back(std::move(look));
  const std::chrono::milliseconds wanted =
      minute_ ? std::max<std::chrono::milliseconds>(interval, std::chrono::minutes(1)) : interval;
  // One that is old enough is needed, and no older one.
  while (looks_.size() > 2 && looks_[1].time <= looks_.back().time - wanted) looks_.pop_front();
}

const Look& Looks::before(std::chrono::milliseconds interval) const {
  const auto older = [&](const Look& look) { return look.time <= newest().time - interval; };
  const auto found = std::find_if(looks_.rbegin() + 1, looks_.rend(), older);
  return found == looks_.rend() ? looks_.front() : *found;
}

std::vector<Counted> Looks::counted(const ipvs::ServiceKey& service, const ipvs::DestinationKey& server) const {
  std::vector<Counted> counted;
  for (const Look& look : looks_) {
    const Look::Service* its_service = look.find(service);
    const Look::Server* its = its_service == nullptr ? nullptr : find_by_key(its_service->servers, server);
    if (its == nullptr) {
      counted.clear();
    } else {
      counted.push_back({look.time, its->traffic.connections});
    }
  }
  return counted;
}

void list_shares(const ListShares& list, TableReader& table, Context& context, Looks& looks) {
  if (looks.empty()) {
    const Clock::time_point time = Clock::now();
    looks.add(look_of(read_table(list.which, table), time), list.interval);
    std::this_thread::sleep_until(time + list.interval);
  }
  const ipvs::Info info = table.info();
  const Clock::time_point time = Clock::now();
  const std::vector<Present> present = read_table(list.which, table);
  looks.add(look_of(present, time), list.interval);
  const Look& earlier = looks.before(list.interval);

  std::vector<ServiceShare> services;
  services.reserve(present.size());
  for (const Present& its : present) services.push_back(compare(its, earlier));
  if (list.which.server) keep_listed(services, *list.which.server);
  if (list.sort_by) sort_shares(services, *list.sort_by);
  const auto between = std::chrono::duration_cast<std::chrono::milliseconds>(time - earlier.time);
  if (list.which.json) return print_json(services, info, between, context);

  ShareTable::Settings settings;
  settings.columns = listing_columns();
  settings.utf8 = is_utf8();
  settings.seconds = std::max(std::chrono::duration<double>(time - earlier.time).count(), 0.001);
  if (looks.has_minute()) add_minutes(services, looks, settings.columns);
  print_table(list, services, info, settings, context);
}

}  // namespace ipvsadm
