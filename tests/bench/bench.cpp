// SPDX-License-Identifier: MIT
// Measures ours beside the classic ipvsadm and beside the floor (floor.cpp: the kernel's own work), in one run on one
// kernel, and prints one table of ratios. Run by tests/run bench. A wrong result ends it with status 1; a ratio that
// is worse than wanted does not: this is a measurement, not a test.
//
// Every time is of a whole process, from its creation to its end, the median of rounds in which the programs take
// turns.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runs.hpp"

namespace {

using bench::fail;
using bench::lines_of;
using bench::median;
using bench::Run;
using bench::run;
using bench::same_lines;
using bench::text_of;
using bench::Words;
using bench::write_rules;

const std::string classic = "/usr/sbin/ipvsadm";
std::string ours;
std::string folder;  // of this program, where the floor's programs are too
constexpr int rounds = 5;

/// The floor's program, and what it says.
double floor_seconds(std::initializer_list<std::string_view> arguments, std::string* said = nullptr) {
  Words words;
  words.reserve(arguments.size() + 1);
  words.push_back(folder + "/bench_floor");
  for (const std::string_view argument : arguments) words.emplace_back(argument);
  const double seconds = run(words, "/dev/null", "floor.out").seconds;
  if (said != nullptr) *said = text_of("floor.out");
  return seconds;
}

void clear() { run({ours, "-C"}); }

// ---- the table of results

struct Row {
  std::string work;
  std::string against_classic;
  std::string against_floor;
  std::string memory;
};
std::vector<Row> rows;

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// "31.2 (>= 25)"
std::string times_faster(double classic_seconds, double our_seconds, const char* wanted) {
  return number(classic_seconds / our_seconds, 1) + (*wanted != 0 ? std::string(" (>= ") + wanted + ")" : "");
}
std::string times_the_floor(double our_seconds, double floor, const char* wanted) {
  return number(our_seconds / floor, 2) + (*wanted != 0 ? std::string(" (<= ") + wanted + ")" : "");
}
std::string mebibytes(long kib) { return number(static_cast<double>(kib) / 1024, 1) + " MiB"; }

void progress(const std::string& what) { std::fprintf(stderr, "measuring %s\n", what.c_str()); }

// ---- what is measured

void measure_restore() {
  progress("-R of 500 services x 10 servers");
  const std::string rules = write_rules(500, 10);
  std::vector<double> of_classic;
  std::vector<double> of_ours;
  std::vector<double> of_floor;
  long peak = 0;
  for (int i = 0; i < rounds; ++i) {
    clear();
    of_classic.push_back(run({classic, "-R"}, rules).seconds);
    clear();
    of_floor.push_back(floor_seconds({"restore", "500", "10"}));
    run({classic, "-Sn"}, "/dev/null", "saved");
    if (!same_lines("saved", rules, true)) fail("the floor's table is not what the rules say");
    clear();
    const Run mine = run({ours, "-R"}, rules);
    of_ours.push_back(mine.seconds);
    peak = std::max(peak, mine.peak_kib);
    run({classic, "-Sn"}, "/dev/null", "saved");
    if (!same_lines("saved", rules, true)) fail("the table that our -R made is not what the rules say");
  }
  rows.push_back({"-R, 500 services x 10 servers", times_faster(median(of_classic), median(of_ours), "25"),
                  times_the_floor(median(of_ours), median(of_floor), "3"), mebibytes(peak)});
}

void measure_listings() {
  clear();
  floor_seconds({"restore", "2000", "10"});
  for (const std::string& listing : Words{"-Ln", "-Sn"}) {
    progress(listing + " of 2,000 services x 10 servers");
    std::vector<double> of_classic;
    std::vector<double> of_ours;
    std::vector<double> of_floor;
    long peak = 0;
    for (int i = 0; i < rounds; ++i) {
      of_classic.push_back(run({classic, listing}).seconds);
      std::string said;
      of_floor.push_back(floor_seconds({"dump"}, &said));
      if (said != "2000 20000\n") fail("the floor dumped this many services and servers: " + said);
      const Run mine = run({ours, listing});
      of_ours.push_back(mine.seconds);
      peak = std::max(peak, mine.peak_kib);
    }
    run({classic, listing}, "/dev/null", "classic.out");
    run({ours, listing}, "/dev/null", "ours.out");
    if (!same_lines("classic.out", "ours.out", false)) fail("the two tools' " + listing + " differ");
    rows.push_back({listing + ", 2,000 services x 10 servers", times_faster(median(of_classic), median(of_ours), "5"),
                    times_the_floor(median(of_ours), median(of_floor), "1.5"), mebibytes(peak)});
  }
  clear();
}

void measure_connections() {
  progress("-Lnc of 60,000 connections");
  run({ours, "--start-daemon", "backup", "--mcast-interface", "lo"});
  double of_classic = 1e9;
  double of_ours = 1e9;
  double of_floor = 1e9;
  long peak = 0;
  long peak_of_few = 0;
  for (const int count : {10, 60000}) {
    run({folder + "/bench_connections", std::to_string(count)});
    sleep(1);  // the daemon is still reading
    if (count == 10) {
      peak_of_few = run({ours, "-Lnc"}, "/dev/null", "ours.out").peak_kib;
      if (lines_of("ours.out") != 12) fail("ten connections are not listed in ten lines");
    }
  }
  for (int i = 0; i < 3; ++i) {
    of_classic = std::min(of_classic, run({classic, "-Lnc"}).seconds);
    of_floor =
        std::min(of_floor, run({"dd", "if=/proc/net/ip_vs_conn", "of=/dev/null", "bs=64k", "status=none"}).seconds);
    const Run mine = run({ours, "-Lnc"});
    of_ours = std::min(of_ours, mine.seconds);
    peak = std::max(peak, mine.peak_kib);
  }
  for (const std::string& tool : Words{classic, ours}) {
    run({tool, "-Lnc"}, "/dev/null", "connections.out");
    const std::size_t lines = lines_of("connections.out");
    if (lines != 60002) fail(tool + " lists " + std::to_string(lines) + " lines, not 60002");
  }
  rows.push_back({"-Lnc, 60,000 connections", times_faster(of_classic, of_ours, "3"),
                  times_the_floor(of_ours, of_floor, "1.5"),
                  mebibytes(peak) + " (<= 16; of ten: " + mebibytes(peak_of_few) + ")"});
  run({ours, "--stop-daemon", "backup"});
}

/// Lines that strace writes of a run, without the last, which is no call; and how many of them make a socket.
void count_calls(const std::string& tool, std::size_t& calls, std::size_t& sockets) {
  run({"strace", "-qq", "-f", "-o", "calls", tool, "-Ln"});
  std::ifstream file("calls");
  calls = sockets = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.find(" exit_group(") != std::string::npos || line.find("+++") != std::string::npos) continue;
    ++calls;
    sockets += line.find(" socket(") != std::string::npos ? 1 : 0;
  }
}

