// SPDX-License-Identifier: MIT
#include "ipvs/client.hpp"

#include <linux/ip_vs.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "client_state.hpp"
#include "in_namespace.hpp"
#include "netlink/codec.hpp"

namespace ipvs {

using netlink::Answer;
using netlink::Payload;

Client::Client() : state_(std::make_unique<State>()) {}

Client::Client(const NetworkNamespace& network) {
  in_namespace(network, [this] { state_ = std::make_unique<State>(); });
}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::State::begin(std::uint8_t command, Answer answer) { message.begin(socket.family(), command, answer); }

void Client::State::send(Operation operation) { socket.request(operation, message, Answer::ack); }

namespace {

/// The one data message of a reply, decoded.
template <typename Value, typename Decode>
Value reply(Operation operation, netlink::Socket& socket, netlink::Message& message, Decode decode) {
  std::optional<Value> value;
  socket.request(operation, message, Answer::reply, [&](Payload payload) { value = decode(payload); });
  if (!value) throw Error(operation, EBADMSG, "the answer is empty");
  return *std::move(value);
}

/// All data messages of a dump, decoded.
template <typename Value, typename Decode>
std::vector<Value> dump(Operation operation, netlink::Socket& socket, netlink::Message& message, Decode decode) {
  std::vector<Value> values;
  socket.request(operation, message, Answer::dump, [&](Payload payload) { values.push_back(decode(payload)); });
  return values;
}

}  // namespace

Info Client::info() {
  state_->begin(IPVS_CMD_GET_INFO, Answer::reply);
  return reply<Info>(Operation::get_info, state_->socket, state_->message, netlink::decode_info);
}

std::vector<ServiceEntry> Client::services() {
  state_->begin(IPVS_CMD_GET_SERVICE, Answer::dump);
  return dump<ServiceEntry>(Operation::list_services, state_->socket, state_->message, netlink::decode_service);
}

ServiceEntry Client::service(const ServiceKey& key) {
  state_->begin(IPVS_CMD_GET_SERVICE, Answer::reply);
  netlink::encode_key(state_->message, key);
  return reply<ServiceEntry>(Operation::get_service, state_->socket, state_->message, netlink::decode_service);
}

void Client::add_service(const Service& service) {
  state_->begin(IPVS_CMD_NEW_SERVICE, Answer::ack);
  netlink::encode(state_->message, service);
  state_->send(Operation::add_service);
}

void Client::edit_service(const Service& service) {
  state_->begin(IPVS_CMD_SET_SERVICE, Answer::ack);
  netlink::encode(state_->message, service);
  state_->send(Operation::edit_service);
}

void Client::delete_service(const ServiceKey& key) {
  state_->begin(IPVS_CMD_DEL_SERVICE, Answer::ack);
  netlink::encode_key(state_->message, key);
  state_->send(Operation::delete_service);
}

std::vector<DestinationEntry> Client::destinations(const ServiceKey& key) {
  state_->begin(IPVS_CMD_GET_DEST, Answer::dump);
  netlink::encode_key(state_->message, key);
  const auto decode = [&key](Payload payload) { return netlink::decode_destination(payload, key.family); };
  std::vector<DestinationEntry> entries =
      dump<DestinationEntry>(Operation::list_destinations, state_->socket, state_->message, decode);
  if (entries.empty()) {
    // The kernel's dump does not tell "no destination" from "no such service".
    state_->begin(IPVS_CMD_GET_SERVICE, Answer::reply);
    netlink::encode_key(state_->message, key);
    state_->socket.request(Operation::list_destinations, state_->message, Answer::reply);
  }
  return entries;
}

void Client::add_destination(const ServiceKey& key, const Destination& destination) {
  state_->begin(IPVS_CMD_NEW_DEST, Answer::ack);
  netlink::encode_key(state_->message, key);
  netlink::encode(state_->message, destination);
  state_->send(Operation::add_destination);
}

void Client::edit_destination(const ServiceKey& key, const Destination& destination) {
  state_->begin(IPVS_CMD_SET_DEST, Answer::ack);
  netlink::encode_key(state_->message, key);
  netlink::encode(state_->message, destination);
  state_->send(Operation::edit_destination);
}

void Client::delete_destination(const ServiceKey& key, const DestinationKey& destination) {
  state_->begin(IPVS_CMD_DEL_DEST, Answer::ack);
  netlink::encode_key(state_->message, key);
  netlink::encode_key(state_->message, destination);
  state_->send(Operation::delete_destination);
}

void Client::zero() {
  state_->begin(IPVS_CMD_ZERO, Answer::ack);
  state_->send(Operation::zero);
}

void Client::zero(const ServiceKey& key) {
  state_->begin(IPVS_CMD_ZERO, Answer::ack);
  netlink::encode_key(state_->message, key);
  state_->send(Operation::zero);
}

void Client::flush() {
  state_->begin(IPVS_CMD_FLUSH, Answer::ack);
  state_->send(Operation::flush);
}

Timeouts Client::timeouts() {
  state_->begin(IPVS_CMD_GET_CONFIG, Answer::reply);
  return reply<Timeouts>(Operation::get_timeouts, state_->socket, state_->message, netlink::decode_timeouts);
}

void Client::set_timeouts(const Timeouts& timeouts) {
  state_->begin(IPVS_CMD_SET_CONFIG, Answer::ack);
  netlink::encode(state_->message, timeouts);
  state_->send(Operation::set_timeouts);
}

std::vector<Daemon> Client::daemons() {
  state_->begin(IPVS_CMD_GET_DAEMON, Answer::dump);
  return dump<Daemon>(Operation::list_daemons, state_->socket, state_->message, netlink::decode_daemon);
}

void Client::start_daemon(const Daemon& daemon) {
  state_->begin(IPVS_CMD_NEW_DAEMON, Answer::ack);
  netlink::encode(state_->message, daemon);
  state_->send(Operation::start_daemon);
}

void Client::stop_daemon(DaemonRole role, std::uint32_t sync_id) {
  state_->begin(IPVS_CMD_DEL_DAEMON, Answer::ack);
  netlink::encode_stop(state_->message, role, sync_id);
  state_->send(Operation::stop_daemon);
}

}  // namespace ipvs
