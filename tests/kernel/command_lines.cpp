// SPDX-License-Identifier: MIT
#include "command_lines.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace kernel_test {
namespace {

// Few addresses and ports, so that lines meet each other's services and servers.
const std::vector<std::string> v4_hosts = {"10.0.0.1", "10.0.0.2", "10.2", "0x0a000001", "localhost", "127.0.0.9"};
const std::vector<std::string> v6_hosts = {"2001:db8::1", "2001:db8::2", "::1", "fd00::1:2"};
const std::vector<std::string> ports = {"80", "80", "443", "http", "53", "domain", "0", "65535", "080", "+80"};
const std::vector<std::string> odd_ports = {"65536", "-1", "", "8x", "0x50", "nosuchport", "99999999999999999999"};
const std::vector<std::string> odd_addresses = {"",          "10",       ":80",     "10.0.0.256:80", "10.0.0.1:80:80",
                                                "[::1]",     "[::1]80",  "[::1:80", "nosuchhost:80", "::1:80:",
                                                " 10.0.0.1", "a b:80",   "[]:80",   "10.0.0.1:",     "1.2.3.4.5:80",
                                                "-",         "[::g]:80", "::1%lo",  "010.0.0.1:80",  "10.1:80"};
const std::vector<std::string> schedulers = {"rr", "wrr", "lc",  "wlc", "fo",   "ovf",  "lblc", "lblcr",          "dh",
                                             "sh", "mh",  "sed", "nq",  "none", "nope", "",     "rrrrrrrrrrrrrrr"};
const std::vector<std::string> flags = {"sh-fallback",
                                        "sh-port",
                                        "mh-fallback",
                                        "mh-port",
                                        "flag-1",
                                        "flag-2",
                                        "flag-1,flag-2",
                                        "bogus",
                                        "",
                                        "sh-port,bogus",
                                        ",flag-1",
                                        "flag-1,",
                                        "sh-fallback,sh-port",
                                        "mh-fallback,mh-port",
                                        "FLAG-1"};
const std::vector<std::string> masks = {
    "255.255.255.0", "255.0.0.0", "255.255.255.255", "0.0.0.0", "24", "256.0.0.0", "x", ""};
const std::vector<std::string> prefixes = {"1", "64", "128", "0", "129", "x", "-1"};
const std::vector<std::string> odd_numbers = {
    "-1", "x", "", "5x", "0x10", "1 ", " 1", "+7", "007", "99999999999999999999", "-0"};
const std::vector<std::string> marks = {"1", "7", "7", "2147483647", "0", "x", "-3", "+7", "4294967296"};
const std::vector<std::string> stray_words = {
    "foo",    "-z",  "--bogus", "--bogus=5", "-5",         "-",  "--",      "",   "--numeric=1", "-n", "-m",
    "--nume", "-Lx", "-p",      "-6",        "--tun-csum", "-s", "--exact", "-c", "-zz",         "-A", "-L"};

const std::vector<std::string> stray_letters = {"-", "-", "--", "n", "z", "=", "-n", "=-", "=5"};
// Values that look like options, and what may end options.
const std::vector<std::string> odd_values = {"",     "-",   "--",         "=",      "==", "-=",
                                             "-n",   "-s",  "--numeric=", "--ops=", "-C", "--exact",
                                             "=rr",  "-5",  "--pe",       "-p-",    "=-", "--scheduler=rr",
                                             "--=x", "-o=", "-p="};

}  // namespace

std::string CommandLines::number(std::int64_t most) {
  if (chance(12)) return pick(odd_numbers);
  switch (below(6)) {
    case 0: return "0";
    case 1: return "1";
    case 2: return std::to_string(most);
    case 3: return std::to_string(most + 1);
    default: return std::to_string(below(static_cast<std::size_t>(std::min<std::int64_t>(most, 300)) + 1));
  }
}

void CommandLines::add_option(Words& words, const char* short_name, const char* long_name, const std::string& value) {
  const bool has_short = *short_name != '\0' && chance(60);
  if (has_short) {
    switch (below(4)) {
      // An empty attached value would leave the option without one.
      case 0:
        if (!value.empty() && value.front() != '=') {
          words.push_back(std::string("-") + short_name + value);
          return;
        }
        break;
      case 1:
        if (!value.empty()) {
          words.push_back(std::string("-") + short_name + "=" + value);
          return;
        }
        break;
      default: break;
    }
    words.push_back(std::string("-") + short_name);
    words.push_back(value);
  } else if (chance(50)) {
    words.push_back(std::string("--") + long_name + "=" + value);
  } else {
    words.push_back(std::string("--") + long_name);
    words.push_back(value);
  }
}

