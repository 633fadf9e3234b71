// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/command.hpp"
#include "line/options.hpp"
#include "line/resolver.hpp"
#include "line/tokens.hpp"
#include "line/values.hpp"

namespace ipvsadm {

/// A command line as far as it is read: each option's value checked by itself, nothing yet checked together.
struct Draft {
  std::optional<Spelling> command;
  OptionSet options;
  SpellingSet spelled;

  std::optional<ipvs::ServiceKey> service;
  std::string service_text;         ///< as it was given
  bool service_port_given = false;  ///< though it may be 0
  bool ipv6_mark = false;
  MetricsFormat metrics_format = MetricsFormat::prometheus;  // here it needs no padding
  std::optional<std::string> netmask_text;                   ///< until the family is known
  std::optional<std::uint32_t> netmask;
  std::string scheduler = "wlc";
  std::string scheduler_flags_text;  ///< until the scheduler is known
  ipvs::SchedulerFlags scheduler_flags = ipvs::SchedulerFlags::none;
  std::string persistence_engine;
  std::chrono::seconds persistence_timeout{0};

  std::optional<std::string> server_text;  ///< until the protocol is known
  std::optional<HostPort> server;
  ipvs::Forwarding forwarding = ipvs::Forwarding::direct_route;
  std::int32_t weight = 1;
  std::uint32_t upper_threshold = 0;
  std::uint32_t lower_threshold = 0;
  ipvs::TunnelType tunnel_type = ipvs::TunnelType::ipip;
  std::uint16_t tunnel_port = 0;
  ipvs::TunnelChecksum tunnel_checksum = ipvs::TunnelChecksum::none;

  bool rule = false;  ///< a line of a rules file, where all that the kernel holds is legal
  std::vector<std::string> warnings;

  std::string network_namespace;
  std::string connection_state;
  std::optional<Network> client;
  Sums sums;
  std::optional<unsigned> least_servers;
  std::optional<std::chrono::seconds> drain_limit;
  std::chrono::milliseconds watch_interval{2000};
  std::chrono::milliseconds share_interval{4000};
  std::optional<SortKey> sort_by;
  std::optional<std::string> file;

  ipvs::Daemon daemon;
  ipvs::Timeouts timeouts;
};

/// The words that --state takes, in capitals.
std::span<const std::string_view> connection_states();

/// The words that --by takes, in the order of SumKey.
std::span<const std::string_view> sum_keys();

/// Takes a token in. Throws Failure(2) for an illegal value or an option given twice.
void read_token(Draft& draft, const Token& token, Names& names);

/// Reads what had to wait for the rest of the line. Throws Failure(2).
void finish_reading(Draft& draft, Names& names);

/// -b's flags, which some schedulers have names of their own for. Throws Failure(2).
ipvs::SchedulerFlags read_scheduler_flags(const std::string& text, const std::string& scheduler);

/// Takes in what is checked after all options: the words that are no options (the three of --set, the file of --apply
/// or -R, none for any other command), then the scheduler's flags. Throws Failure(2).
void read_rest(Draft& draft, const std::vector<std::string>& operands);

}  // namespace ipvsadm
