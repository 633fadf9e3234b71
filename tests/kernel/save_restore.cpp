// SPDX-License-Identifier: MIT
//
// Random tables, made by our -R: what -S writes must give the same table back after -C, to our -R and to the classic
// tool's alike, in numbers and with names; ipvsadm-save and ipvsadm-restore too. And --apply must make one table of
// another, as must -R of what its --dry-run prints. And tables made through the library, which can hold what the
// command line refuses: what a save leaves out or changes must be what it prints. Root only.
//
//   save_restore [--classic PATH] [--ours PATH] [--seed N] [--tables N]

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "ipvs/client.hpp"
#include "ipvs/error.hpp"
#include "ipvs/table.hpp"
#include "table_dump.hpp"
#include "tool_runner.hpp"

namespace {

using kernel_test::Outcome;

class Tables {
 public:
  explicit Tables(std::uint64_t seed) : random_(seed) {}

  /// The rules of a table in which every field takes odd values.
  std::string rules() {
    std::string text;
    std::set<std::string> names;
    const std::size_t services = 1 + below(6);
    while (names.size() < services) {
      bool ipv6 = false;
      bool port_zero = false;
      const std::string name = service_name(ipv6, port_zero);
      if (!names.insert(name).second) continue;
      text += "-A " + name + service_settings(name, ipv6, port_zero) + "\n";
      std::set<std::string> servers;
      const std::size_t wanted = below(5);
      while (servers.size() < wanted) {
        const std::string server = ipv6 ? "2001:db8::" + std::to_string(below(50) + 1) : address();
        if (!servers.insert(server).second) continue;
        text.append("-a ").append(name).append(" -r ").append(server).append(server_settings(ipv6)).append("\n");
      }
    }
    return text;
  }

  /// The rules of another table: some services and servers of `rules` as they are, some changed, some gone, some new.
  std::string changed(const std::string& rules) {
    std::string text;
    std::set<std::string> names;
    bool kept = false;
    std::istringstream lines(rules);
    for (std::string line; std::getline(lines, line);) {
      const bool service = line.starts_with("-A ");
      if (service) kept = chance(70);
      if (!kept || (!service && chance(25))) continue;
      if (service) names.insert(name_of(line));
      if (chance(50)) change(line, service ? " -s " : " -w ", service ? "wlc" : number(0, 9));
      text += line + "\n";
    }
    std::istringstream more(this->rules());
    for (std::string line; std::getline(more, line);) {
      if (!names.contains(name_of(line))) text += line + "\n";
    }
    return text;
  }

 private:
  /// "-t 10.0.0.1:80" of a line about that service; also "-f 7 -6".
  static std::string name_of(const std::string& line) {
    const std::size_t end = std::min(line.find(" -r ", 3), line.find(" -s ", 3));
    return line.substr(3, end - 3);
  }

  static void change(std::string& line, const std::string& option, const std::string& value) {
    const std::size_t begin = line.find(option) + option.size();
    line.replace(begin, std::min(line.find(' ', begin), line.size()) - begin, value);
  }

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::string number(std::size_t least, std::size_t most) { return std::to_string(least + below(most - least + 1)); }

  std::string address() { return number(1, 223) + "." + number(0, 255) + "." + number(0, 255) + "." + number(0, 255); }

  std::string service_name(bool& ipv6, bool& port_zero) {
    ipv6 = chance(30);
    if (chance(25)) return "-f " + number(1, chance(50) ? 9 : 4294967295) + (ipv6 ? " -6" : "");
    port_zero = chance(10);
    const std::string port = port_zero ? "0" : chance(50) ? "80" : number(1, 65535);
    const char* protocol = chance(60) ? "-t " : chance(60) ? "-u " : "--sctp-service ";
    return protocol + (ipv6 ? "[2001:db8::" + number(1, 9) + "]" : address()) + ":" + port;
  }

  std::string service_settings(const std::string& name, bool ipv6, bool port_zero) {
    static const std::vector<std::string> schedulers = {"rr",    "wrr", "lc", "wlc", "fo",  "ovf", "lblc",
                                                        "lblcr", "dh",  "sh", "mh",  "sed", "nq",  "none"};
    std::string text = " -s " + schedulers[below(schedulers.size())];
    if (chance(25)) text += " -b flag-" + number(1, 3) + (chance(50) ? ",flag-" + number(1, 3) : "");
    if (port_zero || chance(40)) text += " -p " + number(1, 2678400);
    if (chance(30)) text += " -M " + (ipv6 ? number(1, 128) : "255.255." + number(0, 255) + ".0");
    if (chance(10)) text += " --pe sip";
    if ((name.starts_with("-u") || name.starts_with("-f")) && chance(30)) text += " -o";
    return text;
  }

