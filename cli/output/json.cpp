// SPDX-License-Identifier: MIT
#include "output/json.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "line/values.hpp"
#include "line/words.hpp"
#include "output/json_writer.hpp"

namespace ipvsadm {
namespace {

void put_protocol(Json& json, ipvs::Protocol protocol) {
  if (protocol == ipvs::Protocol::none) return json.word("protocol", "ip");
  if (const ProtocolWords* words = find_words(protocol)) return json.word("protocol", words->name);
  json.word("protocol", std::to_string(static_cast<unsigned>(protocol)));
}

void put_stats(Json& json, const ipvs::Stats& stats) {
  json.open("counters");
  json.number("connections", stats.connections);
  json.number("packets_in", stats.packets_in);
  json.number("packets_out", stats.packets_out);
  json.number("bytes_in", stats.bytes_in);
  json.number("bytes_out", stats.bytes_out);
  json.close();
  json.open("rates");
  json.number("connections", stats.connections_per_second);
  json.number("packets_in", stats.packets_in_per_second);
  json.number("packets_out", stats.packets_out_per_second);
  json.number("bytes_in", stats.bytes_in_per_second);
  json.number("bytes_out", stats.bytes_out_per_second);
  json.close();
}

void put_persistence_engine(Json& json, const ipvs::Service& service) {
  if (service.persistence_engine.empty()) return json.null("persistence_engine");
  json.text("persistence_engine", service.persistence_engine);
}

void put_flags(Json& json, const ipvs::Service& service) {
  json.open_array("scheduler_flags");
  const std::string names = scheduler_flag_names(service.scheduler, service.scheduler_flags, true);
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    json.word(std::string_view(names).substr(begin, end - begin));
    begin = end + 1;
  }
  json.close_array();
}

void put_netmask(Json& json, const ipvs::Service& service) {
  if (service.key.family == ipvs::Family::ipv6) return json.number("netmask", service.netmask);
  json.address("netmask", ipvs::Address::v4(service.netmask));
}

void put_tunnel(Json& json, const ipvs::Destination& server) {
  if (server.forwarding != ipvs::Forwarding::tunnel) return json.null("tunnel");
  static constexpr std::array<std::string_view, 3> checksums = {"none", "full", "remote"};
  json.open("tunnel");
  json.word("type", tunnel_type_name(server.tunnel_type));
  json.number("port", server.tunnel_port);
  json.word("checksum", word_of(checksums, server.tunnel_checksum));
  json.close();
}

void put_server_key(Json& json, const ipvs::DestinationKey& key) {
  json.word("family", family_name(key.address.family()));
  json.address("address", key.address);
  json.number("port", key.port);
}

void put_server(Json& json, const ipvs::DestinationEntry& entry, Known known) {
  const ipvs::Destination& server = entry.destination;
  json.open();
  put_server_key(json, server.key);
  json.word("forwarding", words_of(server.forwarding).name);
  json.number("weight", server.weight);
  if (known == Known::all) {
    json.number("upper_threshold", server.upper_threshold);
    json.number("lower_threshold", server.lower_threshold);
    put_tunnel(json, server);
  }
  json.number("active_connections", entry.active_connections);
  json.number("inactive_connections", entry.inactive_connections);
  if (known == Known::all) {
    json.number("persistent_connections", entry.persistent_connections);
    put_stats(json, entry.stats);
  }
  json.close();
}

void put_info(Json& json, const ipvs::Info& info) {
  json.word("version", fmt::format("{}.{}.{}", info.version_major, info.version_minor, info.version_patch));
  json.number("connection_table_size", info.connection_table_size);
}

void put_percent(Json& json, std::string_view name, std::optional<double> part) {
  if (!part) return json.null(name);
  json.number(name, rounded(*part * 100));
}

void put_traffic(Json& json, const Traffic& traffic) {
  json.open("traffic");
  json.number("connections", traffic.connections);
  json.number("bytes_in", traffic.bytes_in);
  json.number("bytes_out", traffic.bytes_out);
  json.close();
}

void put_server_share(Json& json, const ServerShare& share) {
  json.open();
  put_server_key(json, share.entry.destination.key);
  json.number("weight", share.entry.destination.weight);
  json.word("standing", standing_name(share.standing));
  put_percent(json, "asked_percent", share.asked);
  put_percent(json, "connections_percent", share.connections);
  put_percent(json, "active_percent", share.active);
  put_percent(json, "bytes_percent", share.bytes);
  if (share.balance == Balance::unknown) {
    json.null("balance");
  } else {
    json.word("balance", balance_name(share.balance));
  }
  json.number("active_connections", share.entry.active_connections);
  json.number("inactive_connections", share.entry.inactive_connections);
  put_traffic(json, share.traffic);
  json.close();
}

void put_endpoint(Json& json, std::string_view name, const ipvs::Endpoint& end) {
  json.open(name);
  json.address("address", end.address);
  json.number("port", end.port);
  json.close();
}

void put_service_key(Json& json, const ipvs::ServiceKey& key) {
  if (key.is_fwmark()) {
    json.null("protocol");
    json.word("family", family_name(key.family));
    json.null("address");
    json.null("port");
    json.number("fwmark", key.fwmark);
    return;
  }
  put_protocol(json, key.protocol);
  json.word("family", family_name(key.family));
  json.address("address", key.address);
  json.number("port", key.port);
  json.null("fwmark");
}

}  // namespace

