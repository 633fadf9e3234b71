#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two directors, each in a namespace of its own, with sync daemons over the link between them: connections made on the
# master are listed on the backup. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

# ipvsadm_on DIRECTOR ARGUMENT...
ipvsadm_on() { on "$1" "$IPVS_ADM" "${@:2}"; }

# Both hold the address and know the same service; the real servers are on the first director's loopback.
modprobe dummy numdummies=0
modprobe ip_vs
ip netns add one
ip netns add two
ip link add eth0 netns one type veth peer name eth0 netns two
number=1
for director in one two; do
  on $director sh -c "ip link set lo up; ip addr add 192.168.77.$number/24 dev eth0; ip link set eth0 up
    ip route add 224.0.0.0/4 dev eth0
    ip link add type dummy; ip link set dummy0 up; ip addr add 10.0.0.185 dev dummy0"
  ipvsadm_on $director -R <<END
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 127.0.0.2:8080 -m
-a -t 10.0.0.185:80 -r 127.0.0.3:8080 -m
END
  number=$((number + 1))
done
mkdir -p /tmp/www
echo hello >/tmp/www/index.html
on one busybox httpd -p 8080 -h /tmp/www

ipvsadm_on one --start-daemon master --mcast-interface eth0 --syncid 7 --mcast-port 8850
ipvsadm_on two --start-daemon backup --mcast-interface eth0 --syncid 7 --mcast-port 8850
settings="(mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8850, ttl=1)"
same "the master tells what it runs with" "master sync daemon $settings" "$(ipvsadm_on one -L --daemon)"
same "so does the backup" "backup sync daemon $settings" "$(ipvsadm_on two -L --daemon)"
same "the backup knows no connection yet" 0 "$(ipvsadm_on two -Lnc | grep -c '^TCP' || true)"

answers=$(for _ in 1 2 3 4; do on one curl -s --max-time 50 http://10.0.0.185/ || echo "curl: status $?"; done)
same "clients on the master are answered" "$(printf 'hello\n%.0s' 1 2 3 4)" "$answers"

# connections DIRECTOR: client, virtual service and server of each
connections() { ipvsadm_on "$1" -Lnc | awk '$1 == "TCP" { print $4, $5, $6 }' | sort; }
master=$(connections one)
same "the master lists two connections to each server" "2 10.0.0.185:80 127.0.0.2:8080
2 10.0.0.185:80 127.0.0.3:8080" "$(cut -d ' ' -f 2- <<<"$master" | sort | uniq -c | sed 's/^ *//')"
become "the backup lists the same clients, services and servers" 20 "$master" connections two

ipvsadm_on one --stop-daemon master --syncid 7
ipvsadm_on two --stop-daemon backup --syncid 7
same "no daemon is left on the first" "" "$(ipvsadm_on one -L --daemon)"
same "nor on the second" "" "$(ipvsadm_on two -L --daemon)"
stop_serving one
finish
