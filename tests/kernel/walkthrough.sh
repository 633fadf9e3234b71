#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Kubernetes walk-through with real HTTP: NAT from another subnet, from the director itself and over IPv6, direct
# routing from the pods' bridge. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

header='IP Virtual Server version 1.2.1 (size=SIZE)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'
both='4 pod3
4 pod4'

# server_row ADDRESS FORWARD WEIGHT
server_row() { printf '  -> %-28s %-7s %-6s %-10s %-10s' "$1" "$2" "$3" 0 0; }

# listing: the size of the connection table changes by itself from Linux 7.1 on
listing() { ipvsadm -Ln | sed 's/(size=[0-9]*)/(size=SIZE)/'; }

# table: as it was set up, whatever traffic there was
table() { listing | sed -E 's/^(  -> [^ ]+ +[A-Z][a-z]+ +[0-9]+ +)[0-9]+ +[0-9]+ +$/\10          0         /'; }

make_network
serve pod3
serve pod4

ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
ip addr add fd00:10::185 dev dummy0 nodad

ipvsadm -A -t 10.0.0.185:80 -s rr
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3:80 -m
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -m
same "the table shows what was set up for NAT" "$header
TCP  10.0.0.185:80 rr
$(server_row 172.17.0.3:80 Masq 1)
$(server_row 172.17.0.4:80 Masq 1)" "$(listing)"
same "NAT: a client of another subnet is answered by both pods in turn" "$both" "$(fetch in client 10.0.0.185 8)"
same "NAT: the director itself is answered by both pods in turn" "$both" "$(fetch 10.0.0.185 8)"
# counted COLUMN...: those columns of the statistics, of the service and its servers
counted() { ipvsadm -Ln --stats -t 10.0.0.185:80 | awk -v "columns=$*" '
  BEGIN { n = split(columns, column) }
  $1 ~ /^(TCP|->)$/ && $2 ~ /^[0-9]/ { line = $2; for (i = 1; i <= n; i++) line = line " " $column[i]; print line }'; }
# The kernel adds its counters up every two seconds.
become "the service has counted 16 connections, each server half of them" 10 "10.0.0.185:80 16
172.17.0.3:80 8
172.17.0.4:80 8" counted 3
same "the connections are listed" 16 "$(ipvsadm -Lnc | grep -c ' 10.0.0.185:80 ')"

ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 0
same "a server of weight 0 gets no new connection" "4 pod4" "$(fetch in client 10.0.0.185 4)"
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3
ipvsadm -E -t 10.0.0.185:80 -s wrr
same "with wrr a server of weight 3 gets three times as many" "6 pod3
2 pod4" "$(fetch in client 10.0.0.185 8)"
same "edits show in the table" "$header
TCP  10.0.0.185:80 wrr
$(server_row 172.17.0.3:80 Masq 3)
$(server_row 172.17.0.4:80 Masq 1)" "$(table)"
ipvsadm -d -t 10.0.0.185:80 -r 172.17.0.4:80
same "a deleted server gets nothing" "4 pod3" "$(fetch in client 10.0.0.185 4)"

ipvsadm -A -t '[fd00:10::185]:80' -s rr
ipvsadm -a -t '[fd00:10::185]:80' -r '[fd00:17::3]:80' -m
ipvsadm -a -t '[fd00:10::185]:80' -r '[fd00:17::4]:80' -m
same "NAT over IPv6: a client of another subnet is answered by both pods" "$both" "$(fetch in client '[fd00:10::185]' 8)"
same "NAT over IPv6: so is the director itself" "$both" "$(fetch '[fd00:10::185]' 8)"
same "the IPv6 service is listed after the IPv4 one" "$header
TCP  10.0.0.185:80 wrr
$(server_row 172.17.0.3:80 Masq 3)
TCP  [fd00:10::185]:80 rr
$(server_row '[fd00:17::3]:80' Masq 1)
$(server_row '[fd00:17::4]:80' Masq 1)" "$(table)"

ipvsadm -C
same "clear leaves an empty table" "$header" "$(listing)"

# Direct routing: the pods answer by themselves, so each holds the address.
take_address pod3 10.0.0.185/32
take_address pod4 10.0.0.185/32
on neighbour ip route add 10.0.0.185 via 172.17.0.1
ipvsadm -A -t 10.0.0.185:80 -s rr
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3:80 -g
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -g
# The kernel remembers the connections of servers that come back.
same "the table shows what was set up for direct routing" "$header
TCP  10.0.0.185:80 rr
$(server_row 172.17.0.3:80 Route 1)
$(server_row 172.17.0.4:80 Route 1)" "$(table)"
same "direct routing: a client on the pods' bridge is answered by both pods" "$both" "$(fetch in neighbour 10.0.0.185 8)"
# Of the service alone: the servers have kept their counters, too.
counted_by_service() { counted 3 5 | grep '^10.0.0.185:80 '; }
become "with direct routing the answers don't pass the director: no packet out is counted" 10 "10.0.0.185:80 8 0" \
  counted_by_service

take_address pod3 fd00:10::185/128
take_address pod4 fd00:10::185/128
on neighbour ip route add fd00:10::185 via fd00:17::1
ipvsadm -A -t '[fd00:10::185]:80' -s rr
ipvsadm -a -t '[fd00:10::185]:80' -r '[fd00:17::3]:80' -g
ipvsadm -a -t '[fd00:10::185]:80' -r '[fd00:17::4]:80' -g
same "direct routing over IPv6: a client on the pods' bridge is answered by both pods" "$both" \
  "$(fetch in neighbour '[fd00:10::185]' 8)"

stop_serving pod3
stop_serving pod4
finish
