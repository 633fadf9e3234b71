#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --check finds nothing where services work: each forwarding method and tunnel, both families, marks, persistence,
# hashes, tables as keepalived, ldirectord and kube-proxy make them, strangers that never end a handshake, standbys;
# and while traffic runs. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/kernel/check_lib.sh
. "$here/check_lib.sh"
make_checked_network
ip addr add fd00:10::185/128 dev dummy0 nodad
cd /tmp

# table RULE...: in place of the one before
table() { printf '%s\n' -C "$@" | ipvsadm -R; }
# silent WHAT [ARGUMENT...]: --check of the whole table finds nothing
silent() {
  local what=$1 status=0 text services
  shift
  services=$(ipvsadm -Sn | grep -c -e '^-A')
  text=$(ipvsadm --check -n "$@") || status=$?
  same "$what: nothing is found" "0 $services service$([ "$services" = 1 ] || echo s) checked: nothing found." "$status $text"
}
# with_traffic ADDRESS COMMAND...: while $from sends requests, many by one process: its start takes long in emulation
with_traffic() {
  rm -f enough answers
  (until [ -e enough ]; do fetch in $from "$1" 50 >>answers 2>/dev/null || true; done) &
  local traffic=$!
  eventually "requests to $1 are answered" 10 test -s answers
  "${@:2}"
  touch enough
  pkill -P $traffic || true
  wait $traffic || true
}
# healthy WHAT ADDRESS RULE...: requests of $from to the address work, and nothing is found meanwhile
healthy() {
  local what=$1 address=$2
  table "${@:3}"
  same "$what: requests work" 8 "$(fetch in $from "$address" 8 | awk '{ sum += $1 } END { print sum + 0 }')"
  with_traffic "$address" silent "$what" --client $of
}
# strangers ADDRESS: handshakes that nobody ends, of senders that are not there; one of them goes on trying
strangers() {
  local ghost=${of%.*}.66
  ip neigh replace "$ghost" lladdr 02:00:00:00:00:66 dev "$link"
  for pod in pod3 pod4; do on $pod ip neigh replace "$ghost" lladdr 02:00:00:00:00:66 dev eth0; done
  on $from ip addr add "$ghost/32" dev eth0
  for _ in 1 2 3 4; do on $from curl -s -o /dev/null --interface "$ghost" --max-time 0.2 "http://$1/" & done
  on $from curl -s -o /dev/null --interface "$ghost" --max-time 30 "http://$1/" &
  trying=$!
  become "strangers' handshakes hang" 10 5 ipvsadm -L -c --state SYN_RECV --client "$ghost" --count
}
strangers_leave() {
  kill $trying
  wait || true
  on $from ip addr del "${of%.*}.66/32" dev eth0
}

web='-A -t 10.0.0.185:80 -s rr'
pod3='-a -t 10.0.0.185:80 -r 172.17.0.3:80'
pod4='-a -t 10.0.0.185:80 -r 172.17.0.4:80'
from=client of=192.168.50.2 link=up0
table "$web" "$pod3 -m" "$pod4 -m"
silent "before the first request"
healthy "masquerading" 10.0.0.185 "$web" "$pod3 -m" "$pod4 -m"
strangers 10.0.0.185
silent "strangers' handshakes"
strangers_leave
healthy "masquerading of IPv6" '[fd00:10::185]' '-A -t [fd00:10::185]:80 -s wlc' \
  '-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m'
healthy "keepalived: persistence, a sorry server, another protocol" 10.0.0.185 "${web/rr/wlc -p 50}" "$pod3 -m -w 3" "$pod4 -m -w 0" \
  '-A -u 10.0.0.185:53 -s rr -o' '-a -u 10.0.0.185:53 -r 172.17.0.3:53 -m' '-A -t 10.0.0.185:443 -s wrr -p 300 -M 255.255.255.0' \
  '-a -t 10.0.0.185:443 -r 172.17.0.3:443 -m'
healthy "sh with its fallback" 10.0.0.185 "${web/rr/sh -b sh-fallback}" "$pod3 -m" "$pod4 -m -w 0"
healthy "sh whose table others fill" 10.0.0.185 "${web/rr/sh}" "$pod4 -m -w 0" "$pod3 -m -w 256"
healthy "mh with a server of weight 0 from the start" 10.0.0.185 "${web/rr/mh -b mh-port}" "$pod3 -m" "$pod4 -m -w 0"
healthy "a threshold that is not reached" 10.0.0.185 "$web" "$pod3 -m -x 1000000 -y 500000"
iptables-legacy -t mangle -A PREROUTING -d 10.0.0.185 -p tcp --dport 80 -j MARK --set-mark 7
healthy "a mark" 10.0.0.185 '-A -f 7 -s rr' '-a -f 7 -r 172.17.0.3:0 -m' '-a -f 7 -r 172.17.0.4:0 -m'
iptables-legacy -t mangle -F
ip addr add 10.0.0.186 dev dummy0
busybox httpd -p 10.0.0.186:80 -h /tmp/www/pod3
healthy "ldirectord: quiescent servers, and the fallback on this machine" 10.0.0.186 \
  '-A -t 10.0.0.186:80 -s wrr -p 600' '-a -t 10.0.0.186:80 -r 172.17.0.3:80 -m -w 0' \
  '-a -t 10.0.0.186:80 -r 172.17.0.4:80 -m -w 0' '-a -t 10.0.0.186:80 -r 127.0.0.1:80 -g'
