// SPDX-License-Identifier: MIT
#include "output/output.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "line/failure.hpp"
#include "output/utf8.hpp"

namespace ipvsadm {

std::vector<Row> Output::take_rows() {
  std::vector<Row> rows;
  const std::string_view text(text_.data(), text_.size());
  std::size_t mark = 0;
  std::string key;
  std::size_t lines_of_key = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    for (; mark < marks_.size() && marks_[mark].begin <= begin; ++mark) {
      key = std::move(marks_[mark].key);
      lines_of_key = 0;
    }
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    // What the kernel prints of a connection may hold newlines.
    const std::string number = lines_of_key == 0 ? "" : fmt::format("\n{}", lines_of_key);
    rows.push_back({key + number, std::string(text.substr(begin, end - begin))});
    ++lines_of_key;
    begin = end + 1;
  }
  discard();
  return rows;
}

std::string Output::take_text() {
  std::string text(text_.data(), text_.size());
  discard();
  return text;
}

void Output::discard() {
  text_.clear();
  marks_.clear();
}

namespace {

/// Waits until the descriptor, which somebody has made one that does not block, takes more.
void wait_until_writable(int descriptor) {
  pollfd place{descriptor, POLLOUT, 0};
  ::poll(&place, 1, -1);
}

/// Writes all, unless it fails. Returns the errno; 0 for success.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_until_writable(descriptor);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// While it lives, a pipe without a reader is no reason to end: a message that nobody reads must not leave undone what
/// comes after it.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigprocmask(SIG_BLOCK, &pipe_, &former_);
  }
  ~WithoutPipeSignal() {
    const timespec at_once{};
    if (failed_ && !was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    sigprocmask(SIG_SETMASK, &former_, nullptr);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

  void failed() { failed_ = true; }

 private:
  sigset_t pipe_{};
  sigset_t former_{};
  bool was_pending_ = false;
  bool failed_ = false;
};

}  // namespace

void Output::flush() {
  const int error_number = write_all(STDOUT_FILENO, {text_.data(), text_.size()});
  discard();
  if (error_number == 0) return;
  throw Failure(status_listing_failed, fmt::format("can't write the output: {}", std::strerror(error_number)));
}

namespace {

void write_line(std::string_view line) noexcept {
  WithoutPipeSignal guard;
  // In one piece, so that lines of several programs don't mix.
  const iovec pieces[] = {{const_cast<char*>(line.data()), line.size()}, {const_cast<char*>("\n"), 1}};
  ssize_t written = 0;
  while ((written = ::writev(STDERR_FILENO, pieces, 2)) < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (errno == EAGAIN) wait_until_writable(STDERR_FILENO);
  }
  if (written < 0) return guard.failed();
  const auto done = static_cast<std::size_t>(written);
  const int error_number = done < line.size() ? write_all(STDERR_FILENO, line.substr(done)) : 0;
  if (error_number != 0 || (done <= line.size() && write_all(STDERR_FILENO, "\n") != 0)) guard.failed();
}

}  // namespace

// Words that are named may come from anywhere. Messages of several lines are ours.
void print_message(std::string_view line) noexcept {
  if (is_plain(line)) return write_line(line);
  try {
    write_line(visible(line, "\n"));
  } catch (const std::bad_alloc&) {
    write_line("Memory allocation problem");
  }
}

void print_in_place(std::string_view text) noexcept {
  WithoutPipeSignal guard;
  if (write_all(STDERR_FILENO, text) != 0) guard.failed();
}

}  // namespace ipvsadm
