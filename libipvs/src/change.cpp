// SPDX-License-Identifier: MIT
#include "ipvs/change.hpp"

#include <array>

namespace ipvs {
namespace {

// In the order of Change's alternatives.
constexpr std::array operations = {
    Operation::add_service,      Operation::edit_service,       Operation::delete_service, Operation::add_destination,
    Operation::edit_destination, Operation::delete_destination, Operation::zero,           Operation::flush,
    Operation::set_timeouts,     Operation::start_daemon,       Operation::stop_daemon,
};
static_assert(operations.size() == std::variant_size_v<Change>);

}  // namespace

Operation operation_of(const Change& change) noexcept {
  return change.valueless_by_exception() ? Operation::flush : operations[change.index()];
}

}  // namespace ipvs