  std::string server_settings(bool /*ipv6*/) {
    std::string text;
    const auto method = below(3);
    text += method == 0 ? " -m" : method == 1 ? " -g" : " -i";
    text += " -w " + number(0, chance(50) ? 9 : 2147483647);
    if (chance(40)) {
      const std::size_t upper = 1 + below(1000000);
      text += " -x " + std::to_string(upper);
      if (chance(50)) text += " -y " + number(0, upper);
    }
    if (method == 2 && chance(60)) {
      if (chance(50)) {
        static const std::vector<std::string> checksums = {"", " --tun-nocsum", " --tun-csum", " --tun-remcsum"};
        text += " --tun-type gue --tun-port " + number(1, 65535) + checksums[below(4)];
      } else {
        text += std::string(" --tun-type gre") + (chance(50) ? " --tun-csum" : "");
      }
    }
    return text;
  }

  std::mt19937_64 random_;
};

struct Tool {
  std::string path;

  Outcome run(std::vector<std::string> arguments, const std::string& input = {},
              const std::string& name = "ipvsadm") const {
    arguments.insert(arguments.begin(), path);
    return kernel_test::run({std::move(arguments), name, input, {}, false});
  }

  /// Runs a command that must succeed, and gives its output.
  std::string must(std::vector<std::string> arguments, const std::string& input = {},
                   const std::string& name = "ipvsadm") const {
    const std::string shown = name + (arguments.empty() ? "" : " " + arguments.front());
    const Outcome outcome = run(std::move(arguments), input, name);
    if (outcome.status != 0 || !outcome.errors.empty()) {
      throw std::runtime_error(path + ": " + shown + ": status " + std::to_string(outcome.status) + ", expected 0\n" +
                               outcome.errors + "with the input:\n" + input);
    }
    return outcome.output;
  }
};

/// Empty, or what went wrong with this table.
std::string try_table(const std::string& rules, const Tool& ours, const Tool& classic) {
  kernel_test::enter_fresh_namespace();
  ours.must({"-R"}, rules);
  const std::string table = kernel_test::dump_table();
  const std::string numeric = ours.must({"-S", "-n"});
  const std::string named = ours.must({"-S"});

  struct Way {
    const char* what;
    const Tool& tool;
    std::vector<std::string> arguments;
    const char* name;
    const std::string& saved;
  };
  const std::vector<Way> ways = {{"our -R of -Sn", ours, {"-R"}, "ipvsadm", numeric},
                                 {"our -R of -S", ours, {"-R"}, "ipvsadm", named},
                                 {"our ipvsadm-restore of -Sn", ours, {}, "ipvsadm-restore", numeric},
                                 {"our --apply of -Sn", ours, {"--apply"}, "ipvsadm", numeric},
                                 {"the classic tool's -R of -Sn", classic, {"-R"}, "ipvsadm", numeric}};
  for (const Way& way : ways) {
    ours.must({"-C"});
    way.tool.must(way.arguments, way.saved, way.name);
    const std::string back = kernel_test::dump_table();
    if (back != table) {
      return std::string(way.what).append(":\nexpected table:\n").append(table).append("actual table:\n").append(back);
    }
  }
  const std::string saved = ours.must({"-n"}, {}, "ipvsadm-save");
  if (saved != numeric) return "ipvsadm-save -n:\nexpected:\n" + numeric + "actual:\n" + saved;
  return {};
}

/// The table that rules make in an empty namespace.
std::string table_of(const std::string& rules, const Tool& ours) {
  ours.must({"-C"});
  ours.must({"-R"}, rules);
  return kernel_test::dump_table();
}

/// Empty, or what went wrong on the way from one table to another.
std::string try_change(const std::string& from, const std::string& to, const Tool& ours) {
  kernel_test::enter_fresh_namespace();
  const std::string wanted = table_of(to, ours);
  const std::string before = table_of(from, ours);
  const Outcome dry = ours.run({"--apply", "--dry-run"}, to);
  if (dry.status != (before == wanted ? 0 : 3)) return "--dry-run: status " + std::to_string(dry.status) + dry.errors;
  if (kernel_test::dump_table() != before) return "--dry-run has changed the table";
  ours.must({"-R"}, dry.output);
  std::string now = kernel_test::dump_table();
  if (now != wanted) return "-R of --dry-run's\n" + dry.output + "expected table:\n" + wanted + "actual table:\n" + now;

  table_of(from, ours);
  ours.must({"--apply"}, to);
  now = kernel_test::dump_table();
  if (now != wanted) return "--apply:\nexpected table:\n" + wanted + "actual table:\n" + now;
  const Outcome again = ours.run({"--apply", "--dry-run"}, to);
  if (again.status != 0 || !again.output.empty()) return "--apply leaves these changes:\n" + again.output;
  return {};
}

// ---- Tables that other programs make ----

/// Any value of the library's types, though most are of the usual kinds.
class OtherTables {
 public:
  explicit OtherTables(std::uint64_t seed) : random_(seed) {}

