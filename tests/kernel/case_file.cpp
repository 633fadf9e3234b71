// SPDX-License-Identifier: MIT
#include "case_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

namespace kernel_test {
namespace {

/// `\n` and the like; `at` stands behind the backslash and is moved behind what was read.
char unescape(std::string_view text, std::size_t& at) {
  const char c = text.at(at++);
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'x': {
      const int value = std::stoi(std::string(text.substr(at, 2)), nullptr, 16);
      at += 2;
      return static_cast<char>(value);
    }
    default: return c;
  }
}

struct Word {
  std::string text;
  bool quoted = false;
};

/// Reads a quoted stretch; `at` stands on the opening quote and is moved behind the closing one.
std::string read_quoted(std::string_view line, std::size_t& at) {
  const char quote = line[at++];
  std::string text;
  while (at < line.size() && line[at] != quote) {
    if (quote == '"' && line[at] == '\\') {
      ++at;
      text += unescape(line, at);
    } else {
      text += line[at++];
    }
  }
  if (at >= line.size()) throw Trouble("a quote isn't closed");
  ++at;
  return text;
}

std::vector<Word> split(std::string_view line) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && line[at] == ' ') ++at;
    if (at >= line.size()) return words;
    Word word;
    while (at < line.size() && line[at] != ' ') {
      if (line[at] == '"' || line[at] == '\'') {
        word.quoted = true;
        word.text += read_quoted(line, at);
      } else {
        word.text += line[at++];
      }
    }
    words.push_back(word);
  }
}

/// The first `{a|b}` outside of quotes, as begin and behind-the-end; npos if there is none.
std::pair<std::size_t, std::size_t> find_braces(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"' || line[at] == '\'') {
      read_quoted(line, at);
      --at;
    } else if (line[at] == '{') {
      const std::size_t end = line.find('}', at);
      if (end == std::string::npos) throw Trouble("a brace isn't closed");
      return {at, end + 1};
    }
  }
  return {std::string::npos, std::string::npos};
}

/// Every line that the braces of `line` stand for.
std::vector<std::string> expand(const std::string& line) {
  const auto [begin, end] = find_braces(line);
  if (begin == std::string::npos) return {line};
  std::vector<std::string> lines;
  std::istringstream alternatives(line.substr(begin + 1, end - begin - 2) + '|');
  for (std::string alternative; std::getline(alternatives, alternative, '|');) {
    std::ranges::copy(expand(line.substr(0, begin) + alternative + line.substr(end)), std::back_inserter(lines));
  }
  return lines;
}

Invocation invocation_of(const std::string& line, const std::optional<std::string>& here_text) {
  Invocation result;
  std::vector<Word> words = split(line);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::map<std::string, std::string*> redirections = {
        {"<", &result.input}, {">", &result.output_path}, {"2>", &result.errors_path}};
    const auto redirection = redirections.find(words[i].text);
    if (!words[i].quoted && redirection != redirections.end() && i + 1 < words.size()) {
      *redirection->second = words[i + 1].text;
      ++i;
    } else if (!words[i].quoted && words[i].text.starts_with("<<")) {
      result.input = here_text.value();
    } else if (!words[i].quoted && words[i].text == "user" && result.arguments.empty()) {
      result.ordinary_user = true;
    } else {
      result.arguments.push_back(words[i].text);
    }
  }
  if (result.arguments.empty()) throw Trouble("no command here");
  return result;
}

class Parser {
 public:
  explicit Parser(const std::filesystem::path& path) : file_(path), name_(path.stem()) {
    if (!file_) throw Trouble("can't read " + path.string());
  }

  std::vector<Case> parse() {
    std::string line;
    try {
      while (next(line)) take(line);
      finish_case();
    } catch (const std::exception& error) {
      throw Trouble(name_ + ".case line " + std::to_string(line_) + ": " + error.what());
    }
    return std::move(cases_);
  }

 private:
  bool next(std::string& line) {
    ++line_;
    return static_cast<bool>(std::getline(file_, line));
  }

