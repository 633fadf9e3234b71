// SPDX-License-Identifier: MIT
#include "line/tokens.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace ipvsadm {
namespace {

// Stands for "-p without a value", which is not the same as "-p ''", for which the second stands. No word of a command
// line can hold a NUL.
const std::string no_value(1, '\0');
const std::string empty_value = no_value + 'e';

bool is_option_like(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

/// "-A,--add-service" as CLI11 wants names.
std::string cli11_names(const SpellingInfo& info) {
  std::string names;
  for (const char letter : info.short_names) names += std::string("-") + letter + ",";
  return names + "--" + std::string(info.long_name);
}

/// Which spelling a letter is, by its character code.
constexpr std::size_t letters = 128;
std::array<const SpellingInfo*, letters> letter_table() {
  std::array<const SpellingInfo*, letters> table{};
  for (const SpellingInfo& info : spellings()) {
    for (const char letter : info.short_names) table[static_cast<unsigned char>(letter)] = &info;
  }
  return table;
}

const SpellingInfo* find_letter(char letter) {
  static const std::array<const SpellingInfo*, letters> by_letter = letter_table();
  const auto code = static_cast<unsigned char>(letter);
  return code < letters ? by_letter[code] : nullptr;
}

const SpellingInfo* find_long_name(std::string_view name) {
  const auto all = spellings();
  const auto found = std::ranges::find(all, name, &SpellingInfo::long_name);
  return found == all.end() ? nullptr : &*found;
}

/// Every spelling that could be meant somewhere in `words`. A parser that knows no others reads them alike, and takes a
/// fraction of the time to build and to run.
SpellingSet spellings_in(std::span<const std::string> words) {
  SpellingSet set;
  const auto add = [&](const SpellingInfo* info) {
    if (info != nullptr) set.set(static_cast<std::size_t>(info->spelling));
  };
  for (const std::string& word : words) {
    if (!is_option_like(word)) continue;
    if (word[1] == '-') {
      add(find_long_name(std::string_view(word).substr(2, word.find('=') - 2)));
      continue;
    }
    // A cluster, maybe with a value behind it: a letter too many does no harm.
    for (const char letter : std::string_view(word).substr(1)) add(find_letter(letter));
  }
  return set;
}

/// "-C-": CLI11 would take the rest of the cluster for "--".
std::string cli11_cluster(std::string word) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const SpellingInfo* info = find_letter(word[i]);
    if (i > 1 && word[i] == '-') word[i] = '_';
    // Behind an option with a value stands the value.
    if (info == nullptr || info->argument != Argument::none) break;
  }
  return word;
}

/// What CLI11 is given for `word`: the same but for the forms that it reads otherwise than the classic tool.
std::string cli11_word(const std::string& word) {
  // CLI11 ends a subcommand at the one, and options at the other, even where it is a value.
  if (word == "++" || word == "--") return no_value + word;
  if (!word.starts_with("--")) return is_option_like(word) ? cli11_cluster(word) : word;
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return word;
  const SpellingInfo* info = find_long_name(std::string_view(word).substr(2, equals - 2));
  if (info == nullptr) return word;
  // CLI11 takes "--flag=true" for "--flag", and "--option=" for "--option".
  if (info->argument == Argument::none) return word.substr(0, equals + 1) + no_value;
  return equals + 1 == word.size() ? word + empty_value : word;
}

/// Whether the equals sign that a value begins with parts it from its letter: "-s=rr", but not "--scheduler==rr" or a
/// word of its own.
bool parts_from_letter(const std::string& value, std::span<const std::string> words) {
  return value.starts_with('=') && std::ranges::none_of(words, [&](const std::string& word) {
           return word == value || (word.starts_with("--") && word.ends_with("=" + value));
         });
}

}  // namespace

struct Scanner::Machine {
  SpellingSet known;
  CLI::App app;
  std::vector<std::pair<const CLI::Option*, Spelling>> options;  // sorted by pointer

  explicit Machine(const SpellingSet& wanted) : known(wanted) {
    app.set_help_flag();
    app.allow_extras();
    for (const SpellingInfo& info : spellings()) {
      if (!known[static_cast<std::size_t>(info.spelling)]) continue;
      CLI::Option* option = nullptr;
      if (info.argument == Argument::none) {
        option = app.add_flag(cli11_names(info))->disable_flag_override();
      } else {
        option = app.add_option(cli11_names(info));
        if (info.argument == Argument::optional) option->expected(0, 1)->default_str(no_value);
      }
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      options.emplace_back(option, info.spelling);
    }
    std::ranges::sort(options);
  }

  Spelling spelling_of(const CLI::Option* option) const {
    return std::ranges::lower_bound(options, option, {}, &std::pair<const CLI::Option*, Spelling>::first)->second;
  }
};

Scanner::Scanner() = default;
Scanner::~Scanner() = default;

Scanner::Machine& Scanner::machine_for(const SpellingSet& wanted) {
  // CLI11 2.1 never forgets the order of earlier lines; a fresh parser now and then keeps that short.
  constexpr std::size_t long_memory = 1U << 11;
  constexpr std::size_t many = 32;
  auto found = std::ranges::find(machines_, wanted, [](const auto& machine) { return machine->known; });
  if (found == machines_.end()) {
    if (machines_.size() == many) machines_.clear();
    machines_.push_back(std::make_unique<Machine>(wanted));
    return *machines_.back();
  }
  if ((*found)->app.parse_order().size() > long_memory) *found = std::make_unique<Machine>(wanted);
  return **found;
}

