// SPDX-License-Identifier: MIT
#include "line/applets.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

std::string ignored(const std::string& word) { return fmt::format("`{}' is ignored", word); }

bool is_readable_file(const std::string& word) {
  std::error_code none;
  return std::filesystem::exists(word, none) && !std::filesystem::is_directory(word, none) &&
         access(word.c_str(), R_OK) == 0;
}

Invocation parse_save(std::span<const std::string> words) {
  Save save;
  Invocation invocation;
  for (const std::string& word : words) {
    if (word == "-n" || word == "--numeric") {
      save.numeric = true;
    } else if (word.starts_with('-')) {
      throw Failure(status_applet_usage,
                    "Usage: ipvsadm-save [-n]\nWrites the table as rules to standard output; with -n, in numbers.");
    } else {
      // A dash from a web page is none. To fail here would leave an empty file, which the shell has made already.
      invocation.warnings.push_back(ignored(word));
    }
  }
  invocation.command = save;
  return invocation;
}

/// The classic script takes any word, and reads standard input. A word that is meant for a file must not end with an
/// empty table.
Invocation parse_restore(std::span<const std::string> words) {
  Restore restore{.replace = true};
  Invocation invocation;
  for (const std::string& word : words) {
    const bool readable = is_readable_file(word);
    if (word.starts_with('<') || (word.find('/') != std::string::npos && !readable) || (readable && restore.file)) {
      throw Failure(status_applet_usage, fmt::format("can't read rules from `{}'\n"
                                                     "Usage: ipvsadm-restore < RULES, or ipvsadm-restore RULES\n"
                                                     "Replaces the table by the rules in that file.",
                                                     word));
    }
    if (readable) {
      restore.file = word;
    } else {
      invocation.warnings.push_back(ignored(word));
    }
  }
  invocation.command = restore;
  return invocation;
}

}  // namespace

std::optional<Invocation> parse_applet(std::string_view program, std::span<const std::string> words) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  if (name == "ipvsadm-save") return parse_save(words);
  if (name == "ipvsadm-restore") return parse_restore(words);
  return std::nullopt;
}

}  // namespace ipvsadm
