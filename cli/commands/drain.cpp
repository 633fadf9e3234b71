// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "commands/drain_obstacles.hpp"
#include "commands/run.hpp"
#include "line/failure.hpp"
#include "output/rules.hpp"
#include "output/signals.hpp"
#include "output/watch_terminal.hpp"

namespace ipvsadm {
namespace {

using Clock = std::chrono::steady_clock;

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

/// Gives those that get connections weight 0; `tried` counts those that it was tried for.
void set_weight_zero(const ipvs::ServiceKey& service, const std::vector<ipvs::DestinationEntry>& servers,
                     ipvs::Client& client, std::size_t& tried) {
  for (const ipvs::DestinationEntry& server : servers) {
    if (server.destination.weight == 0) continue;
    ++tried;
    ipvs::Destination quiet = server.destination;
    quiet.weight = 0;
    try {
      client.edit_destination(service, quiet);
    } catch (const ipvs::Error& error) {
      // Somebody else has deleted it meanwhile; if it is the one to drain, that shows at the next look.
      if (error.error_number() != ENOENT) throw;
    }
  }
}

/// The server that gets new connections all the same; nullptr if none does.
const ipvs::DestinationEntry* back_in_service(const std::vector<ipvs::DestinationEntry>& servers) {
  const auto found = std::ranges::find_if(servers, [](const auto& server) { return server.destination.weight != 0; });
  return found == servers.end() ? nullptr : &*found;
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
    // A line that wraps could not be written over.
    line.resize(std::min(line.size(), window_size(STDERR_FILENO).columns - 1));
    print_in_place(start_of_line + line);
    dirty_ = true;
  }

  void clear() {
    if (dirty_) print_in_place(start_of_line);
    dirty_ = false;
  }

 private:
  static inline const std::string start_of_line = "\r\x1b[K";

