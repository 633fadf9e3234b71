// SPDX-License-Identifier: MIT
#include "output/output.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "line/failure.hpp"

namespace ipvsadm {

void Output::flush() {
  const char* data = text_.data();
  std::size_t left = text_.size();
  while (left > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, data, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      text_.clear();
      throw Failure(status_listing_failed, fmt::format("can't write the output: {}", std::strerror(errno)));
    }
    data += written;
    left -= static_cast<std::size_t>(written);
  }
  text_.clear();
}

void tell(std::string_view line) noexcept {
  // In one piece, so that lines of several programs don't mix.
  const iovec pieces[] = {{const_cast<char*>(line.data()), line.size()}, {const_cast<char*>("\n"), 1}};
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, pieces, 2);
}

void tell_in_place(std::string_view text) noexcept {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace ipvsadm
