// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ipvs/address.hpp"
#include "ipvs/export.hpp"
#include "ipvs/netns.hpp"
#include "ipvs/service.hpp"

namespace ipvs {

/// One end of a connection.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;  ///< host order

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// One entry of the connection table. Kernel: a line of /proc/net/ip_vs_conn.
struct Connection {
  /// IP protocol number: 6 TCP, 17 UDP, 132 SCTP, 0 IP (a persistence template of a fwmark).
  std::uint16_t protocol = 0;
  Endpoint client;
  Endpoint virtual_service;  ///< of a fwmark's template: the mark as an IPv4 number, port 0
  Endpoint destination;
  std::string state;                ///< the kernel's word: "ESTABLISHED", "TIME_WAIT", "UDP", "NONE" …
  std::chrono::seconds expires{0};  ///< until the entry is dropped, if no packet comes
  std::string engine_name;          ///< persistence engine, "" without one
  std::string engine_data;          ///< what the engine keeps (a SIP call id), as the kernel prints it

  friend bool operator==(const Connection&, const Connection&) = default;
};

/// Reads one line of /proc/net/ip_vs_conn (without its newline) into `connection`, whose strings are reused.
/// False when the line makes no sense; `connection` then holds no more than a part of it. Pure.
[[nodiscard]] IPVS_EXPORT bool parse_connection(std::string_view line, Connection& connection);

/// Reads the connection table entry by entry, in memory that does not grow with the table. The kernel gives no
/// snapshot: entries that come or go while it is read may be seen or missed. Move-only; one thread at a time.
class IPVS_EXPORT ConnectionReader {
 public:
  /// Opens the table of the caller's network namespace, or of `network`.
  /// Throws Error(read_connections): ENOENT no IPVS in this kernel, EACCES not allowed.
  ConnectionReader();
  explicit ConnectionReader(const NetworkNamespace& network);

  ConnectionReader(ConnectionReader&&) noexcept;
  ConnectionReader& operator=(ConnectionReader&&) noexcept;
  ~ConnectionReader();

  /// Reads the next entry into `connection`; false at the end of the table.
  /// Throws Error(read_connections): the errno of read(2), EBADMSG for a line that makes no sense. Behind an entry with
  /// engine data such a line is passed over: the data may hold a newline, which the kernel prints as it is.
  bool next(Connection& connection);

  /// After next() has returned false: whether every entry that was there all the time was returned, and once. From
  /// Linux 7.1 on the kernel moves its entries to a larger or smaller table now and then, and while it does, the file
  /// lacks some and repeats some; then this is false, and the table can be read again with another reader. The first
  /// next() waits up to a second for such a move to end. Always true before Linux 7.1, and where the other file can't
  /// be read. Kernel: /proc/net/ip_vs_status, which only root can read.
  [[nodiscard]] bool is_complete() const;

  /// The number of entries now, templates of persistence included; none before Linux 7.1, and where it can't be read.
  /// Kernel: "Conns" of /proc/net/ip_vs_status, which is exact.
  [[nodiscard]] std::optional<std::uint64_t> count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ipvs
