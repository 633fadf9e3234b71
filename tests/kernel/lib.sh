# SPDX-License-Identifier: MIT
# Shared by the shell tests that run in the kernel: checks, and a small network of pods around a director.
# shellcheck shell=bash

passed=0
failed=0
skipped=0

# The tool under test, by its everyday name.
: "${IPVS_ADM:?names the ipvsadm to test}"
ipvsadm() { "$IPVS_ADM" "$@"; }

# same WHAT EXPECTED ACTUAL
same() {
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
    echo "ok - $1"
  else
    failed=$((failed + 1))
    printf 'not ok - %s\n  expected:\n    %s\n  actual:\n    %s\n' "$1" "${2//$'\n'/$'\n'    }" "${3//$'\n'/$'\n'    }"
  fi
}

# holds WHAT COMMAND...: the command succeeds
holds() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok - $what"
  else
    failed=$((failed + 1))
    echo "not ok - $what: failed: $*"
  fi
}

# Limits of time are those of a quiet machine. A busy one, or one that is emulated, has so many times as long.
patience=5

# eventually WHAT SECONDS COMMAND...: the command succeeds within the time
eventually() {
  local what=$1 end=$((SECONDS + $2 * patience))
  shift 2
  until "$@"; do
    if [ $SECONDS -ge "$end" ]; then
      failed=$((failed + 1))
      echo "not ok - $what: not within the time: $*"
      return 0
    fi
    sleep 0.2
  done
  passed=$((passed + 1))
  echo "ok - $what"
}

# become WHAT SECONDS EXPECTED COMMAND...: the command prints that within the time
become() {
  local what=$1 end=$((SECONDS + $2 * patience)) expected=$3 actual
  shift 3
  until actual=$("$@") && [ "$actual" = "$expected" ]; do
    if [ $SECONDS -ge "$end" ]; then break; fi
    sleep 0.2
  done
  same "$what" "$expected" "$actual"
}

# skip WHAT WHY: it can't be tried here
skip() {
  skipped=$((skipped + 1))
  echo "skipped - $1: $2"
}

# To be called last: the closing line, and the exit status.
finish() {
  local skips=
  [ $skipped = 0 ] || skips=", $skipped skipped"
  echo "$passed passed, $failed failed$skips"
  [ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
}

# on POD COMMAND...: runs it inside the pod. Not for what is to be killed: in the background $! is a shell around it.
on() { ip netns exec "$@"; }

# The network:
#   director (here)     br0 172.17.0.1/16, fd00:17::1/64; up0 192.168.50.1/24, fd00:50::1/64
#   pod3, pod4          172.17.0.3 and .4, fd00:17::3 and ::4, on br0; default route: the director
#   neighbour           172.17.0.9, fd00:17::9, on br0
#   client              192.168.50.2, fd00:50::2, behind up0: another subnet
make_network() {
  # Without it the first dummy link would be dummy1.
  modprobe dummy numdummies=0
  modprobe ip_vs
  sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.send_redirects=0 \
    net.ipv4.conf.default.send_redirects=0
  # Of its own address: else it takes that of a link attached later, and neighbours go on sending to the old one.
  ip link add br0 address 02:00:17:00:00:01 type bridge
  ip link set br0 up
  ip addr add 172.17.0.1/16 dev br0
  ip addr add fd00:17::1/64 dev br0 nodad
  attach pod3 172.17.0.3/16 fd00:17::3/64
  attach pod4 172.17.0.4/16 fd00:17::4/64
  attach neighbour 172.17.0.9/16 fd00:17::9/64
  local pod
  for pod in pod3 pod4; do
    on $pod ip route add default via 172.17.0.1
    on $pod ip -6 route add default via fd00:17::1
  done

  ip netns add client
  ip link add up0 type veth peer name eth0 netns client
  ip addr add 192.168.50.1/24 dev up0
  ip addr add fd00:50::1/64 dev up0 nodad
  ip link set up0 up
  on client sh -c 'ip link set lo up; ip addr add 192.168.50.2/24 dev eth0; ip addr add fd00:50::2/64 dev eth0 nodad;
    ip link set eth0 up; ip route add default via 192.168.50.1; ip -6 route add default via fd00:50::1'
}

# attach NAME IPV4 IPV6: a namespace with eth0 on the bridge
attach() {
  ip netns add "$1"
  ip link add "v-$1" type veth peer name eth0 netns "$1"
  ip link set "v-$1" master br0 up
  on "$1" sh -c "ip link set lo up; ip addr add $2 dev eth0; ip addr add $3 dev eth0 nodad; ip link set eth0 up"
}

# serve POD [PORT]: a web server that answers with the pod's name
serve() {
  mkdir -p "/tmp/www/$1"
  echo "$1" >"/tmp/www/$1/index.html"
  on "$1" busybox httpd -p "[::]:${2:-80}" -h "/tmp/www/$1"
}

# stop_serving POD
stop_serving() {
  local pid
  for pid in $(ip netns pids "$1"); do
    kill "$pid" 2>/dev/null || true
  done
}

# fetch [IN POD] ADDRESS COUNT: that many requests in one go; the answers, sorted and counted
fetch() {
  local pod=
  if [ "$1" = in ]; then
    pod=$2
    shift 2
  fi
  local urls=() i
  for ((i = 0; i < $2; i++)); do urls+=("http://$1/"); done
  # A connection each: a kept one would stay with its server.
  ${pod:+ip netns exec "$pod"} curl -sS -g --max-time $((10 * patience)) --no-keepalive -H 'Connection: close' "${urls[@]}" | sort | uniq -c |
    sed 's/^ *//'
}

# make_connections N [IN POD]: that many in the connection table, from nowhere; needs a backup daemon on lo
make_connections() {
  local pod=${3-} try # the second word is "in"
  for try in 1 2 3 4 5 6 7 8; do
    ${pod:+ip netns exec "$pod"} "$IPVS_BUILD/tests/bench_connections" "$1"
    # The daemon may take its time, and drops what comes too fast; what it has is only refreshed.
    sleep 0.$try
    [ "$(${pod:+ip netns exec "$pod"} grep -c ^TCP /proc/net/ip_vs_conn)" -lt "$1" ] || return 0
  done
}

# take_address POD ADDRESS: the pod takes packets for the address without answering ARP for it
take_address() {
  on "$1" sh -c "sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
    ip link show dummy0 >/dev/null 2>&1 || ip link add dummy0 type dummy
    ip link set dummy0 up; ip addr add $2 dev dummy0"
}
