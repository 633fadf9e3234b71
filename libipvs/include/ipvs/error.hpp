// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <system_error>

#include "ipvs/export.hpp"

namespace ipvs {

/// What a Client was doing when it failed.
enum class Operation : std::uint8_t {
  open_socket,
  open_namespace,
  get_info,
  list_services,
  get_service,
  add_service,
  edit_service,
  delete_service,
  list_destinations,
  add_destination,
  edit_destination,
  delete_destination,
  list_daemons,
  start_daemon,
  stop_daemon,
  get_timeouts,
  set_timeouts,
  zero,
  flush,
  read_connections,
};

/// A name for messages and logs: "add service", "list destinations" …
IPVS_EXPORT const char* to_string(Operation operation) noexcept;

/// Every failure of the library: code() is the errno of the kernel's answer (std::generic_category), operation()
/// says which call got it, what() is both in words.
///
/// The kernel's answers, as seen on Linux 6.1:
///   EEXIST      add: the service, or the destination, is there already; start_daemon: that role is running
///   ESRCH       no such service; stop_daemon: no daemon is running in that role
///   ENOENT      edit or delete_destination: no such destination; add or edit_service: no such scheduler or
///               persistence engine; start_daemon: no such interface is ENODEV
///   EINVAL      a value the kernel does not take: address not unicast, weight below 0, other family without a tunnel …
///   EPERM       the caller lacks CAP_NET_ADMIN
///   ENOPROTOOPT open_socket: the kernel has no IPVS, or its module is not loaded
///   EBADMSG     the answer lacks an attribute or makes no sense
class IPVS_EXPORT Error : public std::system_error {
 public:
  Error(Operation operation, int error_number);
  /// With a word on what was wrong with the answer.
  Error(Operation operation, int error_number, const char* detail);
  ~Error() override;

  Operation operation() const noexcept { return operation_; }
  /// The errno value, code().value().
  int error_number() const noexcept { return code().value(); }

 private:
  Operation operation_;
};

}  // namespace ipvs
