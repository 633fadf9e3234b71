// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "commands/complete.hpp"
#include "commands/context.hpp"
#include "commands/error_text.hpp"
#include "commands/run.hpp"
#include "ipvs/error.hpp"
#include "line/applets.hpp"
#include "line/failure.hpp"
#include "line/parse.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

namespace {

/// A caller may have closed stdout; the netlink socket must not take its number and get the listing.
void fill_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    // Opened the wrong way round: what is written there fails as it would on a closed descriptor.
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
  }
}

int carry_out(const std::vector<std::string>& words, std::string_view program) {
  using namespace ipvsadm;
  SystemNames names;
  Output output;
  Context context(names, output);
  try {
    if (!words.empty() && words.front() == complete_word) return complete(std::span(words).subspan(1), output);
    std::optional<Invocation> invocation = parse_applet(program, words);
    if (!invocation) invocation = Parser(names).parse(words, program);
    if (!invocation->network_namespace.empty()) context.enter(invocation->network_namespace);
    const int status = run(invocation->command, context);
    output.flush();
    return status;
  } catch (const Failure& failure) {
    // What was listed before the failure belongs on stdout all the same.
    output.flush();
    throw;
  } catch (const ipvs::Error& error) {
    output.flush();
    throw failure_of(error);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  try {
    const bool named = argc > 0 && *argv[0] != '\0';
    return carry_out({argv + (argc > 0 ? 1 : 0), argv + argc}, named ? argv[0] : "ipvsadm");
  } catch (const ipvsadm::Failure& failure) {
    ipvsadm::tell(failure.what());
    return failure.status();
  } catch (const std::bad_alloc&) {
    ipvsadm::tell("Memory allocation problem");
  } catch (const std::exception& error) {
    ipvsadm::tell(fmt::format("unexpected error: {}", error.what()));
  }
  return ipvsadm::status_refused;
}
