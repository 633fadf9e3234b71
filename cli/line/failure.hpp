// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace ipvsadm {

/// Exit statuses: those of the classic tool, and more for --apply.
enum Status : int {
  status_done = 0,
  status_listing_failed = 1,
  status_applet_usage = 1,   ///< wrong arguments of ipvsadm-save and ipvsadm-restore
  status_illegal = 2,        ///< an illegal value or combination, or no IPVS
  status_changes = 3,        ///< --dry-run found changes
  status_found = 3,          ///< --check found something
  status_as_before = 4,      ///< --apply was refused or failed; the table is as it was before
  status_not_as_before = 5,  ///< --apply failed, and the table is not as it was, or nobody knows
  status_refused = 255,      ///< the kernel refused, or the command line can't be read
  status_unreadable = 255,
};

/// What ends a command: a message for stderr, without its newline, and the exit status.
class Failure : public std::runtime_error {
 public:
  Failure(int status, const std::string& message) : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

/// A host's name that has no address now. It may have one later: rules treat it as the kernel's refusal.
struct UnknownHost : Failure {
  using Failure::Failure;
};

}  // namespace ipvsadm
