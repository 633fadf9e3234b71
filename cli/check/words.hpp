// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "ipvs/destination.hpp"
#include "ipvs/service.hpp"

// The words of findings.
namespace ipvsadm {

/// "10.0.0.1:80", "[fd00::1]:80".
std::string endpoint_word(const ipvs::Address& address, std::uint16_t port);
std::string server_word(const ipvs::DestinationKey& server);
/// "-t 10.0.0.1:80", "-f 7 -6".
std::string service_option(const ipvs::ServiceKey& service);
/// "masquerading", "direct routing", "tunnel".
std::string_view method_word(ipvs::Forwarding forwarding);
/// "a", "a and b", "a, b and 3 more".
std::string list_of(const std::vector<std::string>& words);
/// "1 server", "3 servers".
std::string number_of(std::size_t count, std::string_view one, std::string_view many);
/// "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 0": makes the server what is given.
std::string edit_command(const ipvs::ServiceKey& service, const ipvs::Destination& server);
/// "ipvsadm -E -t 10.0.0.1:80 --keep -b sh-fallback": the flag besides those that the service (sh or mh) has.
std::string fallback_command(const ipvs::Service& service);
/// The command that sets it.
std::string set_command(std::string_view setting, long long value);

}  // namespace ipvsadm
