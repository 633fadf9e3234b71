// SPDX-License-Identifier: MIT
#include "check/network.hpp"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "line/failure.hpp"

namespace ipvsadm {
namespace {

struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};

/// A route of some hundred gateways fits.
constexpr std::size_t longest_route = 16384;

/// A netlink socket: one question, then all the messages of its answer.
class Questioner {
 public:
  explicit Questioner(int protocol, bool short_answers = false) : socket_(nl_socket_alloc()) {
    if (!socket_) throw std::bad_alloc();
    // Else each answer is received twice, the first time to learn its length.
    if (short_answers) {
      nl_socket_disable_msg_peek(socket_.get());
      nl_socket_set_msg_buf_size(socket_.get(), longest_route);
    }
    if (nl_connect(socket_.get(), protocol) < 0)
      throw Failure(status_refused, "can't ask the kernel about its network");
    nl_socket_disable_auto_ack(socket_.get());
  }

  /// Calls `visit` with each message. Returns 0 or the kernel's errno.
  template <typename Visit>
  int ask(Message message, Visit visit) {
    Answer<Visit> answer{visit, 0};
    nl_cb* callbacks = nl_cb_alloc(NL_CB_DEFAULT);
    if (callbacks == nullptr) throw std::bad_alloc();
    nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, Answer<Visit>::valid, &answer);
    nl_cb_err(callbacks, NL_CB_CUSTOM, Answer<Visit>::failed, &answer);
    int result = nl_send_auto(socket_.get(), message.get());
    if (result >= 0) result = nl_recvmsgs(socket_.get(), callbacks);
    nl_cb_put(callbacks);
    return answer.error == 0 && result < 0 ? EIO : answer.error;
  }

 private:
  template <typename Visit>
  struct Answer {
    Visit& visit;
    int error;

    static int valid(nl_msg* message, void* self) {
      static_cast<Answer*>(self)->visit(nlmsg_hdr(message));
      return NL_OK;
    }
    static int failed(sockaddr_nl* /*unused*/, nlmsgerr* error, void* self) {
      static_cast<Answer*>(self)->error = -error->error;
      return NL_STOP;
    }
  };

  std::unique_ptr<nl_sock, FreeSocket> socket_;
};

Message new_message(int type, int flags) {
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags));
  if (!message) throw std::bad_alloc();
  return message;
}

template <typename Header>
void append(nl_msg* message, const Header& header) {
  Header copy = header;
  if (nlmsg_append(message, &copy, sizeof copy, NLMSG_ALIGNTO) < 0) throw std::bad_alloc();
}

void put(nl_msg* message, int type, const ipvs::Address& address) {
  if (nla_put(message, type, address.is_v4() ? 4 : 16, address.bytes().data()) < 0) throw std::bad_alloc();
}

unsigned char family_of(const ipvs::Address& address) { return address.is_v4() ? AF_INET : AF_INET6; }

std::optional<ipvs::Address> read_address(const nlattr* attribute, int family) {
  if (attribute == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nla_data(attribute));
  if (family == AF_INET && nla_len(attribute) == 4) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes, sizeof number);
    return ipvs::Address::v4(ntohl(number));
  }
  std::array<std::uint8_t, 16> v6{};
  if (family != AF_INET6 || nla_len(attribute) != static_cast<int>(v6.size())) return std::nullopt;
  std::memcpy(v6.data(), bytes, v6.size());
  return ipvs::Address::v6(v6);
}

/// An IPv6 gateway of an IPv4 route. Kernel: struct rtvia.
std::optional<ipvs::Address> read_via(const nlattr* attribute) {
  if (attribute == nullptr || nla_len(attribute) != static_cast<int>(sizeof(rtvia) + 16)) return std::nullopt;
  const auto* via = static_cast<const rtvia*>(nla_data(attribute));
  std::array<std::uint8_t, 16> v6{};
  std::memcpy(v6.data(), via->rtvia_addr, v6.size());
  return via->rtvia_family == AF_INET6 ? std::optional(ipvs::Address::v6(v6)) : std::nullopt;
}

/// The attributes behind a message's own header; false if they make no sense.
template <typename Header, std::size_t size>
bool parse(nlmsghdr* header, std::array<nlattr*, size>& attributes) {
  return nlmsg_parse(header, sizeof(Header), attributes.data(), static_cast<int>(size) - 1, nullptr) >= 0;
}

}  // namespace

