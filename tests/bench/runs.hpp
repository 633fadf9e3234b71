// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shape.hpp"

// What both programs of measurements do: run others, and compare what these wrote.
namespace bench {

using Words = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what);

struct Run {
  double seconds = 0;           ///< from its creation to its end
  double cpu_milliseconds = 0;  ///< user and system
  long peak_kib = 0;
};

/// Runs a program to its end. Its peak memory is its own only while this process is small.
Run run(const Words& words, const std::string& input = "/dev/null", const std::string& output = "/dev/null");

std::string text_of(const std::string& path);
std::size_t lines_of(const std::string& path);
/// Whether two files hold the same lines; in whatever order if `sorted`, for the kernel promises none between tables.
bool same_lines(const std::string& one, const std::string& other, bool sorted);

double median(std::vector<double> values);

/// Writes a rules file, as -Sn does, and returns its name.
std::string write_rules(std::uint32_t services, std::uint32_t servers);

}  // namespace bench
