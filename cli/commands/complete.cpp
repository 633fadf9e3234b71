// SPDX-License-Identifier: MIT
#include "commands/complete.hpp"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "commands/context.hpp"
#include "ipvs/client.hpp"
#include "line/failure.hpp"
#include "line/legality.hpp"
#include "line/option_values.hpp"
#include "line/resolver.hpp"
#include "line/tokens.hpp"
#include "line/values.hpp"
#include "line/words.hpp"
#include "output/render.hpp"

namespace ipvsadm {
namespace {

using O = Option;
using S = Spelling;

/// Values that an option takes by name.
struct Value {
  S option;
  std::string_view name;
  std::string_view description;
};
constexpr std::array values = {
    Value{S::scheduler, "rr", "round robin"},
    Value{S::scheduler, "wrr", "weighted round robin"},
    Value{S::scheduler, "lc", "least connections"},
    Value{S::scheduler, "wlc", "weighted least connections"},
    Value{S::scheduler, "fo", "weighted failover"},
    Value{S::scheduler, "ovf", "weighted overflow"},
    Value{S::scheduler, "lblc", "locality-based least connections"},
    Value{S::scheduler, "lblcr", "locality-based least connections with replication"},
    Value{S::scheduler, "dh", "destination hashing"},
    Value{S::scheduler, "sh", "source hashing"},
    Value{S::scheduler, "mh", "Maglev hashing"},
    Value{S::scheduler, "sed", "shortest expected delay"},
    Value{S::scheduler, "nq", "never queue"},
    Value{S::scheduler, "twos", "the lesser of two weighted random choices"},
    Value{S::persistence_engine, "sip", "SIP call ids"},
    Value{S::tun_type, "ipip", "IP in IP"},
    Value{S::tun_type, "gue", "generic UDP encapsulation"},
    Value{S::tun_type, "gre", "generic routing encapsulation"},
    Value{S::metrics, "prometheus", "Prometheus' text format, the default"},
    Value{S::metrics, "openmetrics", "OpenMetrics"},
    Value{S::sort_by, "conns", "active connections"},
    Value{S::sort_by, "rate", "new connections"},
    Value{S::sort_by, "bytes", "traffic"},
    Value{S::sort_by, "weight", "weight"},
    Value{S::start_daemon, "master", "sends connections to backups"},
    Value{S::start_daemon, "backup", "receives connections from masters"},
    Value{S::stop_daemon, "master", "sends connections to backups"},
    Value{S::stop_daemon, "backup", "receives connections from masters"},
};

// Stands in for the word under the cursor; no word of a command line can hold it.
const std::string cursor(1, '\1');

/// Completion must not wait for a name server.
class PortNames : public SystemNames {
 public:
  std::optional<ipvs::Address> host(const std::string& /*name*/, bool /*only_v6*/) override { return std::nullopt; }
};

/// What is known of the line so far.
struct Line {
  std::optional<S> command;
  HalfLine options;
  std::optional<Token> service;
  std::string scheduler;
  std::string network_namespace;

  bool has(S spelling) const { return ipvsadm::has(options.spelled, spelling); }

