// SPDX-License-Identifier: MIT
#pragma once

#include "commands/context.hpp"
#include "line/command.hpp"
#include "line/failure.hpp"

namespace ipvsadm {

/// Carries a command out and returns the exit status. Throws Failure or ipvs::Error. What it prints is left in
/// context.output().
int run(const Command& command, Context& context);

/// The connections that were printed are not all, or some are there twice.
struct IncompleteListing : Failure {
  using Failure::Failure;
};

class Looks;

/// Leaves the listing in context.output(); what is long is written in between. Throws IncompleteListing after it when
/// it can't be relied on. `looks`: what a listing of shares compares with, and adds to.
void list(const Listing& listing, Context& context, Looks& looks);

// The commands by family; run() chooses.
int run_save(const Save& save, Context& context);
int run_restore(const Restore& restore, Context& context);
int run_apply(const Apply& apply, Context& context);
void run_keeping_edit(const KeepingEdit& edit, Context& context);
int run_check(const Check& check, Context& context);
int run_drain(const Drain& drain, Context& context);
void run_metrics(const ListMetrics& list, Context& context);
void run_watch(const Watch& watch, Context& context);
void run_help(Context& context);

}  // namespace ipvsadm
