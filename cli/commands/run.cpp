// SPDX-License-Identifier: MIT
#include "commands/run.hpp"

#include "commands/error_text.hpp"
#include "commands/kernel_modules.hpp"
#include "commands/refusal_reason.hpp"
#include "commands/share.hpp"
#include "line/failure.hpp"

namespace ipvsadm {
namespace {

void run_version(Context& context) {
  fmt::format_to(std::back_inserter(context.output().text()), "ipvsadm v{} (compiled with libnl and IPVS v1.2.1)\n",
                 IPVSADM_VERSION);
}

/// One function per command.
struct Runner {
  Context& context;

  int operator()(const ipvs::Change& c) const {
    ipvs::Client& client = context.client();
    load_scheduler_of(c);
    return with_reason(c, [&] { client.apply(c); }), status_done;
  }
  int operator()(const Listing& c) const {
    Looks looks(false);
    return list(c, context, looks), status_done;
  }
  int operator()(const Watch& c) const { return run_watch(c, context), status_done; }
  int operator()(const Save& c) const { return run_save(c, context); }
  int operator()(const Restore& c) const { return run_restore(c, context); }
  int operator()(const Apply& c) const { return run_apply(c, context); }
  int operator()(const KeepingEdit& c) const {
    return with_reason(c.edit, [&] { run_keeping_edit(c, context); }), status_done;
  }
  int operator()(const Check& c) const { return run_check(c, context); }
  int operator()(const Drain& c) const { return run_drain(c, context); }
  int operator()(const ShowHelp& /*unused*/) const { return run_help(context), status_done; }
  int operator()(const ShowVersion& /*unused*/) const { return run_version(context), status_done; }

  /// A refusal has a second line if it is known why.
  template <typename Work>
  void with_reason(const ipvs::Change& change, Work work) const {
    try {
      work();
    } catch (const ipvs::Error& error) {
      const std::string reason = refusal_reason(change, error, context);
      if (reason.empty()) throw;
      throw Failure(status_refused, failure_of(error).what() + reason);
    }
  }
};

}  // namespace

int run(const Command& command, Context& context) { return std::visit(Runner{context}, command); }

}  // namespace ipvsadm
