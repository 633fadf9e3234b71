// SPDX-License-Identifier: MIT
#include "output/share_table.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "output/render.hpp"

namespace ipvsadm {
namespace {

constexpr std::size_t indent = 5;  // "  -> "
constexpr std::size_t asked_columns = 8;
constexpr std::size_t share_columns = 7;  // of the three that follow
constexpr std::size_t most_bar_columns = 30;
constexpr std::size_t least_bar_columns = 5;

// Eighths of a cell, from the left and from the bottom.
constexpr std::array<std::string_view, 9> from_left = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::array<std::string_view, 8> from_bottom = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view ascii_from_bottom = "_.:-=+*#";

template <typename... Arguments>
void put(Text& text, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Arguments>(arguments)...);
}

std::string endpoint_text(const ServiceShare& service, const ServerShare& server, Names* names) {
  Text text;
  const ipvs::DestinationKey& key = server.entry.destination.key;
  render_endpoint(text, key.address, key.port, service.service.key.protocol, names);
  return to_string(text);
}

std::string weight_text(const ServerShare& server) { return fmt::format("weight {}", server.entry.destination.weight); }

std::string percent(std::optional<double> part) { return part ? fmt::format("{:.0f} %", *part * 100) : "-"; }

std::string asked_text(const ServerShare& server) {
  if (server.standing != Standing::serving) return std::string(standing_name(server.standing));
  return percent(server.asked);
}

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, ",");
  }
  return digits;
}

/// One digit after the point below ten, and none for nothing.
std::string rate_text(double rate) {
  if (rate > 0 && rate < 9.95) return fmt::format("{:.1f}", std::max(rate, 0.1));
  return with_commas(rounded(rate));
}

/// Columns of a bar and the like, which are few.
std::size_t cells_of(double number) { return static_cast<std::size_t>(rounded(number)); }

std::uint64_t all_connections(const ServerShare& server) {
  return std::uint64_t{server.entry.active_connections} + server.entry.inactive_connections;
}

}  // namespace

std::string connection_rate_text(std::uint64_t connections, double seconds) {
  return rate_text(static_cast<double>(connections) / seconds) + " conn/s";
}

std::string byte_rate_text(std::uint64_t bytes, double seconds) {
  static constexpr std::array<std::string_view, 5> units = {" B/s", " kB/s", " MB/s", " GB/s", " TB/s"};
  double rate = static_cast<double>(bytes) / seconds;
  std::size_t unit = 0;
  for (; rate >= 999.5 && unit + 1 < units.size(); ++unit) rate /= 1000;
  return rate_text(rate) + std::string(units[unit]);
}

Remark remark_on(const ServiceShare& service, const ServerShare& server) {
  const std::string present = with_commas(all_connections(server));
  if (server.standing == Standing::drained) {
    return {present + (present == "1" ? " connection left" : " connections left"), present + " left"};
  }
  if (server.standing == Standing::full) {
    const std::string most = with_commas(server.entry.destination.upper_threshold);
    return {fmt::format("{} connections, limit {}", present, most), fmt::format("{} of {}", present, most)};
  }
  if (server.balance != Balance::more && server.balance != Balance::less) return {};
  const bool more = server.balance == Balance::more;
  const char* brief = more ? "more" : "less";
  if (service.service.persistent) return {more ? "more: clients that stay" : "less: clients stay elsewhere", brief};
  return {more ? "more than asked" : "less than asked", brief};
}

double highest_rate(const ServiceShare& service) {
  double highest = 0;
  for (const ServerShare& server : service.servers) {
    for (const double rate : server.minute) highest = std::max(highest, rate);
  }
  return highest;
}

