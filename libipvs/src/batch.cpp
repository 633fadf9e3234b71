// SPDX-License-Identifier: MIT
#include "ipvs/batch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "client_state.hpp"
#include "netlink/codec.hpp"

namespace ipvs {
namespace {

// The kernel copies a whole send into one buffer and refuses more than the socket's send buffer holds.
constexpr std::size_t most_bytes = 48 * 1024;
// A message is smaller than this.
constexpr std::size_t message_size = 1024;
constexpr std::size_t most_changes = 256;

}  // namespace

// A send carries many requests, of which only the last asks to be acknowledged. The kernel handles all before the
// send returns, in order, and answers a refused one at once: so when the last one's answer is there, those without
// an answer were carried out. Each answer takes room in the receive buffer until it is read, which bounds a send.
struct Batch::State {
  Client::State& client;
  std::size_t capacity;          ///< changes a send; their refusals fit the receive buffer
  std::size_t room;              ///< bytes a send
  std::vector<std::byte> bytes;  ///< whole messages, one after the other
  std::size_t last_message = 0;  ///< where the last one starts
  std::size_t next_number = 0;
  struct Pending {
    std::uint32_t sequence;
    std::size_t number;
    Operation operation;
  };
  std::vector<Pending> pending;
  std::vector<Refusal> refusals;

  explicit State(Client::State& state)
      : client(state),
        capacity(std::clamp<std::size_t>(state.socket.answers_that_fit(), 1, most_changes)),
        room(std::min(std::max(state.socket.bytes_that_fit(), 2 * message_size), most_bytes)) {}

  void append(const Change& change, std::size_t number) {
    netlink::encode_request(client.message, client.socket.family(), netlink::Answer::silence, change);
    const std::uint32_t sequence = client.socket.next_sequence();
    client.message.set_sequence(sequence, client.socket.port());
    last_message = bytes.size();
    const std::span<const std::byte> message = client.message.bytes();
    bytes.insert(bytes.end(), message.begin(), message.end());
    // A message starts at a multiple of four.
    constexpr std::size_t alignment = 4;
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    pending.push_back({sequence, number, operation_of(change)});
  }

  void refuse(const Pending& change, int error_number, std::string_view kernel_text = {}) {
    refusals.push_back({change.number, Error(change.operation, error_number, Error::KernelText{kernel_text})});
  }

  void send() {
    if (pending.empty()) return;
    // Whatever comes, nothing is ever carried out twice.
    const Forget forget{*this};
    netlink::ask_for_acknowledgement(std::span(bytes).subspan(last_message));
    try {
      const std::size_t before = refusals.size();
      client.socket.send(bytes);
      collect();
      if (is_unknown_family(before) && client.socket.has_new_family()) {
        refusals.erase(refusals.begin() + static_cast<std::ptrdiff_t>(before), refusals.end());
        netlink::set_family(bytes, client.socket.family());
        client.socket.send(bytes);
        collect();
      }
    } catch (const Error&) {
      refusals.clear();
      throw;
    } catch (const netlink::Malformed& reason) {
      refusals.clear();
      throw Error(pending.front().operation, EBADMSG, reason.what());
    } catch (const std::system_error& failure) {
      refusals.clear();
      throw Error(pending.front().operation, failure.code().value());
    }
  }

  /// Whether all of a send was refused, as the kernel does when it does not know the family any more.
  bool is_unknown_family(std::size_t refusals_before) const {
    const auto own = std::span(refusals).subspan(refusals_before);
    return own.size() == pending.size() &&
           std::ranges::all_of(own, [](const Refusal& refusal) { return refusal.error.error_number() == ENOENT; });
  }

  /// Empties the line at its end.
  struct Forget {
    State& state;
    ~Forget() {
      state.bytes.clear();
      state.pending.clear();
    }
  };

  /// Reads all answers. The kernel has given them by now.
  void collect() {
    std::vector<bool> answered(pending.size(), false);
    const auto take = [&](netlink::Answered answer) {
      const auto found = std::ranges::find(pending, answer.sequence, &Pending::sequence);
      if (found == pending.end()) return;  // an answer that an earlier request gave up on
      answered[static_cast<std::size_t>(found - pending.begin())] = true;
      if (answer.error_number != 0) refuse(*found, answer.error_number, answer.kernel_text);
    };
    const bool lost = !read_all(take);
    for (std::size_t i = 0; i < pending.size(); ++i) {
      // When answers were lost, silence means nothing any more.
      if (lost && !answered[i]) refuse(pending[i], ENOBUFS);
    }
    const bool last_is_stop = pending.back().operation == Operation::stop_daemon;
    if (!lost && !answered.back() && !last_is_stop) refuse(pending.back(), EINTR);
  }

  /// False when the kernel had to drop an answer. It says so once, and nothing more is coming: a socket that says it
  /// again before it has given a packet fails.
  template <typename Take>
  bool read_all(Take take) {
    bool complete = true;
    for (bool has_just_dropped = false;;) {
      try {
        if (!client.socket.receive_if_any(take)) return complete;
        has_just_dropped = false;
      } catch (const std::system_error& failure) {
        if (failure.code().value() != ENOBUFS || has_just_dropped) throw;
        has_just_dropped = true;
        complete = false;
      }
    }
  }
};

Batch::Batch(Client& client) : state_(std::make_unique<State>(*client.state_)) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

std::size_t Batch::add(const Change& change) {
  const std::size_t number = state_->next_number++;
  if (const int error_number = netlink::refused_beforehand(change)) {
    state_->refuse({0, number, operation_of(change)}, error_number);
    return number;
  }
  if (state_->pending.size() >= state_->capacity || state_->bytes.size() + message_size > state_->room) state_->send();
  state_->append(change, number);
  return number;
}

std::vector<Batch::Refusal> Batch::finish() {
  state_->send();
  std::ranges::sort(state_->refusals, {}, &Refusal::number);
  return std::exchange(state_->refusals, {});
}

}  // namespace ipvs