  bool shown_;
  bool dirty_ = false;
  std::uint64_t at_start_;
  Clock::time_point start_ = Clock::now();
};

/// A word as a shell takes it.
std::string quoted(const std::string& word) {
  const bool plain = word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:@") ==
                     std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

/// What gives the servers that were set to 0, and still are, their weights back.
std::vector<std::string> undo_commands(const Drain& drain, const std::vector<ipvs::DestinationEntry>& before,
                                       const std::vector<ipvs::DestinationEntry>& now, const Context& context) {
  const std::string& name = context.network_namespace_name();
  const std::string program = name.empty() ? "ipvsadm " : fmt::format("ipvsadm --netns {} ", quoted(name));
  std::vector<std::string> commands;
  for (const ipvs::DestinationEntry& server : before) {
    if (server.destination.weight == 0) continue;
    const auto same = std::ranges::find(now, server.destination.key, [](const auto& e) { return e.destination.key; });
    if (same == now.end() || same->destination.weight != 0) continue;
    // With what else somebody may have set meanwhile.
    ipvs::Destination former = same->destination;
    former.weight = server.destination.weight;
    commands.push_back(program + rule_text(ipvs::EditDestination{drain.service, former}));
  }
  return commands;
}

/// A drain on its way.
class Draining {
 public:
  Draining(const Drain& drain, Context& context)
      : drain_(drain), context_(context), client_(context.client()), before_(servers_to_drain(drain, client_)) {}

  int run() {
    const Interruption interruption;
    const std::vector<std::string> undo = undo_commands(drain_, before_, all_at_zero(), context_);
    std::size_t tried = 0;
    try {
      set_weight_zero(drain_.service, before_, client_, tried);
      return wait_and_delete();
    } catch (const ipvs::Error& error) {
      // Somebody else has deleted it otherwise.
      if (error.error_number() != ESRCH && error.error_number() != ENOENT)
        print_failed_undo(std::span(undo).first(tried));
      throw;
    } catch (...) {
      print_failed_undo(std::span(undo).first(tried));
      throw;
    }
  }

 private:
  int wait_and_delete() {
    Progress progress(connections_of(before_));
    DrainObstacles obstacles(drain_, context_);
    // What the settings alone show is said at once, what the connections do after they had some time.
    report(obstacles, progress);
    bool looked_again = false;
    for (;;) {
      const std::vector<ipvs::DestinationEntry> now = servers_to_drain(drain_, client_);
      const std::string why = reason_to_give_up(now);
      if (why.empty() && connections_of(now) == 0) break;
      if (!why.empty()) {
        report(obstacles, progress);
        progress.clear();
        return give_up(now, why);
      }
      if (!looked_again && Clock::now() - start_ >= time_to_look_again) {
        looked_again = true;
        report(obstacles, progress);
      }
      progress.show(connections_of(now));
      Interruption::pause(rest());
    }
    progress.clear();
    deleting_ = true;
    if (drain_.server) {
      client_.delete_destination(drain_.service, *drain_.server);
    } else {
      client_.delete_service(drain_.service);
    }
    return status_done;
  }

  static constexpr auto time_to_look_again = std::chrono::seconds(15);

  static void report(DrainObstacles& obstacles, Progress& progress) {
    for (const std::string& line : obstacles.news()) {
      progress.clear();
      print_message(line);
    }
  }

  std::string reason_to_give_up(const std::vector<ipvs::DestinationEntry>& now) const {
    if (const ipvs::DestinationEntry* server = back_in_service(now)) {
      return fmt::format("somebody else has given a server weight {}", server->destination.weight);
    }
    if (connections_of(now) == 0) return {};
    if (Interruption::signal_number() != 0) return "interrupted";
    if (drain_.limit && Clock::now() - start_ >= *drain_.limit) return "time is over";
    return {};
  }

  /// Until the next look.
  std::chrono::milliseconds rest() const {
    constexpr auto poll_interval = std::chrono::milliseconds(500);
    if (!drain_.limit) return poll_interval;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(start_ + *drain_.limit - Clock::now());
    return std::clamp(left, std::chrono::milliseconds(1), poll_interval);
  }

  /// Ends a drain that did not come to its end: the servers stay as they are now.
  int give_up(const std::vector<ipvs::DestinationEntry>& now, const std::string& why) const {
    const std::vector<std::string> undo = undo_commands(drain_, before_, now, context_);
    print_message(fmt::format("{}: {}, nothing deleted{}{}", why, connections_left(connections_of(now)),
                              back_in_service(now) == nullptr ? ", the weight stays 0" : "",
                              undo.empty() ? "" : "; to undo:"));
    for (const std::string& command : undo) print_message(command);
    return status_listing_failed;
  }

  std::vector<ipvs::DestinationEntry> all_at_zero() const {
    std::vector<ipvs::DestinationEntry> servers = before_;
    for (ipvs::DestinationEntry& server : servers) server.destination.weight = 0;
    return servers;
  }

  /// After a failure, with what is known: the table may not be readable, and there may be no memory.
  void print_failed_undo(std::span<const std::string> undo) const noexcept {
    if (deleting_) {
      print_message("the drain failed: whether it was deleted is not known; if not, the weight stays 0");
    } else if (undo.empty()) {
      return print_message("the drain failed: nothing deleted, no weight changed");
    } else {
      print_message("the drain failed: nothing deleted, the weight stays 0; to undo:");
    }
    for (const std::string& command : undo) print_message(command);
  }

  const Drain& drain_;
  Context& context_;
  ipvs::Client& client_;
  const std::vector<ipvs::DestinationEntry> before_;
  const Clock::time_point start_ = Clock::now();
  bool deleting_ = false;
};

// What was to be said is said: now the signal ends the program, and with it the rules that the drain is part of.
void end_if_interrupted() {
  if (Interruption::signal_number() != 0) raise(Interruption::signal_number());
}

}  // namespace

int run_drain(const Drain& drain, Context& context) {
  Draining draining(drain, context);
  try {
    const int status = draining.run();
    if (status == status_done && Interruption::signal_number() != 0)
      print_message("interrupted, but no connection was left: deleted");
    end_if_interrupted();
    return status;
  } catch (...) {
    end_if_interrupted();
    throw;
  }
}

}  // namespace ipvsadm
