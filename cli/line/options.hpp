// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ipvs/destination.hpp"

// The tables that say which commands and options there are, what each is called and which go together. The parser,
// the legality check, --help and the completions all read them.
namespace ipvsadm {

/// Options as the legality rules see them, in the order in which offences are reported. Several spellings can be one
/// option: -t, -u and -f are all the service's address.
enum class Option : std::uint8_t {
  numeric,
  connection,
  service,
  scheduler,
  persistent,
  netmask,
  real_server,
  forwarding,
  weight,
  upper_threshold,
  lower_threshold,
  mcast_interface,
  timeout,
  daemon,
  stats,
  rate,
  thresholds,
  persistent_conn,
  nosort,
  syncid,
  exact,
  one_packet,
  persistence_engine,
  sched_flags,
  mcast_group,
  mcast_port,
  mcast_ttl,
  sync_maxlen,
  tun_info,
  tun_type,
  tun_port,
  tun_nocsum,
  tun_csum,
  tun_remcsum,
  // What 1.31 did not have.
  json,
  netns,
  state,
  client,
  count,
  drain,
  watch,
  all,
  dry_run,
  keep_weights,
  no_delete,
  keep,
  templates,
  no_templates,
  probe,
  min_servers,
  total,
  by,
  top,
  client_prefix,
  metrics,
  share,
  sort_by,
  count_,
  free_ = count_,  ///< not subject to the rules: --sort and -6
};

/// A set of options.
class OptionSet {
 public:
  constexpr OptionSet() = default;
  template <typename... More>
  constexpr explicit OptionSet(Option first, More... more) {
    add(first);
    (add(more), ...);
  }

  constexpr bool has(Option option) const { return (bits_[half(option)] & bit(option)) != 0; }
  constexpr void add(Option option) { bits_[half(option)] |= bit(option); }
  constexpr bool empty() const { return bits_[0] == 0 && bits_[1] == 0; }
  friend constexpr bool operator==(OptionSet, OptionSet) = default;
  constexpr OptionSet operator|(OptionSet other) const {
    return OptionSet(bits_[0] | other.bits_[0], bits_[1] | other.bits_[1]);
  }
  /// Those that are not in `other`.
  constexpr OptionSet operator-(OptionSet other) const {
    return OptionSet(bits_[0] & ~other.bits_[0], bits_[1] & ~other.bits_[1]);
  }
  constexpr OptionSet operator&(OptionSet other) const {
    return OptionSet(bits_[0] & other.bits_[0], bits_[1] & other.bits_[1]);
  }

 private:
  // std::bitset is not constexpr before C++23.
  constexpr explicit OptionSet(std::uint64_t low, std::uint64_t high) : bits_{low, high} {}
  static constexpr std::size_t half(Option option) { return static_cast<std::size_t>(option) / 64; }
  static constexpr std::uint64_t bit(Option option) { return std::uint64_t{1} << (static_cast<unsigned>(option) % 64); }
  std::array<std::uint64_t, 2> bits_{};
};
static_assert(static_cast<unsigned>(Option::count_) < 128);

/// Every spelling the command line knows: first the commands, then the options.
enum class Spelling : std::uint8_t {
  add_service,
  edit_service,
  delete_service,
  clear,
  list,
  add_server,
  edit_server,
  delete_server,
  zero,
  restore,
  save,
  set,
  start_daemon,
  stop_daemon,
  apply,
  check,
  help,
  version,
  last_command_ = version,

  tcp_service,
  udp_service,
  sctp_service,
  fwmark_service,
  ipv6,
  scheduler,
  sched_flags,
  persistent,
  netmask,
  persistence_engine,
  one_packet,
  real_server,
  gatewaying,
  ipip,
  masquerading,
  weight,
  upper_threshold,
  lower_threshold,
  tun_type,
  tun_port,
  tun_nocsum,
  tun_csum,
  tun_remcsum,
  numeric,
  connection,
  timeout,
  daemon,
  stats,
  rate,
  thresholds,
  persistent_conn,
  tun_info,
  total,
  share,
  sort_by,
  metrics,
  exact,
  sort,
  nosort,
  mcast_interface,
  syncid,
  mcast_group,
  mcast_port,
  mcast_ttl,
  sync_maxlen,
  json,
  watch,
  state,
  client,
  templates,
  no_templates,
  count,
  by,
  top,
  client_prefix,
  drain,
  keep,
  all,
  dry_run,
  keep_weights,
  no_delete,
  probe,
  min_servers,
  netns,
};

constexpr std::size_t spelling_count = static_cast<std::size_t>(Spelling::netns) + 1;

constexpr bool is_command(Spelling spelling) { return spelling <= Spelling::last_command_; }

enum class Argument : std::uint8_t { none, required, optional };

struct SpellingInfo {
  Spelling spelling;
  std::string_view short_names;  ///< "L,l": every letter that means it; may be empty
  std::string_view long_name;
  Argument argument;
  Option option;           ///< Option::free_ for commands
  std::string_view value;  ///< what --help calls the argument
  std::string_view help;   ///< one line, our own words
};

constexpr std::size_t command_count = static_cast<std::size_t>(Spelling::last_command_) + 1;

/// The spellings of a line.
using SpellingSet = std::bitset<spelling_count>;
inline bool has(const SpellingSet& set, Spelling spelling) { return set[static_cast<std::size_t>(spelling)]; }

/// Options that exclude each other; the second is the one that is reported.
struct Conflict {
  Option first;
  Option second;
};
/// What else is allowed, or no longer is, beside an option.
struct Beside {
  Option option;
  OptionSet set;
};
/// None of the one set goes with any of the other.
struct Apart {
  OptionSet some;
  OptionSet others;
};

/// Which options go with a command.
struct CommandInfo {
  Spelling command;
  std::string_view name;  ///< as messages call it
  OptionSet required;
  OptionSet allowed;  ///< besides the required ones
  std::span<const Conflict> conflicts = {};
  std::span<const Beside> additions = {};
  std::span<const Beside> removals = {};
  std::span<const Apart> apart = {};
};

/// Which options go with a type of tunnels.
struct TunnelInfo {
  ipvs::TunnelType type;
  std::string_view name;
  OptionSet required;
  OptionSet allowed;
  OptionSet allowed_in_rules;  ///< besides: the kernel holds such tunnels, and what was saved is to be restored
  std::span<const Conflict> conflicts;
};

/// A spelling that must, or must not, stand beside another one.
struct Company {
  enum class Kind : std::uint8_t { needs, excludes };
  Spelling spelling;
  Kind kind;
  Spelling other;
  std::string_view message;  ///< empty: it is legal, but has no effect, so completions don't offer it
  bool other_may_follow;     ///< for completions: offered before the one that it needs
  bool in_rules = true;      ///< whether rules files are held to it
};

/// All spellings, indexed by Spelling.
std::span<const SpellingInfo> spellings();
const SpellingInfo& info(Spelling spelling);
/// The one with this letter or long name, or nullptr.
const SpellingInfo* find_letter(char letter);
const SpellingInfo* find_long_name(std::string_view name);
const CommandInfo& command_info(Spelling command);
const TunnelInfo& tunnel_info(ipvs::TunnelType type);
/// Those that the rows of tunnel_info() are about.
OptionSet tunnel_options();
std::span<const Company> companies();
/// As messages call the option.
std::string_view message_name(Option option);

}  // namespace ipvsadm