  void take(std::string line) {
    line.erase(0, line.find_first_not_of(' '));
    if (line.starts_with("## ")) {
      finish_case();
      cases_.push_back({name_, line_, line.substr(3), {}, {}});
    } else if (!line.empty() && line.front() != '#') {
      if (cases_.empty()) throw Trouble("no case has begun");
      if (line.starts_with("$ ")) {
        add_steps(line.substr(2), true);
      } else if (line.starts_with("ipvsadm") || line.starts_with("user ")) {
        add_steps(line, false);
      } else {
        add_detail(line);
      }
    }
  }

  void finish_case() {
    if (cases_.empty()) return;
    if (std::ranges::all_of(cases_.back().steps, &Step::setup)) throw Trouble("the case above tests no command");
  }

  void add_steps(const std::string& line, bool setup) {
    std::optional<std::string> here_text;
    const std::vector<Word> words = split(line);
    const auto marker =
        std::ranges::find_if(words, [](const Word& word) { return !word.quoted && word.text.starts_with("<<"); });
    const int begun = line_;
    if (marker != words.end()) here_text = read_here_text(marker->text.substr(2));
    first_of_line_ = cases_.back().steps.size();
    for (const std::string& text : expand(line)) {
      Step step;
      step.line = begun;
      step.text = text;
      step.command = invocation_of(text, here_text);
      step.setup = setup;
      if (!setup && !is_tool(step.command.arguments.front())) throw Trouble("not the tool; does it need `$ `?");
      cases_.back().steps.push_back(step);
    }
  }

  std::string read_here_text(const std::string& end) {
    std::string text;
    std::string line;
    while (next(line) && line != end) text += line + '\n';
    if (!file_) throw Trouble("no line says " + end);
    return text;
  }

  void add_detail(const std::string& line) {
    if (line == "any-text") {
      for_each_step([](Step& step) { step.any_text = true; });
      return;
    }
    if (line == "any-order") {
      for_each_step([](Step& step) { step.any_order = true; });
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw Trouble("neither a command nor anything about one: " + line);
    const std::string word = line.substr(0, colon);
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    const std::string value = begin == std::string::npos ? "" : line.substr(begin);
    if (word == "hosts") {
      cases_.back().hosts += value + '\n';
    } else if (word == "look-ups") {
      for_each_step([&](Step& step) { step.look_ups = std::stoi(value); });
    } else if (word == "classic") {
      add_classic(value);
    } else if (word.starts_with("ours-")) {
      for_each_step([&](Step& step) { add_expectation(step.ours, word.substr(5), value); });
    } else {
      for_each_step([&](Step& step) { add_expectation(step.both, word, value); });
    }
  }

  void add_classic(const std::string& value) {
    std::size_t i = first_of_line_;
    std::vector<Step>& steps = cases_.back().steps;
    if (value == "nothing") {
      for_each_step([](Step& step) { step.classic_does_nothing = true; });
      return;
    }
    const std::vector<std::string> lines = expand(value);
    if (lines.size() != steps.size() - i) throw Trouble("other braces than the command has");
    for (const std::string& line : lines) steps.at(i++).classic_command = invocation_of(line, {});
  }

  void add_expectation(Expectation& expectation, const std::string& word, const std::string& value) {
    if (word == "status") {
      expectation.status = std::stoi(value);
    } else if (word == "stdout" || word == "stderr") {
      std::optional<std::string>& text = word == "stdout" ? expectation.output : expectation.errors;
      std::size_t at = 0;
      const bool quoted = value.starts_with('"');
      text = text.value_or("") + (quoted ? read_quoted(value, at) : value.empty() ? "" : value + '\n');
    } else {
      throw Trouble("no such word: " + word);
    }
  }

  /// What is said of a line holds for every command that its braces make.
  template <typename Action>
  void for_each_step(Action action) {
    std::vector<Step>& steps = cases_.back().steps;
    if (steps.empty()) throw Trouble("there is no command above this");
    for (std::size_t i = first_of_line_; i < steps.size(); ++i) action(steps[i]);
  }

  std::ifstream file_;
  std::string name_;
  int line_ = 0;
  std::size_t first_of_line_ = 0;
  std::vector<Case> cases_;
};

}  // namespace

bool is_tool(const std::string& word) {
  return word == "ipvsadm" || word == "ipvsadm-save" || word == "ipvsadm-restore";
}

std::vector<Case> read_cases(const std::filesystem::path& path) { return Parser(path).parse(); }

}  // namespace kernel_test
