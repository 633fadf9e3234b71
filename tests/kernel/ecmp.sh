#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's example of two directors that announce one address by BGP: a router spreads clients over both, one dies,
# and clients go on, open connections too. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
readme=$here/../../README.md
cd /tmp

# The network: clients 192.168.50.2 - router - 192.168.60.0/24 with directors one (.1) and two (.2), servers pod3 and pod4.
modprobe dummy numdummies=0
modprobe ip_vs
ip netns add router
ip netns add client
on router sh -c 'ip link set lo up; ip link add br0 type bridge; ip link set br0 up; ip addr add 192.168.60.254/24 dev br0
  sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1'
ip link add eth0 netns client type veth peer name down0 netns router
on router sh -c 'ip addr add 192.168.50.1/24 dev down0; ip link set down0 up'
on client sh -c 'ip link set lo up; ip addr add 192.168.50.2/24 dev eth0; ip link set eth0 up; ip route add default via 192.168.50.1'
# join NAME NUMBER
join() {
  ip netns add "$1"
  ip link add eth0 netns "$1" type veth peer name "v-$1" netns router
  on router ip link set "v-$1" master br0 up
  on "$1" sh -c "ip link set lo up; ip addr add 192.168.60.$2/24 dev eth0; ip link set eth0 up
    ip route add default via 192.168.60.254"
}
join one 1
join two 2
join pod3 3
join pod4 4
for pod in pod3 pod4; do
  take_address $pod 10.0.0.185/32
  serve $pod
  head -c 20000000 /dev/zero >/tmp/www/$pod/large
done

# block WORDS: the indented block of the README after the line that has these words
block() { awk -v words="$1" 'index($0, words) { found = 1; next } found && /^      / { inside = 1; print substr($0, 7); next } inside && NF { exit }' "$readme"; }

# What each director runs, as the README has it.
block 'on each director' >director
holds "the README has the commands of a director" test -s director
mkdir bin
ln -s "$IPVS_ADM" bin/ipvsadm
for director in one two; do
  holds "they run on director $director" on $director env PATH="/tmp/bin:$PATH" bash -e director
done
# start_bird NAMESPACE FILE
start_bird() {
  on "$1" bird -c "$2" -s "/run/bird-$1" -P "/run/bird-$1.pid"
}
block 'bird.conf of a director' >bird.conf
holds "the README has a director's bird.conf" test -s bird.conf
for number in 1 2; do sed "s/192\.168\.60\.1;/192.168.60.$number;/" bird.conf >"bird-$number.conf"; done
block 'bird.conf of the router' >router.conf
start_bird one /tmp/bird-1.conf
start_bird two /tmp/bird-2.conf
start_bird router /tmp/router.conf

# ways: the router's ways to the address
ways() { on router ip route show 10.0.0.185 | grep -o 'via 192.168.60.[12]' | sort | tr '\n' ' '; }
become "the router has a way to the address by each director" 60 "via 192.168.60.1 via 192.168.60.2 " ways

requests=40
# answered: of that many requests, how many were answered
answered() { fetch in client 10.0.0.185 $requests | awk '{ sum += $1 } END { print sum + 0 }'; }
# conns DIRECTOR
conns() { on "$1" "$IPVS_ADM" -L -j --stats 2>/dev/null | jq '.services[].counters.connections'; }
same "every request is answered" $requests "$(answered)"
# The kernel adds its counters up every two seconds.
shared() { [ "$(conns one)" -ge 5 ] && [ "$(conns two)" -ge 5 ]; }
eventually "and both directors had their share" 10 shared
echo "of $requests connections $(conns one) came through director one, $(conns two) through two"

# Slow downloads, enough that each director has some, and one director dies: without a word, so the router has to notice.
clients=()
for i in 1 2 3 4 5 6; do
  on client curl -s --max-time 600 --limit-rate 1500000 -o "got$i" http://10.0.0.185/large &
  clients+=($!)
done
established() { on "$1" "$IPVS_ADM" -L -c --count --state ESTABLISHED; }
both_work() { [ "$(established one)" -gt 0 ] && [ "$(established two)" -gt 0 ]; }
eventually "downloads go through both directors" 30 both_work
on one ip link set eth0 down
become "the router has one way left" 30 "via 192.168.60.2 " ways
same "every request is answered by the other director" $requests "$(answered)"
for i in 1 2 3 4 5 6; do
  status=0
  wait "${clients[i - 1]}" || status=$?
  same "download $i goes on to its end" "0 20000000" "$status $(stat -c %s "got$i")"
done

# It comes back, and is taken out for work on it: nobody notices.
on one sh -c 'ip link set eth0 up; ip route replace default via 192.168.60.254'
become "a director that is back is used again" 60 "via 192.168.60.1 via 192.168.60.2 " ways
on client curl -s --max-time 600 --limit-rate 1500000 -o got http://10.0.0.185/large &
download=$!
holds "bird withdraws the address" on one birdc -s /run/bird-one disable vips
become "the router does without it" 30 "via 192.168.60.2 " ways
same "every request is answered" $requests "$(answered)"
status=0
wait $download || status=$?
same "the download goes on to its end" "0 20000000" "$status $(stat -c %s got)"

for name in one two router; do kill "$(<"/run/bird-$name.pid")"; done
stop_serving pod3
stop_serving pod4
finish
