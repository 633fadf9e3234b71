// SPDX-License-Identifier: MIT
#include "output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.hpp"

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

}  // namespace ipvsadm