void CommandLines::add_flag(Words& words, const char* short_name, const char* long_name) {
  const bool has_short = *short_name != '\0' && chance(65);
  if (!has_short) {
    words.push_back(std::string("--") + long_name);
    return;
  }
  // Into a cluster with the word before, if that is one of plain letters.
  const bool clusters = chance(30) && words.size() == 1 && words.back().size() == 2 && words.back() != "--";
  if (clusters) {
    words.back() += short_name;
  } else {
    words.push_back(std::string("-") + short_name);
  }
}

std::string CommandLines::service_address() {
  if (chance(6)) {
    ipv6_ = false;
    return pick(odd_addresses);
  }
  ipv6_ = chance(30);
  const std::string port = chance(5) ? pick(odd_ports) : pick(ports);
  if (ipv6_) {
    const std::string& host = pick(v6_hosts);
    return chance(10) ? host : "[" + host + "]:" + port;
  }
  const std::string& host = pick(v4_hosts);
  return chance(8) ? host : host + ":" + port;
}

std::string CommandLines::server_address() {
  if (chance(5)) return pick(odd_addresses);
  const bool ipv6 = chance(12) ? !ipv6_ : ipv6_;
  const std::string tail = std::to_string(1 + below(3));
  const std::string port = chance(5) ? pick(odd_ports) : pick(ports);
  if (ipv6) return chance(40) ? "2001:db8::f" + tail : "[2001:db8::f" + tail + "]:" + port;
  const std::string host = chance(5) ? "localhost" : chance(4) ? "224.0.0.1" : "10.1.1." + tail;
  return chance(40) ? host : host + ":" + port;
}

void CommandLines::add_service_name(Words& words) {
  switch (below(8)) {
    case 0: add_option(words, "u", "udp-service", service_address()); break;
    case 1: add_option(words, "", "sctp-service", service_address()); break;
    case 2:
    case 3:
      add_option(words, "f", "fwmark-service", pick(marks));
      ipv6_ = chance(25);
      if (ipv6_) words.emplace_back("-6");
      break;
    default: add_option(words, "t", "tcp-service", service_address());
  }
}

Words CommandLines::change_service(const std::string& name) {
  Words words = {name};
  if (!chance(3)) add_service_name(words);
  if (chance(60)) add_option(words, "s", "scheduler", pick(schedulers));
  if (chance(12)) add_option(words, "b", "sched-flags", pick(flags));
  bool persistent = false;
  if (chance(35)) {
    persistent = true;
    if (chance(40)) {
      add_flag(words, "p", "persistent");
    } else {
      add_option(words, "p", "persistent", number(2678400));
    }
  }
  // Without -p, -S tells the mask in ours only.
  if (persistent && chance(40)) add_option(words, "M", "netmask", ipv6_ ? pick(prefixes) : pick(masks));
  if (chance(8)) add_option(words, "", "pe", chance(80) ? "sip" : "nope");
  if (chance(12)) add_flag(words, "o", "ops");
  return words;
}

Words CommandLines::name_service(const std::string& name) {
  Words words = {name};
  if (!chance(4)) add_service_name(words);
  return words;
}

Words CommandLines::change_server(const std::string& name) {
  Words words = name_service(name);
  if (!chance(3)) add_option(words, "r", "real-server", server_address());
  if (name == "-d" && !chance(5)) return words;
  const auto method = below(8);
  if (method < 3) {
    add_flag(words, "m", "masquerading");
  } else if (method < 5) {
    add_flag(words, "g", "gatewaying");
  } else if (method < 7) {
    add_flag(words, "i", "ipip");
  }
  if (chance(40)) add_option(words, "w", "weight", number(2147483647));
  if (chance(12)) add_option(words, "x", "u-threshold", number(2147483647));
  if (chance(12)) add_option(words, "y", "l-threshold", number(2147483647));
  if (method >= 5 && method < 7 ? chance(50) : chance(4)) {
    static const std::vector<std::string> types = {"ipip", "gue", "gue", "gre", "GUE", ""};
    add_option(words, "", "tun-type", pick(types));
    if (chance(50)) add_option(words, "", "tun-port", number(65535));
    if (chance(20)) add_flag(words, "", "tun-nocsum");
    if (chance(20)) add_flag(words, "", "tun-csum");
    if (chance(20)) add_flag(words, "", "tun-remcsum");
  }
  return words;
}

