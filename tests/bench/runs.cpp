// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <spawn.h>

#include "shape.hpp"

namespace bench {

void fail(const std::string& what) { throw std::runtime_error(what); }

Run run(const Words& words, const std::string& input, const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int in = open(input.c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (in < 0 || out < 0) fail("can't open " + input + " or " + output);
  const auto start = std::chrono::steady_clock::now();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
    fail("can't start " + words[0]);
  }
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) fail("wait4");
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  close(in);
  close(out);
  if (status != 0) {
    std::string line;
    for (const std::string& word : words) line += word + ' ';
    fail(line + "ended with wait status " + std::to_string(status));
  }
  const auto milliseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return {seconds.count(), milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), usage.ru_maxrss};
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path);
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

// Compared in a process of its own: a child's peak memory is never less than its parent's was.
bool same_lines(const std::string& one, const std::string& other, bool sorted) {
  const pid_t child = fork();
  if (child == 0) {
    const auto lines = [&](const std::string& path) {
      std::ifstream file(path);
      std::vector<std::string> all;
      for (std::string line; std::getline(file, line);) all.push_back(line);
      if (sorted) std::ranges::sort(all);
      return all;
    };
    _exit(lines(one) == lines(other) ? 0 : 1);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) fail("waitpid");
  return status == 0;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

namespace {

std::string address(std::uint32_t bits) {
  return std::to_string(bits >> 24U) + '.' + std::to_string(bits >> 16U & 255U) + '.' +
         std::to_string(bits >> 8U & 255U) + '.' + std::to_string(bits & 255U);
}

}  // namespace

std::string write_rules(std::uint32_t services, std::uint32_t servers) {
  std::string path = "rules-" + std::to_string(services) + "x" + std::to_string(servers);
  std::ofstream file(path);
  for (std::uint32_t service = 0; service < services; ++service) {
    const std::string name = address(service_address(service)) + ':' + std::to_string(service_port);
    file << "-A -t " << name << " -s rr\n";
    for (std::uint32_t server = 0; server < servers; ++server) {
      file << "-a -t " << name << " -r " << address(server_address(service, servers, server)) << ':' << server_port
           << " -m -w 1\n";
    }
  }
  return path;
}

}  // namespace bench
