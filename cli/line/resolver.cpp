// SPDX-License-Identifier: MIT
#include "line/resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "line/words.hpp"

namespace ipvsadm {
namespace {

/// nullptr: of any protocol.
const char* protocol_name(ipvs::Protocol protocol) {
  const ProtocolWords* words = find_words(protocol);
  return words == nullptr ? nullptr : words->name;
}

/// The first address that the resolver returns. getaddrinfo would sort them by what can be reached just now, so that a
/// service could be deleted under another address than it was added.
std::optional<ipvs::Address> ask_host(const std::string& name, int family) {
  const hostent* found = gethostbyname2(name.c_str(), family);
  if (found == nullptr || found->h_addr_list[0] == nullptr) return std::nullopt;
  if (family == AF_INET) {
    in_addr address;
    std::memcpy(&address, found->h_addr_list[0], sizeof address);
    return ipvs::Address::v4(ntohl(address.s_addr));
  }
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), found->h_addr_list[0], bytes.size());
  return ipvs::Address::v6(bytes);
}

std::string ask_host_name(const ipvs::Address& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.is_v4()) {
    auto* socket_address = reinterpret_cast<sockaddr_in*>(&storage);
    socket_address->sin_family = AF_INET;
    socket_address->sin_addr.s_addr = htonl(address.v4_number());
    size = sizeof *socket_address;
  } else {
    auto* socket_address = reinterpret_cast<sockaddr_in6*>(&storage);
    socket_address->sin6_family = AF_INET6;
    std::memcpy(&socket_address->sin6_addr, address.bytes().data(), address.bytes().size());
    size = sizeof *socket_address;
  }
  std::array<char, NI_MAXHOST> name;
  const auto* generic = reinterpret_cast<const sockaddr*>(&storage);
  if (getnameinfo(generic, size, name.data(), name.size(), nullptr, 0, NI_NAMEREQD) != 0) return {};
  return name.data();
}

}  // namespace

std::optional<ipvs::Address> SystemNames::host(const std::string& name, bool only_v6) {
  const auto [entry, is_new] = hosts_.try_emplace({name, only_v6});
  if (is_new) {
    if (!only_v6) entry->second = ask_host(name, AF_INET);
    if (!entry->second) entry->second = ask_host(name, AF_INET6);
  }
  return entry->second;
}

std::optional<std::uint16_t> SystemNames::port(const std::string& name, ipvs::Protocol protocol) {
  const auto [entry, is_new] = ports_.try_emplace({name, protocol});
  if (is_new) {
    if (const servent* found = getservbyname(name.c_str(), protocol_name(protocol))) {
      entry->second = ntohs(static_cast<std::uint16_t>(found->s_port));
    }
  }
  return entry->second;
}

const std::string& SystemNames::host_name(const ipvs::Address& address) {
  const auto [entry, is_new] = host_names_.try_emplace(address);
  if (is_new) entry->second = ask_host_name(address);
  return entry->second;
}

const std::string& SystemNames::port_name(std::uint16_t port, ipvs::Protocol protocol) {
  const auto [entry, is_new] = port_names_.try_emplace({port, protocol});
  if (is_new) {
    if (const servent* found = getservbyport(htons(port), protocol_name(protocol))) entry->second = found->s_name;
  }
  return entry->second;
}

}  // namespace ipvsadm
