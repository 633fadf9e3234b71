// SPDX-License-Identifier: MIT
#include "failure.hpp"
#include "run.hpp"
namespace ipvsadm {
void run_restore(const Restore&, Context&) { throw Failure(2, "todo"); }
}  // namespace ipvsadm