struct NetworkQuestions::State {
  Questioner kernel{NETLINK_ROUTE};
  Questioner routes{NETLINK_ROUTE, true};
};

NetworkQuestions::NetworkQuestions() : state_(std::make_unique<State>()) {}
NetworkQuestions::~NetworkQuestions() = default;

std::map<unsigned, Link> NetworkQuestions::links() {
  std::map<unsigned, Link> links;
  Message message = new_message(RTM_GETLINK, NLM_F_DUMP);
  append(message.get(), ifinfomsg{});
  state_->kernel.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, IFLA_MAX + 1> attributes{};
    if (header->nlmsg_type != RTM_NEWLINK || !parse<ifinfomsg>(header, attributes)) return;
    const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(header));
    Link link;
    link.up = (info->ifi_flags & IFF_UP) != 0;
    link.carrier = (info->ifi_flags & IFF_LOWER_UP) != 0;
    if (attributes[IFLA_IFNAME] != nullptr) link.name = nla_get_string(attributes[IFLA_IFNAME]);
    std::array<nlattr*, IFLA_INFO_MAX + 1> details{};
    if (attributes[IFLA_LINKINFO] != nullptr &&
        nla_parse_nested(details.data(), IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr) >= 0 &&
        details[IFLA_INFO_KIND] != nullptr) {
      link.kind = nla_get_string(details[IFLA_INFO_KIND]);
    }
    links[static_cast<unsigned>(info->ifi_index)] = link;
  });
  return links;
}

LocalAddresses NetworkQuestions::addresses() {
  LocalAddresses addresses;
  Message message = new_message(RTM_GETADDR, NLM_F_DUMP);
  append(message.get(), ifaddrmsg{});
  state_->kernel.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, IFA_MAX + 1> attributes{};
    if (header->nlmsg_type != RTM_NEWADDR || !parse<ifaddrmsg>(header, attributes)) return;
    const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(header));
    // On a link to one peer IFA_ADDRESS is the peer's.
    const nlattr* own = attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
    const auto address = read_address(own, info->ifa_family);
    if (!address) return;
    const std::uint32_t flags = attributes[IFA_FLAGS] != nullptr ? nla_get_u32(attributes[IFA_FLAGS]) : info->ifa_flags;
    addresses.add({*address, info->ifa_prefixlen, info->ifa_index,
                   (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0, (flags & IFA_F_DADFAILED) != 0});
  });
  return addresses;
}

std::map<std::pair<unsigned, ipvs::Address>, Neighbour> NetworkQuestions::neighbours() {
  std::map<std::pair<unsigned, ipvs::Address>, Neighbour> neighbours;
  Message message = new_message(RTM_GETNEIGH, NLM_F_DUMP);
  append(message.get(), ndmsg{});
  state_->kernel.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, NDA_MAX + 1> attributes{};
    if (header->nlmsg_type != RTM_NEWNEIGH || !parse<ndmsg>(header, attributes)) return;
    const auto* info = static_cast<const ndmsg*>(nlmsg_data(header));
    const auto address = read_address(attributes[NDA_DST], info->ndm_family);
    if (!address) return;
    Neighbour neighbour = Neighbour::unknown;
    if ((info->ndm_state & NUD_FAILED) != 0) neighbour = Neighbour::failed;
    if ((info->ndm_state & NUD_INCOMPLETE) != 0) neighbour = Neighbour::incomplete;
    if ((info->ndm_state & (NUD_REACHABLE | NUD_PERMANENT)) != 0) neighbour = Neighbour::answers;
    neighbours[{static_cast<unsigned>(info->ndm_ifindex), *address}] = neighbour;
  });
  return neighbours;
}

std::vector<PolicyRule> NetworkQuestions::rules() {
  std::vector<PolicyRule> rules;
  Message message = new_message(RTM_GETRULE, NLM_F_DUMP);
  append(message.get(), fib_rule_hdr{});
  state_->kernel.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, FRA_MAX + 1> attributes{};
    if (header->nlmsg_type != RTM_NEWRULE || !parse<fib_rule_hdr>(header, attributes)) return;
    const auto* info = static_cast<const fib_rule_hdr*>(nlmsg_data(header));
    if (info->family != AF_INET && info->family != AF_INET6) return;
    PolicyRule rule;
    rule.family = info->family == AF_INET ? ipvs::Family::ipv4 : ipvs::Family::ipv6;
    if (attributes[FRA_IIFNAME] != nullptr) rule.arriving_on = nla_get_string(attributes[FRA_IIFNAME]);
    rule.source = read_address(attributes[FRA_SRC], info->family);
    rule.source_length = info->src_len;
    if (attributes[FRA_FWMARK] != nullptr) rule.mark = nla_get_u32(attributes[FRA_FWMARK]);
    if (!rule.arriving_on.empty() || rule.source || rule.mark != 0) rules.push_back(rule);
  });
  return rules;
}

