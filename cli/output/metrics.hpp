// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/command.hpp"
#include "output/output.hpp"

namespace ipvsadm {

/// The connections of a service, by the kernel's word for their state.
struct ConnectionStates {
  std::map<std::string, std::uint64_t> connections;
  std::uint64_t templates = 0;  ///< of persistence, which are no connections
};

/// The table as metrics. The formats want all samples of a metric in one place, so what they need of each server is
/// kept until write(): its labels and its numbers.
class Metrics {
 public:
  void set(const ipvs::Info& info, const ipvs::Timeouts& timeouts, const std::vector<ipvs::Daemon>& daemons);
  /// In the order in which they are to be written.
  void add(const ipvs::ServiceEntry& service, const std::vector<ipvs::DestinationEntry>& servers);
  /// The connections that the service has, or had: it need not be among those added.
  void add(const ipvs::ServiceKey& service, const ConnectionStates& states);

  void write(Output& output, MetricsFormat format) const;

 private:
  using Counters = std::array<std::uint64_t, 5>;
  struct Sample {
    std::string labels;
    std::uint64_t value;
  };
  struct Service {
    std::string labels;
    std::string info_labels;
    std::uint64_t persistence_seconds;  ///< 0 without persistence
    Counters counters;
    std::size_t servers_end;  ///< behind its last one; its first one is where those of the service before end
  };
  struct Server {
    std::size_t labels_end;  ///< in server_labels_, likewise
    Counters counters;
    std::array<std::uint32_t, 6> gauges;
  };
  class Writer;

  void write_services(Writer& writer) const;
  void write_servers(Writer& writer) const;
  template <typename ValueOf>
  void write_each_server(Writer& writer, ValueOf value_of) const;

  std::string info_labels_;
  std::uint64_t table_size_ = 0;
  std::vector<Sample> timeouts_;
  std::vector<Sample> daemons_running_;
  std::vector<Sample> daemons_;
  std::vector<Service> services_;
  std::vector<Server> servers_;
  Text server_labels_;
  std::vector<Sample> states_;
  std::vector<Sample> templates_;
};

/// `value` as it stands between the quotes of a label; what is no text, and control characters, as \xNN.
std::string label_value(std::string_view value);

}  // namespace ipvsadm
