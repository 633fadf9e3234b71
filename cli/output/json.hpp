// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ipvs/config.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/command.hpp"
#include "output/connection_sums.hpp"
#include "output/output.hpp"
#include "output/share.hpp"

// The listings as JSON: one object on one line, written record by record. Numbers are whole, addresses and flags are
// strings, and every member is always there, but in the short view. The man page's section JSON is the format's
// description.
namespace ipvsadm {

/// An array within the one object of a listing: open, element, element, …, close.
class JsonArray {
 public:
  explicit JsonArray(Output& output) : output_(output) {}

  /// Begins the object, and the array `name` in it.
  void open(std::string_view name);
  /// The same with other members before: those of the object that `write(text)` writes.
  template <typename Write>
  void open(Write write, std::string_view name) {
    Text& text = output_.text();
    write(text);
    text.resize(text.size() - 1);  // its bracket comes at the end
    output_.append(",");
    open_array(name);
  }
  /// What `write(text)` writes.
  template <typename Write>
  void element(Write write) {
    begin_element();
    write(output_.text());
    end_element();
  }
  void close();
  /// The same with a member `name` behind: the object that `write(text)` writes.
  template <typename Write>
  void close(std::string_view name, Write write) {
    output_.append("],\"");
    output_.append(name);
    output_.append("\":");
    write(output_.text());
    output_.append("}\n");
  }

 private:
  void open_array(std::string_view name);
  void begin_element();
  void end_element();

  Output& output_;
  bool first_ = true;
};

/// What is known of services and servers: in the short view, which everybody can see, the members that it lacks are
/// left out, and the object says "short".
enum class Known : std::uint8_t { all, short_view };

void json_info(Text& text, const ipvs::Info& info, Known known = Known::all);
void json_service(Text& text, const ipvs::ServiceEntry& entry, const std::vector<ipvs::DestinationEntry>& servers,
                  Known known = Known::all);
void json_connection(Text& text, const ipvs::Connection& connection);
void json_daemon(Text& text, const ipvs::Daemon& daemon);
/// Counters and rates by themselves.
void json_stats(Text& text, const ipvs::Stats& stats);
void json_sum(Text& text, const Sum& sum, const Sums& wanted);
void json_share_info(Text& text, const ipvs::Info& info, std::chrono::milliseconds between);
void json_share(Text& text, const ServiceShare& share);
/// An object with the number of connections alone, to which more is added.
void json_connections(Text& text, std::uint64_t connections);
/// Whole listings.
void json_timeouts(Text& text, const ipvs::Timeouts& timeouts);
void json_count(Text& text, std::uint64_t connections);

}  // namespace ipvsadm
