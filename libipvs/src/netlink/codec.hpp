// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>

#include "ipvs/change.hpp"
#include "ipvs/config.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "netlink/message.hpp"

// The attribute codec: values to attributes and back. Pure functions on buffers; the only place where byte order
// matters.
namespace ipvs::netlink {

/// A message that lacks an attribute or holds a value that makes no sense; what() says which.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Nested IPVS_CMD_ATTR_SERVICE with what names a service.
void encode_key(Message& message, const ServiceKey& key);
/// The same with all settings.
void encode(Message& message, const Service& service);
/// Nested IPVS_CMD_ATTR_DEST with what names a destination.
void encode_key(Message& message, const DestinationKey& key);
/// The same with all settings.
void encode(Message& message, const Destination& destination);
/// Nested IPVS_CMD_ATTR_DAEMON; what is zero or empty is left out.
void encode(Message& message, const Daemon& daemon);
/// What stop_daemon sends: the role and the sync id.
void encode_stop(Message& message, DaemonRole role, std::uint32_t sync_id);
/// IPVS_CMD_ATTR_TIMEOUT_*; a zero is sent too and the kernel takes it for "keep".
void encode(Message& message, const Timeouts& timeouts);

/// The whole request that carries out `change`, headers first.
void encode_request(Message& message, int family, Answer answer, const Change& change);
/// The errno for what no message can say, 0 when all can be said. A name longer than the kernel's field, or with a NUL
/// in it: there is no such scheduler or engine (ENOENT) or interface (ENODEV). A key without a protocol or whose
/// address is of another family, and times below 0 or beyond 32 bits: EINVAL.
int refused_beforehand(const Change& change);
int refused_beforehand(const ServiceKey& key);

// All throw Malformed.
ServiceEntry decode_service(Payload payload);
/// `family` is that of the service: kernels before 3.18 do not report the destination's own.
DestinationEntry decode_destination(Payload payload, Family family);
Daemon decode_daemon(Payload payload);
Timeouts decode_timeouts(Payload payload);
Info decode_info(Payload payload);

}  // namespace ipvs::netlink
