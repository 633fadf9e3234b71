#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library's example programs, at work on a real kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/lib.sh"
PATH=$IPVS_BUILD/libipvs/examples:$PATH
health_checker=
trap '[ -z "$health_checker" ] || kill "$health_checker"' EXIT

make_network
vip=192.168.50.1
ip addr add fd00:50::80/64 dev up0 nodad

# weights: of the real servers, as the tool tells them
weights() {
  ipvsadm -Sn | sed -n 's/^-a .* -r \([^ ]*\) .* -w \([0-9]*\).*/\1 \2/p'
}

same "list: an empty table" "" "$(list)"
ipvsadm -R <<RULES
-A -t $vip:80 -s rr
-a -t $vip:80 -r 172.17.0.3:80 -m -w 5
-A -f 7 -s wlc
RULES
same "list: services and servers" "tcp $vip:80, rr
  172.17.0.3:80, weight 5: 0 active, 0 inactive
fwmark 7, wlc" "$(list)"

servers add $vip 80 172.17.0.4 80
same "servers add: the server is there" "172.17.0.3:80 5
172.17.0.4:80 1" "$(weights)"
same "servers add: the same again is refused" "servers: the server is there already" \
  "$(servers add $vip 80 172.17.0.4 80 2>&1 || true)"
same "servers add: no service" "servers: no such service" "$(servers add $vip 81 172.17.0.4 80 2>&1 || true)"
servers delete $vip 80 172.17.0.4 80
same "servers delete: the server is gone" "172.17.0.3:80 5" "$(weights)"
same "servers delete: the same again is refused" "servers: no such server" \
  "$(servers delete $vip 80 172.17.0.4 80 2>&1 || true)"

serve pod3
same "the service works" "4 pod3" "$(fetch in client $vip 4)"
same "count_connections: by client" "4 192.168.50.2" "$(count_connections)"
watched=$(watch_service $vip 80 3)
same "watch_service: a line each time" 3 "$(wc -l <<<"$watched")"
same "watch_service: what the kernel counted" 4 "$(sed -n '3s/ connections.*//p' <<<"$watched")"
same "watch_service: no service" "watch_service: no such service" "$(watch_service $vip 81 1 2>&1 || true)"

same "apply_table: two other servers and another scheduler" "4 changes: done" "$(apply_table $vip 80 172.17.0.4 172.17.0.9)"
same "apply_table: another service stays" "FWM" "$(ipvsadm -Ln | sed -n 's/^\(FWM\)  7 .*/\1/p')"
same "apply_table: the servers" "172.17.0.4:80 1
172.17.0.9:80 1" "$(weights)"
same "apply_table: no change the second time" "0 changes: done" "$(apply_table $vip 80 172.17.0.4 172.17.0.9)"

ipvsadm -C
serve pod4
ipvsadm -R <<RULES
-A -t $vip:80 -s rr
-a -t $vip:80 -r 172.17.0.3:80 -m -w 5
-a -t $vip:80 -r 172.17.0.4:80 -m -w 7
-A -t [fd00:50::80]:80 -s rr
-a -t [fd00:50::80]:80 -r [fd00:17::3]:80 -m -w 3
-A -u $vip:53 -s rr
-a -u $vip:53 -r 172.17.0.3:53 -m -w 2
-A -t $vip:0 -s rr -p
-a -t $vip:0 -r 172.17.0.4:0 -g -w 6
RULES

# weights_are LINES: now
weights_are() { [ "$(weights)" = "$1" ]; }
# As the tool lists them.
healthy=$(weights)
sick=${healthy/172.17.0.3:80 5/172.17.0.3:80 0}
sick=${sick/\[fd00:17::3\]:80 3/[fd00:17::3]:80 0}

health_checker 1 >health.log 2>&1 &
health_checker=$!
sleep 2
same "health_checker: servers that answer, or have no port to ask, keep their weights" "$healthy" "$(weights)"
stop_serving pod3
eventually "health_checker: a server that dies gets weight 0, others keep theirs" 15 weights_are "$sick"
same "clients get the living server only" "4 pod4" "$(fetch in client $vip 4)"
serve pod3
eventually "health_checker: the server returns and gets its weight back" 15 weights_are "$healthy"
stop_serving pod3
eventually "health_checker: it dies again" 15 weights_are "$sick"

# An address that nobody has takes the checker a second: time to set the weight meanwhile.
silent=172.17.0.77
ipvsadm -a -t $vip:80 -r $silent:80 -m -w 8
being_probed() { ss -Htn state syn-sent dst $silent:80 | grep -q .; }
eventually "health_checker: checks a silent server" 15 being_probed
ipvsadm -e -t $vip:80 -r $silent:80 -m -w 9 -x 30
settings() { ipvsadm -Sn | sed -n "s/^-a .* -r $silent:80 -m //p"; }
become "health_checker: a silent server gets weight 0, and keeps what was set meanwhile" 15 "-w 0 -x 30" settings
on pod4 ip addr add $silent/16 dev eth0
become "health_checker: and gets the weight that was set meanwhile when it answers" 15 "-w 9 -x 30" settings
ipvsadm -d -t $vip:80 -r $silent:80

kill "$health_checker"
wait "$health_checker" && status=0 || status=$?
health_checker=
same "health_checker: ends well" 0 "$status"
same "health_checker: gives the weights back when it ends" "$healthy" "$(weights)"
same "health_checker: reports what it does" "172.17.0.3:80: weight 0
172.17.0.3:80: weight 5" "$(grep '^172' health.log | head -n 2)"
for argument in abc 0 -1 1x "" 99999999999; do
  same "health_checker: $argument seconds are none" "usage: health_checker [SECONDS]" \
    "$(timeout 5 health_checker "$argument" 2>&1 || true)"
done
finish
