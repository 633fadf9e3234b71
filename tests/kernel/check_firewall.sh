#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --check: causes that only some kernels can have. Filters and address translation of nftables, which user-mode-linux has
# no tables for, and the limit of connections, which came with Linux 7.2. Runs in the kernel.
#
# The delay of reused ports, slow-port-reuse, is of kernels before 5.9, which none of Debian's suites has any more: only
# its unit test shows it.
# shellcheck disable=SC2119 # check needs no arguments here
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/kernel/check_lib.sh
. "$here/check_lib.sh"
make_checked_network
cd /tmp

# hangs: a patient client gets no answer. It sends its SYN again after 1, 3, 7, 15 seconds
hangs() {
  on client curl -s --max-time 300 -o /dev/null http://10.0.0.185/ &
  trying=$!
  become "a request hangs" 10 1 ipvsadm -L -c --state SYN_RECV -t 10.0.0.185:80 --count
}
# ends WHAT: it is answered, and there is nothing to report
ends() {
  holds "$1: the request that hung is answered" wait $trying
  holds "$1: others are" works
  become "$1: nothing is found then" 20 0 check
}

ipvsadm -R <<'RULES'
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m
RULES
holds "a healthy service works" works
same "and nothing is found" 0 "$(check)"

if iptables-nft -P FORWARD DROP 2>/dev/null && iptables-nft -t nat -N probe 2>/dev/null; then
  # What a firewall that drops by its policy leaves in peace, IPVS does not need: requests come in by INPUT.
  iptables-nft -A FORWARD -s 172.17.0.0/16 -p tcp --sport 80 -j ACCEPT
  holds "a policy that drops, with a rule for the answers: requests work" works
  same "and nothing is found" 0 "$(check)"
  iptables-nft -F FORWARD
  hangs
  become "a policy that drops the answers" 20 "3, warning answers-missing" check
  holds "its chain is named" jq -e '.findings[0].advice | contains("chain FORWARD of table filter, which drops by its policy")' found.json
  iptables-nft -A FORWARD -s 172.17.0.0/16 -p tcp --sport 80 -j ACCEPT
  ends "a rule lets the answers pass"
  iptables-nft -P FORWARD ACCEPT
  iptables-nft -F FORWARD

  # Servers whose way back is not this machine, and a rule that shall make it so.
  for pod in pod3 pod4; do on $pod ip route del default; done
  iptables-nft -t nat -A POSTROUTING -d 172.17.0.0/16 -j MASQUERADE
  sysctl -q -w net.ipv4.vs.conntrack=0
  hangs
  become "rules that do not see what IPVS sends" 20 "3, warning answers-missing, note nat-rules-unseen" check
  kill $trying
  wait $trying || true
  holds "its remedy runs as it was printed" remedy nat-rules-unseen
  holds "requests work after it" works
  become "nothing is found then" 20 0 check
  iptables-nft -t nat -F POSTROUTING
  sysctl -q -w net.ipv4.vs.conntrack=0
  for pod in pod3 pod4; do on $pod ip route add default via 172.17.0.1; done
else
  skip "filters and address translation" "this kernel has no nftables for IPv4"
fi

if [ -e /proc/sys/net/ipv4/vs/conn_max ]; then
  ipvsadm -C
  ipvsadm -R <<'RULES'
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m
RULES
  holds "connections are remembered" works
  count=$(ipvsadm -L -c --count)
  before=$(</proc/sys/net/ipv4/vs/conn_max)
  sysctl -q -w net.ipv4.vs.conn_max="$count"
  holds "as many as the limit allows: requests fail" bash -c '! ip netns exec client curl -s --max-time 3 -o /dev/null http://10.0.0.185/'
  same "as many as the limit allows" "3, error connection-limit" "$(check)"
  holds "its remedy runs as it was printed" remedy connection-limit
  holds "requests work after it" eval 'on client curl -s --max-time 50 -o /dev/null http://10.0.0.185/'
  same "nothing is found then" 0 "$(check)"
  sysctl -q -w net.ipv4.vs.conn_max="$before"
else
  skip "the limit of connections" "this kernel has none"
fi
stop_serving pod3
stop_serving pod4
finish