ShareTable::ShareTable(const std::vector<ServiceShare>& services, const Settings& settings, Names* names)
    : settings_(settings), names_(names) {
  name_columns_ = std::string_view("RemoteAddress:Port").size();
  weight_columns_ = std::string_view("Weight").size();
  // A server that gets nothing by intent has its remark in the place of a bar.
  std::size_t alone = 0;
  std::size_t beside_bar = 0;
  std::size_t brief_beside_bar = 0;
  for (const ServiceShare& service : services) {
    for (const ServerShare& server : service.servers) {
      name_columns_ = std::max(name_columns_, endpoint_text(service, server, names_).size());
      weight_columns_ = std::max(weight_columns_, weight_text(server).size());
      minute_columns_ = std::max(minute_columns_, server.minute.size());
      const Remark remark = remark_on(service, server);
      if (remark.text.empty()) continue;
      alone = std::max(alone, remark.text.size() + 2);
      if (server.standing != Standing::serving) continue;
      beside_bar = std::max(beside_bar, remark.text.size() + 2);
      brief_beside_bar = std::max(brief_beside_bar, remark.brief.size() + 2);
    }
  }
  const std::size_t numbers = indent + name_columns_ + 1 + weight_columns_ + asked_columns + 3 * share_columns;
  std::size_t left = settings_.columns > numbers ? settings_.columns - numbers : 0;
  if (minute_columns_ != 0) {
    const std::size_t minute = minute_columns_ + 2;
    if (left < minute + brief_beside_bar) minute_columns_ = 0;
    if (minute_columns_ != 0) left -= minute;
  }
  brief_ = left < std::max(alone, beside_bar + (beside_bar == 0 ? 0 : 2 + least_bar_columns));
  const std::size_t remarks = brief_ ? brief_beside_bar : beside_bar;
  const std::size_t bar = left > remarks + 2 ? left - remarks - 2 : 0;
  bar_columns_ = bar < least_bar_columns ? 0 : std::min(bar, most_bar_columns);
}

void ShareTable::header(Text& text) const {
  put(text, "Prot LocalAddress:Port Scheduler\n  -> {:<{}} {:<{}}{:>{}}{:>{}}{:>{}}{:>{}}\n", "RemoteAddress:Port",
      name_columns_, "Weight", weight_columns_, "Asked", asked_columns, "Conns", share_columns, "Active", share_columns,
      "Bytes", share_columns);
}

void ShareTable::service(Text& text, const ServiceShare& service) const {
  ListServices list;
  const std::size_t begin = text.size();
  render_service(text, {service.service, {}}, list, names_);
  // Without the newline and the blanks before it.
  std::size_t end = text.size();
  while (end > begin && (text[end - 1] == '\n' || text[end - 1] == ' ')) --end;
  text.resize(end);
  const std::size_t used = end - begin;
  const std::size_t place = indent + name_columns_ + 1;
  put(text, "{:{}}  {:>12}  {:>11} in  {:>11} out\n", "", used < place ? place - used : 0,
      connection_rate_text(service.traffic.connections, settings_.seconds),
      byte_rate_text(service.traffic.bytes_in, settings_.seconds),
      byte_rate_text(service.traffic.bytes_out, settings_.seconds));
}

void ShareTable::put_bar(Text& text, double part) const {
  const double cells = part * static_cast<double>(bar_columns_);
  if (!settings_.utf8) {
    const auto full = std::min(cells_of(cells), bar_columns_);
    put(text, "{:#<{}}{:{}}", "", full, "", bar_columns_ - full);
    return;
  }
  const auto eighths = std::min(cells_of(cells * 8), bar_columns_ * 8);
  for (std::size_t i = 0; i < eighths / 8; ++i) put(text, "█");
  put(text, "{}", from_left[eighths % 8]);
  put(text, "{:{}}", "", bar_columns_ - (eighths + 7) / 8);
}

void ShareTable::put_minute(Text& text, const std::vector<double>& minute, double highest) const {
  for (const double rate : minute) {
    if (rate < 0) {
      text.push_back(' ');
      continue;
    }
    const double height = highest > 0 ? rate / highest * 7 : 0;
    // Little is not nothing.
    const std::size_t level = rate > 0 ? std::clamp<std::size_t>(cells_of(height), 1, 7) : 0;
    if (settings_.utf8) {
      put(text, "{}", from_bottom[level]);
    } else {
      text.push_back(ascii_from_bottom[level]);
    }
  }
}

void ShareTable::server(Text& text, const ServiceShare& service, const ServerShare& server, double highest) const {
  put(text, "  -> {:<{}} {:<{}}{:>{}}{:>{}}{:>{}}{:>{}}", endpoint_text(service, server, names_), name_columns_,
      weight_text(server), weight_columns_, asked_text(server), asked_columns, percent(server.connections),
      share_columns, percent(server.active), share_columns, percent(server.bytes), share_columns);
  if (minute_columns_ > 0) {
    put(text, "  ");
    put_minute(text, server.minute, highest);
  }
  const Remark remark = remark_on(service, server);
  if (bar_columns_ > 0 && server.standing == Standing::serving) {
    put(text, "  ");
    put_bar(text, server.connections.value_or(0));
  }
  if (!remark.text.empty()) put(text, "  {}", chosen(remark));
  while (text[text.size() - 1] == ' ') text.resize(text.size() - 1);
  text.push_back('\n');
}

}  // namespace ipvsadm
