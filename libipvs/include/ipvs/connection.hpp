// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipvs/address.hpp"
#include "ipvs/export.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

class NetworkNamespace;

// A new member of a struct here makes it libipvs.so.2: see <ipvs/ipvs.hpp>.

/// One end of a connection.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;  ///< host order

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// One entry of the connection table. Kernel: a line of /proc/net/ip_vs_conn.
struct Connection {
  Protocol protocol = Protocol::none;  ///< none: a persistence template of a fwmark
  Endpoint client;
  Endpoint virtual_service;  ///< of a fwmark's template: the mark as an IPv4 number, port 0
  Endpoint destination;
  std::string state;                ///< the kernel's word: "ESTABLISHED", "TIME_WAIT", "UDP", "NONE" …
  std::chrono::seconds expires{0};  ///< until the entry is dropped, if no packet comes
  std::string engine_name;          ///< persistence engine, "" without one
  std::string engine_data;          ///< what the engine keeps (a SIP call id), as the kernel prints it

  /// Whether the entry is a template of persistence: no connection, it remembers to which server a client belongs.
  /// Kernel: its client has no port; nor has a connection of FTP that is still waited for, whose state is LISTEN.
  bool is_template() const { return client.port == 0 && state != "LISTEN"; }

  friend bool operator==(const Connection&, const Connection&) = default;
};

/// Reads one line of /proc/net/ip_vs_conn (without its newline) into `connection`, whose strings are reused.
/// False when the line makes no sense; `connection` then holds no more than a part of it. Pure.
[[nodiscard]] IPVS_EXPORT bool parse_connection(std::string_view line, Connection& connection);

/// Reads the connection table entry by entry, in memory that does not grow with the table. The kernel gives no
/// snapshot: entries that come or go while it is read may be seen or missed. Move-only; one thread at a time.
///
/// A reader is a range to be walked once, for (const Connection& connection : reader), or is read with next().
class IPVS_EXPORT ConnectionReader {
 public:
  /// Opens the table of the caller's network namespace, or of `network`.
  /// Throws Error(read_connections): ENOENT, EACCES.
  ConnectionReader();
  explicit ConnectionReader(const NetworkNamespace& network);

  ConnectionReader(ConnectionReader&&) noexcept;
  ConnectionReader& operator=(ConnectionReader&&) noexcept;
  ~ConnectionReader();

  /// Reads the next entry into `connection`; false at the end of the table.
  /// Throws Error(read_connections): the errno of read(2), EBADMSG. After an entry with
  /// engine data a line that makes no sense is passed over: the data may hold a newline, which the kernel prints as is.
  bool next(Connection& connection);

  /// After next() has returned false: whether every entry that was there all the time was returned, and once, as far as
  /// the kernel reports on its table, which is looked at time and again meanwhile. From Linux 7.1 on the kernel
  /// moves its entries to a larger or smaller table now and then, and while it does, the file lacks some and repeats
  /// some; then this is false, and the table can be read again with another reader. The first next() waits up to a
  /// second for such a move to end. Always true before Linux 7.1, and where the other file can't be read. Kernel:
  /// /proc/net/ip_vs_status, which only root can read.
  [[nodiscard]] bool is_complete() const;

  /// The number of entries now, templates of persistence included; none before Linux 7.1, and where it can't be read.
  /// Kernel: "Conns" of /proc/net/ip_vs_status, which is exact.
  [[nodiscard]] std::optional<std::uint64_t> count() const;

 private:
  struct State;

 public:
  /// An input iterator: copies of it walk together. The entry it names is kept by the reader, and is read over by the
  /// next step.
  class IPVS_EXPORT Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Connection;
    using difference_type = std::ptrdiff_t;

    const Connection& operator*() const noexcept { return *entry_; }
    const Connection* operator->() const noexcept { return entry_; }
    /// Reads the next entry, as next() does, and throws as it does.
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t /*end*/) noexcept {
      return iterator.entry_ == nullptr;
    }

   private:
    friend class ConnectionReader;
    explicit Iterator(State& state) : state_(&state) { ++*this; }
    State* state_;
    const Connection* entry_ = nullptr;  ///< null at the end
  };

  /// Reads the next entry, as next() does; what was read already is not seen again.
  Iterator begin() { return Iterator(*state_); }
  static std::default_sentinel_t end() noexcept { return std::default_sentinel; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace ipvs
