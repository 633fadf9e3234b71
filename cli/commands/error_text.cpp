// SPDX-License-Identifier: MIT
#include "commands/error_text.hpp"

#include <sys/stat.h>
#include <unistd.h>

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
  // An answer that makes no sense is reported with what is wrong with it.
  return error.error_number() == EBADMSG ? error.what() : error.code().message();
}

std::string refusal_with_reason(const ipvs::Error& error) {
  const std::string_view reason = error.kernel_text();
  return reason.empty() ? refusal_text(error) : fmt::format("{} (the kernel says: {})", refusal_text(error), reason);
}

std::string what_root_lacks(const ipvs::Error& error) {
  if (error.error_number() != EPERM || geteuid() != 0) return {};
  // The number that the kernel gives the first user namespace. Linux: PROC_USER_INIT_INO.
  constexpr ino_t initial = 0xEFFFFFFDU;
  struct stat own {};
  if (stat("/proc/self/ns/user", &own) == 0 && own.st_ino != initial) {
    return "\n  this is root of a user namespace: IPVS takes CAP_NET_ADMIN of the initial user namespace only";
  }
  return "\n  this root lacks the capability CAP_NET_ADMIN, as in most containers";
}

Failure no_ipvs(const ipvs::Error& error) {
  return {status_illegal, fmt::format("Can't initialize ipvs: {}\n"
                                      "Are you sure that IP Virtual Server is built in the kernel or as module?",
                                      refusal_text(error))};
}

Failure no_rights(std::string_view what) {
  const ipvs::Error error(Operation::get_info, EPERM);
  std::string text = no_ipvs(error).what() + what_root_lacks(error);
  if (!what.empty()) {
    text += fmt::format("\n  {} needs CAP_NET_ADMIN; without it, -L lists services and servers, and -L -c connections",
                        what);
  }
  return {status_illegal, text};
}

Failure failure_of(const ipvs::Error& error) {
  if (error.error_number() == EPERM) return no_rights("");
  if (error.operation() == Operation::open_socket) return no_ipvs(error);
  // The first line is 1.31's, to the letter.
  const std::string_view reason = error.kernel_text();
  return {status_refused,
          reason.empty() ? refusal_text(error) : fmt::format("{}\n  the kernel says: {}", refusal_text(error), reason)};
}

}  // namespace ipvsadm
