// SPDX-License-Identifier: MIT
#pragma once

#include "ipvs/change.hpp"

namespace ipvsadm {

/// What modprobe has to say of a failure.
enum class Words : bool { printed, dropped };

/// Lets modprobe load ip_vs; whether it worked shows when IPVS is asked again.
void load_ipvs(Words words);

/// Lets modprobe load the scheduler that a change asks for, where the kernel must not be left to do it: up to Linux
/// 6.12 at least, `-A -s lblc` hangs for ever, and IPVS with it, when a network namespace is deleted at the same time.
/// The kernel loads the module with IPVS's mutex held; the module waits for pernet_ops_rwsem, whose holder
/// (cleanup_net) waits for that mutex. lblcr is made alike; the other schedulers keep nothing for each namespace.
/// Without right or module nothing is said: the kernel tries by itself then. Once for each in the life of the program.
void load_scheduler_of(const ipvs::Change& change);
void load_scheduler_of(const ipvs::Service& service);

}  // namespace ipvsadm
