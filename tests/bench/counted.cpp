// SPDX-License-Identifier: MIT
// What the work costs, beside the classic ipvsadm and the floor (floor.cpp), where the machine's noise does not reach:
// run by tests/run bench in an emulated processor whose clock ticks once per instruction, so that CPU time (user and
// system) counts instructions, a million of them in a millisecond. Two runs agree to about 1 %.
//
// A wrong result ends it with status 1; a ratio that is worse than wanted does not: this is a measurement, not a test.
#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "runs.hpp"

namespace {

using bench::fail;
using bench::lines_of;
using bench::run;
using bench::same_lines;
using bench::text_of;
using bench::Words;

constexpr int connections = 15300;
constexpr int starts = 40;

// Copies in memory: what reading a file costs in here depends on the host.
const std::string folder = "/dev/shm/bench";
const std::string ours = folder + "/ipvsadm";
const std::string classic = folder + "/classic";
const std::string floor_program = folder + "/bench_floor";
const std::string dd = folder + "/dd";
const std::string none = folder + "/true";

struct Wanted {
  double against_classic;  // times as cheap as 1.31, at least
  double against_floor;    // times the floor, at most
  const char* floor;       // what it is
};

struct Cost {
  std::string work;
  double ours = 0;
  double classic = 0;  // 0: it can't do that
  double floor = 0;
  Wanted wanted;
};
std::vector<Cost> costs;

double cost(const Words& words, const std::string& input = "/dev/null", const std::string& output = "/dev/null") {
  return run(words, input, output).cpu_milliseconds;
}

void copy(const std::string& from, const std::string& to) {
  run({"cp", "-L", from, to});
  run({"chmod", "755", to});
}

/// An empty table. One that was cleared is not as good: for two minutes or more the kernel keeps the servers that were
/// deleted, and looks through them all for each that is added.
void begin_anew() {
  if (unshare(CLONE_NEWNET) != 0) fail("can't make a network namespace");
  run({"ip", "link", "set", "lo", "up"});  // without a route, no address is one host's
}

/// The network namespace as it was at first.
class OwnNetwork {
 public:
  OwnNetwork() : descriptor_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {}
  ~OwnNetwork() { close(descriptor_); }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;
  void come_back() const {
    if (setns(descriptor_, CLONE_NEWNET) != 0) fail("can't go back to the first network namespace");
  }