  void add(const Token& token) {
    options.spelled.set(static_cast<std::size_t>(token.spelling));
    if (is_command(token.spelling)) {
      command = token.spelling;
      return;
    }
    const O option = info(token.spelling).option;
    if (option != O::free_) options.given.add(option);
    if (option == O::service) service = token;
    if (option == O::scheduler) scheduler = token.value.value_or("");
    if (option == O::tun_type) options.tunnel = read_tunnel_type(token.value.value_or(""));
    if (option == O::netns) network_namespace = token.value.value_or("");
  }
};

bool fits_command(S spelling, S command, const Line& line) {
  // --sort is not subject to the options' rules.
  if (spelling == S::sort && command != S::list) return false;
  return may_join(command, line.options, spelling);
}

bool fits(S spelling, const Line& line) {
  if (!is_command(spelling)) {
    if (line.command) return fits_command(spelling, *line.command, line);
    // Without a command an option is offered once others stand there, or if every command allows it.
    if (line.options.given.empty()) return spelling == S::netns;
    return std::ranges::any_of(spellings(), [&](const SpellingInfo& other) {
      return is_command(other.spelling) && may_join(other.spelling, line.options.given) &&
             fits_command(spelling, other.spelling, line);
    });
  }
  return !line.command && may_join(spelling, line.options.given);
}

std::vector<Candidate> option_candidates(const Line& line, const std::string& word) {
  const bool short_names = word.size() == 1 || (word.size() > 1 && word[1] != '-');
  const bool long_names = word.size() < 2 || word[1] == '-';
  std::vector<Candidate> candidates;
  for (const SpellingInfo& info : spellings()) {
    if (!fits(info.spelling, line)) continue;
    if (short_names) {
      for (const char letter : info.short_names) candidates.push_back({{'-', letter}, std::string(info.help)});
    }
    if (long_names) candidates.push_back({"--" + std::string(info.long_name), std::string(info.help)});
  }
  return candidates;
}

/// Cuts what stands before the last comma off the stem, and gives it.
std::string take_earlier(Question& question) {
  const std::size_t comma = question.stem.rfind(',');
  std::string earlier = comma == std::string::npos ? "" : question.stem.substr(0, comma + 1);
  question.before += earlier;
  question.stem.erase(0, earlier.size());
  return earlier;
}

bool has_name(const std::string& earlier, std::string_view name) {
  return ("," + earlier).find("," + std::string(name) + ",") != std::string::npos;
}

std::vector<Candidate> flag_candidates(Question& question, const std::string& scheduler) {
  const std::string earlier = take_earlier(question);
  std::vector<Candidate> candidates;
  for (const SchedulerFlag& flag : scheduler_flags()) {
    if (!flag.scheduler.empty() && !scheduler.empty() && flag.scheduler != scheduler) continue;
    if (has_name(earlier, flag.name)) continue;
    candidates.push_back(
        {std::string(flag.name), flag.scheduler.empty() ? "any scheduler" : std::string(flag.scheduler)});
  }
  return candidates;
}

std::vector<Candidate> key_candidates(Question& question) {
  const std::string earlier = take_earlier(question);
  std::vector<Candidate> candidates;
  for (const std::string_view key : sum_keys()) {
    if (!has_name(earlier, key)) candidates.push_back({std::string(key), ""});
  }
  return candidates;
}

std::optional<ipvs::ServiceKey> read_service(const Line& line) {
  if (!line.service || !line.service->value) return std::nullopt;
  const std::string& text = *line.service->value;
  const ipvs::Protocol protocol = protocol_of(line.service->spelling);
  if (protocol == ipvs::Protocol::none) {
    const auto mark = read_number(text, 1, 0xffffffff);
    if (!mark) return std::nullopt;
    const bool ipv6 = line.has(S::ipv6);
    return ipvs::ServiceKey::mark(static_cast<std::uint32_t>(*mark), ipv6 ? ipvs::Family::ipv6 : ipvs::Family::ipv4);
  }
  PortNames names;
  const auto host = read_host_port(text, protocol, names);
  if (!host) return std::nullopt;
  return ipvs::ServiceKey::of(protocol, host->address, host->port.value_or(0));
}

/// What is asked for when `stem` is the beginning of the value of `option`.
void ask_for_value(Question& question, S option, const Line& line) {
  switch (info(option).option) {
    case O::service:
      // A new service is none of those that exist.
      if (line.command != S::add_service) question.source = Source::services;
      question.service = option;
      return;
    case O::real_server:
      question.of = read_service(line);
      // Nor is a new server one of those of its service. A service that can't be read has none.
      if (line.command != S::add_server && (question.of || !line.service)) question.source = Source::servers;
      return;
    case O::mcast_interface: question.source = Source::interfaces; return;
    case O::netns:
      question.source = question.stem.find('/') == std::string::npos ? Source::namespaces : Source::files;
      return;
    case O::sched_flags: question.candidates = flag_candidates(question, line.scheduler); return;
    case O::by: question.candidates = key_candidates(question); return;
    case O::state:
      for (const std::string_view state : connection_states()) question.candidates.push_back({std::string(state), ""});
      return;
    default: break;
  }
  if (option == S::apply) question.source = Source::files;
  for (const Value& value : values) {
    if (value.option == option)
      question.candidates.push_back({std::string(value.name), std::string(value.description)});
  }
}

Line read_line(const TokenLine& scan) {
  Line line;
  for (const Token& token : scan.tokens) line.add(token);
  return line;
}

Question question_for_value(const TokenLine& earlier, const Token& token, std::string before, std::string stem) {
  const Line line = read_line(earlier);
  Question question;
  question.before = std::move(before);
  question.stem = std::move(stem);
  question.network_namespace = line.network_namespace;
  ask_for_value(question, token.spelling, line);
  return question;
}

std::string endpoint_text(const ipvs::Address& address, std::uint16_t port) {
  Text text;
  render_endpoint(text, address, port, ipvs::Protocol::none, nullptr);
  return fmt::to_string(text);
}

std::vector<Candidate> services_of(S kind, ipvs::Client& client) {
  std::vector<ipvs::ServiceEntry> entries = client.services();
  std::ranges::sort(entries, {}, [](const ipvs::ServiceEntry& entry) { return entry.service.key; });
  std::vector<Candidate> candidates;
  for (const ipvs::ServiceEntry& entry : entries) {
    const ipvs::ServiceKey& key = entry.service.key;
    if (key.protocol != protocol_of(kind)) continue;
    std::string text = key.is_fwmark() ? std::to_string(key.fwmark) : endpoint_text(key.address, key.port);
    std::string description = entry.service.scheduler;
    if (key.is_fwmark() && key.family == ipvs::Family::ipv6) description += ", IPv6 (-6)";
    candidates.push_back({std::move(text), std::move(description)});
  }
  return candidates;
}

std::vector<Candidate> servers_of(const std::optional<ipvs::ServiceKey>& service, ipvs::Client& client) {
  std::vector<ipvs::DestinationEntry> entries;
  if (service) {
    entries = client.destinations(*service);
  } else {
    for (const ipvs::ServiceEntry& one : client.services())
      std::ranges::move(client.destinations(one.service.key), std::back_inserter(entries));
  }
  std::ranges::sort(entries, {}, [](const ipvs::DestinationEntry& entry) { return entry.destination.key; });
  std::vector<Candidate> candidates;
  for (const ipvs::DestinationEntry& entry : entries) {
    const ipvs::Destination& server = entry.destination;
    Candidate candidate{endpoint_text(server.key.address, server.key.port), "weight " + std::to_string(server.weight)};
    // Two services may share a server.
    if (candidates.empty() || candidates.back().text != candidate.text) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

std::vector<Candidate> interfaces() {
  std::vector<Candidate> candidates;
  const std::unique_ptr<struct if_nameindex[], decltype(&if_freenameindex)> all(if_nameindex(), if_freenameindex);
  if (!all) return candidates;
  for (std::size_t i = 0; all[i].if_name != nullptr; ++i) candidates.push_back({all[i].if_name, ""});
  return candidates;
}

std::vector<Candidate> namespaces() {
  std::vector<Candidate> candidates;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none)) {
    candidates.push_back({entry.path().filename(), ""});
  }
  std::ranges::sort(candidates, {}, &Candidate::text);
  return candidates;
}

std::vector<Candidate> find_candidates(const Question& question, Context& context) {
  std::vector<Candidate> found;
  if (question.source == Source::namespaces) return namespaces();
  if (!question.network_namespace.empty()) context.enter(question.network_namespace);
  if (question.source == Source::interfaces) {
    context.run_inside([&] { found = interfaces(); });
    return found;
  }
  // Neither context.client() nor a Client, for which the kernel would load the module: without it there is nothing to
  // offer.
  if (access("/proc/net/ip_vs", F_OK) != 0) return found;
  const auto& network = context.network_namespace();
  ipvs::Client client = network ? ipvs::Client(*network) : ipvs::Client();
  if (question.source == Source::services) return services_of(question.service, client);
  return servers_of(question.of, client);
}

}  // namespace

Question read_question(std::span<const std::string> words) {
  const std::string& word = words.back();
  Question question;
  question.stem = word;

  std::vector<std::string> with_cursor(words.begin(), words.end());
  with_cursor.back() = cursor;
  TokenLine scan = read_tokens(with_cursor);
  if (scan.fault != TokenLine::Fault::none) return question;
  std::optional<Token> taker;  // the option whose value the word is
  if (!scan.tokens.empty() && scan.tokens.back().value == cursor) {
    taker = scan.tokens.back();
    scan.tokens.pop_back();
  }
  const bool left_out = taker && info(taker->spelling).argument == Argument::optional && word.starts_with('-');
  if (taker && !left_out) {
    question = question_for_value(scan, *taker, {}, word);
    // An optional value may be left out for an option.
    const bool enough = !word.empty() || info(taker->spelling).argument != Argument::optional;
    if (enough || question.source != Source::words) return question;
  } else if (word.size() > 1 && word.starts_with('-')) {
    // "--scheduler=w", "-sw": value and option in one word.
    TokenLine whole = read_tokens(words);
    if (whole.fault == TokenLine::Fault::none && whole.tokens.size() > scan.tokens.size() &&
        whole.tokens.back().value) {
      const Token token = whole.tokens.back();
      whole.tokens.pop_back();
      const std::size_t start = word.size() - std::min(word.size(), token.value->size());
      return question_for_value(whole, token, word.substr(0, start), word.substr(start));
    }
  }
  if (taker) scan.tokens.push_back(*taker);
  const bool is_operand = !taker && !word.starts_with('-') && scan.operands.size() == 1;
  if (is_operand && read_line(scan).command == S::restore) question.source = Source::files;
  question.candidates = option_candidates(read_line(scan), word);
  return question;
}

std::string answer_text(const Question& question, std::span<const Candidate> candidates) {
  if (question.source == Source::files) return "@files\n";
  std::string text;
  for (const Candidate& candidate : candidates) {
    if (!candidate.text.starts_with(question.stem)) continue;
    text += question.before + candidate.text;
    if (!candidate.description.empty()) text += "\t" + candidate.description;
    text += '\n';
  }
  return text;
}

int complete(std::span<const std::string> words, Output& output) {
  if (words.empty()) return status_done;
  Question question = read_question(words);
  if (question.source != Source::words && question.source != Source::files) {
    SystemNames names;
    Output unused;
    Context context(names, unused);
    try {
      question.candidates = find_candidates(question, context);
    } catch (const Failure&) {
      return status_done;
    } catch (const ipvs::Error&) {
      return status_done;
    }
  }
  output.text().append(answer_text(question, question.candidates));
  output.flush();
  return status_done;
}

}  // namespace ipvsadm
