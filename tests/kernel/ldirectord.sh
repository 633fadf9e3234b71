#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's ldirectord drives our ipvsadm in place of the classic one: of two web servers one dies and comes back. One
# service is quiescent (a dead server gets weight 0), the other is not (it is taken away). Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

make_network
serve pod3
serve pod4
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0

# ldirectord calls this path, whatever PATH says. It must not matter that the classic tool can't be seen any more.
mount --bind "$IPVS_ADM" /usr/sbin/ipvsadm
same "what ldirectord will call is the tool under test" "$(ipvsadm --version)" "$(/sbin/ipvsadm --version)"

ldirectord -d "$here/ldirectord.cf" start >/tmp/ldirectord.out 2>&1 &
ldirectord=$!
trap 'kill "$ldirectord" 2>/dev/null || true' EXIT

# table: services, and servers with their forwarding methods and weights
table() { ipvsadm -Ln | awk '/^(TCP|FWM)/ { print $1, $2, $3 } $1 == "->" && $2 ~ /^[0-9]/ { print $1, $2, $3, $4 }'; }
whole='TCP 10.0.0.185:80 wrr
-> 172.17.0.3:80 Masq 3
-> 172.17.0.4:80 Masq 2
FWM 7 rr
-> 172.17.0.3:80 Route 1
-> 172.17.0.4:80 Route 1'
# Only ldirectord's own checks decide when, once a second; the rest of the time is for a slow kernel.
become "services and servers of the configuration are in the table" 60 "$whole" table
same "both servers answer, by their weights" "3 pod3
2 pod4" "$(fetch in client 10.0.0.185 5)"

stop_serving pod4
become "a dead server gets weight 0, or is taken away from the service that is not quiescent" 60 \
  'TCP 10.0.0.185:80 wrr
-> 172.17.0.3:80 Masq 3
-> 172.17.0.4:80 Masq 0
FWM 7 rr
-> 172.17.0.3:80 Route 1' table
same "only the living server answers" "5 pod3" "$(fetch in client 10.0.0.185 5)"

serve pod4
become "the server that comes back is there again with its weight" 60 "$whole" table
same "both servers answer again" "3 pod3
2 pod4" "$(fetch in client 10.0.0.185 5)"

kill "$ldirectord"
become "ldirectord takes its services away when it ends" 30 "" table
wait "$ldirectord" || true
same "no call of the tool failed" "" "$(grep -v 'Warning \[' /tmp/ldirectord.out | grep -i 'ipvsadm.*fail' || true)"
stop_serving pod3
stop_serving pod4
[ "$failed" = 0 ] || tail -n 40 /tmp/ldirectord.out
finish