Words CommandLines::list() {
  static const std::vector<std::string> names = {"-L", "-l", "--list"};
  Words words = {pick(names)};
  if (chance(60)) add_flag(words, "n", "numeric");
  const auto subject = below(10);
  bool service = false;
  if (subject < 3) {
    add_service_name(words);
    service = true;
  } else if (subject == 3) {
    add_flag(words, "", "timeout");
  } else if (subject == 4) {
    add_flag(words, "", "daemon");
  } else if (subject == 5) {
    add_flag(words, "c", "connection");
  }
  if (!service && chance(4)) add_flag(words, "", chance(50) ? "timeout" : "daemon");
  static const std::vector<std::string> views = {"stats",    "rate",  "thresholds", "persistent-conn",
                                                 "tun-info", "exact", "sort"};
  for (const std::string& view : views) {
    if (chance(11)) add_flag(words, "", view.c_str());
  }
  if (chance(3)) add_option(words, "", "syncid", number(255));
  return words;
}

Words CommandLines::daemon() {
  const bool start = chance(60);
  Words words;
  static const std::vector<std::string> roles = {"master", "backup", "master", "backup", "both", ""};
  add_option(words, "", start ? "start-daemon" : "stop-daemon", pick(roles));
  if (start ? chance(85) : chance(4)) add_option(words, "", "mcast-interface", chance(80) ? "lo" : "nosuchdevice0");
  if (chance(30)) add_option(words, "", "syncid", number(255));
  if (!start && !chance(5)) return words;
  static const std::vector<std::string> groups = {"224.0.0.90", "239.1.2.3", "10.0.0.1", "x", "fe80::1", "224.0.0", ""};
  if (chance(25)) add_option(words, "", "mcast-group", pick(groups));
  if (chance(20)) add_option(words, "", "mcast-port", number(65535));
  if (chance(20)) add_option(words, "", "mcast-ttl", number(255));
  if (chance(20)) add_option(words, "", "sync-maxlen", number(65507));
  return words;
}

Words CommandLines::other() {
  switch (below(6)) {
    case 0: return {"-C"};
    case 1: return {"--clear"};
    case 2: return chance(50) ? Words{"-Z"} : name_service("--zero");
    case 3: {
      Words words = {"--set"};
      const auto count = chance(90) ? 3U : below(5);
      for (unsigned i = 0; i < count; ++i) words.push_back(number(2678400));
      return words;
    }
    default: return chance(70) ? Words{"-Sn"} : Words{"--save"};
  }
}

Words CommandLines::command() {
  const auto kind = below(100);
  if (kind < 32) return change_service(chance(80) ? "-A" : chance(50) ? "-E" : "--edit-service");
  if (kind < 64) return change_server(chance(70) ? "-a" : chance(60) ? "-e" : chance(50) ? "-d" : "--edit-server");
  if (kind < 70) return name_service(chance(60) ? "-D" : "--delete-service");
  if (kind < 86) return list();
  if (kind < 91) return daemon();
  return other();
}

void CommandLines::spoil(Words& words) {
  // The command stays first: that it need not is one of the differences.
  const std::size_t place = 1 + below(words.size());
  const auto at = words.begin() + static_cast<std::ptrdiff_t>(std::min(place, words.size()));
  switch (below(7)) {
    case 0: words.insert(at, pick(stray_words)); break;
    case 5: words.insert(at, pick(odd_values)); break;
    // An option with an odd value, apart or attached.
    case 6: {
      static const std::vector<std::string> takers = {"-s", "-p", "-b", "--pe", "--scheduler", "--persistent", "-w"};
      const std::string& taker = pick(takers);
      const std::string& value = pick(odd_values);
      if (chance(50)) {
        words.insert(words.insert(at, value), taker);
      } else {
        words.insert(at, taker + (chance(50) || taker.starts_with("--") ? "=" : "") + value);
      }
      break;
    }
    case 1:
      if (at != words.end()) words.erase(at);
      break;
    case 2:
      if (at != words.end()) words.insert(at, *at);
      break;
    // A letter too many in a cluster, the command's too; an equals sign too many.
    case 3: {
      std::string& word = words[below(words.size())];
      if (word.starts_with("-") && !word.starts_with("--")) word += pick(stray_letters);
      break;
    }
    default: {
      std::string& word = words[below(words.size())];
      if (word.starts_with("--") && word.find('=') != std::string::npos) word.insert(word.find('='), 1, '=');
    }
  }
}

