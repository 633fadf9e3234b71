// SPDX-License-Identifier: MIT
#include "line/tokens.hpp"

#include <string_view>
#include <utility>

namespace ipvsadm {
namespace {

using Fault = TokenLine::Fault;

class Reader {
 public:
  explicit Reader(std::span<const std::string> words) : words_(words) {}

  TokenLine read() {
    line_.tokens.reserve(words_.size());
    while (next_ < words_.size() && line_.fault == Fault::none) {
      word_ = next_++;
      const std::string& word = words_[word_];
      if (word.size() < 2 || word.front() != '-') {
        line_.operands.push_back(word);
      } else if (word == "--") {
        line_.operands.insert(line_.operands.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
        break;
      } else if (word[1] == '-') {
        read_long_name(std::string_view(word).substr(2));
      } else {
        read_cluster(std::string_view(word).substr(1));
      }
    }
    return std::move(line_);
  }

 private:
  void fail(Fault fault) {
    line_.fault = fault;
    line_.fault_word = words_[word_];
  }

  void add(const SpellingInfo& info, std::optional<std::string> value) {
    line_.tokens.push_back({info.spelling, std::move(value), next_ - 1});
  }

  /// The value is in the words after the option's own, if there is one.
  void add_with_next_word(const SpellingInfo& info) {
    const bool there = next_ < words_.size();
    if (info.argument == Argument::optional && (!there || words_[next_].starts_with('-'))) {
      return add(info, std::nullopt);
    }
    if (!there) return fail(Fault::missing_argument);
    const std::string& value = words_[next_++];
    add(info, value);
  }

  void read_long_name(std::string_view text) {
    const std::size_t equals = text.find('=');
    const SpellingInfo* info = find_long_name(text.substr(0, equals));
    if (info == nullptr) return fail(Fault::unknown_option);
    if (equals == std::string_view::npos) {
      return info->argument == Argument::none ? add(*info, std::nullopt) : add_with_next_word(*info);
    }
    if (info->argument == Argument::none) return fail(Fault::unwanted_argument);
    add(*info, std::string(text.substr(equals + 1)));
  }

  void read_cluster(std::string_view letters) {
    while (!letters.empty()) {
      const SpellingInfo* info = find_letter(letters.front());
      if (info == nullptr) return fail(Fault::unknown_option);
      letters.remove_prefix(1);
      const bool equals = letters.starts_with('=');
      if (info->argument == Argument::none) {
        if (equals) return fail(Fault::unwanted_argument);
        add(*info, std::nullopt);
        continue;
      }
      if (letters.empty()) return add_with_next_word(*info);
      return add(*info, std::string(letters.substr(equals ? 1 : 0)));
    }
  }

  std::span<const std::string> words_;
  std::size_t word_ = 0;  ///< the one that is read
  std::size_t next_ = 0;
  TokenLine line_;
};

}  // namespace

TokenLine read_tokens(std::span<const std::string> words) { return Reader(words).read(); }

}  // namespace ipvsadm
