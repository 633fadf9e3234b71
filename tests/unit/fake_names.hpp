// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "line/resolver.hpp"

/// Names out of a book, with no system behind them.
class FakeNames : public ipvsadm::Names {
 public:
  std::map<std::string, ipvs::Address> hosts = {{"web", ipvs::Address::v4(0x0a000007)}};
  std::map<std::string, ipvs::Address> v6_hosts = {{"six", *ipvs::Address::parse("2001:db8::6")}};
  std::map<ipvs::Address, std::string> host_names;
  int questions = 0;

  std::optional<ipvs::Address> host(const std::string& name, bool only_v6) override {
    ++questions;
    if (!only_v6 && hosts.contains(name)) return hosts.at(name);
    if (v6_hosts.contains(name)) return v6_hosts.at(name);
    return std::nullopt;
  }
  std::optional<std::uint16_t> port(const std::string& name, ipvs::Protocol protocol) override {
    if (name == "http" && protocol == ipvs::Protocol::tcp) return std::uint16_t{80};
    if (name == "tftp" && protocol == ipvs::Protocol::udp) return std::uint16_t{69};
    return std::nullopt;
  }
  const std::string& host_name(const ipvs::Address& address) override { return host_names[address]; }
  const std::string& port_name(std::uint16_t port, ipvs::Protocol protocol) override {
    static const std::string http = "http";
    static const std::string none;
    return port == 80 && protocol == ipvs::Protocol::tcp ? http : none;
  }
};