  ipvs::Table table() {
    ipvs::Table table;
    for (std::size_t left = 1 + below(5); left > 0; --left) {
      ipvs::Table::Entry entry;
      entry.service = service();
      for (std::size_t servers = below(5); servers > 0; --servers) {
        const ipvs::Destination server = destination(entry.service.key);
        entry.destinations.emplace(server.key, server);
      }
      table.services.emplace(entry.service.key, std::move(entry));
    }
    return table;
  }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::uint32_t word() { return chance(30) ? UINT32_MAX : static_cast<std::uint32_t>(random_()); }
  std::uint16_t port() { return chance(20) ? 0 : static_cast<std::uint16_t>(chance(50) ? 80 : below(65536)); }

  ipvs::Address address(bool ipv6) {
    if (!ipv6) return ipvs::Address::v4(0x0a000000U + static_cast<std::uint32_t>(below(0x00ffffff)));
    return *ipvs::Address::parse("2001:db8::" + std::to_string(1 + below(9999)));
  }

  ipvs::Service service() {
    static const std::vector<std::uint16_t> protocols = {6, 6, 6, 17, 17, 132, 99, 1};
    static const std::vector<std::string> schedulers = {"rr", "wlc", "sh", "mh", "none"};
    const bool ipv6 = chance(30);
    const auto protocol = static_cast<ipvs::Protocol>(protocols[below(protocols.size())]);
    ipvs::Service service(chance(25)
                              ? ipvs::ServiceKey::mark(1 + word() / 2, ipv6 ? ipvs::Family::ipv6 : ipvs::Family::ipv4)
                              : ipvs::ServiceKey::of(protocol, address(ipv6), port()),
                          schedulers[below(schedulers.size())]);
    service.scheduler_flags = static_cast<ipvs::SchedulerFlags>(below(8) << 3);
    service.persistent = chance(40);
    if (chance(service.persistent ? 90 : 5)) service.persistence_timeout = std::chrono::seconds(word() % 4'000'001);
    if (chance(30)) service.netmask = ipv6 ? static_cast<std::uint32_t>(1 + below(128)) : word();
    if (chance(10)) service.persistence_engine = "sip";
    service.one_packet = chance(30);
    return service;
  }

  ipvs::Destination destination(const ipvs::ServiceKey& service) {
    ipvs::Destination server;
    server.forwarding = static_cast<ipvs::Forwarding>(below(chance(20) ? 5 : 4));
    const bool other_family = server.forwarding == ipvs::Forwarding::tunnel && chance(20);
    server.key.address = address((service.family == ipvs::Family::ipv6) != other_family);
    server.key.port = chance(60) ? service.port : port();
    server.weight = static_cast<std::int32_t>(word() / 2);
    if (chance(50)) server.upper_threshold = word();
    if (chance(30)) server.lower_threshold = server.upper_threshold / (1 + static_cast<std::uint32_t>(below(4)));
    if (chance(40)) server.tunnel_type = static_cast<ipvs::TunnelType>(below(3));
    if (chance(30) || server.tunnel_type == ipvs::TunnelType::gue)
      server.tunnel_port = static_cast<std::uint16_t>(1 + below(65535));
    if (chance(30)) server.tunnel_checksum = static_cast<ipvs::TunnelChecksum>(below(3));
    return server;
  }

  std::mt19937_64 random_;
};

/// What a save that prints all it changes makes of a table; how many entries it leaves out, and how many it changes.
struct Saved {
  ipvs::Table table;
  int left_out = 0;
  int changed = 0;

  explicit Saved(const ipvs::Table& from) {
    for (const auto& [key, entry] : from.services) {
      const bool known = key.is_fwmark() || key.protocol == ipvs::Protocol::tcp ||
                         key.protocol == ipvs::Protocol::udp || key.protocol == ipvs::Protocol::sctp;
      if (!known) {
        ++left_out;
        continue;
      }
      ipvs::Table::Entry& saved = table.services[key];
      saved.service = entry.service;
      if (!entry.service.persistent) saved.service.persistence_timeout = std::chrono::seconds(0);
      changed += saved.service != entry.service ? 1 : 0;
      for (const auto& [name, server] : entry.destinations) add(saved, server);
    }
  }

