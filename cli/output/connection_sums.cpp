// SPDX-License-Identifier: MIT
#include "output/connection_sums.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "line/words.hpp"
#include "output/render.hpp"

namespace ipvsadm {
namespace {

ipvs::Address network_of(const ipvs::Address& address, unsigned length) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned begin = static_cast<unsigned>(i) * 8;
    const unsigned kept = length <= begin ? 0 : std::min(length - begin, 8U);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return ipvs::Address::v6(bytes);
}

std::string client_text(const ipvs::Address& client, const Sums& wanted, Names* names) {
  if (client.is_v6() && wanted.client_prefix) {
    return fmt::format("{}/{}", client.to_string(), *wanted.client_prefix);
  }
  const std::string name = names == nullptr ? "" : names->host_name(client);
  return name.empty() ? client.to_string() : name;
}

std::string endpoint_text(const ipvs::Address& address, std::uint16_t port, ipvs::Protocol protocol, Names* names) {
  Text text;
  render_endpoint(text, address, port, protocol, names);
  return fmt::to_string(text);
}

std::string protocol_text(ipvs::Protocol protocol) {
  if (protocol == ipvs::Protocol::none) return "IP";
  const ProtocolWords* words = find_words(protocol);
  return words == nullptr ? std::to_string(static_cast<unsigned>(protocol)) : std::string(words->listing);
}

std::string service_text(const ipvs::ServiceKey& key, Names* names) {
  if (key.is_fwmark()) {
    return fmt::format("FWM  {}{}", key.fwmark, key.family == ipvs::Family::ipv6 ? " IPv6" : "");
  }
  return fmt::format("{:<4} {}", protocol_text(key.protocol),
                     endpoint_text(key.address, key.port, key.protocol, names));
}

std::string cell(SumKey key, const SumGroup& group, const Sums& wanted, Names* names) {
  switch (key) {
    case SumKey::client: return client_text(group.client, wanted, names);
    case SumKey::server: return endpoint_text(group.server.address, group.server.port, ipvs::Protocol::none, names);
    case SumKey::service: return service_text(group.service, names);
    case SumKey::state: return group.state;
    case SumKey::protocol: return protocol_text(group.protocol);
  }
  return {};
}

// In the order of SumKey.
constexpr std::array<std::string_view, 5> headings = {"Client", "Server", "Service", "State", "Protocol"};

}  // namespace

ipvs::ServiceKey named_service(const ipvs::Connection& connection) {
  const ipvs::Endpoint& service = connection.virtual_service;
  if (connection.protocol != ipvs::Protocol::none) {
    return ipvs::ServiceKey::of(connection.protocol, service.address, service.port);
  }
  const auto& bytes = service.address.bytes();
  const std::uint32_t mark = std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                             std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
  return ipvs::ServiceKey::mark(mark, connection.client.address.family());
}

void ConnectionSums::add(const ipvs::Connection& connection) {
  SumGroup group;
  for (const SumKey key : wanted_.by) {
    switch (key) {
      case SumKey::client:
        group.client = connection.client.address;
        if (group.client.is_v6() && wanted_.client_prefix) {
          group.client = network_of(group.client, *wanted_.client_prefix);
        }
        break;
      case SumKey::server: group.server = connection.destination; break;
      case SumKey::service: group.service = named_service(connection); break;
      case SumKey::state: group.state = connection.state; break;
      case SumKey::protocol: group.protocol = connection.protocol; break;
    }
  }
  ++groups_[group];
  ++total_;
}

std::vector<Sum> ConnectionSums::largest() const {
  std::vector<Sum> sums;
  for (const auto& [group, connections] : groups_) sums.push_back({group, connections});
  std::ranges::stable_sort(sums, std::ranges::greater(), &Sum::connections);
  if (wanted_.top && sums.size() > *wanted_.top) sums.resize(*wanted_.top);
  return sums;
}

void render_sums(Output& output, const std::vector<Sum>& sums, const Sums& wanted, Names* names) {
  std::vector<std::size_t> widths;
  for (const SumKey key : wanted.by) {
    std::size_t width = headings.at(static_cast<std::size_t>(key)).size();
    for (const Sum& sum : sums) width = std::max(width, cell(key, sum.group, wanted, names).size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& first, auto text_of) {
    std::string text = fmt::format("{:>11}", first);
    for (std::size_t i = 0; i < wanted.by.size(); ++i) {
      const bool last = i + 1 == wanted.by.size();
      text += fmt::format("  {:<{}}", text_of(wanted.by[i]), last ? 0 : widths[i]);
    }
    return text + "\n";
  };
  output.append(line("Connections", [](SumKey key) { return headings.at(static_cast<std::size_t>(key)); }));
  for (const Sum& sum : sums) {
    const auto text_of = [&](SumKey key) { return cell(key, sum.group, wanted, names); };
    output.begin_row([&] {
      std::string name;
      for (const SumKey key : wanted.by) name += cell(key, sum.group, wanted, nullptr) + " ";
      return name;
    });
    output.append(line(sum.connections, text_of));
    output.spill();
  }
}

}  // namespace ipvsadm
