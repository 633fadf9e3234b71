// SPDX-License-Identifier: MIT
#include "check/report.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "check/words.hpp"
#include "output/render.hpp"
#include "output/utf8.hpp"

namespace ipvsadm {
namespace {

constexpr std::array<std::string_view, 3> severities = {"error", "warning", "note"};

std::string_view severity_word(Severity severity) { return severities[static_cast<std::size_t>(severity)]; }

void render_heading(Text& text, const std::optional<ipvs::ServiceKey>& service, Names* names) {
  auto out = std::back_inserter(text);
  if (!service) {
    fmt::format_to(out, "All services\n");
  } else if (service->is_fwmark()) {
    fmt::format_to(out, "FWM {}{}\n", service->fwmark, service->family == ipvs::Family::ipv6 ? " IPv6" : "");
  } else {
    const std::string_view protocol = service->protocol == ipvs::Protocol::tcp   ? "TCP "
                                      : service->protocol == ipvs::Protocol::udp ? "UDP "
                                                                                 : "SCTP ";
    text.append(protocol.data(), protocol.data() + protocol.size());
    render_endpoint(text, service->address, service->port, service->protocol, names);
    text.push_back('\n');
  }
}

/// A command may be several, one after the other; each has the place in front.
std::string remedy_in(const std::string& place, const std::string& remedy) {
  if (place.empty() || remedy.empty()) return remedy;
  std::string text = place + remedy;
  for (std::size_t at = text.find("; "); at != std::string::npos; at = text.find("; ", at + 2)) {
    text.insert(at + 2, place);
  }
  return text;
}

/// What and evidence below each other; the command beside the evidence where there is room, else below it.
void render_finding(Text& text, const Finding& finding, const std::string& place) {
  constexpr std::size_t indent = 11;
  constexpr std::size_t remedy_column = 77;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "  {:<9}{}\n", severity_word(finding.severity), finding.what);
  const std::string remedy = remedy_in(place, finding.remedy);
  if (finding.evidence.size() + indent + 2 <= remedy_column && !remedy.empty()) {
    fmt::format_to(out, "{:{}}{:<{}}{}\n", "", indent, finding.evidence, remedy_column - indent, remedy);
    return;
  }
  fmt::format_to(out, "{:{}}{}\n", "", indent, finding.evidence);
  if (!remedy.empty()) fmt::format_to(out, "{:{}}{}\n", "", remedy_column, remedy);
  if (remedy.empty() && !finding.advice.empty()) fmt::format_to(out, "{:{}}-> {}\n", "", indent, finding.advice);
}

std::string counts(const Findings& findings) {
  constexpr std::array<std::string_view, 3> plural = {"errors", "warnings", "notes"};
  std::string text;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
    const auto count = std::ranges::count(findings, severity, &Finding::severity);
    if (count == 0) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        number_of(static_cast<std::size_t>(count), severity_word(severity),
                                  plural[static_cast<std::size_t>(severity)]));
  }
  return text.empty() ? "nothing found" : text;
}

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

/// Any bytes: names of links and chains may be odd.
void put(Json& json, const char* name, std::string_view value) {
  json.Key(name);
  const std::string quoted = quoted_utf8(value);
  json.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
}

void put_or_null(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) return put(json, name, value);
  json.Key(name);
  json.Null();
}

void put_number_or_null(Json& json, const char* name, bool there, unsigned value) {
  json.Key(name);
  there ? json.Uint(value) : json.Null();
}

void put_service(Json& json, const std::optional<ipvs::ServiceKey>& service) {
  json.Key("service");
  if (!service) {
    json.Null();
    return;
  }
  const bool by_address = !service->is_fwmark();
  json.StartObject();
  put_or_null(json, "protocol", by_address ? to_string(service->protocol) : "");
  put(json, "family", service->family == ipvs::Family::ipv4 ? "ipv4" : "ipv6");
  put_or_null(json, "address", by_address ? service->address.to_string() : "");
  put_number_or_null(json, "port", by_address, service->port);
  put_number_or_null(json, "fwmark", !by_address, service->fwmark);
  json.EndObject();
}

void put_server(Json& json, const std::optional<ipvs::DestinationKey>& server) {
  json.Key("server");
  if (!server) {
    json.Null();
    return;
  }
  json.StartObject();
  put(json, "address", server->address.to_string());
  put_number_or_null(json, "port", true, server->port);
  json.EndObject();
}

}  // namespace

void render_findings(Text& text, const Findings& findings, std::size_t services, const std::string& place,
                     Names* names) {
  const Finding* last = nullptr;
  for (const Finding& finding : findings) {
    if (last == nullptr || last->service != finding.service) render_heading(text, finding.service, names);
    Text own;
    render_finding(own, finding, place);
    // Names of links and chains may hold anything.
    const std::string shown = visible({own.data(), own.size()}, "\n");
    text.append(shown.data(), shown.data() + shown.size());
    last = &finding;
  }
  fmt::format_to(std::back_inserter(text), "{} checked: {}.\n", number_of(services, "service", "services"),
                 counts(findings));
}

std::string json_findings(const Findings& findings, std::size_t services, const std::string& place) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  json.Key("services");
  json.Uint64(services);
  json.Key("findings");
  json.StartArray();
  for (const Finding& finding : findings) {
    json.StartObject();
    put(json, "name", finding.name);
    put(json, "severity", severity_word(finding.severity));
    put_service(json, finding.service);
    put_server(json, finding.server);
    put(json, "what", finding.what);
    put(json, "evidence", finding.evidence);
    put_or_null(json, "remedy", remedy_in(place, finding.remedy));
    put_or_null(json, "advice", finding.remedy.empty() ? finding.advice : "");
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace ipvsadm