 private:
  void add(ipvs::Table::Entry& saved, ipvs::Destination server) {
    const ipvs::Destination before = server;
    if (server.forwarding == ipvs::Forwarding::bypass) {
      ++left_out;
      return;
    }
    if (server.forwarding == ipvs::Forwarding::local) server.forwarding = ipvs::Forwarding::direct_route;
    const ipvs::ServiceKey& service = saved.service.key;
    if (server.forwarding != ipvs::Forwarding::masquerade && !service.is_fwmark()) server.key.port = service.port;
    if (server.forwarding != ipvs::Forwarding::tunnel) server.tunnel_type = ipvs::TunnelType::ipip;
    if (server.tunnel_type != ipvs::TunnelType::gue) server.tunnel_port = 0;
    if (server.tunnel_type == ipvs::TunnelType::ipip) server.tunnel_checksum = ipvs::TunnelChecksum::none;
    changed += server != before ? 1 : 0;
    saved.destinations.emplace(server.key, server);
  }
};

/// Makes the table by single calls; what the kernel refuses is not in it.
void make(const ipvs::Table& table) {
  ipvs::Client client;
  for (const auto& [key, entry] : table.services) {
    try {
      client.add_service(entry.service);
    } catch (const ipvs::Error&) {
      continue;
    }
    for (const auto& [name, server] : entry.destinations) {
      try {
        client.add_destination(key, server);
      } catch (const ipvs::Error&) {
        continue;
      }
    }
  }
}

/// Empty, or what went wrong with a table that another program has made.
std::string try_other_table(const ipvs::Table& table, const Tool& ours) {
  kernel_test::enter_fresh_namespace();
  make(table);
  ipvs::Client client;
  const Saved expected(ipvs::read_table(client));
  const Outcome save = ours.run({"-S", "-n"});
  const auto lines = std::ranges::count(save.errors, '\n');
  if (save.status != (expected.left_out > 0 ? 1 : 0))
    return "-S: status " + std::to_string(save.status) + "\n" + save.errors;
  if (lines != expected.left_out + expected.changed) {
    return "-S prints " + std::to_string(lines) + " lines, expected " + std::to_string(expected.left_out) +
           " left out and " + std::to_string(expected.changed) + " changed:\n" + save.errors + save.output;
  }
  ours.must({"-C"});
  const Outcome restore = ours.run({"-R"}, save.output);
  const std::string back = kernel_test::dump_table();
  kernel_test::enter_fresh_namespace();
  make(expected.table);
  const std::string wanted = kernel_test::dump_table();
  if (restore.status != 0)
    return "-R of\n" + save.output + "has status " + std::to_string(restore.status) + "\n" + restore.errors;
  return back == wanted ? "" : "-R of\n" + save.output + "expected table:\n" + wanted + "actual table:\n" + back;
}

}  // namespace

int main(int argc, char** argv) {
  Tool classic{"/usr/sbin/ipvsadm"};
  const char* program = std::getenv("IPVS_ADM");
  if (program == nullptr) {
    std::fputs("IPVS_ADM must name the ipvsadm to test\n", stderr);
    return 2;
  }
  Tool ours{program};
  std::uint64_t seed = 1;
  int tables = 40;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--classic") classic.path = argv[i + 1];
    if (name == "--ours") ours.path = argv[i + 1];
    if (name == "--seed") seed = std::stoull(argv[i + 1]);
    if (name == "--tables") tables = std::stoi(argv[i + 1]);
  }
  int failed = 0;
  try {
    kernel_test::prepare();
    kernel_test::enter_fresh_namespace();
    ours.must({"-L"});
    for (int i = 0; i < tables; ++i) {
      Tables random(seed * 1'000'003 + static_cast<std::uint64_t>(i));
      const std::string rules = random.rules();
      const std::string others = random.changed(rules);
      std::string fault;
      try {
        fault = try_table(rules, ours, classic);
        if (fault.empty()) fault = try_change(rules, others, ours);
      } catch (const std::runtime_error& error) {
        fault = error.what();
      }
      if (fault.empty())
        fault = try_other_table(OtherTables(seed * 7'000'003 + static_cast<std::uint64_t>(i)).table(), ours);
      if (fault.empty()) continue;
      ++failed;
      std::cout << "not ok - random table " << i << " (seed " << seed << ") comes back: " << fault << "rules:\n"
                << rules << "other rules:\n"
                << others;
    }
  } catch (const std::exception& error) {
    std::cerr << "save_restore: " << error.what() << "\n";
    return 2;
  }
  std::cout << tables - failed << " passed, " << failed << " failed\n";
  return failed == 0 && tables > 0 ? 0 : 1;
}