# Local only to what comes in on a link, or has a mark.
ip rule add iif up0 lookup 100
ip route add local 10.3.0.1 dev lo table 100
healthy "an address that a policy rule makes local" 10.3.0.1 '-A -t 10.3.0.1:80 -s rr' '-a -t 10.3.0.1:80 -r 172.17.0.3:80 -m'
ip rule del iif up0
ip rule add fwmark 9 lookup 100
table '-A -t 10.3.0.1:80 -s rr' '-a -t 10.3.0.1:80 -r 172.17.0.3:80 -m'
silent "an address that a policy rule for a mark makes local"
ip rule del fwmark 9
same "an address that none makes local" "3" "$(status=0; ipvsadm --check -n >/dev/null || status=$?; echo $status)"

# Answers do not pass here: the client must be reached without this machine.
from=neighbour of=172.17.0.9 link=br0
on neighbour ip route add 10.0.0.185 via 172.17.0.1
take_address pod3 10.0.0.185
take_address pod4 10.0.0.185
healthy "direct routing" 10.0.0.185 "$web" "$pod3 -g" "$pod4 -g"
strangers 10.0.0.185
with_traffic 10.0.0.185 silent "direct routing, strangers' handshakes"
strangers_leave
modprobe -a ipip ip_gre fou
for pod in pod3 pod4; do
  on $pod sh -c 'ip link set tunl0 up; ip link set gre0 up; ip fou add port 5555 gue
    sysctl -q -w net.ipv4.conf.tunl0.rp_filter=0 net.ipv4.conf.gre0.rp_filter=0 net.ipv4.conf.all.rp_filter=0'
done
healthy "a tunnel" 10.0.0.185 "$web" "$pod3 -i" "$pod4 -i"
healthy "a tunnel in UDP" 10.0.0.185 "$web" "$pod3 -i --tun-type gue --tun-port 5555" "$pod4 -i --tun-type gue --tun-port 5555 --tun-csum"
healthy "a tunnel of GRE" 10.0.0.185 "$web" "$pod3 -i --tun-type gre" "$pod4 -i --tun-type gre"

# The standby of two directors.
ip addr del 10.0.0.185/32 dev dummy0
table "$web" "$pod3 -g" "$pod4 -g"
ipvsadm --start-daemon backup --mcast-interface br0 --syncid 1
silent "a standby"
ipvsadm --start-daemon master --mcast-interface br0 --syncid 1
silent "a standby with both daemons"
sysctl -q -w net.ipv4.vs.backup_only=1
silent "a standby that ignores packets"
ip addr add 10.0.0.185 dev lo
table "$web" "$pod3 -g" '-a -t 10.0.0.185:80 -r 172.17.0.1:80 -g'
silent "a standby that is a real server too"
ip addr del 10.0.0.185/32 dev lo
sysctl -q -w net.ipv4.vs.backup_only=0
ip addr add 10.0.0.185 dev dummy0
healthy "the active director, with both daemons" 10.0.0.185 "$web" "$pod3 -g" "$pod4 -g"
ipvsadm --stop-daemon master
ipvsadm --stop-daemon backup

# Two directors with the same table, which send each other their connections; the address goes from one to the other.
attach other 172.17.0.5/16 fd00:17::5/64
on other sh -c 'ip link add dummy0 type dummy; ip link set dummy0 up'
printf '%s\n' "$web" "$pod3 -g" "$pod4 -g" >rules
ipvsadm -C
ipvsadm -R <rules
on other "$IPVS_ADM" -R <rules
for role in master backup; do
  ipvsadm --start-daemon $role --mcast-interface br0 --syncid 2
  on other "$IPVS_ADM" --start-daemon $role --mcast-interface eth0 --syncid 2
done
both_silent() {
  local status=0 text
  silent "$1: the first"
  text=$(on other "$IPVS_ADM" --check -n) || status=$?
  same "$1: nothing is found: the second" "0 1 service checked: nothing found." "$status $text"
}
same "two directors: requests work" 20 "$(fetch in neighbour 10.0.0.185 20 | awk '{ sum += $1 } END { print sum + 0 }')"
with_traffic 10.0.0.185 both_silent "two directors"
ip addr del 10.0.0.185/32 dev dummy0
on other ip addr add 10.0.0.185 dev dummy0
on neighbour ip route replace 10.0.0.185 via 172.17.0.5
same "the second has taken over: requests work" 20 "$(fetch in neighbour 10.0.0.185 20 | awk '{ sum += $1 } END { print sum + 0 }')"
with_traffic 10.0.0.185 both_silent "the second has taken over"
for role in master backup; do ipvsadm --stop-daemon $role; done

# As kube-proxy makes it: 500 services on a dummy link, one server in ten on its way out.
from=client of=192.168.50.2 link=up0
ip link add kube-ipvs0 type dummy
sysctl -q -w net.ipv4.vs.conntrack=1 net.ipv4.vs.conn_reuse_mode=0 net.ipv4.vs.expire_nodest_conn=1 \
  net.ipv4.vs.expire_quiescent_template=1
ipvsadm -C
for i in {1..500}; do
  echo "addr add 10.96.$((i / 250)).$((i % 250 + 1))/32 dev kube-ipvs0" >&3
  service=10.96.$((i / 250)).$((i % 250 + 1)):80
  persistent=
  [ $((i % 5)) != 0 ] || persistent=' -p 10800'
  echo "-A -t $service -s rr$persistent"
  echo "-a -t $service -r 172.17.0.3:80 -m"
  weight=
  [ $((i % 10)) != 0 ] || weight=' -w 0'
  echo "-a -t $service -r 172.17.0.4:80 -m$weight"
done 3>addresses >rules
ip -batch addresses
ipvsadm -R <rules
silent "500 services of kube-proxy"
for i in 1 5 10; do fetch in client "10.96.0.$((i + 1))" 3 >/dev/null; done
silent "500 services of kube-proxy, with traffic"
finish
