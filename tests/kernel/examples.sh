#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the worked examples of man/ipvsadm.8 as they stand there, with real traffic. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
page=$here/../../man/ipvsadm.8

# block HEADING NUMBER: that literal block of the example
block() {
  awk -v heading=".Ss $1" -v wanted="$2" '
    $0 == heading { inside = 1; next }
    /^\.S[sh] / { inside = 0 }
    inside && /^\.Bd -literal/ { count++; literal = 1; next }
    /^\.Ed/ { literal = 0 }
    inside && literal && count == wanted { gsub(/\\e/, "\\"); print }' "$page"
}

# example HEADING NUMBER [POD]: runs the block, here or in the pod
example() {
  local commands
  commands=$(block "$1" "$2")
  [ -n "$commands" ] || { echo "not ok - man/ipvsadm.8 has no block $2 under $1" && exit 1; }
  if [ $# = 3 ]; then
    on "$3" bash -e -c "$commands" >/dev/null
  else
    # The director's dummy link is made once.
    bash -e -c "${commands//"ip link add type dummy"/"ip link show dummy0 >/dev/null 2>&1 || ip link add type dummy"}" \
      >/tmp/example.out
  fi
}

mkdir -p /tmp/bin
ln -s "$IPVS_ADM" /tmp/bin/ipvsadm
# user-mode-linux has nftables without the ip family, so iptables must be the old one.
ln -s "$(command -v iptables-legacy)" /tmp/bin/iptables
export PATH=/tmp/bin:$PATH
cd /tmp

both='4 pod3
4 pod4'
modprobe ipip
make_network
for pod in pod3 pod4; do
  serve $pod
  serve $pod 8080
done
on neighbour ip route add 10.0.0.185 via 172.17.0.1

example "NAT with the address on a dummy link" 1
same "NAT: the listing at the end shows both servers" 2 "$(grep -c -- '->.*Masq' /tmp/example.out)"
# Before there are connections to wait for.
example "Day to day" 1
same "day to day: the drained server is gone, and the rules are applied" "172.17.0.3:80" \
  "$(jq -r '.services[].servers[] | "\(.address):\(.port)"' /tmp/example.out)"
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
ipvsadm -C
for pod in pod3 pod4; do on $pod ip link set tunl0 down; done

example "Two ports as one service, by a mark" 1
same "a mark: both pods answer on the one port" "$both" "$(fetch in client 10.0.0.185 8)"
same "a mark: both pods answer on the other" "$both" "$(fetch in client 10.0.0.185:8080 8)"
iptables -t mangle -F
ipvsadm -C

example "Each client on one server" 1
same "persistence: one pod answers a client" 1 "$(fetch in client 10.0.0.185 8 | wc -l)"
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
same "two directors: the one is master" 1 "$(ipvsadm --netns one -L --daemon | grep -c '^master.*syncid=1')"
same "two directors: the other is backup" 1 "$(ipvsadm --netns two -L --daemon | grep -c '^backup.*syncid=1')"
ipvsadm --netns one --stop-daemon master
ipvsadm --netns two --stop-daemon backup

for pod in pod3 pod4; do stop_serving $pod; done
finish
