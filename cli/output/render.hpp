// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "ipvs/config.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"
#include "line/command.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

// Values to text, in the classic tool's layouts to the blank. Pure but for the names looked up through `names`;
// without names (nullptr) everything is numeric.
namespace ipvsadm {

/// "10.0.0.1:80", "[2001:db8::1]:80", "www.example.org:http".
void render_endpoint(Text& text, const ipvs::Address& address, std::uint16_t port, ipvs::Protocol protocol,
                     Names* names);

/// "IP Virtual Server version 1.2.1 (size=4096)".
void render_info(Text& text, const ipvs::Info& info);
void render_list_header(Text& text, View view);
void render_service(Text& text, const ipvs::ServiceEntry& entry, const ListServices& list, Names* names);
void render_server(Text& text, const ipvs::ServiceKey& service, const ipvs::DestinationEntry& entry,
                   const ListServices& list, Names* names);

/// The sums of a view with counters.
void render_total(Text& text, const ipvs::Stats& total, const ListServices& list);

void render_connection_header(Text& text, bool engine_data);
void render_connection(Text& text, const ipvs::Connection& connection, bool engine_data, Names* names);
void render_timeouts(Text& text, const ipvs::Timeouts& timeouts);
void render_daemon(Text& text, const ipvs::Daemon& daemon);

/// A counter as the listings show it: a blank and eight columns, shortened with K, M, G or T from 100,000,000 on.
void render_counter(Text& text, std::uint64_t counter, bool exact);

}  // namespace ipvsadm
