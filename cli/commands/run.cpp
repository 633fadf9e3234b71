// SPDX-License-Identifier: MIT
#include "commands/run.hpp"

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

void run_version(Context& context) {
  fmt::format_to(std::back_inserter(context.output().text()), "ipvsadm v{} (compiled with libnl and IPVS v1.2.1)\n",
                 IPVSADM_VERSION);
}

/// One function a command.
struct Runner {
  Context& context;

  int operator()(const ipvs::Change& c) const { return context.client().apply(c), status_done; }
  int operator()(const Listing& c) const { return list(c, context), status_done; }
  int operator()(const Watch& c) const { return run_watch(c, context), status_done; }
  int operator()(const Save& c) const { return run_save(c, context), status_done; }
  int operator()(const Restore& c) const { return run_restore(c, context); }
  int operator()(const Apply& c) const { return run_apply(c, context); }
  int operator()(const Drain& c) const { return run_drain(c, context); }
  int operator()(const ShowHelp& /*unused*/) const { return run_help(context), status_done; }
  int operator()(const ShowVersion& /*unused*/) const { return run_version(context), status_done; }
};

}  // namespace

int run(const Command& command, Context& context) { return std::visit(Runner{context}, command); }

}  // namespace ipvsadm
