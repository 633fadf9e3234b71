// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "line/words.hpp"
#include "output/utf8.hpp"

namespace ipvsadm {
namespace {

enum class Kind : std::uint8_t { counter, gauge, info };

/// A metric. Its name has the suffixes that the conventions want: the unit, then _total or _info.
struct Family {
  std::string_view name;
  Kind kind;
  std::string_view unit;
  std::string_view help;
};

constexpr Family version_family{"ipvs_info", Kind::info, "", "The kernel's IPVS."};
constexpr Family table_size_family{"ipvs_connection_table_size", Kind::gauge, "",
                                   "Buckets of the kernel's table of connections."};
constexpr Family timeout_family{"ipvs_timeout_seconds", Kind::gauge, "seconds",
                                "How long connections are kept without traffic."};
constexpr Family daemon_running_family{"ipvs_sync_daemon_running", Kind::gauge, "",
                                       "Whether the sync daemon runs: 1 or 0."};
constexpr Family daemon_family{"ipvs_sync_daemon_info", Kind::info, "", "The sync daemons that run."};
constexpr Family service_family{"ipvs_service_info", Kind::info, "", "The virtual services."};
constexpr Family persistence_family{"ipvs_service_persistence_timeout_seconds", Kind::gauge, "seconds",
                                    "How long clients of a persistent service are remembered."};
constexpr Family state_family{"ipvs_connections", Kind::gauge, "", "Connections by virtual service and state."};
constexpr Family template_family{"ipvs_persistence_templates", Kind::gauge, "",
                                 "Entries that keep a client on its server, by virtual service."};

// In the order of Metrics::Counters.
constexpr std::array service_counters = {
    Family{"ipvs_service_connections_total", Kind::counter, "", "Connections scheduled."},
    Family{"ipvs_service_incoming_packets_total", Kind::counter, "", "Packets from clients."},
    Family{"ipvs_service_outgoing_packets_total", Kind::counter, "", "Packets to clients, which only NAT sees."},
    Family{"ipvs_service_incoming_bytes_total", Kind::counter, "bytes", "Bytes from clients."},
    Family{"ipvs_service_outgoing_bytes_total", Kind::counter, "bytes", "Bytes to clients, which only NAT sees."},
};
constexpr std::array server_counters = {
    Family{"ipvs_server_connections_total", Kind::counter, "", "Connections scheduled to the real server."},
    Family{"ipvs_server_incoming_packets_total", Kind::counter, "", "Packets from clients to the real server."},
    Family{"ipvs_server_outgoing_packets_total", Kind::counter, "",
           "Packets from the real server to clients, which only NAT sees."},
    Family{"ipvs_server_incoming_bytes_total", Kind::counter, "bytes", "Bytes from clients to the real server."},
    Family{"ipvs_server_outgoing_bytes_total", Kind::counter, "bytes",
           "Bytes from the real server to clients, which only NAT sees."},
};
// In the order of Metrics::Server::gauges. From here on a server that has none is left out.
constexpr std::size_t first_threshold = 4;
constexpr std::array server_gauges = {
    Family{"ipvs_server_weight", Kind::gauge, "", "Weight of the real server; 0: no new connections."},
    Family{"ipvs_server_active_connections", Kind::gauge, "", "Established connections to the real server."},
    Family{"ipvs_server_inactive_connections", Kind::gauge, "", "Other connections to the real server."},
    Family{"ipvs_server_persistent_connections", Kind::gauge, "", "Clients that are kept on the real server."},
    Family{"ipvs_server_upper_threshold", Kind::gauge, "",
           "The real server gets no new connections from this many on."},
    Family{"ipvs_server_lower_threshold", Kind::gauge, "",
           "The real server gets new connections again below this many."},
};

void put(Text& text, std::string_view words) { text.append(words.data(), words.data() + words.size()); }

std::string label(std::string_view name, std::string_view value) {
  return fmt::format(R"({}="{}")", name, label_value(value));
}

/// A mark has a family; a service by address has one by its address.
std::string service_labels(const ipvs::ServiceKey& key) {
  if (key.is_fwmark()) return fmt::format(R"(fwmark="{}",family="{}")", key.fwmark, family_name(key.family));
  const ProtocolWords* words = find_words(key.protocol);
  const std::string protocol =
      words == nullptr ? std::to_string(static_cast<unsigned>(key.protocol)) : std::string(words->name);
  return fmt::format(R"(protocol="{}",address="{}",port="{}")", protocol, key.address.to_string(), key.port);
}

std::array<std::uint64_t, 5> counters_of(const ipvs::Stats& stats) {
  return {stats.connections, stats.packets_in, stats.packets_out, stats.bytes_in, stats.bytes_out};
}

}  // namespace

std::string label_value(std::string_view value) {
  const std::string text = visible(value);
  std::string escaped;
  for (const char character : text) {
    if (character == '\\' || character == '"') escaped.push_back('\\');
    escaped.push_back(character);
  }
  return escaped;
}

/// Writes samples one after the other, each with the name of the metric that was begun last.
class Metrics::Writer {
 public:
  Writer(Output& output, MetricsFormat format)
      : output_(output), text_(output.text()), open_(format == MetricsFormat::openmetrics) {}

