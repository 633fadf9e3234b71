// SPDX-License-Identifier: MIT
#include "output/json.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "line/values.hpp"

namespace ipvsadm {
namespace {

// Members stand in the order in which they are told here.
using Json = nlohmann::ordered_json;

/// Texts that come from outside, a persistence engine's data for instance, may not be UTF-8.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string_view family_name(ipvs::Family family) { return family == ipvs::Family::ipv4 ? "ipv4" : "ipv6"; }

Json protocol_json(std::uint16_t protocol) {
  switch (protocol) {
    case 6: return "tcp";
    case 17: return "udp";
    case 132: return "sctp";
    case 0: return "ip";
    default: return std::to_string(protocol);
  }
}

Json stats_json(const ipvs::Stats& stats, bool rates) {
  if (rates) {
    return {{"connections", stats.connections_per_second},
            {"packets_in", stats.packets_in_per_second},
            {"packets_out", stats.packets_out_per_second},
            {"bytes_in", stats.bytes_in_per_second},
            {"bytes_out", stats.bytes_out_per_second}};
  }
  return {{"connections", stats.connections},
          {"packets_in", stats.packets_in},
          {"packets_out", stats.packets_out},
          {"bytes_in", stats.bytes_in},
          {"bytes_out", stats.bytes_out}};
}

Json flags_json(const ipvs::Service& service) {
  Json flags = Json::array();
  const std::string names = scheduler_flag_names(service.scheduler, service.scheduler_flags, true);
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    flags.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return flags;
}

Json netmask_json(const ipvs::Service& service) {
  if (service.key.family == ipvs::Family::ipv6) return service.netmask;
  return ipvs::Address::v4(service.netmask).to_string();
}

std::string_view forwarding_word(ipvs::Forwarding forwarding) {
  static constexpr std::array<std::string_view, 5> words = {"masquerade", "local", "tunnel", "direct-route", "bypass"};
  return word_of(words, forwarding);
}

Json tunnel_json(const ipvs::Destination& server) {
  if (server.forwarding != ipvs::Forwarding::tunnel) return nullptr;
  static constexpr std::array<std::string_view, 3> checksums = {"none", "full", "remote"};
  return {{"type", tunnel_type_name(server.tunnel_type)},
          {"port", server.tunnel_port},
          {"checksum", word_of(checksums, server.tunnel_checksum)}};
}

Json server_json(const ipvs::DestinationEntry& entry) {
  const ipvs::Destination& server = entry.destination;
  return {{"family", family_name(server.key.address.family())},
          {"address", server.key.address.to_string()},
          {"port", server.key.port},
          {"forwarding", forwarding_word(server.forwarding)},
          {"weight", server.weight},
          {"upper_threshold", server.upper_threshold},
          {"lower_threshold", server.lower_threshold},
          {"tunnel", tunnel_json(server)},
          {"active_connections", entry.active_connections},
          {"inactive_connections", entry.inactive_connections},
          {"persistent_connections", entry.persistent_connections},
          {"counters", stats_json(entry.stats, false)},
          {"rates", stats_json(entry.stats, true)}};
}

Json endpoint_json(const ipvs::Endpoint& end) { return {{"address", end.address.to_string()}, {"port", end.port}}; }

}  // namespace

void JsonArray::open(const std::string& head, const char* name) {
  // "{}" or "{…}": the array becomes its last member.
  output_.append(std::string_view(head).substr(0, head.size() - 1));
  output_.append(head.size() > 2 ? ",\"" : "\"");
  output_.append(name);
  output_.append("\":[");
}

void JsonArray::element(const std::string& record) {
  if (!first_) output_.append(",");
  first_ = false;
  output_.append(record);
  output_.spill();
}

void JsonArray::close() { output_.append("]}\n"); }

std::string json_info(const ipvs::Info& info) {
  return dump({{"version", fmt::format("{}.{}.{}", info.version_major, info.version_minor, info.version_patch)},
               {"connection_table_size", info.connection_table_size}});
}

std::string json_service(const ipvs::ServiceEntry& entry, const std::vector<ipvs::DestinationEntry>& servers) {
  const ipvs::Service& service = entry.service;
  const ipvs::ServiceKey& key = service.key;
  Json json;
  if (key.is_fwmark()) {
    json["protocol"] = nullptr;
    json["family"] = family_name(key.family);
    json["address"] = nullptr;
    json["port"] = nullptr;
    json["fwmark"] = key.fwmark;
  } else {
    json["protocol"] = protocol_json(static_cast<std::uint16_t>(key.protocol));
    json["family"] = family_name(key.family);
    json["address"] = key.address.to_string();
    json["port"] = key.port;
    json["fwmark"] = nullptr;
  }
  json["scheduler"] = service.scheduler;
  json["scheduler_flags"] = flags_json(service);
  json["persistent"] = service.persistent;
  json["persistence_timeout"] = service.persistence_timeout.count();
  json["netmask"] = netmask_json(service);
  json["persistence_engine"] = service.persistence_engine.empty() ? Json(nullptr) : Json(service.persistence_engine);
  json["one_packet"] = service.one_packet;
  json["counters"] = stats_json(entry.stats, false);
  json["rates"] = stats_json(entry.stats, true);
  json["servers"] = Json::array();
  for (const ipvs::DestinationEntry& server : servers) json["servers"].push_back(server_json(server));
  return dump(json);
}

std::string json_connection(const ipvs::Connection& connection) {
  Json json = {{"protocol", protocol_json(connection.protocol)},
               {"client", endpoint_json(connection.client)},
               {"virtual_service", endpoint_json(connection.virtual_service)},
               {"server", endpoint_json(connection.destination)},
               {"state", connection.state},
               {"expires", connection.expires.count()},
               {"persistence_engine", nullptr}};
  if (!connection.engine_name.empty()) {
    json["persistence_engine"] = {{"name", connection.engine_name}, {"data", connection.engine_data}};
  }
  return dump(json);
}

std::string json_daemon(const ipvs::Daemon& daemon) {
  return dump({{"role", daemon.role == ipvs::DaemonRole::master ? "master" : "backup"},
               {"interface", daemon.interface},
               {"sync_id", daemon.sync_id},
               {"sync_maxlen", daemon.sync_maxlen},
               {"multicast_group", daemon.multicast_group ? Json(daemon.multicast_group->to_string()) : Json(nullptr)},
               {"multicast_port", daemon.multicast_port},
               {"multicast_ttl", daemon.multicast_ttl}});
}

std::string json_timeouts(const ipvs::Timeouts& timeouts) {
  const Json json = {
      {"tcp", timeouts.tcp.count()}, {"tcp_fin", timeouts.tcp_fin.count()}, {"udp", timeouts.udp.count()}};
  return dump({{"timeouts", json}}) + "\n";
}

std::string json_count(std::uint64_t connections) { return dump({{"count", connections}}) + "\n"; }

}  // namespace ipvsadm