void measure_start() {
  progress("one -Ln of one service");
  clear();
  floor_seconds({"restore", "1", "2"});
  std::vector<double> of_classic;
  std::vector<double> of_ours;
  long peak = 0;
  for (int i = 0; i < 41; ++i) {
    of_classic.push_back(run({classic, "-Ln"}).seconds);
    const Run mine = run({ours, "-Ln"});
    of_ours.push_back(mine.seconds);
    peak = std::max(peak, mine.peak_kib);
  }
  run({classic, "-Ln"}, "/dev/null", "classic.out");
  run({ours, "-Ln"}, "/dev/null", "ours.out");
  if (!same_lines("classic.out", "ours.out", false)) fail("the two tools' -Ln differ");
  std::size_t calls = 0;
  std::size_t sockets = 0;
  std::size_t classic_calls = 0;
  std::size_t classic_sockets = 0;
  count_calls(ours, calls, sockets);
  count_calls(classic, classic_calls, classic_sockets);
  rows.push_back({"-Ln, one service, start to end", times_faster(median(of_classic), median(of_ours), "1"),
                  std::to_string(calls) + " calls, " + std::to_string(sockets) + " socket (classic: " +
                      std::to_string(classic_calls) + ", " + std::to_string(classic_sockets) + ")",
                  mebibytes(peak)});
  clear();
}

