// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipvs/config.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "output/output.hpp"

// The listings as JSON: one object on one line, written record by record. Numbers are whole, addresses and flags are
// strings, and every member is always there. The man page's section JSON is the format's description.
namespace ipvsadm {

/// An array within the one object of a listing: open, element, element, …, close.
class JsonArray {
 public:
  explicit JsonArray(Output& output) : output_(output) {}

  /// Begins the object with `head`, an object's text such as {"version":"1.2.1"} or {}, and the array `name` in it.
  void open(const std::string& head, const char* name);
  void element(const std::string& record);
  void close();

 private:
  Output& output_;
  bool first_ = true;
};

std::string json_info(const ipvs::Info& info);
std::string json_service(const ipvs::ServiceEntry& entry, const std::vector<ipvs::DestinationEntry>& servers);
std::string json_connection(const ipvs::Connection& connection);
std::string json_daemon(const ipvs::Daemon& daemon);
/// Whole listings.
std::string json_timeouts(const ipvs::Timeouts& timeouts);
std::string json_count(std::uint64_t connections);

}  // namespace ipvsadm
