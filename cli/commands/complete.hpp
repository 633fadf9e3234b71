// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipvs/service.hpp"
#include "line/options.hpp"
#include "output/output.hpp"

// What shells ask when the tab key is pressed: ipvsadm --complete WORD..., the last word being the one under the
// cursor. The answer has a line for each candidate, a tab before its description; the line "@files" stands for all
// names of files.
namespace ipvsadm {

constexpr std::string_view complete_word = "--complete";

/// What could stand for the word under the cursor, or for its end.
struct Candidate {
  std::string text;
  std::string description;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// What has to be asked of the system to know the candidates.
enum class Source : std::uint8_t { words, services, servers, interfaces, namespaces, files };

/// What the words mean for the one under the cursor. Known without asking the system.
struct Question {
  Source source = Source::words;
  std::vector<Candidate> candidates;  ///< for Source::words; not yet narrowed down by `stem`
  std::string before;                 ///< the part of the word that stays: "--scheduler=", "-s", "sh-port,"
  std::string stem;                   ///< the part of the word that candidates must begin with

  Spelling service = Spelling::tcp_service;  ///< Source::services: of which kind
  std::optional<ipvs::ServiceKey> of;        ///< Source::servers: of this service, of all without one
  std::string network_namespace;             ///< where to look
};

/// Pure but for names of ports. `words` are the arguments without the program's name; there is at least one.
Question read_question(std::span<const std::string> words);

/// The candidates as lines, those that fit the word.
std::string answer_text(const Question& question, std::span<const Candidate> candidates);

/// Asks the system, in silence: what can't be known is no candidate. Returns the exit status.
int complete(std::span<const std::string> words, Output& output);

}  // namespace ipvsadm