/// Time and memory per server, relative to those at 1,000 servers, and the time beside the floor's.
void measure_growth() {
  struct Point {
    double seconds;
    double floor;
    long peak;
  };
  const std::vector<std::uint32_t> sizes{1000, 10000, 100000};
  std::vector<std::vector<Point>> points(3);
  const Words works{"-R", "-Ln", "-Sn"};
  for (const std::uint32_t servers : sizes) {
    progress(std::to_string(servers) + " servers, in services of 10");
    const std::string rules = write_rules(servers / 10, 10);
    for (std::size_t work = 0; work < works.size(); ++work) {
      std::vector<double> seconds;
      std::vector<double> of_floor;
      long peak = 0;
      for (int i = 0; i < 3; ++i) {
        if (works[work] == "-R") {
          clear();
          of_floor.push_back(floor_seconds({"restore", std::to_string(servers / 10), "10"}));
          clear();
        } else {
          of_floor.push_back(floor_seconds({"dump"}));
        }
        const Run mine = run({ours, works[work]}, rules);
        seconds.push_back(mine.seconds);
        peak = std::max(peak, mine.peak_kib);
      }
      points[work].push_back({median(seconds), median(of_floor), peak});
      if (works[work] != "-Sn") continue;
      run({ours, "-Sn"}, "/dev/null", "ours.out");
      if (!same_lines("ours.out", rules, true)) fail("what -Sn saves is not what -R read");
    }
    clear();
    unlink(rules.c_str());
  }
  for (std::size_t work = 0; work < works.size(); ++work) {
    std::string times;
    std::string against_floor;
    std::string memory;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      against_floor += (i > 0 ? ", " : "") + number(points[work][i].seconds / points[work][i].floor, 2);
      times += (i > 0 ? " : " : "") + number(points[work][i].seconds / points[work][0].seconds, 1);
      memory += (i > 0 ? ", " : "") + mebibytes(points[work][i].peak);
    }
    rows.push_back({works[work] + ", 1,000 : 10,000 : 100,000 servers", "time " + times, against_floor, memory});
  }
  progress("1,000 servers in one service");
  std::vector<double> one;
  std::vector<double> many;
  for (int i = 0; i < rounds; ++i) {
    clear();
    many.push_back(floor_seconds({"restore", "100", "10"}));
    clear();
    one.push_back(floor_seconds({"restore", "1", "1000"}));
  }
  clear();
  rows.push_back({"the kernel: 1,000 servers in one service",
                  "time " + number(median(one) / median(many), 2) + " of those in services of 10", "", ""});
}

void print_rows() {
  utsname system{};
  uname(&system);
  std::printf("Linux %s, %s; ratios of whole processes' times, medians\n\n", system.release, system.machine);
  std::printf("| work | times as fast as ipvsadm 1.31 | time / floor | peak memory |\n| --- | --- | --- | --- |\n");
  for (const Row& row : rows) {
    std::printf("| %s | %s | %s | %s |\n", row.work.c_str(), row.against_classic.c_str(), row.against_floor.c_str(),
                row.memory.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* tool = std::getenv("IPVS_ADM");
  if (tool == nullptr || argc > 2) {
    std::fputs("usage: bench [restore|listings|connections|start|growth]; IPVS_ADM names our ipvsadm\n", stderr);
    return 2;
  }
  ours = tool;
  folder = argv[0];
  folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
  const std::string only = argc > 1 ? argv[1] : "";
  const std::vector<std::pair<std::string, std::function<void()>>> works{{"restore", measure_restore},
                                                                         {"listings", measure_listings},
                                                                         {"connections", measure_connections},
                                                                         {"start", measure_start},
                                                                         {"growth", measure_growth}};
  try {
    for (const auto& [name, measure] : works) {
      if (only.empty() || only == name) measure();
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench: %s\n", e.what());
    return 1;
  }
  print_rows();
  return 0;
}