void JsonArray::open(std::string_view name) {
  output_.append("{");
  open_array(name);
}

void JsonArray::open_array(std::string_view name) {
  output_.append("\"");
  output_.append(name);
  output_.append("\":[");
}

void JsonArray::begin_element() {
  if (!std::exchange(first_, false)) output_.append(",");
}

void JsonArray::end_element() { output_.spill(); }

void JsonArray::close() { output_.append("]}\n"); }

void json_info(Text& text, const ipvs::Info& info, Known known) {
  Json json(text);
  json.open();
  if (known == Known::short_view) json.flag("short", true);
  put_info(json, info);
  json.close();
}

void json_service(Text& text, const ipvs::ServiceEntry& entry, const std::vector<ipvs::DestinationEntry>& servers,
                  Known known) {
  const ipvs::Service& service = entry.service;
  Json json(text);
  json.open();
  put_service_key(json, service.key);
  json.text("scheduler", service.scheduler);
  if (known == Known::all) put_flags(json, service);
  json.flag("persistent", service.persistent);
  json.number("persistence_timeout", service.persistence_timeout.count());
  // The kernel shows everybody no mask that is not used, nor whether services of IPv6 addresses are one_packet.
  if (known == Known::all || service.persistent) put_netmask(json, service);
  if (known == Known::all) put_persistence_engine(json, service);
  if (known == Known::all || service.key.address.is_v4() || service.key.is_fwmark()) {
    json.flag("one_packet", service.one_packet);
  }
  if (known == Known::all) put_stats(json, entry.stats);
  json.open_array("servers");
  for (const ipvs::DestinationEntry& server : servers) put_server(json, server, known);
  json.close_array();
  json.close();
}

void json_connection(Text& text, const ipvs::Connection& connection) {
  Json json(text);
  json.open();
  put_protocol(json, connection.protocol);
  put_endpoint(json, "client", connection.client);
  put_endpoint(json, "virtual_service", connection.virtual_service);
  put_endpoint(json, "server", connection.destination);
  json.text("state", connection.state);
  json.number("expires", connection.expires.count());
  json.flag("template", connection.is_template());
  if (connection.engine_name.empty()) {
    json.null("persistence_engine");
  } else {
    json.open("persistence_engine");
    json.text("name", connection.engine_name);
    json.text("data", connection.engine_data);
    json.close();
  }
  json.close();
}

void json_stats(Text& text, const ipvs::Stats& stats) {
  Json json(text);
  json.open();
  put_stats(json, stats);
  json.close();
}

void json_sum(Text& text, const Sum& sum, const Sums& wanted) {
  const SumGroup& group = sum.group;
  Json json(text);
  json.open();
  json.number("connections", sum.connections);
  for (const SumKey key : wanted.by) {
    switch (key) {
      case SumKey::client:
        json.open("client");
        json.address("address", group.client);
        json.number("prefix", group.client.is_v4() ? 32 : wanted.client_prefix.value_or(128));
        json.close();
        break;
      case SumKey::server: put_endpoint(json, "server", group.server); break;
      case SumKey::service:
        json.open("service");
        put_service_key(json, group.service);
        json.close();
        break;
      case SumKey::state: json.text("state", group.state); break;
      case SumKey::protocol: put_protocol(json, group.protocol); break;
    }
  }
  json.close();
}

void json_share_info(Text& text, const ipvs::Info& info, std::chrono::milliseconds between) {
  Json json(text);
  json.open();
  put_info(json, info);
  json.number("milliseconds", between.count());
  json.close();
}

void json_share(Text& text, const ServiceShare& share) {
  Json json(text);
  json.open();
  put_service_key(json, share.service.key);
  json.text("scheduler", share.service.scheduler);
  json.flag("persistent", share.service.persistent);
  put_traffic(json, share.traffic);
  json.open_array("servers");
  for (const ServerShare& server : share.servers) put_server_share(json, server);
  json.close_array();
  json.close();
}

void json_connections(Text& text, std::uint64_t connections) {
  Json json(text);
  json.open();
  json.number("connections", connections);
  json.close();
}

void json_daemon(Text& text, const ipvs::Daemon& daemon) {
  Json json(text);
  json.open();
  json.word("role", role_name(daemon.role));
  json.text("interface", daemon.interface);
  json.number("sync_id", daemon.sync_id);
  json.number("sync_maxlen", daemon.sync_maxlen);
  if (daemon.multicast_group) {
    json.address("multicast_group", *daemon.multicast_group);
  } else {
    json.null("multicast_group");
  }
  json.number("multicast_port", daemon.multicast_port);
  json.number("multicast_ttl", daemon.multicast_ttl);
  json.close();
}

void json_timeouts(Text& text, const ipvs::Timeouts& timeouts) {
  Json json(text);
  json.open();
  json.open("timeouts");
  json.number("tcp", timeouts.tcp.count());
  json.number("tcp_fin", timeouts.tcp_fin.count());
  json.number("udp", timeouts.udp.count());
  json.close();
  json.close();
  json.end_line();
}

void json_count(Text& text, std::uint64_t connections) {
  Json json(text);
  json.open();
  json.number("count", connections);
  json.close();
  json.end_line();
}

}  // namespace ipvsadm
