// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

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

/// A caller may have closed stdout; the netlink socket must not take its number and get the listing, nor a file be
/// opened under it and written to.
void fill_standard_descriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // To read or write it fails as on a closed descriptor; and it is there without /dev/null too, as in a chroot.
    if (open("/", O_PATH) != descriptor) _exit(ipvsadm::status_refused);
  }
}

/// For what no catch sees: memory that is missing before main(), or for an exception itself.
[[noreturn]] void end_for_want_of_memory() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc&) {
    // Said below.
  } catch (...) {
    std::abort();
  }
  ipvsadm::print_message("Memory allocation problem");
  _exit(ipvsadm::status_refused);
}

// Before all objects of static storage, which take memory.
[[gnu::constructor(101)]] void prepare_for_want_of_memory() { std::set_terminate(end_for_want_of_memory); }

int carry_out(const std::vector<std::string>& words, std::string_view program) {
  using namespace ipvsadm;
  SystemNames names;
  Output output;
  Context context(names, output);
  try {
    if (!words.empty() && words.front() == complete_word) return complete(std::span(words).subspan(1), output);
    std::optional<Invocation> invocation = parse_applet(program, words);
    if (!invocation) invocation = Parser(names).parse(words, program);
    for (const std::string& warning : invocation->warnings) print_message("warning: " + warning);
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
    ipvsadm::print_message(failure.what());
    return failure.status();
  } catch (const std::bad_alloc&) {
    ipvsadm::print_message("Memory allocation problem");
  } catch (const std::exception& error) {
    // In two lines, for to put them together takes memory.
    ipvsadm::print_message("unexpected error:");
    ipvsadm::print_message(error.what());
  }
  return ipvsadm::status_refused;
}
