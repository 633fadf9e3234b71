#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A guided tour, run in the kernel: a virtual service with two real servers, by NAT and then by direct routing, with
# real web servers and real requests. `ipvsadm` is the one in PATH.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
# The commands below are run as they are shown.
unset -f ipvsadm
# A request that is not answered must not hold us up.
export CURL_HOME=/tmp LC_ALL=C.UTF-8 TMUX_TMPDIR=/tmp
echo 'max-time = 50' >/tmp/.curlrc

say() { printf '\n# %s\n' "$*"; }

# do_it COMMAND: shows a command as it would be typed, then runs it
do_it() {
  printf '$ %s\n' "$1"
  eval "$1"
}

# ask COMMAND POD...: the same, and each pod named must have answered
ask() {
  local answers pod
  printf '$ %s\n' "$1"
  answers=$(eval "$1") || true
  printf '%s\n' "$answers"
  shift
  for pod in "$@"; do
    grep -q "^$pod$" <<<"$answers" || {
      echo "demo: no answer from $pod" >&2
      exit 1
    }
  done
}

# live COMMAND REQUEST: what a terminal shows of a command that goes on, at three moments, while requests come
live() {
  local load i edge screen='tmux -L demo -f /dev/null'
  edge=$(printf '%78s' '' | tr ' ' -)
  $screen new-session -d -x 78 -y 9 "$1"
  (while :; do for i in 1 2 3; do eval "$2" >/dev/null || true; done; sleep 0.5; done) &
  load=$!
  for i in 1 2 3; do
    sleep 4
    printf '  +%s+\n' "$edge"
    $screen capture-pane -p | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' | while IFS= read -r line; do printf '  |%-78s|\n' "$line"; done
  done
  printf '  +%s+\n' "$edge"
  kill $load
  $screen kill-server
}

cat <<END
This is Linux $(uname -r) with IPVS, an ordinary process that goes away with everything in it.

  director    this machine: 172.17.0.1 on the pods' bridge, 192.168.50.1 towards the clients
  pod3, pod4  web servers, 172.17.0.3 and 172.17.0.4
  client      192.168.50.2, on another subnet
  neighbour   172.17.0.9, on the pods' bridge
END
make_network
serve pod3
serve pod4

say "The virtual address sits on a dummy link of the director."
do_it "ip link add type dummy"
do_it "ip link set dummy0 up"
do_it "ip addr add 10.0.0.185 dev dummy0"

say "A virtual service with two real servers, forwarded by NAT (-m)."
do_it "ipvsadm -A -t 10.0.0.185:80"
do_it "ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3:80 -m"
do_it "ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -m"
do_it "ipvsadm -Ln"

say "The director asks; then a client on another subnet does. Both pods answer."
ask "for i in 1 2 3 4; do curl -s 10.0.0.185:80; done" pod3 pod4
ask "for i in 1 2 3 4; do ip netns exec client curl -s 10.0.0.185:80; done" pod3 pod4

say "What went through (the kernel adds that up every two seconds), and the connections remembered."
do_it "sleep 3"
do_it "ipvsadm -Ln --stats"
do_it "ipvsadm -Lnc"

say "Why a service does not work: here somebody has turned forwarding off."
do_it "sysctl -w net.ipv4.ip_forward=0"
do_it "ipvsadm --check -n" && {
  echo "demo: --check found nothing" >&2
  exit 1
}
do_it "sysctl -w net.ipv4.ip_forward=1"
do_it "ipvsadm --check -n"

say "The same by direct routing (-g): the pods answer the client by themselves, so each holds the"
printf '# address, on a dummy link of its own, and keeps quiet about it on the bridge.\n'
do_it "ipvsadm -C"
for pod in pod3 pod4; do
  do_it "ip netns exec $pod sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"
  do_it "ip netns exec $pod ip link add type dummy"
  do_it "ip netns exec $pod ip link set dummy0 up"
  do_it "ip netns exec $pod ip addr add 10.0.0.185 dev dummy0"
done
do_it "ipvsadm -A -t 10.0.0.185:80"
do_it "ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.3:80 -g"
do_it "ipvsadm -a -t 10.0.0.185:80 -r 172.17.0.4:80 -g"
do_it "ipvsadm -Ln"

say "The client must reach the pods without passing the director: the neighbour on their bridge does."
do_it "ip netns exec neighbour ip route add 10.0.0.185 via 172.17.0.1"
ask "for i in 1 2 3 4; do ip netns exec neighbour curl -s 10.0.0.185:80; done" pod3 pod4
do_it "sleep 3; ipvsadm -Ln --stats"
# The claim that comes next.
[ "$(ipvsadm -Ln --stats | awk '$1 == "TCP" { print ($3 >= 4), $5 }')" = "1 0" ] || {
  echo "demo: the answers did not go past the director" >&2
  exit 1
}

say "OutPkts is 0: the answers went past the director. Now the second pod gets three times the weight, and the
# neighbour asks again and again. Who gets what, of what it should?"
do_it "ipvsadm -E -t 10.0.0.185:80 -s wrr"
do_it "ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.4:80 -g -w 3"
while :; do ip netns exec neighbour curl -s 10.0.0.185:80 >/dev/null || true; done &
load=$!
do_it "sleep 2; ipvsadm -Ln --share"
kill $load
wait $load 2>/dev/null || true

say "A look at it live, while the neighbour asks again and again:"
printf '$ ipvsadm -Ln --rate --watch=1\n'
live "ipvsadm -Ln --rate --watch=1" "ip netns exec neighbour curl -s 10.0.0.185:80"

say "Nothing stays behind:"
do_it "ipvsadm -C"
do_it "ipvsadm -Ln"
stop_serving pod3
stop_serving pod4
say "That was it: real requests, answered through the virtual address by both pods, in both ways."
