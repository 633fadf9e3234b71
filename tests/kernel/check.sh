#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --check: makes each cause with real traffic. Requests fail, the cause is named, the command that it prints is run as
# it stands, requests work, and there is nothing to report any more. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/kernel/check_lib.sh
. "$here/check_lib.sh"
make_checked_network
cd /tmp
mkdir -p bin
ln -sf "$IPVS_ADM" bin/ipvsadm
export PATH=/tmp/bin:$PATH

# setup RULE...: the table, and settings as they are by default
setup() {
  ipvsadm -C
  sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.vs.expire_nodest_conn=0 net.ipv4.vs.expire_quiescent_template=0 \
    net.ipv4.vs.conn_reuse_mode=1 net.ipv4.vs.conntrack=0
  printf '%s\n' "$@" | ipvsadm -R
}
web=('-A -t 10.0.0.185:80 -s rr' '-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m' '-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m')

fails() { ! on client curl -s -g --max-time 1.5 -o /dev/null "http://${1:-10.0.0.185}/"; }

# mends WHAT NAME EXPECTED ARGUMENT...: --check says EXPECTED, the remedy for NAME mends it, and then it is silent
mends() {
  local what=$1 name=$2 expected=$3
  shift 3
  # Handshakes that hung in the test before are remembered for a minute.
  become "$what: that is what is found" 15 "$expected" check "$@"
  holds "$what: its remedy runs as it was printed" remedy "$name"
  holds "$what: requests work after it" works
  become "$what: nothing is found then" 20 0 check "$@"
}

# First, while the servers had no connections yet: newer kernels count those before a server was added again, too.
setup "${web[0]}" "${web[1]} -x 1 -y 1"
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 0
ip netns exec client bash -c 'exec 3<>/dev/tcp/10.0.0.185/80; exec sleep 100' &
holder=$!
become "an overloaded server" 5 1 ipvsadm -L -c -t 10.0.0.185:80 --state ESTABLISHED --count
holds "overloaded: requests fail" fails
mends "overloaded" all-overloaded "3, error all-overloaded"
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -x 1
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.4:80 -m
same "one of two is overloaded" "3, warning server-overloaded" "$(check)"
kill $holder
wait $holder || true
become "its connection ends" 10 0 ipvsadm -L -c -t 10.0.0.185:80 --state ESTABLISHED --count

setup "${web[@]}"
holds "a healthy service works" works
same "and nothing is found" 0 "$(check)"
same "which is said" "1 service checked: nothing found." "$(ipvsadm --check)"

setup '-A -t 10.0.0.185:80 -s rr'
holds "no server: requests fail" fails
same "no server" "3, error no-servers" "$(check)"
setup "${web[0]}" "${web[1]} -w 0"
holds "weights 0: requests fail" fails
mends "weights 0" all-weights-zero "3, error all-weights-zero"

setup "${web[@]}"
sysctl -q -w net.ipv4.ip_forward=0
holds "no forwarding: requests fail" fails
mends "no forwarding" forwarding-off "3, error forwarding-off"
ip addr del 10.0.0.185/32 dev dummy0
holds "the address is not there: requests fail" fails
mends "the address is not there" vip-not-local "3, error vip-not-local"
setup "${web[0]/rr/none}" "${web[1]}"
holds "no scheduler: requests fail" fails
mends "no scheduler" no-scheduler "3, error no-scheduler"
setup '-A -t 10.0.0.185:0 -s rr' '-a -t 10.0.0.185:0 -r 172.17.0.3:0 -m'
holds "port 0: requests fail" fails
mends "port 0" port-zero-not-persistent "3, error port-zero-not-persistent"

# Of 16 source ports one at least is hashed to each server.
setup "${web[0]/rr/sh -b sh-port}" "${web[1]}" "${web[2]} -w 0"
hash_works() {
  local i
  for i in {1..16}; do on client curl -s --max-time 1.5 -o /dev/null http://10.0.0.185/ || return 1; done
}
hash_fails() { ! hash_works; }
holds "sh without fallback: some requests fail" hash_fails
same "sh without fallback" "3, warning hash-without-fallback" "$(check)"
holds "sh without fallback: the remedy runs" remedy hash-without-fallback
holds "sh without fallback: requests work after it" hash_works
become "sh without fallback: nothing is found then" 20 0 check
same "the flag that was there is still there" "sh-fallback,sh-port" "$(ipvsadm -Sn | sed -n 's/^-A .* -b //p')"

