// SPDX-License-Identifier: MIT
#include "line/applets.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

Command parse_save(std::span<const std::string> words) {
  Save save;
  for (const std::string& word : words) {
    if (word != "-n" && word != "--numeric") {
      throw Failure(1, "Usage: ipvsadm-save [-n]\nWrites the table as rules to standard output; with -n, in numbers.");
    }
    save.numeric = true;
  }
  return save;
}

Command parse_restore(std::span<const std::string> words) {
  // The classic script takes any word, and clears the table for it.
  if (!words.empty()) {
    throw Failure(1, "Usage: ipvsadm-restore < RULES\nReplaces the table by the rules on standard input.");
  }
  return Restore{.replace = true, .comments = true};
}

}  // namespace

std::optional<Invocation> parse_applet(std::string_view program, std::span<const std::string> words) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  if (name == "ipvsadm-save") return Invocation{parse_save(words), {}};
  if (name == "ipvsadm-restore") return Invocation{parse_restore(words), {}};
  return std::nullopt;
}

}  // namespace ipvsadm
