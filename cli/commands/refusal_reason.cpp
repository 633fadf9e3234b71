// SPDX-License-Identifier: MIT
#include "commands/refusal_reason.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "check/network.hpp"
#include "line/failure.hpp"

namespace ipvsadm {
namespace {

using ipvs::Address;

struct Server {
  ipvs::ServiceKey service;
  Address address;
};

std::optional<Server> server_of(const ipvs::Change& change) {
  if (const auto* add = std::get_if<ipvs::AddDestination>(&change))
    return Server{add->service, add->destination.key.address};
  if (const auto* edit = std::get_if<ipvs::EditDestination>(&change))
    return Server{edit->service, edit->destination.key.address};
  return std::nullopt;
}

/// What an address is by itself, where the kernel takes it for no server. Measured on Linux 6.1.
struct Range {
  const char* network;
  unsigned length;
  const char* what;
};
constexpr Range ranges[] = {
    {"0.0.0.0", 32, "stands for no host"},
    {"255.255.255.255", 32, "is the broadcast address of every network"},
    {"224.0.0.0", 4, "is a multicast address"},
    {"::", 128, "stands for no host"},
    {"ff00::", 8, "is a multicast address"},
    {"::ffff:0:0", 96, "is an IPv4 address in the form of an IPv6 one: write it as IPv4"},
    {"fe80::", 10, "is good on one link only, which a server can't name"},
};

/// What the machine's own addresses and links say of it.
std::string reason_by_network(const Address& server) {
  NetworkQuestions network;
  const LocalAddresses addresses = network.addresses();
  const auto links = network.links();
  const Route route = network.route({.destination = server});
  if (route.broadcast) {
    const auto link = links.find(route.link);
    return fmt::format("{} is the broadcast address of the network on {}", server.to_string(),
                       link == links.end() ? "a link" : link->second.name);
  }
  const auto is_lo_down = [](const auto& entry) { return entry.second.name == "lo" && !entry.second.up; };
  const auto networks = addresses.networks();
  // The kernel makes its table of local addresses with the first of them.
  const bool has_address = std::ranges::any_of(networks, [](const LocalAddress& a) { return a.address.is_v4(); });
  if (server.is_v4() && !has_address && std::ranges::any_of(links, is_lo_down))
    return "the link lo is down, and this network namespace has no IPv4 address: ip link set lo up";
  return {};
}

std::string reason(const Server& server, Context& context) {
  if (server.address.family() != server.service.family && !context.client().daemons().empty())
    return "a server of another family than its service is refused while a sync daemon runs";
  for (const Range& range : ranges) {
    if (server.address.in_network(*Address::parse(range.network), range.length))
      return fmt::format("{} {}", server.address.to_string(), range.what);
  }
  std::string text;
  const auto ask = [&] { text = reason_by_network(server.address); };
  context.network_namespace() ? context.network_namespace()->run(ask) : ask();
  return text;
}

}  // namespace

std::string refusal_reason(const ipvs::Change& change, const ipvs::Error& error, Context& context) {
  const auto server = server_of(change);
  if (error.error_number() != EINVAL || !server) return {};
  try {
    const std::string text = reason(*server, context);
    return text.empty() ? text : "\n  " + text;
  } catch (const Failure&) {
    return {};
  } catch (const ipvs::Error&) {
    return {};
  }
}

}  // namespace ipvsadm
