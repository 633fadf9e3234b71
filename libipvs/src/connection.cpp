// SPDX-License-Identifier: MIT
#include "ipvs/connection.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "ipvs/error.hpp"
#include "table_status.hpp"

namespace ipvs {
namespace {

// The kernel hands out at most a page a read; a longer line (255 bytes of engine data and six columns) can't be.
constexpr std::size_t buffer_capacity = 64 * 1024;

// The open file keeps the namespace of the thread that opened it; /proc/net would be that of the whole process.
constexpr std::string_view thread_folder = "/proc/thread-self/net/";

using Clock = std::chrono::steady_clock;
// The table takes far longer to move than to walk, and what the kernel says of it is a walk; so no move fits in
// between.
constexpr Clock::duration least_pause = std::chrono::milliseconds(10);
constexpr int pause_in_walks = 10;
constexpr Clock::duration patience = std::chrono::seconds(1);

/// The next word of `line`, which is cut off; empty at the end.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <typename Number>
bool read_number(std::string_view word, int base, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  return error == std::errc() && end == word.data() + word.size();
}

bool read_address(std::string_view word, Address& address) {
  // IPv4: eight hex digits. IPv6: eight groups of four, "2001:0db8:…", in brackets.
  if (word.size() == 8) {
    std::uint32_t number = 0;
    if (!read_number(word, 16, number)) return false;
    address = Address::v4(number);
    return true;
  }
  if (word.size() >= 2 && word.front() == '[' && word.back() == ']') word = word.substr(1, word.size() - 2);
  const std::optional<Address> v6 = Address::parse(word);
  if (!v6 || !v6->is_v6()) return false;
  address = *v6;
  return true;
}

bool read_endpoint(std::string_view& line, Endpoint& endpoint) {
  return read_address(take_word(line), endpoint.address) && read_number(take_word(line), 16, endpoint.port);
}

bool read_protocol(std::string_view word, std::uint16_t& protocol) {
  static constexpr std::array<std::pair<std::string_view, std::uint16_t>, 4> names = {
      {{"TCP", 6}, {"UDP", 17}, {"SCTP", 132}, {"IP", 0}}};
  for (const auto& [name, number] : names) {
    if (word == name) {
      protocol = number;
      return true;
    }
  }
  // The kernel writes any other protocol as IP_NUMBER.
  return word.starts_with("IP_") && read_number(word.substr(3), 10, protocol);
}

int open_in(std::string_view folder, std::string_view file) {
  return ::open(std::string(folder).append(file).c_str(), O_RDONLY | O_CLOEXEC);
}

/// `own`: the namespace is that of the whole process, which is what /proc/net shows. -1 and errno if it can't be
/// opened.
int open_file(std::string_view file, bool own) {
  int descriptor = open_in(thread_folder, file);
  if (descriptor < 0 && errno == ENOENT) {
    // Linux before 3.17, or a /proc that is only partly there.
    descriptor = open_in("/proc/self/task/" + std::to_string(::gettid()) + "/net/", file);
  }
  if (descriptor < 0 && errno == ENOENT && own) descriptor = open_in("/proc/net/", file);
  return descriptor;
}

}  // namespace

bool parse_connection(std::string_view line, Connection& connection) {
  std::int64_t expires = 0;
  if (!read_protocol(take_word(line), connection.protocol) || !read_endpoint(line, connection.client) ||
      !read_endpoint(line, connection.virtual_service) || !read_endpoint(line, connection.destination)) {
    return false;
  }
  const std::string_view state = take_word(line);
  if (state.empty() || !read_number(take_word(line), 10, expires)) return false;
  connection.state = state;
  connection.expires = std::chrono::seconds(expires);
  connection.engine_name = take_word(line);
  // The engine's data is all the rest: it may hold blanks.
  if (!line.empty()) line.remove_prefix(1);
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  connection.engine_data = line;
  return true;
}

struct ConnectionReader::State {
  int descriptor = -1;
  int status_descriptor = -1;  // -1 before Linux 7.1, and when it may not be read
  std::size_t begin = 0;       // of what is unread in the buffer
  std::size_t end = 0;
  bool header_seen = false;
  bool data_goes_on = false;  // the last entry had an engine's data
  bool has_moved = false;
  std::uint64_t lines = 0;
  std::optional<TableStatus> first_status;
  Clock::time_point next_look;
  std::array<char, buffer_capacity> buffer;

  ~State() {
    if (descriptor >= 0) ::close(descriptor);
    if (status_descriptor >= 0) ::close(status_descriptor);
  }

