#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the worked examples of man/ipvsadm.8 as they stand there, with real traffic. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
page=$here/../../man/ipvsadm.8

# examples: all literal blocks of the page's examples, each line behind its heading, its number there and tabs
examples() {
  awk '
    /^\.Sh / { wanted = $0 == ".Sh EXAMPLES" }
    /^\.Ss / { heading = substr($0, 5); number = 0 }
    /^\.Ed/ { literal = 0 }
    wanted && literal { gsub(/\\e/, "\\"); print heading "\t" number "\t" $0 }
    /^\.Bd -literal/ { literal = 1; number++ }' "$page"
}
examples >/tmp/examples

# block HEADING NUMBER: its commands
block() { grep -F "$1"$'\t'"$2"$'\t' /tmp/examples | cut -f 3-; }

# run_block HEADING NUMBER [POD]: runs its commands, here or in the pod; the last output is in /tmp/output
run_block() {
  block "$1" "$2" >/tmp/commands && [ -s /tmp/commands ] || return 1
  echo "$1 $2" >>/tmp/run
  ${3:+ip netns exec "$3"} bash -e /tmp/commands >/tmp/output
}

# example HEADING NUMBER [POD]
example() { holds "example \"$1\", block $2, can be run${3:+ on $3}" run_block "$@"; }

# By the names that a user types.
mkdir -p /tmp/bin
ln -s "$IPVS_ADM" /tmp/bin/ipvsadm
# user-mode-linux has nftables without the ip family, so iptables must be the old one.
ln -s "$(command -v iptables-legacy)" /tmp/bin/iptables
export PATH=/tmp/bin:$PATH
cd /tmp

both='4 pod3
4 pod4'
make_network
# The page takes tunl0 for granted.
modprobe ipip
for pod in pod3 pod4; do
  serve $pod
  serve $pod 8080
done
on neighbour ip route add 10.0.0.185 via 172.17.0.1

example "NAT with the address on a dummy link" 1
same "NAT: the listing at the end shows both servers" "172.17.0.3:80 Masq
172.17.0.4:80 Masq" "$(awk '$1 == "->" && /Masq/ { print $2, $3 }' /tmp/output)"
example "Monitoring" 2
same "monitoring: Nagios is content" OK "$(cat /tmp/output)"
ipvsadm -A -f 7 -6 -s rr
ipvsadm -A --sctp-service '[fd00:10::1]:80' -s rr
example "Monitoring" 1
same "monitoring: Zabbix discovers services of each kind" 'fwmark ipv6 7 0
sctp ipv6 fd00:10::1 80
tcp ipv4 10.0.0.185 80' "$(jq -r '.[] | "\(.["{#PROTOCOL}"]) \(.["{#FAMILY}"]) \(.["{#NAME}"]) \(.["{#PORT}"])"' /tmp/output | sort)"
block "Monitoring" 2 >/tmp/check
critical=$(bash /tmp/check) && status=0 || status=$?
same "monitoring: Nagios hears of services without servers" "2 CRITICAL:" "$status ${critical%% *}"
ipvsadm -D -f 7 -6
ipvsadm -D --sctp-service '[fd00:10::1]:80'
# Now, as the drain would wait for connections to be forgotten.
example "Day to day" 1
same "day to day: the drained server is gone, the other is listed by JSON" "172.17.0.3:80" \
  "$(tail -n 1 /tmp/output | jq -r '.services[].servers[] | "\(.address):\(.port)"')"
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -m
same "NAT: both pods answer a client of another subnet" "$both" "$(fetch in client 10.0.0.185 8)"
ipvsadm -C

example "Direct routing" 1
for pod in pod3 pod4; do example "Direct routing" 2 $pod; done
same "direct routing: both pods answer a client on their bridge" "$both" "$(fetch in neighbour 10.0.0.185 8)"
ipvsadm -C
for pod in pod3 pod4; do on $pod ip link del dummy0; done

example "Tunnels" 1
for pod in pod3 pod4; do example "Tunnels" 2 $pod; done
same "tunnels: both pods answer a client on their bridge" "$both" "$(fetch in neighbour 10.0.0.185 8)"
for pod in pod3 pod4; do
  holds "tunnels: $pod got its requests through the tunnel" \
    test "$(on $pod cat /sys/class/net/tunl0/statistics/rx_packets)" -ge 4
  on $pod ip addr flush dev tunl0
done
ipvsadm -C

example "Two ports as one service, by a mark" 1
same "a mark: both pods answer on the one port" "$both" "$(fetch in client 10.0.0.185 8)"
same "a mark: both pods answer on the other" "$both" "$(fetch in client 10.0.0.185:8080 8)"
iptables -t mangle -F
ipvsadm -C

example "Each client on one server" 1
first=$(fetch in client 10.0.0.185 4)
other="4 pod3"
[ "$first" != "$other" ] || other="4 pod4"
same "persistence: one pod gives all answers to a client" 1 "$(grep -c '^4 pod' <<<"$first")"
same "persistence: the other pod gives all answers to a client of another subnet" "$other" "$(fetch 10.0.0.185 4)"
on client sh -c 'ip addr del 192.168.50.2/24 dev eth0; ip addr add 192.168.50.7/24 dev eth0
  ip route add default via 192.168.50.1'
same "persistence: another client of the first subnet counts as the first" "$first" "$(fetch in client 10.0.0.185 4)"
ipvsadm -C

ipvsadm -A -t 10.0.0.185:80 -s wlc
ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 7
ipvsadm -A -t 10.0.0.187:80
example "Instead of code that merges tables" 1
same "merging: the table is what the list says, with the weight that was there" "-A -t 10.0.0.185:80 -s wlc
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 7
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 1
-A -t 10.0.0.186:80 -s wlc
-a -t 10.0.0.186:80 -r 172.17.0.4:80 -m -w 1" "$(ipvsadm -Sn)"
ipvsadm -C

for director in one two; do ip netns add $director; done
ip link add eth0 netns one type veth peer name eth0 netns two
for director in one two; do
  on $director sh -c 'ip link set lo up; ip link set eth0 up; ip route add 224.0.0.0/4 dev eth0'
done
on one ip addr add 192.168.77.1/24 dev eth0
on two ip addr add 192.168.77.2/24 dev eth0
example "Two directors" 1 one
example "Two directors" 2 two
on one sh -e -c 'ip link add type dummy; ip link set dummy0 up; ip addr add 10.0.0.185 dev dummy0
  ipvsadm -A -t 10.0.0.185:80 -s rr; ipvsadm -a -t 10.0.0.185:80 -r 127.0.0.2:80 -m'
serve one
same "two directors: the first answers" one "$(on one curl -s --max-time 50 http://10.0.0.185/)"
connections() { on "$1" ipvsadm -Lnc | awk '$1 == "TCP" { print $4, $5, $6 }'; }
connection=$(connections one)
same "two directors: the first lists the connection" "10.0.0.185:80 127.0.0.2:80" "${connection#* }"
become "two directors: the second lists it soon after" 20 "$connection" connections two
on one ipvsadm --stop-daemon master
on two ipvsadm --stop-daemon backup

same "every example of the page has been run" "$(cut -f 1,2 --output-delimiter=' ' /tmp/examples | sort -u)" \
  "$(sort -u /tmp/run)"
for pod in pod3 pod4 one; do stop_serving $pod; done
finish
