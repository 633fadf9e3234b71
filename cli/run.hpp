// SPDX-License-Identifier: MIT
#pragma once

#include "command.hpp"
#include "context.hpp"

namespace ipvsadm {

/// Carries a command out and returns the exit status. Throws Failure or ipvs::Error. What it prints is left in
/// context.output().
int run(const Command& command, Context& context);

// The commands by family; run() chooses.
void run_list(const ListServices& list, Context& context);
void run_list(const ListConnections& list, Context& context);
void run_list(const ListTimeouts& list, Context& context);
void run_list(const ListDaemons& list, Context& context);
void run_save(const Save& save, Context& context);
int run_restore(const Restore& restore, Context& context);
void run_help(Context& context);

}  // namespace ipvsadm
