// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "ipvs/address.hpp"
#include "ipvs/service.hpp"

namespace ipvsadm {

/// Where names of hosts and ports come from. The real one asks the system; tests have their own.
class Names {
 public:
  virtual ~Names() = default;

  /// The first address of a host: IPv4 before IPv6; with `only_v6`, IPv6 alone.
  virtual std::optional<ipvs::Address> host(const std::string& name, bool only_v6) = 0;
  /// The port of a service name, host order.
  virtual std::optional<std::uint16_t> port(const std::string& name, ipvs::Protocol protocol) = 0;
  /// The name of an address, "" when it has none. Valid until the next call.
  virtual const std::string& host_name(const ipvs::Address& address) = 0;
  /// The name of a port, "" when it has none. Valid until the next call.
  virtual const std::string& port_name(std::uint16_t port, ipvs::Protocol protocol) = 0;
};

/// gethostbyname2, getnameinfo, getservbyname and getservbyport, each asked once per question.
class SystemNames : public Names {
 public:
  std::optional<ipvs::Address> host(const std::string& name, bool only_v6) override;
  std::optional<std::uint16_t> port(const std::string& name, ipvs::Protocol protocol) override;
  const std::string& host_name(const ipvs::Address& address) override;
  const std::string& port_name(std::uint16_t port, ipvs::Protocol protocol) override;

 private:
  std::map<std::pair<std::string, bool>, std::optional<ipvs::Address>> hosts_;
  std::map<std::pair<std::string, ipvs::Protocol>, std::optional<std::uint16_t>> ports_;
  std::unordered_map<ipvs::Address, std::string> host_names_;
  std::map<std::pair<std::uint16_t, ipvs::Protocol>, std::string> port_names_;
};

}  // namespace ipvsadm
