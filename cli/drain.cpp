// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "failure.hpp"
#include "messages.hpp"
#include "render.hpp"
#include "run.hpp"
#include "signals.hpp"

namespace ipvsadm {
namespace {

using Clock = std::chrono::steady_clock;

void tell(const std::string& message) { fmt::print(stderr, "{}\n", message); }

std::string rule_text(const ipvs::Change& change) {
  Text text;
  render_rule(text, change, nullptr);
  return {text.data(), text.size() - 1};
}

/// The servers to drain as they are now. Throws ipvs::Error as the deletion itself would.
std::vector<ipvs::DestinationEntry> servers_to_drain(const Drain& drain, ipvs::Client& client) {
  std::vector<ipvs::DestinationEntry> servers;
  try {
    servers = client.destinations(drain.service);
  } catch (const ipvs::Error& error) {
    if (error.error_number() != ESRCH) throw;
    throw ipvs::Error(drain.server ? ipvs::Operation::delete_destination : ipvs::Operation::delete_service, ESRCH);
  }
  if (!drain.server) return servers;
  std::erase_if(servers, [&](const ipvs::DestinationEntry& e) { return e.destination.key != *drain.server; });
  if (servers.empty()) throw ipvs::Error(ipvs::Operation::delete_destination, ENOENT);
  return servers;
}

std::uint64_t connections_of(const std::vector<ipvs::DestinationEntry>& servers) {
  std::uint64_t sum = 0;
  for (const ipvs::DestinationEntry& e : servers) sum += std::uint64_t{e.active_connections} + e.inactive_connections;
  return sum;
}

void set_weight_zero(const ipvs::ServiceKey& service, const std::vector<ipvs::DestinationEntry>& servers,
                     ipvs::Client& client) {
  for (const ipvs::DestinationEntry& server : servers) {
    if (server.destination.weight == 0) continue;
    ipvs::Destination quiet = server.destination;
    quiet.weight = 0;
    client.edit_destination(service, quiet);
  }
}

/// Whether net.ipv4.vs.expire_quiescent_template is 0 in the namespace at work.
bool templates_outlive_weight_zero(const Context& context) {
  char value = '\0';
  context.run_inside([&] {
    const int descriptor = ::open("/proc/sys/net/ipv4/vs/expire_quiescent_template", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    if (::read(descriptor, &value, 1) != 1) value = '\0';
    ::close(descriptor);
  });
  return value == '0';
}

void warn_of_persistence(const Drain& drain, Context& context) {
  if (!context.client().service(drain.service).service.persistent || !templates_outlive_weight_zero(context)) return;
  tell(
      "the service is persistent and net.ipv4.vs.expire_quiescent_template is 0: clients come back to the server,"
      " and the drain may never end");
}

std::string connections_left(std::uint64_t count) {
  return fmt::format("{} connection{} left", count, count == 1 ? "" : "s");
}

/// The line of progress on a terminal.
class Progress {
 public:
  explicit Progress(std::uint64_t connections) : shown_(isatty(STDERR_FILENO) == 1), at_start_(connections) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t connections) {
    if (!shown_) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_).count();
    std::string line = fmt::format("draining: {}, {} s", connections_left(connections), seconds);
    if (connections < at_start_ && seconds > 0) {
      // As fast as until now.
      const auto gone = static_cast<double>(at_start_ - connections);
      line +=
          fmt::format(", about {:.0f} s to go", static_cast<double>(connections) * static_cast<double>(seconds) / gone);
    }
    fmt::print(stderr, "\r\x1b[K{}", line);
    std::fflush(stderr);
    dirty_ = true;
  }

  void clear() {
    if (!dirty_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    dirty_ = false;
  }

 private:
  bool shown_;
  bool dirty_ = false;
  std::uint64_t at_start_;
  Clock::time_point start_ = Clock::now();
};

/// Ends a drain that did not come to its end: the servers stay at weight 0.
int give_up(const Drain& drain, const std::vector<ipvs::DestinationEntry>& before, std::uint64_t left,
            std::string_view why, const Context& context) {
  const std::string& name = context.network_namespace_name();
  const std::string program = name.empty() ? "ipvsadm " : fmt::format("ipvsadm --netns {} ", name);
  std::vector<std::string> undo;
  for (const ipvs::DestinationEntry& server : before) {
    if (server.destination.weight == 0) continue;
    undo.push_back(program + rule_text(ipvs::EditDestination{drain.service, server.destination}));
  }
  tell(fmt::format("{}: {}, nothing deleted, the weight stays 0{}", why, connections_left(left),
                   undo.empty() ? "" : "; to undo:"));
  for (const std::string& command : undo) tell(command);
  return status_listing_failed;
}

}  // namespace

int run_drain(const Drain& drain, Context& context) {
  constexpr auto poll_interval = std::chrono::milliseconds(500);
  ipvs::Client& client = context.client();
  const std::vector<ipvs::DestinationEntry> before = servers_to_drain(drain, client);
  const Clock::time_point start = Clock::now();
  const Interruption interruption;
  set_weight_zero(drain.service, before, client);
  warn_of_persistence(drain, context);

  Progress progress(connections_of(before));
  for (;;) {
    const std::uint64_t left = connections_of(servers_to_drain(drain, client));
    if (left == 0) break;
    progress.show(left);
    const bool late = drain.limit && Clock::now() - start >= *drain.limit;
    if (late || Interruption::signal_number() != 0) {
      progress.clear();
      return give_up(drain, before, left, late ? "time is over" : "interrupted", context);
    }
    auto rest = poll_interval;
    if (drain.limit) {
      const auto until_limit =
          std::chrono::duration_cast<std::chrono::milliseconds>(start + *drain.limit - Clock::now());
      rest = std::clamp(until_limit, std::chrono::milliseconds(1), poll_interval);
    }
    Interruption::pause(rest);
  }
  progress.clear();
  if (drain.server) {
    client.delete_destination(drain.service, *drain.server);
  } else {
    client.delete_service(drain.service);
  }
  return status_done;
}

}  // namespace ipvsadm