  void open(bool own) {
    descriptor = open_file("ip_vs_conn", own);
    if (descriptor < 0) throw Error(Operation::read_connections, errno);
    status_descriptor = open_file("ip_vs_status", own);
  }

  /// What the kernel says of its table now.
  [[nodiscard]] std::optional<TableStatus> status() const {
    if (status_descriptor < 0) return std::nullopt;
    std::array<char, 4096> text{};
    const ssize_t size = ::pread(status_descriptor, text.data(), text.size(), 0);
    if (size <= 0) return std::nullopt;
    return parse_table_status({text.data(), static_cast<std::size_t>(size)});
  }

  /// Before the first line: waits while the table moves.
  void begin_looking() {
    const Clock::time_point latest = Clock::now() + patience;
    for (;;) {
      const Clock::time_point before = Clock::now();
      first_status = status();
      next_look = Clock::now() + std::max(least_pause, (Clock::now() - before) * pause_in_walks);
      if (!first_status || !first_status->is_moving() || Clock::now() > latest) break;
      std::this_thread::sleep_for(least_pause);
    }
    has_moved = first_status && first_status->is_moving();
  }

  void look() {
    const Clock::time_point before = Clock::now();
    if (!first_status || has_moved || before < next_look) return;
    compare(status());
    next_look = Clock::now() + std::max(least_pause, (Clock::now() - before) * pause_in_walks);
  }

  std::optional<TableStatus> compare(std::optional<TableStatus> now) {
    has_moved = has_moved || !now || now->is_moving() || now->buckets != first_status->buckets;
    return now;
  }

  void end_looking() {
    if (!first_status || (has_moved && lines > 0)) return;
    const std::optional<TableStatus> last = compare(status());
    if (!last) return;
    // Nothing came and nothing left, and yet not all of it was read, or more.
    if (last->connections == first_status->connections && last->connections != lines) has_moved = true;
    // No entry was there all the time, so none can be missing: the table of a namespace grows with its first service.
    if (lines == 0 && (first_status->connections == 0 || last->connections == 0)) has_moved = false;
  }

  /// Reads on behind what is unread; false at the end of the file.
  bool fill() {
    std::memmove(buffer.data(), buffer.data() + begin, end - begin);
    end -= begin;
    begin = 0;
    if (end == buffer.size()) throw Error(Operation::read_connections, EBADMSG, "a line is too long");
    for (;;) {
      const ssize_t size = ::read(descriptor, buffer.data() + end, buffer.size() - end);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw Error(Operation::read_connections, errno);
      end += static_cast<std::size_t>(size);
      if (size > 0) look();
      return size > 0;
    }
  }

  /// The next line without its newline; valid until the next call.
  std::optional<std::string_view> line() {
    std::size_t searched = 0;
    for (;;) {
      const char* from = buffer.data() + begin + searched;
      if (const void* newline = std::memchr(from, '\n', end - begin - searched)) {
        const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - (buffer.data() + begin));
        const std::string_view found(buffer.data() + begin, length);
        begin += length + 1;
        return found;
      }
      searched = end - begin;
      if (!fill()) break;
    }
    if (begin != end) throw Error(Operation::read_connections, EBADMSG, "the last line has no end");
    return std::nullopt;
  }
};

ConnectionReader::ConnectionReader() : state_(std::make_unique<State>()) { state_->open(true); }

ConnectionReader::ConnectionReader(const NetworkNamespace& network) : state_(std::make_unique<State>()) {
  network.run([this] { state_->open(false); });
}

ConnectionReader::ConnectionReader(ConnectionReader&&) noexcept = default;
ConnectionReader& ConnectionReader::operator=(ConnectionReader&&) noexcept = default;
ConnectionReader::~ConnectionReader() = default;

bool ConnectionReader::next(Connection& connection) {
  if (!std::exchange(state_->header_seen, true)) {
    state_->begin_looking();
    state_->line();
  }
  while (const std::optional<std::string_view> line = state_->line()) {
    if (parse_connection(*line, connection)) {
      ++state_->lines;
      state_->data_goes_on = !connection.engine_data.empty();
      return true;
    }
    // An engine's data comes from clients, or from other directors, and may hold a newline.
    if (!state_->data_goes_on) throw Error(Operation::read_connections, EBADMSG, "unknown line format");
  }
  state_->end_looking();
  return false;
}

bool ConnectionReader::is_complete() const { return !state_->has_moved; }

std::optional<std::uint64_t> ConnectionReader::count() const {
  const std::optional<TableStatus> status = state_->status();
  if (!status) return std::nullopt;
  return status->connections;
}

}  // namespace ipvs
