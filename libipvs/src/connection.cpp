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
#include "ipvs/netns.hpp"
#include "table_status.hpp"

namespace ipvs {
namespace {

// The kernel hands out at most a page a read; a longer line (255 bytes of engine data and six columns) can't be.
constexpr std::size_t buffer_capacity = 64 * 1024;

constexpr std::string_view table_file = "ip_vs_conn";
constexpr std::string_view status_file = "ip_vs_status";

using Clock = std::chrono::steady_clock;
// The table takes far longer to move than to walk, and what the kernel says of it is a walk; so no move fits in
// between.
constexpr Clock::duration least_pause = std::chrono::milliseconds(10);
constexpr int pause_in_walks = 10;
constexpr Clock::duration patience = std::chrono::seconds(1);

/// The next word of `line`, which is cut off; empty at the end.
std::string_view take_word(std::string_view& line) {
  // Words are short: plain loops are quicker than the library's searches.
  std::size_t begin = 0;
  while (begin < line.size() && line[begin] == ' ') ++begin;
  std::size_t end = begin;
  while (end < line.size() && line[end] != ' ') ++end;
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

template <typename Number>
bool read_number(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

constexpr std::uint8_t no_digit = 0x80;
/// What each character is worth as a hex digit.
constexpr auto hex_digits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0') + i] = i;
  for (std::uint8_t i = 10; i < 16; ++i) {
    values[static_cast<std::size_t>('A') + i - 10] = i;
    values[static_cast<std::size_t>('a') + i - 10] = i;
  }
  return values;
}();

/// As the kernel writes addresses and ports, in no more digits than the number can have.
template <typename Number>
bool read_hex(std::string_view word, Number& number) {
  if (word.empty() || word.size() > 2 * sizeof(Number)) return false;
  std::uint32_t value = 0;
  std::uint8_t all = 0;
  for (const char character : word) {
    const std::uint8_t digit = hex_digits[static_cast<unsigned char>(character)];
    all |= digit;
    value = value << 4 | digit;
  }
  number = static_cast<Number>(value);
  return all < no_digit;
}

bool read_address(std::string_view word, Address& address) {
  // IPv4: eight hex digits. IPv6: eight groups of four, "2001:0db8:…", in brackets.
  if (word.size() == 8) {
    std::uint32_t number = 0;
    if (!read_hex(word, number)) return false;
    address = Address::v4(number);
    return true;
  }
  if (word.size() >= 2 && word.front() == '[' && word.back() == ']') word = word.substr(1, word.size() - 2);
  const std::optional<Address> v6 = Address::parse(word);
  if (!v6 || !v6->is_v6()) return false;
  address = *v6;
  return true;
}

/// " C0A83202 9C40 ": an IPv4 address and a port as the kernel lines them up. False, and nothing is cut off, for
/// others.
bool read_plain_endpoint(std::string_view& line, Endpoint& endpoint) {
  constexpr std::size_t middle = 1 + 8;
  constexpr std::size_t end = middle + 1 + 4;
  if (line.size() <= end || line[0] != ' ' || line[middle] != ' ' || line[end] != ' ') return false;
  std::uint32_t address = 0;
  if (!read_hex(line.substr(1, 8), address) || !read_hex(line.substr(middle + 1, 4), endpoint.port)) return false;
  endpoint.address = Address::v4(address);
  line.remove_prefix(end);
  return true;
}

bool read_endpoint(std::string_view& line, Endpoint& endpoint) {
  if (read_plain_endpoint(line, endpoint)) return true;
  return read_address(take_word(line), endpoint.address) && read_hex(take_word(line), endpoint.port);
}

bool read_protocol(std::string_view word, Protocol& protocol) {
  static constexpr std::array<std::pair<std::string_view, Protocol>, 4> names = {
      {{"TCP", Protocol::tcp}, {"UDP", Protocol::udp}, {"SCTP", Protocol::sctp}, {"IP", Protocol::none}}};
  for (const auto& [name, known] : names) {
    if (word == name) {
      protocol = known;
      return true;
    }
  }
  // The kernel writes any other protocol as IP_NUMBER.
  std::uint16_t number = 0;
  if (!word.starts_with("IP_") || !read_number(word.substr(3), number)) return false;
  protocol = static_cast<Protocol>(number);
  return true;
}

/// Most lines have the same as the one before.
void assign(std::string& text, std::string_view word) {
  if (text != word) text = word;
}

/// -1 and errno if it can't be opened.
int open_in(const std::string& folder, std::string_view file) {
  return ::open((folder + std::string(file)).c_str(), O_RDONLY | O_CLOEXEC);
}

}  // namespace

bool parse_connection(std::string_view line, Connection& connection) {
  std::int64_t expires = 0;
  if (!read_protocol(take_word(line), connection.protocol) || !read_endpoint(line, connection.client) ||
      !read_endpoint(line, connection.virtual_service) || !read_endpoint(line, connection.destination)) {
    return false;
  }
  const std::string_view state = take_word(line);
  if (state.empty() || !read_number(take_word(line), expires)) return false;
  assign(connection.state, state);
  connection.expires = std::chrono::seconds(expires);
  assign(connection.engine_name, take_word(line));
  // The engine's data is all the rest: it may hold blanks.
  if (!line.empty()) line.remove_prefix(1);
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  assign(connection.engine_data, line);
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
  Connection entry;  // what iterators name
  std::array<char, buffer_capacity> buffer;

  ~State() {
    if (descriptor >= 0) ::close(descriptor);
    if (status_descriptor >= 0) ::close(status_descriptor);
  }

  /// `own`: the namespace is that of the whole process, which is what /proc/net shows.
  void open(bool own) {
    // The open file keeps the namespace of the thread that opened it; /proc/net would be that of the whole process.
    std::string folder = "/proc/thread-self/net/";
    descriptor = open_in(folder, table_file);
    if (descriptor < 0 && errno == ENOENT) {
      // Linux before 3.17, or a /proc that is only partly there.
      folder = "/proc/self/task/" + std::to_string(::gettid()) + "/net/";
      descriptor = open_in(folder, table_file);
    }
    if (descriptor < 0 && errno == ENOENT && own) {
      folder = "/proc/net/";
      descriptor = open_in(folder, table_file);
    }
    if (descriptor < 0) throw Error(Operation::read_connections, errno);
    status_descriptor = open_in(folder, status_file);
  }

  /// What the kernel says of its table now.
  [[nodiscard]] std::optional<TableStatus> status() const {
    if (status_descriptor < 0) return std::nullopt;
    std::array<char, 4096> text{};
    const ssize_t size = ::pread(status_descriptor, text.data(), text.size(), 0);
    if (size <= 0) return std::nullopt;
    return parse_table_status({text.data(), static_cast<std::size_t>(size)});
  }

  /// The same, and sets when to look again.
  std::optional<TableStatus> look() {
    const Clock::time_point before = Clock::now();
    std::optional<TableStatus> now = status();
    const Clock::time_point after = Clock::now();
    next_look = after + std::max(least_pause, (after - before) * pause_in_walks);
    return now;
  }

  void compare(const std::optional<TableStatus>& now) {
    has_moved = has_moved || !now || now->is_moving() || now->buckets != first_status->buckets;
  }

  /// Before the first line: waits while the table moves.
  void begin_looking() {
    const Clock::time_point latest = Clock::now() + patience;
    while ((first_status = look()) && first_status->is_moving() && Clock::now() <= latest) {
      std::this_thread::sleep_for(least_pause);
    }
    has_moved = first_status && first_status->is_moving();
  }

  void look_if_due() {
    if (first_status && !has_moved && Clock::now() >= next_look) compare(look());
  }

  void end_looking() {
    if (!first_status || (has_moved && lines > 0)) return;
    const std::optional<TableStatus> last = status();
    compare(last);
    if (!last) return;
    // Nothing came and nothing left, and yet not all of it was read, or more.
    if (last->connections == first_status->connections && last->connections != lines) has_moved = true;
    // No entry was there all the time, so none can be missing: the table of a namespace grows with its first service.
    if (lines == 0 && (first_status->connections == 0 || last->connections == 0)) has_moved = false;
  }

  /// Reads more after what is unread; false at the end of the file.
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
      if (size > 0) look_if_due();
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

  bool next(Connection& connection) {
    if (!std::exchange(header_seen, true)) {
      begin_looking();
      line();
    }
    while (const std::optional<std::string_view> text = line()) {
      if (parse_connection(*text, connection)) {
        ++lines;
        data_goes_on = !connection.engine_data.empty();
        return true;
      }
      // An engine's data comes from clients, or from other directors, and may hold a newline.
      if (!data_goes_on) throw Error(Operation::read_connections, EBADMSG, "unknown line format");
    }
    end_looking();
    return false;
  }
};

ConnectionReader::ConnectionReader() : state_(std::make_unique<State>()) { state_->open(true); }

ConnectionReader::ConnectionReader(const NetworkNamespace& network) : state_(std::make_unique<State>()) {
  network.run([this] { state_->open(false); });
}

ConnectionReader::ConnectionReader(ConnectionReader&&) noexcept = default;
ConnectionReader& ConnectionReader::operator=(ConnectionReader&&) noexcept = default;
ConnectionReader::~ConnectionReader() = default;

bool ConnectionReader::next(Connection& connection) { return state_->next(connection); }

ConnectionReader::Iterator& ConnectionReader::Iterator::operator++() {
  entry_ = state_->next(state_->entry) ? &state_->entry : nullptr;
  return *this;
}

bool ConnectionReader::is_complete() const { return !state_->has_moved; }

std::optional<std::uint64_t> ConnectionReader::count() const {
  const std::optional<TableStatus> status = state_->status();
  if (!status) return std::nullopt;
  return status->connections;
}

}  // namespace ipvs
