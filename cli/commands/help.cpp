// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "commands/run.hpp"
#include "line/options.hpp"

namespace ipvsadm {
namespace {

using S = Spelling;

struct Group {
  std::string_view title;
  S first;
  S last;
};

constexpr std::array groups = {
    Group{"Commands:", S::add_service, S::version},
    Group{"Virtual service (one of -t, -u, --sctp-service, -f):", S::tcp_service, S::ipv6},
    Group{"With -A and -E:", S::scheduler, S::one_packet},
    Group{"With -a and -e:", S::real_server, S::tun_remcsum},
    Group{"With -L (and -n with -S):", S::numeric, S::nosort},
    Group{"With -L, whatever it lists:", S::json, S::watch},
    Group{"With -L -c (and SERVICE, -r: only connections to it; HOST without a port: to each of its ports):", S::state,
          S::client_prefix},
    Group{"With -d and -D:", S::drain, S::drain},
    Group{"With -E and -e:", S::keep, S::keep},
    Group{"With -S:", S::all, S::all},
    Group{"With --apply:", S::dry_run, S::no_delete},
    Group{"With --check (and SERVICE, -r, --client ADDRESS):", S::probe, S::min_servers},
    Group{"With --start-daemon (and --syncid with --stop-daemon):", S::mcast_interface, S::sync_maxlen},
    Group{"With every command:", S::netns, S::netns},
};

// Every option is listed once.
static_assert([] {
  for (std::size_t i = 0; i < spelling_count; ++i) {
    const auto lists = [&](const Group& group) {
      return static_cast<std::size_t>(group.first) <= i && i <= static_cast<std::size_t>(group.last);
    };
    if (std::ranges::count_if(groups, lists) != 1) return false;
  }
  return true;
}());

constexpr std::string_view usage =
    "Usage:\n"
    "  ipvsadm -A|-E SERVICE [-s NAME] [-p [SECONDS]] [-M MASK] [--pe NAME] [-b FLAGS] [-o] [--keep]\n"
    "  ipvsadm -D SERVICE [--drain[=SECONDS]]\n"
    "  ipvsadm -a|-e SERVICE -r HOST[:PORT] [-g|-i|-m] [-w N] [-x N] [-y N] [TUNNEL OPTIONS] [--keep]\n"
    "  ipvsadm -d SERVICE -r HOST[:PORT] [--drain[=SECONDS]]\n"
    "  ipvsadm\n"
    "  ipvsadm -L|-l [-n] [[SERVICE] [-r HOST[:PORT]] | -c [FILTERS] [--by KEYS] | --timeout | --daemon] [VIEW] [-j] "
    "[--watch]\n"
    "  ipvsadm -L [-n] [SERVICE] [-r HOST[:PORT]] --share[=SECONDS] [--sort-by KEY] [-j] [--watch]\n"
    "  ipvsadm -L --metrics[=FORMAT] [-c]\n"
    "  ipvsadm -Z [SERVICE]\n"
    "  ipvsadm -C | -R [FILE] | -S [-n] [--all]\n"
    "  ipvsadm --apply [FILE] [--dry-run] [--keep-weights] [--no-delete]\n"
    "  ipvsadm --check [SERVICE] [-r HOST[:PORT]] [--client ADDRESS] [--probe] [--min-servers N] [-n] [-j]\n"
    "  ipvsadm --set TCP TCPFIN UDP\n"
    "  ipvsadm --start-daemon master|backup [DAEMON OPTIONS]\n"
    "  ipvsadm --stop-daemon master|backup [--syncid N]\n";

constexpr std::string_view examples =
    "\nExamples:\n"
    "  ipvsadm -A -t 10.0.0.185:80 -s rr                   a web service, round robin\n"
    "  ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3 -m        a real server for it, by NAT\n"
    "  ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3 --keep -w 0   no new connections for that server\n"
    "  ipvsadm --check -n                                  why a service does not work\n"
    "  ipvsadm -Ln --stats                                 the table with its counters\n"
    "  ipvsadm -Sn > rules; ipvsadm -C; ipvsadm -R < rules\n"
    "  ipvsadm --apply rules --dry-run                     what would have to change\n"
    "  ipvsadm -d -t 10.0.0.185:80 -r 172.17.0.3 --drain   deleted once its connections have ended\n";

/// "-A, --add-service", "-p, --persistent [SECONDS]", "    --set TCP TCPFIN UDP", "    --watch[=SECONDS]".
std::string spelled(const SpellingInfo& info) {
  std::string text;
  for (const char letter : info.short_names) text += fmt::format("-{}, ", letter);
  if (info.short_names.empty()) text = "    ";
  text += fmt::format("--{}", info.long_name);
  if (info.value.starts_with('=')) {
    text += fmt::format("[{}]", info.value);
  } else if (info.argument == Argument::optional) {
    text += fmt::format(" [{}]", info.value);
  } else if (!info.value.empty()) {
    text += fmt::format(" {}", info.value);
  }
  return text;
}

}  // namespace

void run_help(Context& context) {
  auto out = std::back_inserter(context.output().text());
  fmt::format_to(out, "ipvsadm v{}: administers the Linux kernel's IPVS load balancer\n\n{}", IPVSADM_VERSION, usage);
  for (const Group& group : groups) {
    fmt::format_to(out, "\n{}\n", group.title);
    for (const SpellingInfo& info : spellings()) {
      if (info.spelling < group.first || info.spelling > group.last) continue;
      fmt::format_to(out, "  {:<32} {}\n", spelled(info), info.help);
    }
  }
  fmt::format_to(out, "{}", examples);
}

}  // namespace ipvsadm
