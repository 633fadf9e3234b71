// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace ipvsadm {

/// Exit statuses, those of the classic tool.
enum Status : int {
  status_done = 0,
  status_listing_failed = 1,
  status_illegal = 2,    ///< an illegal value or combination, or no IPVS
  status_refused = 255,  ///< the kernel refused, or the command line can't be read
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

}  // namespace ipvsadm
