// SPDX-License-Identifier: MIT
#include "tool_runner.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace kernel_test {
namespace {

/// Far more than any command takes; as many times as long on a machine as slow as tests/kernel/boot was told.
int time_limit_ms() {
  constexpr int usual = 30'000;
  const char* patience = std::getenv("IPVS_BOOT_PATIENCE");
  return patience == nullptr ? usual
                             : usual * static_cast<int>(std::clamp(std::strtol(patience, nullptr, 10), 1L, 100L));
}

constexpr uid_t nobody = 65534;
constexpr std::string_view hosts_path = "/run/conformance-hosts";
constexpr std::string_view localhost_lines = "127.0.0.1 localhost ip-vs-test\n::1 localhost\n";

/// For system calls that give -1 and errno.
int check(long result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return static_cast<int>(result);
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Files in memory instead of pipes: nobody need read while the program runs.
int memory_file(const std::string& content = {}) {
  const int file = check(memfd_create("io", MFD_CLOEXEC), "memfd_create");
  std::size_t done = 0;
  while (done < content.size()) {
    done += static_cast<std::size_t>(check(write(file, content.data() + done, content.size() - done), "write"));
  }
  check(lseek(file, 0, SEEK_SET), "lseek");
  return file;
}

int file_or_memory(const std::string& path) {
  return path.empty() ? memory_file() : check(open(path.c_str(), O_WRONLY | O_CLOEXEC), path.c_str());
}

std::string content_of(int file) {
  std::string content;
  std::array<char, 65536> buffer{};
  check(lseek(file, 0, SEEK_SET), "lseek");
  while (const int got = check(read(file, buffer.data(), buffer.size()), "read")) {
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

void write_hosts(const std::string& hosts) {
  std::ofstream file{std::string(hosts_path)};
  file << localhost_lines << hosts;
  if (!file.flush()) throw std::runtime_error("can't write " + std::string(hosts_path));
}

/// In the child: never returns.
[[noreturn]] void become(const Invocation& invocation, std::array<int, 3> files, const char* path,
                         char* const* arguments) {
  for (int i = 0; i < 3; ++i) dup2(files[static_cast<std::size_t>(i)], i);
  if (!invocation.ordinary_user) {
    execvp(path, arguments);
  } else {
    // Opened as root: nobody may not look into the folder it stands in, /root for instance.
    const int program = open(path, O_RDONLY | O_CLOEXEC);
    if (program >= 0 && setresgid(nobody, nobody, nobody) == 0 && setresuid(nobody, nobody, nobody) == 0) {
      fexecve(program, arguments, environ);
    }
  }
  constexpr std::string_view text = "conformance: can't start the program\n";
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(126);
  _exit(127);
}

int wait_for(pid_t child) {
  const File handle(check(syscall(SYS_pidfd_open, child, 0), "pidfd_open"));
  pollfd event{handle.get(), POLLIN, 0};
  if (poll(&event, 1, time_limit_ms()) == 0) kill(child, SIGKILL);
  int status = 0;
  check(waitpid(child, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

using Address = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Address look_up(const std::string& host, const std::string& port, bool tcp) {
  addrinfo hints{};
  hints.ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) throw std::runtime_error("no address: " + host);
  return {found, freeaddrinfo};
}

/// From Linux 7.1 on the connection table grows and shrinks by itself, some time after the first service came.
std::string without_table_size(const std::string& text) {
  static const std::regex size(R"(\(size=\d+\))");
  return std::regex_replace(text, size, "(size=SIZE)");
}

bool is_note(std::string_view line) {
  static const std::regex warning("^(line [0-9]+: )?warning: .*");
  return line.starts_with("  ") || std::regex_match(line.begin(), line.end(), warning);
}

}  // namespace

std::string without_notes(const std::string& errors) {
  std::string rest;
  for (std::size_t begin = 0; begin < errors.size();) {
    const std::size_t end = std::min(errors.find('\n', begin), errors.size() - 1) + 1;
    const std::string line = errors.substr(begin, end - begin);
    if (!is_note(std::string_view(line).substr(0, line.find('\n')))) rest += line;
    begin = end;
  }
  return rest;
}

void prepare() {
  check(unshare(CLONE_NEWNS), "unshare");
  check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
  write_hosts({});
  check(mount(hosts_path.data(), "/etc/hosts", nullptr, MS_BIND, nullptr), "mount /etc/hosts");
  // Kernels may hang when -A loads one of these while a network namespace is deleted (README, "On which kernels").
  Invocation load;
  load.arguments = {"modprobe", "-qa", "ip_vs_lblc", "ip_vs_lblcr"};
  run(load);
}

void enter_fresh_namespace(const std::string& hosts) {
  write_hosts(hosts);
  check(unshare(CLONE_NEWNET), "unshare");
  const File socket(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(ioctl(socket.get(), SIOCSIFFLAGS, &request), "bringing lo up");
}

Outcome run(const Invocation& invocation) {
  if (invocation.arguments.empty()) throw std::invalid_argument("no program to run");
  const File input(memory_file(invocation.input));
  const File output(file_or_memory(invocation.output_path));
  const File errors(file_or_memory(invocation.errors_path));
  std::vector<std::string> words = invocation.arguments;
  if (!invocation.shown_name.empty()) words.front() = invocation.shown_name;
  std::vector<char*> arguments(words.size() + 1, nullptr);
  std::ranges::transform(words, arguments.begin(), [](std::string& word) { return word.data(); });

  // Nothing is copied: in user-mode-linux a run costs a third less. The child calls nothing but the system.
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (child == 0) {
    // NOLINTNEXTLINE(clang-analyzer-unix.Vfork)
    become(invocation, {input.get(), output.get(), errors.get()}, invocation.arguments.front().c_str(),
           arguments.data());
  }
  check(child, "vfork");
  Outcome outcome;
  outcome.status = wait_for(child);
  if (invocation.output_path.empty()) outcome.output = without_table_size(content_of(output.get()));
  if (invocation.errors_path.empty()) outcome.errors = content_of(errors.get());
  if (outcome.status == 127 && outcome.errors.starts_with("conformance: ")) {
    throw std::runtime_error("can't run " + invocation.arguments.front());
  }
  return outcome;
}

LookUpCounter::LookUpCounter() : events_(check(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init")) {
  // Closing is watched too, as two equal events in a row would be told as one.
  check(inotify_add_watch(events_, hosts_path.data(), IN_OPEN | IN_CLOSE), "inotify_add_watch");
}

LookUpCounter::~LookUpCounter() { close(events_); }

int LookUpCounter::count() const {
  alignas(inotify_event) std::array<char, 65536> buffer{};
  int opened = 0;
  for (ssize_t got = 0; (got = read(events_, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_OPEN) != 0) ++opened;
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  return opened;
}

void send(const Traffic& traffic) {
  const Address from = look_up(traffic.from, traffic.from_port, traffic.tcp);
  const Address to = look_up(traffic.to, traffic.to_port, traffic.tcp);
  const File socket(check(::socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, 0), "socket"));
  check(bind(socket.get(), from->ai_addr, from->ai_addrlen), "bind");
  if (traffic.tcp) {
    if (connect(socket.get(), to->ai_addr, to->ai_addrlen) != 0 && errno != ECONNREFUSED) check(-1, "connect");
  } else {
    check(sendto(socket.get(), traffic.text.data(), traffic.text.size(), 0, to->ai_addr, to->ai_addrlen), "sendto");
  }
}

}  // namespace kernel_test