# Whose connections those are.
for i in {1..8}; do on client ip addr add 192.168.50.$((i + 10))/24 dev eth0; done
agree=0 refused=0
for scheduler in sh dh; do
  for weights in '3 0' '0 2'; do
    setup "${web[0]/rr/$scheduler}" "${web[1]} -w ${weights% *}" "${web[2]} -w ${weights#* }"
    for i in {1..8}; do
      answer=answered
      on client curl -s --max-time 3 --interface 192.168.50.$((i + 10)) -o /dev/null http://10.0.0.185/ || answer=refused
      [ $answer = answered ] || refused=$((refused + 1))
      expected=answered
      [[ $(check --client 192.168.50.$((i + 10))) != *"warning client-refused-by-hash"* ]] || expected=refused
      [ $answer != $expected ] || agree=$((agree + 1))
    done
  done
done
same "sh and dh: which clients are refused is known beforehand" 32 $agree
holds "some are refused" [ $refused -gt 0 ]
holds "and some are not" [ $refused -lt 32 ]

# A server that is not there.
setup "${web[0]}" "${web[1]}" '-a -t 10.0.0.185:80 -r 172.17.0.77:80 -m'
on client curl -s --max-time 1 -o /dev/null http://10.0.0.185/ || true
on client curl -s --max-time 1 -o /dev/null http://10.0.0.185/ || true
not_answering() { [[ $(check) == *"warning server-not-answering"* ]]; }
eventually "a server that does not answer is found" 10 not_answering
holds "its remedy runs" remedy server-not-answering
holds "requests work after it" works
become "nothing is found then" 20 0 check

# Servers that can't be reached.
ip netns add far
ip link add eth0 netns far type veth peer name down0 netns neighbour
on far sh -c 'ip link set lo up; ip addr add 203.0.113.5/24 dev eth0; ip link set eth0 up; ip route add default via 203.0.113.1'
on neighbour sh -c 'ip addr add 203.0.113.1/24 dev down0; ip link set down0 up; ip route add default via 172.17.0.1
  sysctl -q -w net.ipv4.ip_forward=1'
serve far 85
take_address far 10.0.0.185/32
ip route add 203.0.113.0/24 via 172.17.0.9
setup "${web[0]/:80/:85}" '-a -t 10.0.0.185:85 -r 203.0.113.5:85 -g'
holds "direct routing by a gateway: requests fail" fails 10.0.0.185:85
become "direct routing by a gateway" 20 "3, warning server-not-on-link, note handshake-hangs" check
ipvsadm -e -t 10.0.0.185:85 -r 203.0.113.5:85 -m
holds "masquerading instead, as it is advised: requests work" works 10.0.0.185:85
become "nothing is found then" 20 0 check
ip route del 203.0.113.0/24
on neighbour sh -c 'sysctl -q -w net.ipv4.ip_forward=0; ip route del default'
stop_serving far
ip netns del far
ip route show default | grep -q . || same "a server without a route" "3, error server-unreachable" "$(check)"

# What lives on.
setup '-A -u 10.0.0.185:53 -s rr' '-a -u 10.0.0.185:53 -r 172.17.0.3:53 -m' '-a -u 10.0.0.185:53 -r 172.17.0.4:53 -m'
ip netns exec client bash -c 'exec 3>/dev/udp/10.0.0.185/53; for i in {1..200}; do echo x >&3; sleep 0.2; done' 2>/dev/null &
sender=$!
become "a client sends" 5 1 ipvsadm -L -c -u 10.0.0.185:53 --count
server=$(ipvsadm -Lnc -u 10.0.0.185:53 | awk 'NR > 2 { print $6 }')
ipvsadm -d -u 10.0.0.185:53 -r "$server"
same "a server is deleted that a client has" "3, warning removed-server-in-use" "$(check)"
holds "its remedy runs" remedy removed-server-in-use
become "nothing is found then" 10 0 check
kill $sender
wait $sender || true

