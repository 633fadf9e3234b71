// SPDX-License-Identifier: MIT
#include "ipvs/client.hpp"

#include <linux/ip_vs.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include "client_state.hpp"
#include "ipvs/error.hpp"
#include "ipvs/netns.hpp"
#include "netlink/codec.hpp"

namespace ipvs {

using netlink::Answer;
using netlink::Payload;

Client::Client() : state_(std::make_unique<State>()) {}

Client::Client(const NetworkNamespace& network) {
  network.run([this] { state_ = std::make_unique<State>(); });
}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::State::begin(std::uint8_t command, Answer answer) { message.begin(socket.family(), command, answer); }

void Client::apply(const Change& change) {
  const Operation operation = operation_of(change);
  if (const int error_number = netlink::refused_beforehand(change)) throw Error(operation, error_number);
  netlink::encode_request(state_->message, state_->socket.family(), Answer::ack, change);
  try {
    state_->socket.request(operation, state_->message, Answer::ack);
  } catch (const Error& error) {
    // A sync daemon that is stopped before it first ran ends with EINTR, which the kernel does not report (Linux 6.1).
    if (operation != Operation::stop_daemon || error.error_number() != EINTR) throw;
  }
}

namespace {

void check(Operation operation, const ServiceKey& key) {
  if (const int error_number = netlink::refused_beforehand(key)) throw Error(operation, error_number);
}

/// The one data message of a reply, decoded.
template <typename Value, typename Decode>
Value reply(Operation operation, netlink::Socket& socket, netlink::Message& message, Decode decode) {
  std::optional<Value> value;
  socket.request(operation, message, Answer::reply, [&](Payload payload) { value = decode(payload); });
  if (!value) throw Error(operation, EBADMSG, "the answer is empty");
  return *std::move(value);
}

/// Reads one dump.
template <typename Value, typename Decode>
netlink::Moment read_dump(Operation operation, netlink::Socket& socket, netlink::Message& message, Decode decode,
                          std::vector<Value>& values) {
  values.clear();
  return socket.request(operation, message, Answer::dump, [&](Payload payload) { values.push_back(decode(payload)); });
}

/// All data messages of a dump, decoded. What came in several packets is read until two readings agree on which
/// values there are: the kernel continues by position, and passes over or repeats others when some are added or deleted
/// between two packets (Linux 6.1), or while the table itself grows or shrinks (7.1). When the table never rests, it is
/// read until several readings in a row held no new key; what only some of them held is handed to `ask_again`, which
/// gives it as it is now, or nothing.
template <typename Value, typename Decode, typename Name, typename AskAgain>
std::vector<Value> dump(Operation operation, netlink::Socket& socket, netlink::Message& message, Decode decode,
                        Name name, AskAgain ask_again) {
  constexpr int most_readings = 30;
  constexpr int enough_without_news = 6;
  using Key = std::decay_t<std::invoke_result_t<Name, const Value&>>;
  std::map<Key, Value> listed_before;
  std::vector<Value> values;
  std::vector<Value> former;
  int without_news = 0;
  for (int reading = 1; reading <= most_readings && without_news < enough_without_news; ++reading) {
    const std::size_t known = listed_before.size();
    for (Value& value : former) listed_before.insert_or_assign(name(value), std::move(value));
    without_news = listed_before.size() == known && reading > 2 ? without_news + 1 : 0;
    former = std::exchange(values, {});
    if (read_dump(operation, socket, message, decode, values) == netlink::Moment::one) return values;
    if (reading > 1 && std::ranges::equal(former, values, {}, name, name)) return values;
  }
  for (Value& value : former) listed_before.insert_or_assign(name(value), std::move(value));
  std::set<Key> seen;
  std::erase_if(values, [&](const Value& value) { return !seen.insert(name(value)).second; });
  for (const auto& [key, value] : listed_before) {
    if (seen.contains(key)) continue;
    if (std::optional<Value> present = ask_again(value)) values.push_back(*std::move(present));
  }
  return values;
}

}  // namespace

ServiceEntry Client::State::get_service(Operation operation, const ServiceKey& key) {
  begin(IPVS_CMD_GET_SERVICE, Answer::reply);
  netlink::encode_key(message, key);
  return reply<ServiceEntry>(operation, socket, message, netlink::decode_service);
}

Info Client::info() {
  state_->begin(IPVS_CMD_GET_INFO, Answer::reply);
  return reply<Info>(Operation::get_info, state_->socket, state_->message, netlink::decode_info);
}

std::vector<ServiceEntry> Client::services() {
  state_->begin(IPVS_CMD_GET_SERVICE, Answer::dump);
  return dump<ServiceEntry>(
      Operation::list_services, state_->socket, state_->message, netlink::decode_service,
      [](const ServiceEntry& entry) -> const auto& { return entry.service.key; },
      [this](const ServiceEntry& entry) -> std::optional<ServiceEntry> {
        try {
          return state_->get_service(Operation::list_services, entry.service.key);
        } catch (const Error& error) {
          if (error.error_number() == ESRCH) return std::nullopt;
          throw;
        }
      });
}

ServiceEntry Client::service(const ServiceKey& key) {
  check(Operation::get_service, key);
  return state_->get_service(Operation::get_service, key);
}

void Client::add_service(const Service& service) { apply(AddService{service}); }

void Client::edit_service(const Service& service) { apply(EditService{service}); }

void Client::delete_service(const ServiceKey& key) { apply(DeleteService{key}); }

std::vector<DestinationEntry> Client::destinations(const ServiceKey& key) {
  check(Operation::list_destinations, key);
  state_->begin(IPVS_CMD_GET_DEST, Answer::dump);
  netlink::encode_key(state_->message, key);
  // The kernel returns no single destination.
  const auto keep = [](const DestinationEntry& entry) { return std::optional(entry); };
  const auto decode = [&key](Payload payload) { return netlink::decode_destination(payload, key.family); };
  std::vector<DestinationEntry> entries = dump<DestinationEntry>(
      Operation::list_destinations, state_->socket, state_->message, decode,
      [](const DestinationEntry& entry) -> const auto& { return entry.destination.key; }, keep);
  if (entries.empty()) {
    // The kernel's dump is the same for "no destination" and "no such service".
    state_->get_service(Operation::list_destinations, key);
  }
  return entries;
}

void Client::add_destination(const ServiceKey& key, const Destination& destination) {
  apply(AddDestination{key, destination});
}

void Client::edit_destination(const ServiceKey& key, const Destination& destination) {
  apply(EditDestination{key, destination});
}

void Client::delete_destination(const ServiceKey& key, const DestinationKey& destination) {
  apply(DeleteDestination{key, destination});
}

void Client::zero() { apply(Zero{}); }

void Client::zero(const ServiceKey& key) { apply(Zero{key}); }

void Client::flush() { apply(Flush{}); }

Timeouts Client::timeouts() {
  state_->begin(IPVS_CMD_GET_CONFIG, Answer::reply);
  return reply<Timeouts>(Operation::get_timeouts, state_->socket, state_->message, netlink::decode_timeouts);
}

void Client::set_timeouts(const Timeouts& timeouts) { apply(SetTimeouts{timeouts}); }

std::vector<Daemon> Client::daemons() {
  state_->begin(IPVS_CMD_GET_DAEMON, Answer::dump);
  return dump<Daemon>(
      Operation::list_daemons, state_->socket, state_->message, netlink::decode_daemon,
      [](const Daemon& daemon) { return daemon.role; }, [](const Daemon& daemon) { return std::optional(daemon); });
}

void Client::start_daemon(const Daemon& daemon) { apply(StartDaemon{daemon}); }

void Client::stop_daemon(DaemonRole role, std::uint32_t sync_id) { apply(StopDaemon{role, sync_id}); }

}  // namespace ipvs