 private:
  int descriptor_;
};

void require_same(const std::string& one, const std::string& other, bool sorted, const std::string& what) {
  if (!same_lines(one, other, sorted)) fail(what);
}

void count_restore(const std::string& rules) {
  const auto measure = [&](const Words& words) {
    begin_anew();
    return cost(words, rules);
  };
  Cost result{"-R, 500 services x 10 servers", 0, 0, 0, {5, 1.4, "raw netlink"}};
  // Once before it counts: the kernel makes itself room for so many counters, and keeps some of it.
  measure({floor_program, "restore", "500", "10"});
  result.floor = measure({floor_program, "restore", "500", "10"});
  run({classic, "-Sn"}, "/dev/null", "saved");
  require_same("saved", rules, true, "the floor's table is not what the rules say");
  result.classic = measure({classic, "-R"});
  result.ours = measure({ours, "-R"});
  run({classic, "-Sn"}, "/dev/null", "saved");
  require_same("saved", rules, true, "the table that our -R made is not what the rules say");
  costs.push_back(result);
}

/// Of the table that count_restore left.
void count_listings(const std::string& rules) {
  const double floor = cost({floor_program, "dump"}, "/dev/null", "said");
  if (text_of("said") != "500 5000\n") fail("the floor dumped this many services and servers: " + text_of("said"));
  struct Listing {
    Words words;
    Wanted wanted;
  };
  double plain = 0;
  for (const auto& [words, wanted] : std::vector<Listing>{{{"-Ln"}, {2.1, 1.2, "raw dumps"}},
                                                          {{"-Sn"}, {2.1, 1.2, "raw dumps"}},
                                                          {{"-Ln", "--stats"}, {2, 1.3, "raw dumps"}}}) {
    Words mine{ours};
    Words theirs{classic};
    Cost result{"", 0, 0, floor, wanted};
    for (const std::string& word : words) {
      result.work += (result.work.empty() ? "" : " ") + word;
      mine.push_back(word);
      theirs.push_back(word);
    }
    result.classic = cost(theirs, "/dev/null", "classic.out");
    result.ours = cost(mine, "/dev/null", "ours.out");
    require_same("classic.out", "ours.out", false, "the two tools' " + result.work + " differ");
    result.work += " of it";
    if (costs.size() == 1) plain = result.ours;
    costs.push_back(result);
  }
  costs.push_back(
      {"-L --metrics of it", cost({ours, "-L", "--metrics"}, "/dev/null", "metrics"), 0, plain, {0, 2, "-Ln"}});
  costs.push_back({"-L --json of it", cost({ours, "-L", "--json"}, "/dev/null", "json"), 0, plain, {0, 2, "-Ln"}});
  const double nothing = cost({ours, "--apply", rules}, "/dev/null", "said");
  costs.push_back({"--apply of it, nothing to do", nothing, 0, plain, {0, 1.7, "-Ln"}});
  run({classic, "-Sn"}, "/dev/null", "saved");
  require_same("saved", rules, true, "--apply changed the table that was as wanted");
}

void count_starts() {
  begin_anew();
  run({floor_program, "restore", "1", "2"});
  run({ours, "-Ln"}, "/dev/null", "ours.out");
  run({classic, "-Ln"}, "/dev/null", "classic.out");
  require_same("classic.out", "ours.out", false, "the two tools' -Ln of one service differ");
  double of_ours = 0;
  double of_classic = 0;
  for (int i = 0; i < starts; ++i) {
    const double of_none = cost({none});
    of_ours += cost({ours, "-Ln"}) - of_none;
    of_classic += cost({classic, "-Ln"}) - of_none;
  }
  costs.push_back(
      {"40 starts (-Ln, one service), less 40 of /bin/true", of_ours, of_classic, of_classic, {0, 0.65, "1.31"}});
}

void count_connections(const std::string& maker) {
  run({ours, "--start-daemon", "backup", "--mcast-interface", "lo"});
  run({maker, std::to_string(connections)});
  sleep(1);  // the daemon is still reading
  const std::string work = "-Lnc, " + std::to_string(connections) + " connections";
  Cost result{work, 0, 0, 0, {3, 1.5, "dd"}};
  result.floor = cost({dd, "if=/proc/net/ip_vs_conn", "of=/dev/null", "bs=64k", "status=none"});
  result.classic = cost({classic, "-Lnc"}, "/dev/null", "classic.out");
  result.ours = cost({ours, "-Lnc"}, "/dev/null", "ours.out");
  for (const char* output : {"classic.out", "ours.out"}) {
    const std::size_t lines = lines_of(output);
    if (lines != connections + 2) fail(std::string(output) + " has " + std::to_string(lines) + " lines");
  }
  costs.push_back(result);
  const double json = cost({ours, "-Lnc", "--json"}, "/dev/null", "json");
  costs.push_back({"-Lnc --json of them", json, 0, result.ours, {0, 2, "-Lnc"}});
  run({ours, "--stop-daemon", "backup"});
}

void print_costs() {
  utsname system{};
  uname(&system);
  std::printf(
      "Linux %s, %s, counted: CPU time (user + system) in ms of a processor that takes 1 ns per instruction\n\n",
      system.release, system.machine);
  std::printf("| work | ours | 1.31 | floor | times as cheap as 1.31 | times the floor |\n");
  std::printf("| --- | --- | --- | --- | --- | --- |\n");
  for (const Cost& cost : costs) {
    char classic_cell[32] = "";
    char ratio_cell[48] = "";
    if (cost.classic > 0) {
      std::snprintf(classic_cell, sizeof classic_cell, "%.0f", cost.classic);
      const int length = std::snprintf(ratio_cell, sizeof ratio_cell, "%.2f", cost.classic / cost.ours);
      if (cost.wanted.against_classic > 0) {
        std::snprintf(ratio_cell + length, sizeof ratio_cell - static_cast<std::size_t>(length), " (>= %.1f)",
                      cost.wanted.against_classic);
      }
    }
    std::printf("| %s | %.0f | %s | %.0f %s | %s | %.2f (<= %.2f) |\n", cost.work.c_str(), cost.ours, classic_cell,
                cost.floor, cost.wanted.floor, ratio_cell, cost.ours / cost.floor, cost.wanted.against_floor);
  }
}

void count_all(const std::string& tool, const std::string& programs) {
  run({"mkdir", "-p", folder});
  copy(tool, ours);
  copy("/usr/sbin/ipvsadm", classic);
  copy(programs + "/bench_floor", floor_program);
  copy("/bin/dd", dd);
  copy("/bin/true", none);
  // The results are compared in memory too; and every program has run once before it is measured.
  if (chdir(folder.c_str()) != 0) fail("can't go to " + folder);
  for (const std::string& program : {ours, classic}) run({program, "-Ln"});
  run({floor_program, "dump"});
  run({dd, "if=/dev/null", "of=/dev/null", "status=none"});
  run({none});
  const std::string rules = bench::write_rules(500, 10);
  const OwnNetwork network;
  count_restore(rules);
  count_listings(rules);
  count_starts();
  network.come_back();
  count_connections(programs + "/bench_connections");
}

}  // namespace

int main(int argc, char** argv) {
  const char* tool = std::getenv("IPVS_ADM");
  if (tool == nullptr || argc != 1) {
    std::fputs("usage: bench_counted; IPVS_ADM names our ipvsadm\n", stderr);
    return 2;
  }
  std::string programs = argv[0];
  programs.resize(programs.rfind('/') == std::string::npos ? 0 : programs.rfind('/'));
  try {
    count_all(tool, programs);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_counted: %s\n", e.what());
    return 1;
  }
  print_costs();
  return 0;
}