setup "${web[0]} -p 300" "${web[1]}" "${web[2]}"
on client curl -s -o /dev/null http://10.0.0.185/
server=$(ipvsadm -Lnc --no-templates | awk 'NR > 2 { print $6 }')
ipvsadm -e -t 10.0.0.185:80 -r "$server" -m -w 0
same "persistence to weight 0" "3, warning persistence-to-weight-zero" "$(check)"
same "it stays there" "1 $(case $server in 172.17.0.3*) echo pod3 ;; *) echo pod4 ;; esac)" "$(fetch in client 10.0.0.185 1)"
holds "its remedy runs" remedy persistence-to-weight-zero
same "it leaves" "1 $(case $server in 172.17.0.3*) echo pod4 ;; *) echo pod3 ;; esac)" "$(fetch in client 10.0.0.185 1)"
become "nothing is found then" 20 0 check

# Answers that take another way, and handshakes that hang.
# hangs SERVICE POD: a client in the pod gets no answer, and tries again until release
hangs() {
  # A patient one: it sends its SYN again after 1, 3, 7, 15 seconds.
  on "$2" curl -s --max-time 100 -o /dev/null "http://$1/" &
  trying=$!
  become "a handshake hangs" 5 1 ipvsadm -L -c --state SYN_RECV -t "$1" --count
}
# ends WHAT: what the finding advises was done, so the request that hangs is answered and there is nothing to report
ends() {
  holds "$1: the request that hung is answered" wait $trying
  become "$1: nothing is found then" 20 0 check
}
release() {
  kill $trying 2>/dev/null || true
  wait $trying || true
}
setup "${web[0]/:80/:83}" '-a -t 10.0.0.185:83 -r 172.17.0.3:80 -m'
holds "answers come back" works 10.0.0.185:83
on pod3 ip route del default
hangs 10.0.0.185:83 client
# Others try again and again: each look meets a packet of theirs, also on a busy machine.
(while :; do on client curl -s --max-time 3.5 -o /dev/null http://10.0.0.185:83/ || true; done) &
others=$!
become "answers that do not come back any more" 20 "3, warning answers-missing" check
kill $others
wait $others || true
on pod3 ip route add default via 172.17.0.1
ends "answers come back by the server's default route"
on neighbour ip route add 10.0.0.185 via 172.17.0.1
setup "${web[0]/:80/:84}" '-a -t 10.0.0.185:84 -r 172.17.0.4:80 -m'
hangs 10.0.0.185:84 neighbour
same "a client beside the server" "3, warning answers-missing" "$(check)"
holds "is named" grep -q "172.17.0.9 is on the server's own link" found.json
on pod4 sh -c 'ip route add 172.17.0.9 via 172.17.0.1; sysctl -q -w net.ipv4.conf.all.accept_redirects=0'
ends "a client beside the server, which answers through the director"
on pod4 ip route del 172.17.0.9
serve pod3 81
setup "${web[0]/:80/:81}" '-a -t 10.0.0.185:81 -r 172.17.0.3:81 -g'
# It would send the packets back in a circle.
on pod3 sysctl -q -w net.ipv4.ip_forward=0
hangs 10.0.0.185:81 neighbour
same "direct routing to a server that lacks the address" "3, note handshake-hangs" "$(check)"
take_address pod3 10.0.0.185
ends "direct routing, the server has the address"

# Clients that are on the director.
# keeps_trying ADDRESS: requests from that address of the director, until release
keeps_trying() {
  (while :; do curl -s --max-time 3.5 -o /dev/null --interface "$1" http://10.0.0.185:81/ || true; done) &
  trying=$!
}
setup "${web[0]/:80/:81}" '-a -t 10.0.0.185:81 -r 172.17.0.3:81 -g'
keeps_trying 10.0.0.185
become "direct routing, the client is the director" 20 "3, warning client-is-director-or-server" check
release
on pod3 ip addr del 10.0.0.185/32 dev dummy0
ipvsadm -e -t 10.0.0.185:81 -r 172.17.0.3:81 -m
holds "the director is a client by masquerading" curl -s --max-time 20 -o /dev/null http://10.0.0.185:81/
become "the director is a client by masquerading: nothing is found" 20 0 check
keeps_trying 127.0.0.1
become "a client in 127.0.0.0/8" 20 "3, warning client-is-loopback" check
release
holds "another address of the director works" curl -s --max-time 20 -o /dev/null http://10.0.0.185:81/
become "another address of the director: nothing is found" 20 0 check

# A port that is used again. The entry of a connection before is to a server whose weight is 0 now.
# On a port of its own: what hangs here is remembered for a minute, and would be found of the next service of that port.
again() { on client curl -s --max-time "$2" --local-port "$1" -o /dev/null http://10.0.0.185:86/; }
# The client's own end would keep the port.
on client sysctl -q -w net.ipv4.tcp_max_tw_buckets=0
# is_remembered PORT: a request from it, whose connection is remembered. Which end closes first is chance: one that the
# client's end resets is forgotten in seconds.
is_remembered() { again "$1" 20 && sleep 1 && ipvsadm -Lnc | grep -q " TIME_WAIT *192.168.50.2:$1 "; }
# leaves PORT: the server that a first request from the port was sent to has weight 0 and answers no more; $pod is that server
leaves() {
  local server
  setup "${web[@]/10.0.0.185:80/10.0.0.185:86}"
  eventually "a first request from port $1 has ended" 20 is_remembered "$1"
  server=$(ipvsadm -Lnc | awk -v client="192.168.50.2:$1" '$4 == client { print $6 }')
  case $server in 172.17.0.3*) pod=pod3 ;; *) pod=pod4 ;; esac
  ipvsadm -e -t 10.0.0.185:86 -r "$server" -m -w 0
  on $pod ip route del default
}
returns() { on "$pod" ip route add default via 172.17.0.1; }
leaves 40000
sysctl -q -w net.ipv4.vs.conn_reuse_mode=0
again 40000 100 &
trying=$!
become "the request from the same port hangs" 20 1 ipvsadm -L -c --state SYN_RECV -t 10.0.0.185:86 --count
same "a port that is used again" "3, warning port-reuse-to-weight-zero" "$(check)"
holds "its remedy runs" remedy port-reuse-to-weight-zero
mode=$(sysctl -n net.ipv4.vs.conn_reuse_mode)
release
returns
leaves 40001
sysctl -q -w net.ipv4.vs.conn_reuse_mode="$mode"
holds "with it a request from a port that was used works" again 40001 20
become "nothing is found then" 20 0 check
returns

# All datagrams come from one port.
setup '-A -u 10.0.0.185:54 -s rr' '-a -u 10.0.0.185:54 -r 172.17.0.3:53 -m' '-a -u 10.0.0.185:54 -r 172.17.0.4:53 -m'
datagrams() { on client bash -c 'exec 3>/dev/udp/10.0.0.185/54; for i in {1..1200}; do echo x >&3 || true; done' 2>/dev/null; }
datagrams
become "datagrams from one port" 20 "3, note few-udp-clients" check
ipvsadm -E -u 10.0.0.185:54 --keep -o
datagrams
become "each datagram has a server of its own: nothing is found" 20 0 check

# Settings and daemons.
setup "${web[@]}"
ipvsadm --start-daemon backup --mcast-interface br0
sysctl -q -w net.ipv4.vs.backup_only=1
holds "backup_only: requests fail" fails
mends "backup_only" backup-only "3, error backup-only"
ip link set br0 down
same "the link of a daemon is down" "warning sync-link-down" "$(check | grep -o 'warning sync-link-down')"
holds "its remedy runs" remedy sync-link-down
become "nothing is found then" 20 0 check
ip addr add fd00:17::1/64 dev br0 nodad
ipvsadm --stop-daemon backup
sysctl -q -w net.ipv4.vs.drop_entry=3
mends "a defence" defence-active "3, warning defence-active"
if [ -e /proc/sys/net/ipv4/vs/run_estimation ]; then
  sysctl -q -w net.ipv4.vs.run_estimation=0
  mends "no counters" counters-stopped "3, note counters-stopped"
else
  skip "no counters" "this kernel always counts"
fi

# One client.
same "a client with nothing in its way" 0 "$(check --client 192.168.50.2)"
# Its packets come in on a link that is not the one to it: a second network of the client's, whose way to us is the first.
ip link add up1 type veth peer name eth1 netns client
ip addr add 192.168.51.1/24 dev up1
ip link set up1 up
on client sh -c 'ip addr add 192.168.51.2/24 dev eth1; ip link set eth1 up
  sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0'
ip addr add 192.168.50.185/24 dev up0
setup '-A -t 192.168.50.185:80 -s rr' '-a -t 192.168.50.185:80 -r 172.17.0.3:80 -m'
from_there() { on client curl -s --max-time "$1" -o /dev/null --interface 192.168.51.2 http://192.168.50.185/; }
sysctl -q -w net.ipv4.conf.up0.rp_filter=1
holds "a client that is not reached by the link it comes in on: others work" works 192.168.50.185
holds "its requests fail" eval '! from_there 2'
same "of others nothing is found" 0 "$(check --client 192.168.50.2)"
same "of it this is" "3, warning rp-filter" "$(check --client 192.168.51.2)"
holds "its remedy runs" remedy rp-filter
holds "its requests work" from_there 50
become "nothing is found then" 20 0 check --client 192.168.51.2
ip addr del 192.168.50.185/24 dev up0
ip link del up1

# What is asked for besides.
setup "${web[@]}"
same "enough servers" 0 "$(check --min-servers 2)"
same "too few servers" "3, error too-few-servers" "$(check --min-servers 3)"
same "servers that accept connections" 0 "$(check --probe)"
setup "${web[@]}" '-A -t 10.0.0.185:82 -s rr' '-a -t 10.0.0.185:82 -r 172.17.0.3:82 -m'
same "one that does not" "3, warning probe-failed" "$(check --probe)"
same "of one service" 0 "$(check --probe -t 10.0.0.185:80)"
same "of one server" 0 "$(check --probe -r 172.17.0.4)"

# IPv6.
ip addr add fd00:10::185 dev dummy0 nodad
setup '-A -t [fd00:10::185]:80 -s rr' '-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m'
holds "IPv6 works" works '[fd00:10::185]'
same "and nothing is found" 0 "$(check)"
sysctl -q -w net.ipv6.conf.all.forwarding=0
same "no forwarding of IPv6" "3, error forwarding-off" "$(check)"
holds "its remedy runs" remedy forwarding-off
for pod in pod3 pod4; do on $pod ip -6 route replace default via fd00:17::1; done
become "nothing is found then" 20 0 check
ip addr add fd00:50::185/128 dev dummy0 nodad
setup '-A -t [fd00:50::185]:80 -s rr' '-a -t [fd00:50::185]:80 -r [fd00:17::3]:80 -m'
holds "an address that nobody answers for: requests fail" fails '[fd00:50::185]'
same "an address that nobody answers for" "3, warning vip-not-on-link" "$(check)"
holds "its remedy runs" remedy vip-not-on-link
eventually "requests work after it" 20 works '[fd00:50::185]'
become "nothing is found then" 20 0 check

# Another network namespace, by name.
ip netns add red
on red sysctl -q -w net.ipv4.ip_forward=1
on red sh -c 'ip link set lo up; ip link add d0 type dummy; ip link set d0 up; ip addr add 10.7.0.1/24 dev d0'
printf '%s\n' '-A -t 10.8.0.1:80 -s rr' '-a -t 10.8.0.1:80 -r 10.7.0.9:80 -m' | on red "$IPVS_ADM" -R
same "in another network namespace" "3, error vip-not-local" "$(check --netns red)"
holds "the command is for that namespace" remedy vip-not-local
become "nothing is found then" 20 0 check --netns red

# How it is reported, and what it refuses.
setup "${web[@]}"
sysctl -q -w net.ipv4.ip_forward=0
same "the report" "TCP 10.0.0.185:80
  error    The way back is closed: answers of 172.17.0.3 and 172.17.0.4 (masquerading) are not forwarded.
           net.ipv4.ip_forward is 0                                          sysctl -w net.ipv4.ip_forward=1
1 service checked: 1 error." "$(ipvsadm --check -n)"
setup "${web[@]}" "${web[@]//10.0.0.185:80/10.0.0.185:82}"
sysctl -q -w net.ipv4.ip_forward=0
same "what two services share is reported once" "All services
  error    The way back is closed: answers of servers by masquerading are not forwarded. (2 services)
           net.ipv4.ip_forward is 0                                          sysctl -w net.ipv4.ip_forward=1
2 services checked: 1 error." "$(ipvsadm --check -n)"
sysctl -q -w net.ipv4.ip_forward=1
ipvsadm -C
same "an empty table" "0 services checked: nothing found." "$(ipvsadm --check -n)"
# failed WHAT EXPECTED ARGUMENT...
failed() {
  local status=0 text
  text=$(ipvsadm "${@:3}" 2>&1) || status=$?
  same "$1" "$2" "$status $text"
}
failed "a service that is not there" "1 No such service" --check -t 10.0.0.9:80
failed "a network of clients" "2 --check takes one client, not a network of them" --check --client 10.0.0.0/8
finish
