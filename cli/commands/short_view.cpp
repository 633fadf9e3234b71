// SPDX-License-Identifier: MIT
#include "commands/short_view.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace ipvsadm {
namespace {

/// The next word of `line`, which is cut off; empty at the end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <typename Number>
bool read_number(std::string_view word, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  return error == std::errc() && end == word.data() + word.size();
}

/// What the kernel keeps in 32 bits without a sign and writes with one.
bool read_signed(std::string_view word, std::uint32_t& number) {
  std::int64_t value = 0;
  if (!read_number(word, value) || value < INT32_MIN || value > UINT32_MAX) return false;
  number = static_cast<std::uint32_t>(value);
  return true;
}

bool read_protocol(std::string_view word, ipvs::Protocol& protocol) {
  static constexpr std::array<std::pair<std::string_view, int>, 6> names = {{{"TCP", IPPROTO_TCP},
                                                                             {"UDP", IPPROTO_UDP},
                                                                             {"SCTP", IPPROTO_SCTP},
                                                                             {"IP", IPPROTO_IP},
                                                                             {"ICMP", IPPROTO_ICMP},
                                                                             {"ICMPv6", IPPROTO_ICMPV6}}};
  const auto* const known = std::ranges::find(names, word, &std::pair<std::string_view, int>::first);
  std::uint16_t number = 0;
  if (known != names.end()) {
    number = static_cast<std::uint16_t>(known->second);
  } else if (!word.starts_with("IP_") || !read_number(word.substr(3), number)) {
    return false;
  }
  protocol = static_cast<ipvs::Protocol>(number);
  return true;
}

/// "0A000001:0050", "[2001:0db8:0000:0000:0000:0000:0000:0001]:0050".
bool read_endpoint(std::string_view word, ipvs::Address& address, std::uint16_t& port) {
  const std::size_t colon = word.rfind(':');
  if (colon == std::string_view::npos || !read_number(word.substr(colon + 1), port, 16)) return false;
  std::string_view host = word.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    const std::optional<ipvs::Address> v6 = ipvs::Address::parse(host.substr(1, host.size() - 2));
    if (!v6 || !v6->is_v6()) return false;
    address = *v6;
    return true;
  }
  std::uint32_t number = 0;
  if (!read_number(host, number, 16)) return false;
  address = ipvs::Address::v4(number);
  return true;
}

bool read_forwarding(std::string_view word, ipvs::Forwarding& forwarding) {
  // In the order of ipvs::Forwarding.
  static constexpr std::array<std::string_view, 5> names = {"Masq", "Local", "Tunnel", "Route", "Bypass"};
  const auto* const found = std::ranges::find(names, word);
  forwarding = static_cast<ipvs::Forwarding>(found - names.begin());
  return found != names.end();
}

/// The kernel writes a mask as if it stood in network order, which the length of an IPv6 one does not.
std::uint32_t length_of_mask(std::uint32_t mask) { return htonl(mask); }

/// The rest of a service's line: scheduler, "ops", "persistent TICKS MASK".
bool read_settings(std::string_view line, ipvs::Service& service, unsigned ticks_per_second) {
  service.scheduler = take_word(line);
  std::string_view word = take_word(line);
  if (word == "ops") {
    service.one_packet = true;
    word = take_word(line);
  }
  service.netmask = ipvs::full_netmask(service.key.family);
  if (word.empty()) return !service.scheduler.empty();
  std::uint32_t ticks = 0;
  if (word != "persistent" || !read_signed(take_word(line), ticks) ||
      !read_number(take_word(line), service.netmask, 16) || !take_word(line).empty()) {
    return false;
  }
  service.persistent = true;
  service.persistence_timeout = std::chrono::seconds(ticks / ticks_per_second);
  if (service.key.family == ipvs::Family::ipv6) service.netmask = length_of_mask(service.netmask);
  return true;
}

bool read_service(std::string_view line, ipvs::Service& service, unsigned ticks_per_second) {
  const std::string_view kind = take_word(line);
  const std::string_view name = take_word(line);
  ipvs::ServiceKey& key = service.key;
  if (kind == "FWM") {
    if (!read_number(name, key.fwmark, 16) || key.fwmark == 0) return false;
  } else {
    if (!read_protocol(kind, key.protocol) || !read_endpoint(name, key.address, key.port)) return false;
    key.family = key.address.family();
  }
  return read_settings(line, service, ticks_per_second);
}

