// SPDX-License-Identifier: MIT
#include "ipvs/error.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace ipvs {
namespace {

// In the order of Operation.
constexpr std::array<const char*, 20> operation_names = {
    "open the IPVS socket", "open the network namespace",
    "get IPVS version",     "list services",
    "get service",          "add service",
    "edit service",         "delete service",
    "list destinations",    "add destination",
    "edit destination",     "delete destination",
    "list sync daemons",    "start sync daemon",
    "stop sync daemon",     "get timeouts",
    "set timeouts",         "zero counters",
    "flush services",       "read connections",
};
static_assert(operation_names.size() == static_cast<std::size_t>(Operation::read_connections) + 1);

}  // namespace

const char* to_string(Operation operation) noexcept {
  const auto index = static_cast<std::size_t>(operation);
  return index < operation_names.size() ? operation_names[index] : "unknown operation";
}

Error::Error(Operation operation, int error_number)
    : std::system_error(error_number, std::generic_category(), to_string(operation)), operation_(operation) {}

Error::Error(Operation operation, int error_number, KernelText kernel_text)
    : std::system_error(error_number, std::generic_category(),
                        kernel_text.text.empty()
                            ? std::string(to_string(operation))
                            : std::string(to_string(operation)) + ": " + std::string(kernel_text.text)),
      operation_(operation),
      kernel_text_(kernel_text.text.empty() ? nullptr : std::make_shared<const std::string>(kernel_text.text)) {}

Error::Error(Operation operation, int error_number, const char* detail)
    : std::system_error(error_number, std::generic_category(), std::string(to_string(operation)) + ": " + detail),
      operation_(operation) {}

Error::~Error() = default;

}  // namespace ipvs
