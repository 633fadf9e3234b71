// SPDX-License-Identifier: MIT
//
// A file *.case holds cases:
//
//   ## what holds                      begins a case
//   # remark
//   hosts: 10.0.0.7 web.example        a line of /etc/hosts, for this case
//   $ ip link add d0 type dummy        prepares; must succeed; runs on both sides
//   $ udp 10.0.0.1 4000 10.0.0.2 53 x  sends x from that address and port to that; `$ tcp` connects
//   ipvsadm -A -t 10.0.0.1:{1|2}       a command; braces: one command for each alternative
//   ipvsadm -L {|-n}                   without and with -n
//   user ipvsadm -L                    as an ordinary user
//   ipvsadm -R < "-C\n"                with this text on stdin
//   ipvsadm -R <<END                   with the lines below, up to one that says END
//   ipvsadm -S > /dev/full             with stdout to this file
//   ipvsadm -D -t x:1 2> /dev/full     with stderr to this file
//
// Words are split at blanks; '...' is taken as it stands, "..." knows \n \r \t \xHH \" \\.
// No variables, no globs. Lines below a command, usually indented, say more of it:
//
//   status: 2                          what both sides must say; also stdout: and stderr:,
//   stderr: No such service            a line each, several make up the text, "..." has escapes
//   ours-status: 2                     what ours says where the classic says something else;
//   ours-stdout: text                  also ours-stderr:; warnings and second lines, which begin with two blanks,
//                                      are compared only if one of them stands there
//   classic: ipvsadm -A ...            what runs on the classic's side instead, for ours to do
//                                      the same; with as many braces; `nothing` runs nothing
//   any-text                           compare the exit status, and that there is text or none
//   any-order                          compare stdout's lines in any order, and without times like 04:59
//   look-ups: 3                        how many hosts ours looks up; the classic more
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tool_runner.hpp"

namespace kernel_test {

/// A fault in a case file or in how a test was called: nothing was tested.
struct Trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Expectation {
  std::optional<int> status;
  std::optional<std::string> output;
  std::optional<std::string> errors;
  bool empty() const { return !status && !output && !errors; }
};

struct Step {
  int line = 0;
  std::string text;
  Invocation command;
  std::optional<Invocation> classic_command;
  bool setup = false;
  bool classic_does_nothing = false;
  bool any_text = false;
  bool any_order = false;
  std::optional<int> look_ups;
  Expectation both;
  Expectation ours;
};

struct Case {
  std::string file;
  int line = 0;
  std::string title;
  std::string hosts;
  std::vector<Step> steps;
  std::string name() const { return file + ": " + title; }
};

/// Whether a command's first word names the tool under test.
bool is_tool(const std::string& word);

/// The cases of one file. Throws Trouble, with the line, if it can't be understood or a case tests nothing.
std::vector<Case> read_cases(const std::filesystem::path& path);

}  // namespace kernel_test
