// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace kernel_test {

/// The whole IPVS state of this process's network namespace as text, one service, server, sync daemon or timeout
/// setting a line, sorted, with every attribute that the kernel gives but for counters. Read by its own few lines
/// of netlink, so that a fault of the library under test can't hide in it. Throws std::runtime_error.
std::string dump_table();

}  // namespace kernel_test