  void begin(const Family& family) {
    name_ = family.name;
    // OpenMetrics names the metric without what its samples add.
    std::string_view name = family.name;
    std::string_view type = family.kind == Kind::counter ? "counter" : "gauge";
    if (open_ && family.kind == Kind::counter) name.remove_suffix(std::string_view("_total").size());
    if (open_ && family.kind == Kind::info) {
      name.remove_suffix(std::string_view("_info").size());
      type = "info";
    }
    auto out = std::back_inserter(text_);
    fmt::format_to(out, "# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, type);
    if (open_ && !family.unit.empty()) fmt::format_to(out, "# UNIT {} {}\n", name, family.unit);
  }

  void sample(std::uint64_t value, std::string_view labels = {}, std::string_view more_labels = {}) {
    put(text_, name_);
    if (!labels.empty()) {
      text_.push_back('{');
      put(text_, labels);
      put(text_, more_labels);
      text_.push_back('}');
    }
    text_.push_back(' ');
    const fmt::format_int digits(value);
    put(text_, {digits.data(), digits.size()});
    text_.push_back('\n');
    output_.spill();
  }

  void whole(const Family& family, const std::vector<Sample>& samples) {
    if (samples.empty()) return;
    begin(family);
    for (const Sample& one : samples) sample(one.value, one.labels);
  }

  void end() {
    if (open_) put(text_, "# EOF\n");
  }

 private:
  Output& output_;
  Text& text_;
  bool open_;
  std::string_view name_;
};

void Metrics::set(const ipvs::Info& info, const ipvs::Timeouts& timeouts, const std::vector<ipvs::Daemon>& daemons) {
  info_labels_ = label("version", fmt::format("{}.{}.{}", info.version_major, info.version_minor, info.version_patch));
  table_size_ = info.connection_table_size;
  const auto seconds = [](std::chrono::seconds time) { return static_cast<std::uint64_t>(time.count()); };
  timeouts_ = {{label("timeout", "tcp"), seconds(timeouts.tcp)},
               {label("timeout", "tcp_fin"), seconds(timeouts.tcp_fin)},
               {label("timeout", "udp"), seconds(timeouts.udp)}};
  for (const ipvs::DaemonRole role : {ipvs::DaemonRole::master, ipvs::DaemonRole::backup}) {
    const auto found = std::ranges::find(daemons, role, &ipvs::Daemon::role);
    daemons_running_.push_back({label("role", role_name(role)), found == daemons.end() ? 0U : 1U});
    if (found == daemons.end()) continue;
    daemons_.push_back(
        {fmt::format("{},{},{},{},{}", label("role", role_name(role)), label("interface", found->interface),
                     label("sync_id", std::to_string(found->sync_id)),
                     label("group", found->multicast_group ? found->multicast_group->to_string() : ""),
                     label("port", std::to_string(found->multicast_port))),
         1});
  }
}

void Metrics::add(const ipvs::ServiceEntry& service, const std::vector<ipvs::DestinationEntry>& servers) {
  for (const ipvs::DestinationEntry& entry : servers) {
    const ipvs::Destination& server = entry.destination;
    fmt::format_to(std::back_inserter(server_labels_), R"(,server_address="{}",server_port="{}")",
                   server.key.address.to_string(), server.key.port);
    servers_.push_back(
        {server_labels_.size(),
         counters_of(entry.stats),
         {static_cast<std::uint32_t>(server.weight), entry.active_connections, entry.inactive_connections,
          entry.persistent_connections, server.upper_threshold, server.lower_threshold}});
  }
  const ipvs::Service& settings = service.service;
  std::string labels = service_labels(settings.key);
  std::string info_labels = labels + "," + label("scheduler", settings.scheduler);
  const auto seconds = static_cast<std::uint64_t>(settings.persistence_timeout.count());
  services_.push_back({std::move(labels), std::move(info_labels), settings.persistent ? seconds : 0,
                       counters_of(service.stats), servers_.size()});
}

void Metrics::add(const ipvs::ServiceKey& service, const ConnectionStates& states) {
  const std::string labels = service_labels(service);
  for (const auto& [state, connections] : states.connections) {
    states_.push_back({labels + "," + label("state", state), connections});
  }
  if (states.templates != 0) templates_.push_back({labels, states.templates});
}

void Metrics::write(Output& output, MetricsFormat format) const {
  Writer writer(output, format);
  writer.begin(version_family);
  writer.sample(1, info_labels_);
  writer.begin(table_size_family);
  writer.sample(table_size_);
  writer.whole(timeout_family, timeouts_);
  writer.whole(daemon_running_family, daemons_running_);
  writer.whole(daemon_family, daemons_);
  if (!services_.empty()) write_services(writer);
  if (!servers_.empty()) write_servers(writer);
  writer.whole(state_family, states_);
  writer.whole(template_family, templates_);
  writer.end();
}

void Metrics::write_services(Writer& writer) const {
  writer.begin(service_family);
  for (const Service& service : services_) writer.sample(1, service.info_labels);
  std::vector<Sample> persistence;
  for (const Service& service : services_) {
    if (service.persistence_seconds != 0) persistence.push_back({service.labels, service.persistence_seconds});
  }
  writer.whole(persistence_family, persistence);
  for (std::size_t i = 0; i < service_counters.size(); ++i) {
    writer.begin(service_counters[i]);
    for (const Service& service : services_) writer.sample(service.counters[i], service.labels);
  }
}

/// `value_of(server)` is none where the server is left out.
template <typename ValueOf>
void Metrics::write_each_server(Writer& writer, ValueOf value_of) const {
  const std::string_view all_labels(server_labels_.data(), server_labels_.size());
  std::size_t server = 0;
  std::size_t labels_begin = 0;
  for (const Service& service : services_) {
    for (; server < service.servers_end; ++server) {
      const Server& one = servers_[server];
      const std::string_view labels = all_labels.substr(labels_begin, one.labels_end - labels_begin);
      labels_begin = one.labels_end;
      if (const auto value = value_of(one)) writer.sample(*value, service.labels, labels);
    }
  }
}

void Metrics::write_servers(Writer& writer) const {
  for (std::size_t i = 0; i < server_counters.size(); ++i) {
    writer.begin(server_counters[i]);
    write_each_server(writer, [&](const Server& one) { return std::optional(one.counters[i]); });
  }
  for (std::size_t i = 0; i < server_gauges.size(); ++i) {
    const auto has = [&](const Server& one) { return i < first_threshold || one.gauges[i] != 0; };
    if (std::ranges::none_of(servers_, has)) continue;
    writer.begin(server_gauges[i]);
    write_each_server(writer, [&](const Server& one) {
      return has(one) ? std::optional<std::uint64_t>(one.gauges[i]) : std::nullopt;
    });
  }
}

}  // namespace ipvsadm
