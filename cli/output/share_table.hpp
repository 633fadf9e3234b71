// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "line/resolver.hpp"
#include "output/output.hpp"
#include "output/share.hpp"

namespace ipvsadm {

/// What is remarkable about a server; often nothing.
struct Remark {
  std::string text;
  std::string brief;  ///< the same for narrow windows
};
Remark remark_on(const ServiceShare& service, const ServerShare& server);

/// The layout of --share: columns as wide as the listing needs, and bars that fill what is left of the window.
class ShareTable {
 public:
  struct Settings {
    std::size_t columns = 80;  ///< of the window
    bool utf8 = false;         ///< whether what reads it knows UTF-8; else all is ASCII
    double seconds = 1;        ///< between the two looks
  };

  /// `names` as for render_service(). All that will be listed is to be in `services`, which outlive this.
  ShareTable(const std::vector<ServiceShare>& services, const Settings& settings, Names* names);

  void header(Text& text) const;
  void service(Text& text, const ServiceShare& service) const;
  /// `highest`: the rate of the service's minute that fills a cell.
  void server(Text& text, const ServiceShare& service, const ServerShare& server, double highest) const;

 private:
  const std::string& chosen(const Remark& remark) const { return brief_ ? remark.brief : remark.text; }
  void put_bar(Text& text, double part) const;
  void put_minute(Text& text, const std::vector<double>& minute, double highest) const;

  Settings settings_;
  Names* names_;
  std::size_t name_columns_ = 0;
  std::size_t weight_columns_ = 0;
  std::size_t minute_columns_ = 0;  ///< 0 without a history
  std::size_t bar_columns_ = 0;
  bool brief_ = false;
};

/// The highest rate in the minutes of its servers.
double highest_rate(const ServiceShare& service);

/// "1,204 conn/s", "0.5 conn/s": of the connections in so many seconds.
std::string connection_rate_text(std::uint64_t connections, double seconds);
/// "18 MB/s", "1.2 kB/s": decimal units.
std::string byte_rate_text(std::uint64_t bytes, double seconds);

}  // namespace ipvsadm
