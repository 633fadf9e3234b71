// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kernel_test {

struct Invocation {
  std::vector<std::string> arguments;  ///< the first is the program: a path, or a name to look for in PATH
  std::string shown_name;              ///< what the program finds as its own name, if not that
  std::string input;                   ///< on stdin
  std::string output_path;             ///< stdout goes to this file, if not empty, and isn't captured
  bool ordinary_user = false;          ///< run by somebody without any privilege
  std::string errors_path = {};        ///< the same for stderr
};

struct Outcome {
  int status = 0;      ///< exit status, or minus the signal that ended it
  std::string output;  ///< the size of the connection table as (size=SIZE)
  std::string errors;
  bool operator==(const Outcome&) const = default;
};

/// Prepares this process (root) for the two calls below: a mount namespace of its own, with a hosts file of its own.
void prepare();

/// Moves this process into a new, empty network namespace with the loopback interface up, and makes `hosts` the
/// whole of /etc/hosts after the lines for localhost. The former namespace's table and sync daemons go with it.
void enter_fresh_namespace(const std::string& hosts = {});

/// Runs a program to its end; after 30 s it is killed. Throws std::system_error if it can't be started.
Outcome run(const Invocation& invocation);

/// Messages without what ours adds to those of the classic tool: warnings, and second lines that say why, which begin
/// with two blanks.
std::string without_notes(const std::string& errors);

/// Counts how often the hosts file is opened from now on: once for each host that somebody looks up.
class LookUpCounter {
 public:
  LookUpCounter();
  ~LookUpCounter();
  LookUpCounter(const LookUpCounter&) = delete;
  LookUpCounter& operator=(const LookUpCounter&) = delete;
  int count() const;

 private:
  int events_;
};

/// Traffic between addresses (in figures) of this namespace, from a port that the caller chooses, so that listed
/// connections can be foreseen: one datagram, or one attempt to connect, which may fail.
struct Traffic {
  bool tcp = false;
  std::string from;
  std::string from_port;
  std::string to;
  std::string to_port;
  std::string text;
};
void send(const Traffic& traffic);

}  // namespace kernel_test
