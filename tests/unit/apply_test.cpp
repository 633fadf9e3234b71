// SPDX-License-Identifier: MIT
// apply() against a model of the kernel's table, with every send, every receive and every allocation failing in turn.
// However it ends, its result says how the table stands.
#include <linux/ip_vs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <ipvs/ipvs.hpp>

#include "catch.hpp"
#include "failing_memory.hpp"
#include "fake_kernel.hpp"
#include "netlink/codec.hpp"
#include "table_model.hpp"

using namespace ipvs;

namespace {

Service service_at(std::uint16_t port) {
  return netlink::decode_service(kernel_messages::service({}, 6, port)).service;
}

kernel_messages::Bytes message_of(const Destination& destination) {
  kernel_messages::Words words;
  words.weight = static_cast<std::uint32_t>(destination.weight);
  return kernel_messages::destination({}, words);
}

Destination server(std::uint32_t weight) {
  kernel_messages::Words words;
  words.weight = weight;
  return netlink::decode_destination(kernel_messages::destination({}, words), Family::ipv4).destination;
}

/// Services by their ports, each with a server of this weight, or none.
Table table_of(const std::vector<std::pair<std::uint16_t, std::optional<std::uint32_t>>>& services) {
  Table table;
  for (const auto& [port, weight] : services) {
    table.add(service_at(port));
    if (weight) table.add(service_at(port).key, server(*weight));
  }
  table.timeouts = netlink::decode_timeouts(kernel_messages::timeouts());
  return table;
}

/// Every change that can be asked for in these tests, by the attributes of its request.
struct Known {
  Change change;
  std::uint8_t command;
  kernel_messages::Bytes attributes;
};

std::vector<Known> all_known() {
  std::vector<Change> changes;
  for (std::uint16_t port = 1; port <= 4; ++port) {
    const Service service = service_at(port);
    changes.insert(changes.end(), {AddService{service}, EditService{service}, DeleteService{service.key}});
    changes.emplace_back(DeleteDestination{service.key, server(5).key});
    for (const std::uint32_t weight : {5U, 7U}) {
      changes.emplace_back(AddDestination{service.key, server(weight)});
      changes.emplace_back(EditDestination{service.key, server(weight)});
    }
  }
  std::vector<Known> known;
  netlink::Message message;
  for (const Change& change : changes) {
    netlink::encode_request(message, kernel_messages::family_id, netlink::Answer::silence, change);
    known.push_back(
        {change, static_cast<std::uint8_t>(message.bytes()[NLMSG_HDRLEN]), kernel_messages::copy(message.payload())});
  }
  return known;
}

/// A kernel with a table.
class PlayedTable {
 public:
  explicit PlayedTable(Table table) : table_(std::move(table)) {
    kernel.answer = [this](std::span<const FakeKernel::Request> requests) {
      for (const auto& request : requests) answer(request);
    };
  }

  FakeKernel kernel;
  /// Called before each change; the errno that refuses it, or 0.
  std::function<int(const Change&, Table&)> before_change;

  const Table& table() const { return table_; }

 private:
  void answer(const FakeKernel::Request& request) {
    const bool dump = (request.flags & NLM_F_DUMP) == NLM_F_DUMP;
    switch (request.command) {
      case IPVS_CMD_GET_SERVICE:
        if (!dump) return answer_single(request);
        for (const auto& [key, entry] : table_.services) put(request, kernel_messages::service({}, 6, key.port));
        break;
      case IPVS_CMD_GET_DEST:
        for (const auto& [key, entry] : table_.services) {
          if (request.attributes != attributes_of(key)) continue;
          for (const auto& [name, destination] : entry.destinations) put(request, message_of(destination));
        }
        break;
      case IPVS_CMD_GET_CONFIG: return kernel.put(data_message(request.sequence, kernel_messages::timeouts()));
      case IPVS_CMD_GET_DAEMON: break;
      default: return change(request);
    }
    REQUIRE(dump);
    kernel.put(done_message(request.sequence));
  }

