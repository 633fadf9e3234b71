// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "ipvs/client.hpp"
#include "ipvs/netns.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

namespace ipvsadm {

/// What a running command works with.
class Context {
 public:
  Context(Names& names, Output& output) : names_(names), output_(output) {}

  /// Makes a network namespace the one to work in: a name under /run/netns, a path, or a process id. To be called
  /// before client(). Throws Failure(2).
  void enter(const std::string& network_namespace);

  /// The one connection to the kernel, opened when it is first asked for; loads the module ip_vs if need be.
  /// Throws Failure(2) when there is no IPVS.
  ipvs::Client& client();

  /// The namespace to work in, if it isn't the caller's own.
  const std::optional<ipvs::NetworkNamespace>& network_namespace() const { return network_; }
  /// As it was given to enter(); empty in the caller's own.
  const std::string& network_namespace_name() const { return network_name_; }
  /// Whether it was given as a process id.
  bool is_network_namespace_pid() const { return network_is_pid_; }
  /// Runs `work` in the namespace: what it reads of /proc/thread-self/net and /proc/sys/net is the namespace's.
  void run_inside(const std::function<void()>& work) const;

  /// To stderr, once in the life of the program however often it is said.
  void print_message_once(const std::string& line);

  Names& names() { return names_; }
  Output& output() { return output_; }

 private:
  void open_client();

  Names& names_;
  Output& output_;
  std::optional<ipvs::NetworkNamespace> network_;
  std::string network_name_;
  bool network_is_pid_ = false;
  std::optional<ipvs::Client> client_;
  std::set<std::string> printed_;
};

}  // namespace ipvsadm