bool read_server(std::string_view line, ipvs::DestinationEntry& entry) {
  ipvs::Destination& server = entry.destination;
  return take_word(line) == "->" && read_endpoint(take_word(line), server.key.address, server.key.port) &&
         read_forwarding(take_word(line), server.forwarding) && read_number(take_word(line), server.weight) &&
         read_signed(take_word(line), entry.active_connections) &&
         read_signed(take_word(line), entry.inactive_connections) && take_word(line).empty();
}

/// "IP Virtual Server version 1.2.1 (size=4096)".
bool read_info(std::string_view line, ipvs::Info& info) {
  constexpr std::string_view before = "IP Virtual Server version ";
  constexpr std::string_view between = " (size=";
  const std::size_t size = line.find(between);
  if (!line.starts_with(before) || !line.ends_with(')') || size == std::string_view::npos || size < before.size()) {
    return false;
  }
  std::string_view version = line.substr(before.size(), size - before.size());
  for (std::uint8_t* part : {&info.version_major, &info.version_minor, &info.version_patch}) {
    const std::string_view digits = version.substr(0, version.find('.'));
    if (!read_number(digits, *part)) return false;
    version.remove_prefix(std::min(digits.size() + 1, version.size()));
  }
  line.remove_suffix(1);
  return read_number(line.substr(size + between.size()), info.connection_table_size);
}

bool is_ipv6_mark(const ShortView::Entry& entry) {
  for (const ipvs::DestinationEntry& server : entry.servers) {
    if (server.destination.forwarding != ipvs::Forwarding::tunnel) return server.destination.key.address.is_v6();
  }
  const ipvs::Service& service = entry.service.service;
  const std::uint32_t length = length_of_mask(service.netmask);
  if (service.persistent) return length >= 1 && length <= 128;
  return !entry.servers.empty() && entry.servers.front().destination.key.address.is_v6();
}

void find_family(ShortView::Entry& entry) {
  ipvs::Service& service = entry.service.service;
  if (!service.key.is_fwmark() || !is_ipv6_mark(entry)) return;
  service.key = ipvs::ServiceKey::mark(service.key.fwmark, ipvs::Family::ipv6);
  service.netmask = service.persistent ? length_of_mask(service.netmask) : ipvs::full_netmask(ipvs::Family::ipv6);
}

/// The next line of `text`, which is cut off.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

unsigned ticks_per_second() {
  // The coarse clock goes on at every tick.
  timespec tick{};
  constexpr long second = 1'000'000'000;
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_nsec <= 0) return 100;
  return static_cast<unsigned>((second + tick.tv_nsec / 2) / tick.tv_nsec);
}

[[noreturn]] void fail(int error_number) { throw std::system_error(error_number, std::generic_category()); }

std::string read_whole(int descriptor) {
  std::string text;
  for (;;) {
    constexpr std::size_t piece = 64 * 1024;
    const std::size_t size = text.size();
    text.resize(size + piece);
    const ssize_t got = ::read(descriptor, text.data() + size, piece);
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR) fail(errno);
    if (got == 0) return text;
  }
}

}  // namespace

std::optional<ShortView> parse_short_view(std::string_view text, unsigned ticks_per_second) {
  ShortView view;
  if (!read_info(take_line(text), view.info)) return std::nullopt;
  take_line(text);
  take_line(text);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.starts_with(' ')) {
      ShortView::Entry& entry = view.services.emplace_back();
      if (!read_service(line, entry.service.service, ticks_per_second)) return std::nullopt;
    } else {
      if (view.services.empty()) return std::nullopt;
      if (!read_server(line, view.services.back().servers.emplace_back())) return std::nullopt;
    }
  }
  std::ranges::for_each(view.services, find_family);
  return view;
}

ShortView read_short_view() {
  // /proc/net is that of the whole process, whose main thread may be elsewhere than this one.
  const int descriptor = ::open("/proc/thread-self/net/ip_vs", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(errno);
  std::string text;
  try {
    text = read_whole(descriptor);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
  std::optional<ShortView> view = parse_short_view(text, ticks_per_second());
  if (!view) fail(EBADMSG);
  return *std::move(view);
}

}  // namespace ipvsadm
