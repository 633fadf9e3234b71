#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two directors, each in a namespace of its own, with sync daemons over the link between them: connections made on the
# master are listed on the backup. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

modprobe dummy numdummies=0
modprobe ip_vs
ip netns add one
ip netns add two
ip link add eth0 netns one type veth peer name eth0 netns two
for director in one two; do
  on $director sh -c 'ip link set lo up; ip link set eth0 up; ip link add type dummy; ip link set dummy0 up
    ip addr add 10.0.0.185 dev dummy0'
done
on one sh -c 'ip addr add 192.168.77.1/24 dev eth0; ip route add 224.0.0.0/4 dev eth0'
on two sh -c 'ip addr add 192.168.77.2/24 dev eth0; ip route add 224.0.0.0/4 dev eth0'

# Both know the same service; the real server is on the first director's loopback.
for director in one two; do
  ipvsadm --netns $director -A -t 10.0.0.185:80 -s rr
  ipvsadm --netns $director -a -t 10.0.0.185:80 -r 127.0.0.2:8080 -m
done
ipvsadm --netns one --start-daemon master --mcast-interface eth0 --syncid 7 --mcast-port 8850
ipvsadm --netns two --start-daemon backup --mcast-interface eth0 --syncid 7 --mcast-port 8850
same "the master tells what it runs with" \
  "master sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8850, ttl=1)" \
  "$(ipvsadm --netns one -L --daemon)"
same "so does the backup" \
  "backup sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8850, ttl=1)" \
  "$(ipvsadm --netns two -L --daemon)"

serve_dir=/tmp/www
mkdir -p $serve_dir
echo hello >$serve_dir/index.html
on one busybox httpd -p 127.0.0.2:8080 -h $serve_dir
# Connections that live: the kernel tells of one with its third packet.
for _ in 1 2 3; do
  on one curl -s -o /dev/null --max-time 5 http://10.0.0.185/
done
same "the master has the connections" 3 "$(ipvsadm --netns one -Lc -t 10.0.0.185:80 --count)"

ends() { ipvsadm --netns "$1" -Lnc -t 10.0.0.185:80 | awk '$1 == "TCP" { print $4, $5, $6 }' | sort; }
equal() { [ -n "$(ends one)" ] && [ "$(ends one)" = "$(ends two)" ]; }
eventually "the backup lists the same clients, services and servers" 20 equal

ipvsadm --netns one --stop-daemon master --syncid 7
ipvsadm --netns two --stop-daemon backup --syncid 7
same "no daemon is left on the first" "" "$(ipvsadm --netns one -L --daemon)"
same "nor on the second" "" "$(ipvsadm --netns two -L --daemon)"
stop_serving one
finish
