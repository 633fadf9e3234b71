// SPDX-License-Identifier: MIT
#include "commands/context.hpp"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "commands/error_text.hpp"
#include "commands/kernel_modules.hpp"
#include "ipvs/error.hpp"
#include "line/failure.hpp"

namespace ipvsadm {
namespace {

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

bool is_pid(const std::string& text) {
  // A namespace may be called 42; then that is what is meant.
  const bool named = access(("/run/netns/" + text).c_str(), F_OK) == 0;
  constexpr std::size_t most_digits = 9;
  return !named && is_number(text) && text.size() <= most_digits;
}

ipvs::NetworkNamespace open_namespace(const std::string& text) {
  if (text.find('/') != std::string::npos) return ipvs::NetworkNamespace::by_path(text);
  if (is_pid(text)) return ipvs::NetworkNamespace::by_pid(static_cast<pid_t>(std::stol(text)));
  return ipvs::NetworkNamespace::by_name(text);
}

}  // namespace

void Context::enter(const std::string& network_namespace) {
  try {
    network_ = open_namespace(network_namespace);
    network_name_ = network_namespace;
    network_is_pid_ = is_pid(network_namespace);
    // Whether it may be entered shows only when it is.
    network_->run([] {});
  } catch (const ipvs::Error& error) {
    const std::string why = error.error_number() == EINVAL ? "it is no network namespace" : error.code().message();
    throw Failure(status_illegal, fmt::format("can't enter network namespace `{}': {}", network_namespace, why));
  }
}

void Context::run_inside(const std::function<void()>& work) const {
  if (network_) {
    network_->run(work);
  } else {
    work();
  }
}

void Context::print_message_once(const std::string& line) {
  if (printed_.insert(line).second) print_message(line);
}

void Context::open_client() {
  if (network_) {
    client_.emplace(*network_);
  } else {
    client_.emplace();
  }
}

ipvs::Client& Context::client() {
  if (client_) return *client_;
  try {
    open_client();
    return *client_;
  } catch (const ipvs::Error& error) {
    if (error.error_number() != ENOPROTOOPT) throw no_ipvs(error);
  }
  load_ipvs(Words::printed);
  try {
    open_client();
  } catch (const ipvs::Error& error) {
    // Only root may load the module: that is what is missing.
    throw no_ipvs(geteuid() == 0 ? error : ipvs::Error(error.operation(), EPERM));
  }
  return *client_;
}

}  // namespace ipvsadm