Route NetworkQuestions::route(const RouteQuestion& question) {
  rtmsg request{};
  request.rtm_family = family_of(question.destination);
  request.rtm_dst_len = question.destination.is_v4() ? 32 : 128;
  if (question.source) request.rtm_src_len = request.rtm_dst_len;
  Message message = new_message(RTM_GETROUTE, 0);
  append(message.get(), request);
  put(message.get(), RTA_DST, question.destination);
  if (question.source) put(message.get(), RTA_SRC, *question.source);
  if (question.arriving_on != 0 && nla_put_u32(message.get(), RTA_IIF, question.arriving_on) < 0)
    throw std::bad_alloc();
  if (question.mark != 0 && nla_put_u32(message.get(), RTA_MARK, question.mark) < 0) throw std::bad_alloc();
  Route route;
  const int error = state_->routes.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    if (header->nlmsg_type != RTM_NEWROUTE || !parse<rtmsg>(header, attributes)) return;
    const auto* info = static_cast<const rtmsg*>(nlmsg_data(header));
    route.local = info->rtm_type == RTN_LOCAL;
    route.broadcast = info->rtm_type == RTN_BROADCAST;
    if (attributes[RTA_OIF] != nullptr) route.link = nla_get_u32(attributes[RTA_OIF]);
    route.gateway = read_address(attributes[RTA_GATEWAY], info->rtm_family);
    if (!route.gateway) route.gateway = read_via(attributes[RTA_VIA]);
    // IPv6 answers with the route that refuses.
    if (info->rtm_type == RTN_UNREACHABLE) route.error = EHOSTUNREACH;
    if (info->rtm_type == RTN_BLACKHOLE) route.error = EINVAL;
    if (info->rtm_type == RTN_PROHIBIT) route.error = EACCES;
  });
  if (error != 0) route.error = error;
  return route;
}

std::vector<BaseChain> base_chains() {
  std::vector<BaseChain> chains;
  Questioner kernel(NETLINK_NETFILTER);
  Message message = new_message((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, NLM_F_DUMP);
  append(message.get(), nfgenmsg{AF_UNSPEC, NFNETLINK_V0, 0});
  kernel.ask(std::move(message), [&](nlmsghdr* header) {
    std::array<nlattr*, NFTA_CHAIN_MAX + 1> attributes{};
    if (header->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWCHAIN) ||
        !parse<nfgenmsg>(header, attributes)) {
      return;
    }
    std::array<nlattr*, NFTA_HOOK_MAX + 1> hook{};
    if (attributes[NFTA_CHAIN_HOOK] == nullptr || attributes[NFTA_CHAIN_TYPE] == nullptr ||
        nla_parse_nested(hook.data(), NFTA_HOOK_MAX, attributes[NFTA_CHAIN_HOOK], nullptr) < 0 ||
        hook[NFTA_HOOK_HOOKNUM] == nullptr) {
      return;
    }
    BaseChain chain;
    chain.type = nla_get_string(attributes[NFTA_CHAIN_TYPE]);
    chain.hook = ntohl(nla_get_u32(hook[NFTA_HOOK_HOOKNUM]));
    if (attributes[NFTA_CHAIN_TABLE] != nullptr) chain.table = nla_get_string(attributes[NFTA_CHAIN_TABLE]);
    if (attributes[NFTA_CHAIN_NAME] != nullptr) chain.name = nla_get_string(attributes[NFTA_CHAIN_NAME]);
    if (const nlattr* policy = attributes[NFTA_CHAIN_POLICY]) chain.drops = ntohl(nla_get_u32(policy)) == NF_DROP;
    if (const nlattr* use = attributes[NFTA_CHAIN_USE]) chain.rules = ntohl(nla_get_u32(use));
    chains.push_back(chain);
  });
  return chains;
}

}  // namespace ipvsadm
