// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "commands/context.hpp"

namespace ipvsadm {

/// One --apply at a time in a network namespace: a lock on a file of the namespace's own in /run/ipvsadm, where only
/// root can have a file, and which is gone after a reboot.
///
/// That another one is waited for is said after a second. Throws Failure(4) when it does not end within 30 seconds, or
/// when somebody else than the caller has a say in the folder. Where nothing can be written to /run that is said, and
/// there is no lock: ipvs::apply() notices what somebody else changes meanwhile.
class Turn {
 public:
  explicit Turn(const Context& context);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  enum class State : unsigned char { held, busy, impossible };
  State try_to_take();
  void wait();

  int folder_ = -1;
  int file_ = -1;  ///< -1 without a lock
  std::string name_;
};

}  // namespace ipvsadm
