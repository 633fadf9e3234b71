// SPDX-License-Identifier: MIT
#include "commands/drain_obstacles.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include <fmt/format.h>

#include "commands/connection_filter.hpp"
#include "ipvs/error.hpp"

namespace ipvsadm {
namespace {

/// Whether a setting of net.ipv4.vs is 0 in the namespace at work; not where the kernel lacks it.
bool is_zero(const Context& context, const std::string& setting) {
  char value = '\0';
  context.run_inside([&] {
    const int descriptor = ::open(("/proc/sys/net/ipv4/vs/" + setting).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    if (::read(descriptor, &value, 1) != 1) value = '\0';
    ::close(descriptor);
  });
  return value == '0';
}

/// Kernel: tcp_state_name_table of ip_vs_proto_tcp.c.
bool has_ended(const ipvs::Connection& connection) {
  return connection.protocol == ipvs::Protocol::tcp && (connection.state == "TIME_WAIT" || connection.state == "CLOSE");
}

bool is_open(const ipvs::Connection& connection) {
  return connection.state == "SYN_RECV" || connection.state == "ESTABLISHED";
}

std::string name_of(const ipvs::Connection& connection) {
  return fmt::format("{} {} {} {}", connection.client.address.to_string(), connection.client.port,
                     connection.virtual_service.address.to_string(), connection.virtual_service.port);
}

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// What is remembered of a large table; some of them show the obstacle as well as all.
constexpr std::size_t most_remembered = 10'000;

// The kernel gives whole seconds.
constexpr auto rounding = std::chrono::seconds(1);

}  // namespace

DrainObstacles::DrainObstacles(const Drain& drain, Context& context) : context_(context) {
  wanted_.service = drain.service;
  if (drain.server) wanted_.server = ServerFilter{drain.server->address, drain.server->port};
  persistent_ = context.client().service(drain.service).service.persistent;
  udp_timeout_ = context.client().timeouts().udp;
  visit_connections([&](const ipvs::Connection& connection) {
    if (ended_.size() < most_remembered && has_ended(connection)) {
      ended_.emplace(name_of(connection), start_ + connection.expires);
    }
  });
}

template <typename Visit>
void DrainObstacles::visit_connections(Visit visit) const {
  try {
    KernelReader table(context_.client());
    const ConnectionFilter filter(wanted_, table);
    ipvs::ConnectionReader reader =
        context_.network_namespace() ? ipvs::ConnectionReader(*context_.network_namespace()) : ipvs::ConnectionReader();
    ipvs::Connection connection;
    while (reader.next(connection)) {
      if (filter.passes(connection)) visit(connection);
    }
  } catch (const ipvs::Error&) {
    // The drain itself does not need them, and reports what it can't do without.
  }
}

std::vector<std::string> DrainObstacles::news() {
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_);
  std::size_t reused = 0;
  std::size_t used = 0;
  visit_connections([&](const ipvs::Connection& connection) {
    if (is_used_again(connection)) ++reused;
    // Each packet sets it to the whole timeout anew; a second for rounding.
    const bool is_udp = connection.protocol == ipvs::Protocol::udp && !connection.is_template();
    const auto unused = udp_timeout_ - connection.expires;
    if (is_udp && unused.count() >= 0 && unused + rounding < elapsed) ++used;
  });
  std::vector<std::string> lines;
  for (const std::string& line : {persistence_line(), reuse_line(reused), udp_line(used)}) {
    // The numbers may differ the next time.
    if (!line.empty() && given_.insert(line.substr(line.find(' '))).second) lines.push_back(line);
  }
  return lines;
}

bool DrainObstacles::is_used_again(const ipvs::Connection& connection) const {
  const auto before = ended_.find(name_of(connection));
  if (before == ended_.end()) return false;
  // A late packet of the end may have set the time anew, but not much later.
  return is_open(connection) || Clock::now() + connection.expires > before->second + 2 * rounding;
}

std::string DrainObstacles::persistence_line() const {
  if (!persistent_ || !is_zero(context_, "expire_quiescent_template")) return {};
  return "the service is persistent and net.ipv4.vs.expire_quiescent_template is 0: clients come back to the server,"
         " and the drain may never end; sysctl -w net.ipv4.vs.expire_quiescent_template=1 lets them change";
}

std::string DrainObstacles::reuse_line(std::size_t reused) const {
  if (reused == 0 || !is_zero(context_, "conn_reuse_mode")) return {};
  return fmt::format(
      "{} again and net.ipv4.vs.conn_reuse_mode is 0: a client that uses its port again comes back to"
      " the server; sysctl -w net.ipv4.vs.conn_reuse_mode=1 lets it change",
      count_of(reused, "connection that had ended is in use", "connections that had ended are in use"));
}

std::string DrainObstacles::udp_line(std::size_t used) const {
  if (used == 0) return {};
  return fmt::format(
      "{} from the same port and can't change the server as long as it is there; after"
      " sysctl -w net.ipv4.vs.expire_nodest_conn=1 they do when it is deleted (-d without --drain)",
      count_of(used, "UDP client sends on", "UDP clients send on"));
}

}  // namespace ipvsadm
