// SPDX-License-Identifier: MIT
#include "table_status.hpp"

#include "catch.hpp"

// From Linux 7.3.4.
constexpr const char* resting =
    "Conns:\t20000\n"
    "Conn buckets:\t4096 (12 bits, lfactor -4)\n"
    "Conn buckets empty:\t0 (0%)\n"
    "Conn buckets len-1:\t3 (0%)\n"
    "Conn buckets len-6:\t577 (6%)\n"
    "Conn buckets len-7:\t3516 (85%)\n"
    "Services:\t1\n"
    "Service buckets:\t16 (4 bits, lfactor -3)\n"
    "Service buckets empty:\t15 (93%)\n"
    "Stats thread slots:\t1 (max 0)\n";
constexpr const char* moving =
    "Conns:\t84800\n"
    "Conn buckets:\t4096 (12 bits, lfactor 4)\n"
    "Conn buckets empty:\t4096 (50%)\n"
    "Conn buckets len-7:\t4096 (100%)\n";

TEST_CASE("a resting table's buckets are all counted once") {
  const auto status = ipvs::parse_table_status(resting);
  REQUIRE(status);
  CHECK(status->connections == 20000);
  CHECK(status->buckets == 4096);
  CHECK(status->counted_buckets == 4096);
  CHECK_FALSE(status->is_moving());
}

TEST_CASE("while entries move, the buckets of both tables are counted") {
  const auto status = ipvs::parse_table_status(moving);
  REQUIRE(status);
  CHECK(status->counted_buckets == 8192);
  CHECK(status->is_moving());
}

TEST_CASE("an empty namespace has no buckets, and nothing moves") {
  const auto status = ipvs::parse_table_status("Conns:\t0\nConn buckets:\t0 (0 bits, lfactor 0)\n");
  REQUIRE(status);
  CHECK_FALSE(status->is_moving());
}

TEST_CASE("a text without the connection table's lines says nothing") {
  CHECK_FALSE(ipvs::parse_table_status(""));
  CHECK_FALSE(ipvs::parse_table_status("Services:\t1\n"));
  CHECK_FALSE(ipvs::parse_table_status("Conns:\tmany\nConn buckets:\t16\n"));
  CHECK_FALSE(ipvs::parse_table_status("Conns:\t5"));
}
