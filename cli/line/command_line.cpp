// SPDX-License-Identifier: MIT
#include "line/command_line.hpp"

#include <algorithm>
#include <bitset>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace ipvsadm {
namespace {

// Stands for "-p without a value", which is not the same as "-p ''". No word of a command line can hold a NUL.
const std::string no_value(1, '\0');

std::vector<std::string> canonical_words(std::span<const Token> tokens) {
  std::vector<std::string> words;
  words.reserve(tokens.size());
  for (const Token& token : tokens) {
    std::string word = "--" + std::string(info(token.spelling).long_name);
    const bool empty = token.value && token.value->empty();
    if (token.value && !empty) word += "=" + *token.value;
    words.push_back(std::move(word));
    // CLI11 takes "--option=" for "--option"; an empty word of its own is a value to it.
    if (empty) words.emplace_back();
  }
  return words;
}

}  // namespace

void bind_command_line(std::span<const Token> tokens, const std::function<void(const Token&)>& take) {
  CLI::App app;
  app.set_help_flag();
  std::size_t taken = 0;
  const auto bound = [&](Spelling spelling, std::optional<std::string> value) {
    take(Token{spelling, std::move(value), tokens[taken++].word});
  };
  // Only what the line holds: to declare all would take most of the time of a start.
  std::bitset<spelling_count> declared;
  for (const Token& token : tokens) {
    const SpellingInfo& option = info(token.spelling);
    if (declared[static_cast<std::size_t>(option.spelling)]) continue;
    declared.set(static_cast<std::size_t>(option.spelling));
    const std::string name = "--" + std::string(option.long_name);
    const Spelling spelling = option.spelling;
    if (option.argument == Argument::none) {
      app.add_flag_function(name, [&bound, spelling](std::int64_t) { bound(spelling, std::nullopt); })
          ->trigger_on_parse();
      continue;
    }
    CLI::Option* added = app.add_option(name, [&bound, spelling](const CLI::results_t& results) {
      bound(spelling, results.front() == no_value ? std::nullopt : std::optional(results.front()));
      return true;
    });
    added->trigger_on_parse();
    if (option.argument == Argument::optional) added->expected(0, 1)->default_str(no_value);
  }
  std::vector<std::string> words = canonical_words(tokens);
  std::ranges::reverse(words);  // CLI11 wants them last first
  app.parse(std::move(words));
}

}  // namespace ipvsadm
