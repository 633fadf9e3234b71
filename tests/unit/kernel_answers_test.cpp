// SPDX-License-Identifier: MIT
// What a refusal carries, and what one means when the kernel's module was loaded again.
#include <linux/ip_vs.h>
#include <netlink/errno.h>

#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include <ipvs/ipvs.hpp>

#include "catch.hpp"
#include "fake_kernel.hpp"

using namespace ipvs;
using Requests = std::span<const FakeKernel::Request>;

namespace {

const ServiceKey web = ServiceKey::tcp(*Address::parse("10.0.0.1"), 80);
constexpr std::uint16_t new_family = kernel_messages::family_id + 7;

Error refusal_of(Client& client, const Change& change) {
  try {
    client.apply(change);
  } catch (const Error& error) {
    return error;
  }
  FAIL("not refused");
  return {Operation::get_info, 0};
}

/// Refuses what is for a family that is not there, as the kernel does; acknowledges the rest.
void answer_as_kernel(FakeKernel& kernel, std::uint16_t family, Requests requests) {
  for (const FakeKernel::Request& request : requests) {
    if (request.family != family) {
      kernel.put(error_message(request.sequence, ENOENT));
    } else if ((request.flags & NLM_F_ACK) != 0) {
      kernel.put(error_message(request.sequence));
    }
  }
}

}  // namespace

TEST_CASE("the kernel's own words travel with its refusal") {
  FakeKernel kernel;
  Client client;
  const std::string words = "Attribute failed policy validation";
  bool capped = true;
  std::size_t echoed = 0;
  SECTION("alone") {}
  SECTION("after the request's length alone") { echoed = 24; }
  SECTION("behind the request") {
    capped = false;
    echoed = 24;
  }
  kernel.answer = [&](Requests requests) {
    kernel.put(refusal_with_text(requests.front().sequence, EINVAL, words, capped, echoed));
  };
  const Error error = refusal_of(client, Flush{});
  CHECK(error.error_number() == EINVAL);
  CHECK(error.kernel_text() == words);
  CHECK(std::string(error.what()).find(words) != std::string::npos);
  const Error copy = error;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(copy.kernel_text() == words);

  Batch batch(client);
  batch.add(Flush{});
  const std::vector<Batch::Refusal> refusals = batch.finish();
  REQUIRE(refusals.size() == 1);
  CHECK(refusals.front().error.kernel_text() == words);
}

TEST_CASE("a refusal without words has none") {
  FakeKernel kernel;
  Client client;
  kernel.answer = [&](Requests requests) { kernel.put(error_message(requests.front().sequence, EINVAL)); };
  CHECK(refusal_of(client, Flush{}).kernel_text().empty());
}

TEST_CASE("after the module was loaded again the family is asked for once, and the request repeated") {
  FakeKernel kernel;
  Client client;
  Batch batch(client);
  kernel.resolved = new_family;
  kernel.answer = [&](Requests requests) { answer_as_kernel(kernel, new_family, requests); };
  SECTION("one change") {
    client.apply(DeleteService{web});
    CHECK(kernel.sends.size() == 2);
    client.apply(DeleteService{web});
    CHECK(kernel.sends.size() == 3);
  }
  SECTION("a batch") {
    for (int i = 0; i < 3; ++i) batch.add(DeleteService{web});
    CHECK(batch.finish().empty());
    REQUIRE(kernel.sends.size() == 2);
    CHECK(kernel.sends.back().size() == 3);
  }
}

TEST_CASE("what is really not found is refused as that, and not repeated") {
  FakeKernel kernel;
  Client client;
  Batch batch(client);
  kernel.answer = [&](Requests requests) { answer_as_kernel(kernel, new_family, requests); };
  CHECK(refusal_of(client, DeleteService{web}).error_number() == ENOENT);
  CHECK(kernel.sends.size() == 1);
  batch.add(DeleteService{web});
  batch.add(DeleteService{web});
  CHECK(batch.finish().size() == 2);
  CHECK(kernel.sends.size() == 2);
}

TEST_CASE("a module that is gone is reported as that") {
  FakeKernel kernel;
  Client client;
  Batch batch(client);
  kernel.resolved = -NLE_OBJ_NOTFOUND;
  kernel.answer = [&](Requests requests) { answer_as_kernel(kernel, new_family, requests); };
  const Error error = refusal_of(client, DeleteService{web});
  CHECK(error.error_number() == ENOPROTOOPT);
  CHECK(error.operation() == Operation::open_socket);
  batch.add(DeleteService{web});
  CHECK_THROWS_AS(batch.finish(), Error);
}