  void answer_single(const FakeKernel::Request& request) {
    for (const auto& [key, entry] : table_.services) {
      if (request.attributes != attributes_of(key)) continue;
      return kernel.put(data_message(request.sequence, kernel_messages::service({}, 6, key.port)));
    }
    kernel.put(error_message(request.sequence, ESRCH));
  }

  void put(const FakeKernel::Request& request, const kernel_messages::Bytes& payload) {
    kernel.put(data_message(request.sequence, payload, NLM_F_MULTI));
  }

  void change(const FakeKernel::Request& request) {
    const auto asked = std::ranges::find_if(known_, [&](const Known& known) {
      return known.command == request.command && known.attributes == request.attributes;
    });
    REQUIRE(asked != known_.end());
    int error_number = before_change ? before_change(asked->change, table_) : 0;
    if (error_number == 0) error_number = std::visit(TableModel{table_}, asked->change);
    if (error_number != 0 || (request.flags & NLM_F_ACK) != 0) {
      kernel.put(error_message(request.sequence, error_number));
    }
  }

  static kernel_messages::Bytes attributes_of(const ServiceKey& key) {
    return kernel_messages::attributes([&](netlink::Message& message) { netlink::encode_key(message, key); });
  }

  Table table_;
  std::vector<Known> known_ = all_known();
};

const Table before = table_of({{1, 5U}, {2, 5U}, {3, 5U}});
/// A weight is edited, a server and a service are deleted, a service is added.
const Table wanted = table_of({{1, 7U}, {2, std::nullopt}, {4, 5U}});

/// What apply() said; nothing when it threw.
using Said = std::optional<ApplyResult>;

Said apply_and_catch(const ApplyOptions& options) {
  try {
    Client client;
    return apply(client, wanted, options);
  } catch (const Error&) {
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

Table after(Table table, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const int error_number = std::visit(TableModel{table}, change);
    CHECK(error_number == 0);
  }
  return table;
}

/// Whether what was said of the table is so.
bool is_true(const Said& said, const Table& table) {
  if (!said) return table == before;
  switch (said->outcome) {
    case ApplyOutcome::done: return table == wanted;
    case ApplyOutcome::as_before: return table == before;
    case ApplyOutcome::changed: return table != before && after(table, said->differences) == before;
    case ApplyOutcome::unknown: return said->failure || said->no_memory;
  }
  return false;
}

constexpr std::array errors = {EIO, ENOMEM, ENOBUFS, EMSGSIZE, EPERM};

/// Has the call fail before which `calls` others succeed.
std::deque<int> fail_after(std::size_t calls, int error_number) {
  std::deque<int> all(calls, 0);
  all.push_back(error_number);
  return all;
}

}  // namespace

TEST_CASE("apply makes the table what is wanted") {
  PlayedTable played(before);
  const Said said = apply_and_catch({});
  REQUIRE(said);
  CHECK(said->outcome == ApplyOutcome::done);
  CHECK(played.table() == wanted);
  CHECK(said->refusals.empty());
}

TEST_CASE("apply keeps weights, and what only the kernel has, as its options say") {
  ApplyOptions options;
  options.keep_weights = true;
  options.no_delete = true;
  PlayedTable played(before);
  const Said said = apply_and_catch(options);
  REQUIRE(said);
  CHECK(said->outcome == ApplyOutcome::done);
  CHECK(played.table() == table_of({{1, 5U}, {2, 5U}, {3, 5U}, {4, 5U}}));
}

TEST_CASE("apply takes back when the kernel refuses a change, whichever it is") {
  for (std::size_t refused = 0; refused < diff(before, wanted).size(); ++refused) {
    PlayedTable played(before);
    std::size_t number = 0;
    played.before_change = [&](const Change& /*unused*/, Table& /*unused*/) {
      return number++ == refused ? EINVAL : 0;
    };
    const Said said = apply_and_catch({});
    REQUIRE(said);
    CHECK(said->outcome == ApplyOutcome::as_before);
    CHECK(played.table() == before);
    // A server's service may be among what was refused.
    REQUIRE_FALSE(said->refusals.empty());
    CHECK(said->refusals.front().error.error_number() == EINVAL);
  }
}

TEST_CASE("apply says what can't be taken back") {
  PlayedTable played(before);
  played.before_change = [](const Change& change, Table& /*unused*/) {
    const bool last =
        std::holds_alternative<DeleteDestination>(change) || std::holds_alternative<DeleteService>(change);
    return last ? EINVAL : 0;
  };
  const Said said = apply_and_catch({});
  REQUIRE(said);
  CHECK(said->outcome == ApplyOutcome::changed);
  CHECK(said->not_taken_back.size() == 1);
  CHECK(said->differences == std::vector<Change>{DeleteService{service_at(4).key}});
  CHECK(is_true(said, played.table()));
}

TEST_CASE("apply looks again when somebody else changes the table") {
  PlayedTable played(before);
  bool first = true;
  played.before_change = [&](const Change& /*unused*/, Table& table) {
    if (first) table.services.erase(service_at(1).key);
    first = false;
    return 0;
  };
  const Said said = apply_and_catch({});
  REQUIRE(said);
  CHECK(said->outcome == ApplyOutcome::done);
  CHECK(played.table() == wanted);
}

TEST_CASE("apply never leaves unsaid how the table stands: every send fails") {
  for (const int error_number : errors) {
    for (std::size_t call = 0;; ++call) {
      PlayedTable played(before);
      played.kernel.send_errors = fail_after(call, error_number);
      const Said said = apply_and_catch({});
      if (!played.kernel.send_errors.empty()) break;
      INFO("send " << call << ", errno " << error_number);
      CHECK(is_true(said, played.table()));
      CHECK((!said || said->outcome == ApplyOutcome::as_before));
    }
  }
}

TEST_CASE("apply never leaves unsaid how the table stands: every receive fails") {
  for (const int error_number : errors) {
    for (std::size_t call = 0;; ++call) {
      PlayedTable played(before);
      played.kernel.receive_errors = fail_after(call, error_number);
      const Said said = apply_and_catch({});
      if (!played.kernel.receive_errors.empty()) break;
      INFO("receive " << call << ", errno " << error_number);
      CHECK(is_true(said, played.table()));
      CHECK((!said || said->outcome != ApplyOutcome::unknown));
    }
  }
}

TEST_CASE("apply never leaves unsaid how the table stands: all calls fail from one on") {
  for (const int error_number : errors) {
    bool was_unknown = false;
    for (std::size_t call = 0; call < 60; ++call) {
      PlayedTable played(before);
      played.kernel.send_errors = std::deque<int>(call, 0);
      played.kernel.receive_errors = std::deque<int>(call, 0);
      played.kernel.lasting_error = error_number;
      const Said said = apply_and_catch({});
      INFO("call " << call << ", errno " << error_number);
      CHECK(is_true(said, played.table()));
      was_unknown = was_unknown || (said && said->outcome == ApplyOutcome::unknown);
    }
    CHECK(was_unknown);
  }
}

TEST_CASE("apply never leaves unsaid how the table stands: every allocation fails") {
  std::size_t allocation = 0;
  for (bool failed = true; failed; ++allocation) {
    PlayedTable played(before);
    failing_memory::fail_after(allocation);
    const Said said = apply_and_catch({});
    failed = failing_memory::stop();
    INFO("allocation " << allocation);
    CHECK(is_true(said, played.table()));
    CHECK((!said || said->outcome != ApplyOutcome::unknown));
    // The last time none is left to fail.
    if (!failed) CHECK((said && said->outcome == ApplyOutcome::done));
  }
  CHECK(allocation > 50);
}
