// SPDX-License-Identifier: MIT
#include "check/words.hpp"

#include <fmt/format.h>

#include "line/values.hpp"
#include "output/render.hpp"
#include "output/rules.hpp"

namespace ipvsadm {

std::string endpoint_word(const ipvs::Address& address, std::uint16_t port) {
  Text text;
  render_endpoint(text, address, port, ipvs::Protocol::none, nullptr);
  return fmt::to_string(text);
}

std::string server_word(const ipvs::DestinationKey& server) { return endpoint_word(server.address, server.port); }

std::string service_option(const ipvs::ServiceKey& service) {
  // By the change that names just that: "-D -t 10.0.0.1:80".
  return rule_text(ipvs::DeleteService{service}).substr(3);
}

std::string_view method_word(ipvs::Forwarding forwarding) {
  switch (forwarding) {
    case ipvs::Forwarding::masquerade: return "masquerading";
    case ipvs::Forwarding::tunnel: return "tunnel";
    case ipvs::Forwarding::direct_route: return "direct routing";
    case ipvs::Forwarding::local: return "local";
    default: return "bypass";
  }
}

std::string list_of(const std::vector<std::string>& words) {
  constexpr std::size_t most = 4;
  std::string text;
  const std::size_t shown = words.size() > most ? most - 1 : words.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == shown && shown == words.size();
    text += i == 0 ? "" : last ? " and " : ", ";
    text += words[i];
  }
  if (shown < words.size()) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

std::string number_of(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string edit_command(const ipvs::ServiceKey& service, const ipvs::Destination& server) {
  return "ipvsadm " + rule_text(ipvs::EditDestination{service, server});
}

std::string fallback_command(const ipvs::Service& service) {
  const auto flags = service.scheduler_flags | ipvs::SchedulerFlags::flag1;
  return fmt::format("ipvsadm -E {} --keep -b {}", service_option(service.key),
                     scheduler_flag_names(service.scheduler, flags, false));
}

std::string set_command(std::string_view setting, long long value) {
  return fmt::format("sysctl -w {}={}", setting, value);
}

}  // namespace ipvsadm
