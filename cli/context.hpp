// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "ipvs/client.hpp"
#include "names.hpp"
#include "output.hpp"

namespace ipvsadm {

/// What a running command works with.
class Context {
 public:
  Context(Names& names, Output& output) : names_(names), output_(output) {}

  /// The one connection to the kernel, opened when it is first asked for; loads the module ip_vs if need be.
  /// Throws Failure(2) when there is no IPVS.
  ipvs::Client& client();

  Names& names() { return names_; }
  Output& output() { return output_; }

 private:
  Names& names_;
  Output& output_;
  std::optional<ipvs::Client> client_;
};

}  // namespace ipvsadm
