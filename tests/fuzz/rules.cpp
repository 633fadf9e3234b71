// SPDX-License-Identifier: MIT
// Any text as a rules file: it is read, or refused with a line of text and one of the exit statuses. What is read and
// changes something can be written as a rule, and that rule means the same again.
#include "output/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>

#include "fake_names.hpp"
#include "line/failure.hpp"
#include "line/rules_file.hpp"

namespace {

[[noreturn]] void fault(const char* what, const ipvsadm::Text& text) {
  std::fprintf(stderr, "%s: %.*s", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

void means_the_same_when_written(const ipvs::Change& change, ipvsadm::Parser& parser) {
  ipvsadm::Text text;
  ipvsadm::render_rule(text, change, nullptr);
  ipvsadm::Text again;
  try {
    std::vector<std::string> warnings;
    const auto rules = ipvsadm::read_rules(ipvsadm::RulesFile({text.data(), text.size()}),
                                           ipvsadm::UnknownHosts::refused, parser, warnings);
    if (rules.size() != 1) fault("not one rule", text);
    const ipvsadm::Command command = rules.front().command();
    const auto* read = std::get_if<ipvs::Change>(&command);
    if (read == nullptr) fault("no change any more", text);
    ipvsadm::render_rule(again, *read, nullptr);
  } catch (const ipvsadm::Failure&) {
    fault("refused when written", text);
  }
  if (std::string_view(text.data(), text.size()) != std::string_view(again.data(), again.size())) {
    fault("written otherwise the second time", text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FakeNames names;
  static ipvsadm::Parser parser(names);
  try {
    std::vector<std::string> warnings;
    const auto rules = ipvsadm::read_rules(ipvsadm::RulesFile({reinterpret_cast<const char*>(data), size}),
                                           ipvsadm::UnknownHosts::reported, parser, warnings);
    for (const ipvsadm::Rule& rule : rules) {
      if (rule.fault() != nullptr) continue;
      const ipvsadm::Command command = rule.command();
      if (const auto* change = std::get_if<ipvs::Change>(&command)) means_the_same_when_written(*change, parser);
    }
  } catch (const ipvsadm::Failure&) {
    return 0;
  }
  return 0;
}