Scan Scanner::feed(std::span<const std::string> words) {
  Machine& machine = machine_for(spellings_in(words));
  CLI::App& app = machine.app;
  app.clear();
  const std::size_t earlier = app.parse_order().size();
  // CLI11 wants them last first. Changed words are noted, to be put back where they turn up as values.
  std::vector<std::string> reversed;
  std::vector<std::pair<std::string, const std::string*>> changed;
  reversed.reserve(words.size());
  for (const std::string& word : words) {
    std::string fed = cli11_word(word);
    if (fed != word) changed.emplace_back(fed, &word);
    reversed.push_back(std::move(fed));
  }
  std::ranges::reverse(reversed);

  Scan scan;
  try {
    app.parse(reversed);
  } catch (const CLI::ArgumentMismatch&) {
    // The only two mismatches there can be: a value where none goes, or none where the line ends.
    const bool unwanted = std::ranges::any_of(changed, [](const auto& pair) { return pair.first.ends_with(no_value); });
    scan.fault = unwanted ? Scan::Fault::unwanted_argument : Scan::Fault::missing_argument;
  }

  std::array<std::size_t, spelling_count> used{};
  for (const CLI::Option* option : std::span(app.parse_order()).subspan(earlier)) {
    Token token{machine.spelling_of(option), std::nullopt};
    if (info(token.spelling).argument != Argument::none) {
      std::string value = option->results()[used[static_cast<std::size_t>(token.spelling)]++];
      const auto was_changed = std::ranges::find(changed, value, &std::pair<std::string, const std::string*>::first);
      if (was_changed != changed.end()) value = *was_changed->second;
      if (value == empty_value) value.clear();
      if (parts_from_letter(value, words)) value.erase(0, 1);
      if (value != no_value) token.value = std::move(value);
    }
    scan.tokens.push_back(std::move(token));
  }
  // A lone "-" is an operand, not an optional value.
  for (Token& token : scan.tokens) {
    if (info(token.spelling).argument != Argument::optional || token.value != "-") continue;
    if (std::ranges::find(words, "-") == words.end()) continue;
    scan.operands.emplace_back("-");
    token.value.reset();
  }
  // An optional value never looks like an option; CLI11 lets -5 through.
  const auto swallowed = std::ranges::find_if(scan.tokens, [&](const Token& token) {
    return info(token.spelling).argument == Argument::optional && token.value && is_option_like(*token.value) &&
           std::ranges::find(words, *token.value) != words.end();
  });
  if (swallowed != scan.tokens.end()) {
    swallowed->value.reset();
    scan.tokens.erase(swallowed + 1, scan.tokens.end());
    scan.fault = Scan::Fault::unknown_option;
    return scan;
  }
  if (scan.fault != Scan::Fault::none) return scan;

  for (std::string& word : app.remaining()) {
    const auto was_changed = std::ranges::find(changed, word, &std::pair<std::string, const std::string*>::first);
    if (was_changed != changed.end()) word = *was_changed->second;
    if (!is_option_like(word)) {
      scan.operands.push_back(std::move(word));
      continue;
    }
    // "-n=5" is left as "-=5" once -n is read: it is -n that is at fault.
    const bool rest_of_cluster = word.starts_with("-=") && std::ranges::find(words, word) == words.end();
    if (rest_of_cluster && !scan.tokens.empty()) scan.tokens.pop_back();
    scan.fault = rest_of_cluster ? Scan::Fault::unwanted_argument : Scan::Fault::unknown_option;
    return scan;
  }
  return scan;
}

/// The first `length` words; should their last option lack its value, it is given one.
Scan Scanner::feed_prefix(std::span<const std::string> words, std::size_t length) {
  Scan scan = feed(words.first(length));
  if (scan.fault != Scan::Fault::missing_argument) return scan;
  std::vector<std::string> padded(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
  padded.emplace_back("x");
  return feed(padded);
}

/// Where the "--" stands behind which nothing is an option, or the end.
std::size_t Scanner::end_of_options(std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    // It may be the value of an option that needs one.
    if (words[i] == "--" && feed(words.first(i)).fault != Scan::Fault::missing_argument) return i;
  }
  return words.size();
}

Scan Scanner::scan(std::span<const std::string> words) {
  const std::size_t end = end_of_options(words);
  Scan scan = scan_options(words.first(end));
  if (scan.fault != Scan::Fault::none) return scan;
  for (std::size_t i = end + 1; i < words.size(); ++i) scan.operands.push_back(words[i]);
  return scan;
}

Scan Scanner::scan_options(std::span<const std::string> words) {
  Scan whole = feed(words);
  if (whole.fault == Scan::Fault::none) return whole;

  // CLI11 does not tell where a fault is. The shortest beginning that has it ends with the word at fault; a longer
  // beginning has it too, so halving finds it.
  std::size_t without = 0;
  std::size_t with = words.size() + 1;
  while (with - without > 1) {
    const std::size_t middle = without + (with - without) / 2;
    (feed_prefix(words, middle).fault == Scan::Fault::none ? without : with) = middle;
  }
  if (with <= words.size()) {
    Scan scan = feed_prefix(words, with);
    scan.fault_word = words[with - 1];
    return scan;
  }
  // No word is at fault: the last option lacks its value.
  Scan scan = feed_prefix(words, words.size());
  scan.tokens.pop_back();
  scan.fault = Scan::Fault::missing_argument;
  scan.fault_word = words.back();
  return scan;
}

std::string Scanner::second_command_word(std::span<const std::string> words) {
  words = words.first(end_of_options(words));
  std::size_t without = 0;
  std::size_t with = words.size();
  while (with - without > 1) {
    const std::size_t middle = without + (with - without) / 2;
    const Scan scan = feed(words.first(middle));
    const auto commands = std::ranges::count_if(scan.tokens, [](const Token& t) { return is_command(t.spelling); });
    (commands < 2 ? without : with) = middle;
  }
  return words[with - 1];
}

}  // namespace ipvsadm
