// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace kernel_test {

/// One command line, without the program's name.
using Words = std::vector<std::string>;

/// Makes random sequences of command lines: legal, nearly legal and illegal ones, of the surface that ipvsadm 1.31
/// and ours share. What ours does otherwise on purpose (see "Differences" in the man page) is not made: fwmarks of
/// 2^31 and more, options before their command, masks before their family, addresses more than 2^31 apart, and so on.
class CommandLines {
 public:
  explicit CommandLines(std::uint64_t seed) : random_(seed) {}

  std::vector<Words> sequence();

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <typename Container>
  const auto& pick(const Container& choices) {
    return choices[below(choices.size())];
  }

  Words command();
  Words change_service(const std::string& name);
  Words name_service(const std::string& name);
  Words change_server(const std::string& name);
  Words list();
  Words daemon();
  Words other();

  void add_service_name(Words& words);
  void add_option(Words& words, const char* short_name, const char* long_name, const std::string& value);
  void add_flag(Words& words, const char* short_name, const char* long_name);
  std::string service_address();
  std::string server_address();
  std::string number(std::int64_t most);
  void spoil(Words& words);

  std::mt19937_64 random_;
  bool ipv6_ = false;  ///< family of the line being made
};

}  // namespace kernel_test
