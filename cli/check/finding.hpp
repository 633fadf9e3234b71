// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

namespace ipvsadm {

/// error: it can't work, by what the kernel itself says. warning: it most likely does not, or not for a part of the
/// clients. note: what can't be seen from here and is worth a look.
enum class Severity : std::uint8_t { error, warning, note };

struct Finding {
  std::string_view name;  ///< stable, for programs: "vip-not-local"
  Severity severity = Severity::error;
  std::string what;
  std::string evidence;                     ///< as the kernel says it
  std::string remedy;                       ///< the command that mends it on this machine; empty if there is none
  std::string advice;                       ///< else what to do where
  std::optional<ipvs::ServiceKey> service;  ///< none: it holds for all
  std::optional<ipvs::DestinationKey> server;
  /// The sentence for several services that have the same cause, which is then reported once; empty if each is
  /// reported by itself.
  std::string what_of_all;
};

using Findings = std::vector<Finding>;

}  // namespace ipvsadm
