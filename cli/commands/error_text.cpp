// SPDX-License-Identifier: MIT
#include "commands/error_text.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

namespace ipvsadm {
namespace {

using ipvs::Operation;

/// What a message is about; the same errno means different things to a service and to a server.
enum class Subject : std::uint8_t { any, service, server, daemon };

Subject subject_of(Operation operation) {
  switch (operation) {
    case Operation::get_service:
    case Operation::add_service:
    case Operation::edit_service:
    case Operation::delete_service:
    case Operation::zero: return Subject::service;
    case Operation::list_destinations:
    case Operation::add_destination:
    case Operation::edit_destination:
    case Operation::delete_destination: return Subject::server;
    case Operation::start_daemon:
    case Operation::stop_daemon: return Subject::daemon;
    default: return Subject::any;
  }
}

struct Refusal {
  int error_number;
  Subject subject;
  std::string_view text;
};

constexpr std::array refusals = {
    Refusal{EEXIST, Subject::service, "Service already exists"},
    Refusal{ESRCH, Subject::service, "No such service"},
    Refusal{ENOENT, Subject::service, "Scheduler or persistence engine not found"},
    // A name longer than any scheduler's can be.
    Refusal{ERANGE, Subject::service, "Scheduler or persistence engine not found"},
    Refusal{EEXIST, Subject::server, "Destination already exists"},
    Refusal{ESRCH, Subject::server, "Service not defined"},
    Refusal{ENOENT, Subject::server, "No such destination"},
    Refusal{EEXIST, Subject::daemon, "Daemon has already run"},
    Refusal{ESRCH, Subject::daemon, "No daemon is running"},
    // An interface name longer than any can be.
    Refusal{ERANGE, Subject::daemon, "No such device"},
    Refusal{EINVAL, Subject::any, "Invalid operation.  Possibly wrong module version, address not unicast, ..."},
    Refusal{ENOPROTOOPT, Subject::any, "Protocol not available"},
    Refusal{ENOMEM, Subject::any, "Memory allocation problem"},
    Refusal{EOPNOTSUPP, Subject::any, "Operation not supported with IPv6"},
    Refusal{EAFNOSUPPORT, Subject::any, "Operation not supported with specified address family"},
    Refusal{EPERM, Subject::any, "Permission denied (you must be root)"},
};

}  // namespace

std::string refusal_text(const ipvs::Error& error) {
  const Subject subject = subject_of(error.operation());
  for (const Refusal& refusal : refusals) {
    if (refusal.error_number == error.error_number() &&
        (refusal.subject == subject || refusal.subject == Subject::any)) {
      return std::string(refusal.text);
    }
  }
  // An answer that makes no sense is told with what is wrong with it.
  return error.error_number() == EBADMSG ? error.what() : error.code().message();
}

Failure no_ipvs(const ipvs::Error& error) {
  return {status_illegal, fmt::format("Can't initialize ipvs: {}\n"
                                      "Are you sure that IP Virtual Server is built in the kernel or as module?",
                                      refusal_text(error))};
}

Failure failure_of(const ipvs::Error& error) {
  if (error.error_number() == EPERM || error.operation() == Operation::open_socket) return no_ipvs(error);
  return {status_refused, refusal_text(error)};
}

}  // namespace ipvsadm
