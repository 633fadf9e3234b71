// SPDX-License-Identifier: MIT
#include "line/legality.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

using O = Option;

[[noreturn]] void illegal(const std::string& message) { throw Failure(status_illegal, message); }

/// Visits all options in the order in which offences are reported.
template <typename Visit>
constexpr void for_each_option(Visit visit) {
  for (unsigned i = 0; i < static_cast<unsigned>(O::count_); ++i) visit(static_cast<O>(i));
}

constexpr OptionSet everything = [] {
  OptionSet set;
  for_each_option([&](O option) { set.add(option); });
  return set;
}();

/// Legal with every command.
constexpr OptionSet everywhere(O::netns);

/// A row of either table.
struct Rule {
  std::string_view name;
  std::string_view kind;
  OptionSet subject;  ///< options that the rule is about; the others pass
  OptionSet required;
  OptionSet legal;
  std::span<const Conflict> conflicts;
  std::span<const Apart> apart;

  bool in_conflict(OptionSet given) const {
    return std::ranges::any_of(conflicts, [&](const Conflict& c) { return given.has(c.first) && given.has(c.second); });
  }
  bool in_parts(OptionSet given) const {
    return std::ranges::any_of(
        apart, [&](const Apart& a) { return !(given & a.some).empty() && !(given & a.others).empty(); });
  }
  /// Whether `given` offends by what is there; more may come.
  bool allows(OptionSet given) const {
    return (given & subject & legal) == (given & subject) && !in_conflict(given) && !in_parts(given);
  }
};

Rule rule_of(Spelling spelling, OptionSet given) {
  const CommandInfo& command = command_info(spelling);
  OptionSet legal = command.required | command.allowed | everywhere;
  for (const Beside& addition : command.additions) {
    if (given.has(addition.option)) legal = legal | addition.set;
  }
  for (const Beside& removal : command.removals) {
    if (given.has(removal.option)) legal = legal - removal.set;
  }
  return {command.name, "command", everything, command.required, legal, command.conflicts, command.apart};
}

Rule rule_of(ipvs::TunnelType type, bool rule) {
  const TunnelInfo& tunnel = tunnel_info(type);
  OptionSet legal = tunnel.required | tunnel.allowed;
  if (rule) legal = legal | tunnel.allowed_in_rules;
  return {tunnel.name, "tunnel type", tunnel_options(), tunnel.required, legal, tunnel.conflicts, {}};
}

void check_option(const Rule& rule, OptionSet given, O option) {
  if (!given.has(option)) {
    if (!rule.required.has(option)) return;
    illegal(
        fmt::format("You need to supply the '{}' option for the '{}' {}", message_name(option), rule.name, rule.kind));
  }
  if (!rule.legal.has(option)) {
    illegal(fmt::format("Illegal '{}' option with the '{}' {}", message_name(option), rule.name, rule.kind));
  }
  for (const Conflict& conflict : rule.conflicts) {
    if (conflict.second != option || !given.has(conflict.first)) continue;
    illegal(fmt::format("The option '{}' conflicts with the '{}' option in the '{}' {}", message_name(option),
                        message_name(conflict.first), rule.name, rule.kind));
  }
}

void check(const Rule& rule, OptionSet given) {
  const bool lacks = !((rule.required - given) & rule.subject).empty();
  if (!lacks && rule.allows(given)) return;
  for_each_option([&](O option) {
    if (rule.subject.has(option)) check_option(rule, given, option);
  });
  if (rule.in_parts(given)) illegal(fmt::format("options conflicts in the {} {}", rule.name, rule.kind));
}

bool offends(const Company& company, const SpellingSet& line) {
  return has(line, company.other) == (company.kind == Company::Kind::excludes);
}

/// Whether `more` can come into the company of a line of which more may come.
bool keeps_company(const HalfLine& line, Spelling more) {
  return std::ranges::none_of(companies(), [&](const Company& company) {
    if (company.spelling != more || !offends(company, line.spelled)) return false;
    return !company.other_may_follow || line.given.has(info(company.other).option);
  });
}

bool fits_tunnel(const HalfLine& line, OptionSet given) {
  if (line.tunnel) return rule_of(*line.tunnel, false).allows(given);
  // Some type takes them.
  constexpr std::array types = {ipvs::TunnelType::ipip, ipvs::TunnelType::gue, ipvs::TunnelType::gre};
  return std::ranges::any_of(types, [&](ipvs::TunnelType type) { return rule_of(type, false).allows(given); });
}

}  // namespace

void require_legal(Spelling command, OptionSet given) { check(rule_of(command, given), given); }

void require_legal(ipvs::TunnelType type, OptionSet given, bool rule) {
  // Of a kernel newer than this program.
  if (type > ipvs::TunnelType::gre) return;
  check(rule_of(type, rule), given);
}

void require_company(Spelling spelling, const SpellingSet& line, bool rule) {
  if (!has(line, spelling)) return;
  for (const Company& company : companies()) {
    if (company.spelling != spelling || company.message.empty() || !offends(company, line)) continue;
    if (rule && !company.in_rules) continue;
    illegal(std::string(company.message));
  }
}

bool may_join(Spelling command, OptionSet given) { return rule_of(command, given).allows(given); }

bool may_join(Spelling command, const HalfLine& line, Spelling more) {
  const O option = info(more).option;
  if (has(line.spelled, more) || !keeps_company(line, more)) return false;
  OptionSet given = line.given;
  if (option != O::free_) {
    if (given.has(option)) return false;
    given.add(option);
  }
  return may_join(command, given) && fits_tunnel(line, given);
}

}  // namespace ipvsadm
