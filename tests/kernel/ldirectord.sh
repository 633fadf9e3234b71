#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's ldirectord drives our ipvsadm in place of the classic one: of two web servers one dies and comes back.
# Runs in the kernel.
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

# ldirectord calls /sbin/ipvsadm.
mount --bind "$IPVS_ADM" /usr/sbin/ipvsadm

cat >/tmp/ldirectord.cf <<'END'
checktimeout=2
checkinterval=1
quiescent=yes
logfile="/tmp/ldirectord.log"
virtual=10.0.0.185:80
	real=172.17.0.3:80 masq 3
	real=172.17.0.4:80 masq 2
	service=http
	checktype=connect
	scheduler=wrr
	protocol=tcp
virtual=7
	real=172.17.0.3:80 gate
	scheduler=rr
	protocol=fwm
	checktype=connect
	checkport=80
	service=http
END
ldirectord -d /tmp/ldirectord.cf start >/tmp/ldirectord.out 2>&1 &
director=$!

weights() { ipvsadm -Ln -t 10.0.0.185:80 2>/dev/null | awk '$1 == "->" && $2 ~ /^1/ { printf "%s=%s ", $2, $4 }'; }
weights_are() { [ "$(weights)" = "$1" ]; }

eventually "both servers are in the table with their weights" 30 \
  weights_are "172.17.0.3:80=3 172.17.0.4:80=2 "
same "the services are those of the configuration" "TCP 10.0.0.185:80 wrr
FWM 7 rr" "$(ipvsadm -Ln | awk '/^(TCP|FWM)/ { print $1, $2, $3 }')"
same "both answer" "2 pod3
2 pod4" "$(ipvsadm -E -t 10.0.0.185:80 -s rr && fetch in client 10.0.0.185 4)"

stop_serving pod4
eventually "a dead server gets weight 0" 30 weights_are "172.17.0.3:80=3 172.17.0.4:80=0 "
same "only the living one answers" "4 pod3" "$(fetch in client 10.0.0.185 4)"

serve pod4
eventually "a server that comes back gets its weight back" 30 weights_are "172.17.0.3:80=3 172.17.0.4:80=2 "
same "both answer again" "2 pod3
2 pod4" "$(fetch in client 10.0.0.185 4)"

kill "$director"
wait "$director" 2>/dev/null || true
no_services() { ! ipvsadm -Ln | grep -q '^TCP'; }
eventually "ldirectord takes its services away when it ends" 15 no_services
stop_serving pod3
stop_serving pod4
[ "$failed" = 0 ] || tail -n 40 /tmp/ldirectord.out
finish