namespace {

bool has(const Words& words, std::string_view start) {
  return std::ranges::any_of(words, [&](const std::string& word) { return word.starts_with(start); });
}

/// Whether the word is what an option before it takes.
bool is_value(const Words& words, Words::const_iterator word) {
  if (word == words.begin()) return false;
  const std::string& before = *(word - 1);
  static constexpr std::string_view letters = "tufsbMrwxy";
  return before.size() == 2 && before[0] == '-' && letters.find(before[1]) != std::string_view::npos;
}

/// What the word's option takes, in the word or after it; empty if it is none of the two.
std::string value_of(const Words& words, Words::const_iterator word, char letter, const std::string& long_name) {
  if (word->starts_with("--")) {
    if (*word == long_name) return word + 1 == words.end() ? "" : *(word + 1);
    return word->starts_with(long_name + "=") ? word->substr(long_name.size() + 1) : "";
  }
  if (word->size() < 2 || (*word)[0] != '-' || (*word)[1] != letter) return "";
  if (word->size() == 2) return word + 1 == words.end() ? "" : *(word + 1);
  return word->substr((*word)[2] == '=' ? 3 : 2);
}

/// A name without a port: "10.0.0.1", "fd00::1". Listed, it means each port for ours, port 0 for 1.31.
bool is_host_alone(const std::string& name) {
  if (name.empty()) return false;
  const std::size_t colon = name.rfind(':');
  return colon == std::string::npos || (name.find(':') != colon && name[colon - 1] != ']');
}

bool names_host_alone(const Words& words) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (is_host_alone(value_of(words, word, 't', "--tcp-service")) ||
        is_host_alone(value_of(words, word, 'u', "--udp-service")) ||
        is_host_alone(value_of(words, word, 0, "--sctp-service"))) {
      return true;
    }
  }
  return false;
}

/// Ours refuses a scheduler's name that the kernel has no room for before it looks for the service.
bool names_long_scheduler(const Words& words) {
  constexpr std::size_t longest = 15;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (value_of(words, word, 's', "--scheduler").size() > longest) return true;
  }
  return false;
}

/// Lines that ours is meant to read otherwise.
bool differs_on_purpose(const Words& words) {
  // A cluster hides options from the looks below; only short ones are made, so this is rough but enough.
  const bool lists_connections = has(words, "-c") || has(words, "--connection");
  const bool has_service = has(words, "-t") || has(words, "-u") || has(words, "-f") || has(words, "--tcp") ||
                           has(words, "--udp") || has(words, "--sctp") || has(words, "--fwmark");
  const bool list = has(words, "-L") || has(words, "-l") || has(words, "--list");
  if (list && lists_connections && (has_service || has(words, "-r") || has(words, "--real"))) return true;
  if (list && names_host_alone(words)) return true;
  const bool edits = has(words, "-E") || has(words, "--edit-service");
  if (edits && names_long_scheduler(words)) return true;
  // Ours reads -r once the service is known.
  if (!has_service && (has(words, "-r") || has(words, "--real"))) return true;
  const auto six = std::ranges::find(words, "-6");
  auto mark = words.begin();
  const auto names_mark = [](const std::string& word) {
    return word.starts_with("-f") || word.starts_with("--fwmark");
  };
  while (mark != words.end() && (!names_mark(*mark) || is_value(words, mark))) ++mark;
  const auto mask = std::ranges::find_if(
      words, [](const std::string& word) { return word.starts_with("-M") || word.starts_with("--netmask"); });
  const bool six_is_an_option = six != words.end();
  if (six_is_an_option && (mark > six || mark == words.end() || mask < six)) return true;
  const bool persistent = has(words, "-p") || has(words, "--persistent");
  return mask != words.end() && !persistent;
}

}  // namespace

std::vector<Words> CommandLines::sequence() {
  std::vector<Words> lines;
  const std::size_t length = 1 + below(5);
  while (lines.size() < length) {
    Words words = command();
    if (chance(14)) spoil(words);
    if (chance(2)) spoil(words);
    if (!differs_on_purpose(words)) lines.push_back(std::move(words));
  }
  return lines;
}

}  // namespace kernel_test
