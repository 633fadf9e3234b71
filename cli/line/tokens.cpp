// SPDX-License-Identifier: MIT
#include "line/tokens.hpp"

#include <string_view>
#include <utility>

namespace ipvsadm {
namespace {

using Fault = TokenLine::Fault;

class Reader {
 public:
  explicit Reader(std::span<const std::string_view> words) : words_(words) {}

  TokenLine read() {
    line_.tokens.reserve(words_.size());
    while (next_ < words_.size() && line_.fault == Fault::none) {
      word_ = next_++;
      const std::string_view word = words_[word_];
      if (word.size() < 2 || word.front() != '-') {
        line_.operands.emplace_back(word);
      } else if (word == "--") {
        for (const std::string_view operand : words_.subspan(next_)) line_.operands.emplace_back(operand);
        break;
      } else if (word[1] == '-') {
        read_long_name(word.substr(2));
      } else {
        read_cluster(word.substr(1));
      }
    }
    return std::move(line_);
  }

 private:
  void fail(Fault fault) {
    line_.fault = fault;
    line_.fault_word = words_[word_];
  }

  Token& add(const SpellingInfo& info) {
    Token& token = line_.tokens.emplace_back();
    token.spelling = info.spelling;
    token.word = next_ - 1;
    return token;
  }
  void add(const SpellingInfo& info, std::string_view value) { add(info).value.emplace(value); }

  /// The value is in the words after the option's own, if there is one.
  void add_with_next_word(const SpellingInfo& info) {
    const bool there = next_ < words_.size();
    if (info.argument == Argument::optional && (!there || words_[next_].starts_with('-'))) {
      add(info);
      return;
    }
    if (!there) return fail(Fault::missing_argument);
    const std::string_view value = words_[next_++];
    add(info, value);
  }

  void read_long_name(std::string_view text) {
    const std::size_t equals = text.find('=');
    const SpellingInfo* info = find_long_name(text.substr(0, equals));
    if (info == nullptr) return fail(Fault::unknown_option);
    if (equals == std::string_view::npos) {
      if (info->argument != Argument::none) return add_with_next_word(*info);
      add(*info);
      return;
    }
    if (info->argument == Argument::none) return fail(Fault::unwanted_argument);
    add(*info, text.substr(equals + 1));
  }

  void read_cluster(std::string_view letters) {
    while (!letters.empty()) {
      const SpellingInfo* info = find_letter(letters.front());
      if (info == nullptr) return fail(Fault::unknown_option);
      letters.remove_prefix(1);
      const bool equals = letters.starts_with('=');
      if (info->argument == Argument::none) {
        if (equals) return fail(Fault::unwanted_argument);
        add(*info);
        continue;
      }
      if (letters.empty()) return add_with_next_word(*info);
      return add(*info, letters.substr(equals ? 1 : 0));
    }
  }

  std::span<const std::string_view> words_;
  std::size_t word_ = 0;  ///< the one that is read
  std::size_t next_ = 0;
  TokenLine line_;
};

}  // namespace

TokenLine read_tokens(std::span<const std::string_view> words) { return Reader(words).read(); }

TokenLine read_tokens(std::span<const std::string> words) {
  return read_tokens(std::vector<std::string_view>(words.begin(), words.end()));
}

}  // namespace ipvsadm
