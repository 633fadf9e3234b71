// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
/// This table is the one place that says what each value means. The kernel's answers, as seen on Linux 6.1:
///   EEXIST      add: the service, or the destination, is there already; start_daemon: that role is running
///   ESRCH       no such service; stop_daemon: no daemon is running in that role
///   ENOENT      edit or delete_destination: no such destination; add or edit_service: no such scheduler or persistence
///               engine; a namespace: no such name or process; connections: no IPVS in this kernel
///   ENODEV      start_daemon: no such interface
///   ENETUNREACH start_daemon: a master's interface is down, or has no route to an IPv6 group
///   ERANGE      destinations: weight below 0, or the lower threshold above the upper one
///   EINVAL      destinations: address not unicast, another family than the service's without a tunnel or while a sync
///               daemon runs, a gue tunnel without a port, a threshold beyond 2147483647
///               (from 6.1.192, 6.12.113, 7.2.13 on); services: an IPv6 netmask other than 1 to 128; timeouts: beyond
///               (2^31-1)/HZ seconds, 2147483 with a kernel of 1,000 Hz; start_daemon: the group is no multicast
///               address, or some destination is of another family than its service; a namespace: the file is none
///   EPERM       the caller lacks CAP_NET_ADMIN
///   EACCES      a namespace, or the connection table, may not be read
///   ENOPROTOOPT open_socket: the kernel has no IPVS, and can't load it
/// And the library's own:
///   ENOENT, ENODEV, EINVAL  what no message to the kernel can say: a name that is longer than its field, a service key
///               without a protocol or with an address of another family, a time below 0 or beyond 32 bits
///   EBADMSG     the answer lacks an attribute or makes no sense; connections: a line makes no sense
///   EINTR       the kernel gave no answer
///   ENOBUFS     see Batch::Refusal
///
/// Besides, there are std::bad_alloc and, where a namespace is entered, the std::system_error of a thread that can't be
/// made.
class IPVS_EXPORT Error : public std::system_error {
 public:
  /// What the kernel says of its refusal in its own words.
  struct KernelText {
    std::string_view text;
  };

  Error(Operation operation, int error_number);
  /// With the kernel's words, if it has any.
  Error(Operation operation, int error_number, KernelText kernel_text);
  /// With a word on what was wrong with the answer.
  Error(Operation operation, int error_number, const char* detail);
  ~Error() override;

  Operation operation() const noexcept { return operation_; }
  /// The errno value, code().value().
  int error_number() const noexcept { return code().value(); }
  /// The kernel's own reason in words, as "Attribute failed policy validation"; empty for most refusals. Valid as long
  /// as this object or a copy. Kernel: extended acknowledgements, Linux 4.12.
  std::string_view kernel_text() const noexcept {
    return kernel_text_ ? std::string_view(*kernel_text_) : std::string_view();
  }

 private:
  Operation operation_;
  std::shared_ptr<const std::string> kernel_text_;  ///< shared, so that a copy can't fail
};

}  // namespace ipvs
