// SPDX-License-Identifier: MIT
#include "run.hpp"

#include "failure.hpp"

namespace ipvsadm {
namespace {

/// One function a command. Those that change one thing in the kernel are a line each.
struct Runner {
  Context& context;

  void operator()(const AddService& c) const { context.client().add_service(c.service); }
  void operator()(const EditService& c) const { context.client().edit_service(c.service); }
  void operator()(const DeleteService& c) const { context.client().delete_service(c.key); }
  void operator()(const AddServer& c) const { context.client().add_destination(c.service, c.server); }
  void operator()(const EditServer& c) const { context.client().edit_destination(c.service, c.server); }
  void operator()(const DeleteServer& c) const { context.client().delete_destination(c.service, c.server); }
  void operator()(const Clear& /*unused*/) const { context.client().flush(); }
  void operator()(const Zero& c) const { c.service ? context.client().zero(*c.service) : context.client().zero(); }
  void operator()(const SetTimeouts& c) const { context.client().set_timeouts(c.timeouts); }
  void operator()(const StartDaemon& c) const { context.client().start_daemon(c.daemon); }
  void operator()(const StopDaemon& c) const { context.client().stop_daemon(c.role, c.sync_id); }
  void operator()(const ListServices& c) const { run_list(c, context); }
  void operator()(const ListConnections& c) const { run_list(c, context); }
  void operator()(const ListTimeouts& c) const { run_list(c, context); }
  void operator()(const ListDaemons& c) const { run_list(c, context); }
  void operator()(const Save& c) const { run_save(c, context); }
  void operator()(const Restore& c) const { run_restore(c, context); }
  void operator()(const ShowHelp& /*unused*/) const { run_help(context); }
  void operator()(const ShowVersion& /*unused*/) const {
    fmt::format_to(std::back_inserter(context.output().text()), "ipvsadm v{} (compiled with libnl and IPVS v1.2.1)\n",
                   IPVSADM_VERSION);
  }
};

}  // namespace

void run(const Command& command, Context& context) { std::visit(Runner{context}, command); }

}  // namespace ipvsadm
