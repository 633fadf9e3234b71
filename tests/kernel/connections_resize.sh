#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L -c while the kernel moves its connections to a larger or smaller table, which it does from Linux 7.1 on: a listing has
# each connection that was there all the time once, or says that it is not complete and ends with 1. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
connections=20000
modprobe ip_vs
ip link set lo multicast on
ip route add 224.0.0.0/4 dev lo
# A table that exists.
ipvsadm -A -t 10.0.0.1:80
ipvsadm --start-daemon backup --mcast-interface lo
make_connections $connections
same "all are counted" $connections "$(ipvsadm -Lnc --count)"
same "and listed once each" $connections "$(ipvsadm -Lnc | awk '$1 == "TCP" { print $4, $5, $6 }' | sort -u | wc -l)"

# The first service of a namespace has the kernel make a table; there is nothing yet that a listing could miss.
: >errors
for i in $(seq 30); do
  ip netns add fresh
  ipvsadm --netns fresh -A -t 10.0.0.1:80
  ipvsadm --netns fresh -Lc >/dev/null 2>>errors || echo "listing $i: status $?" >>errors
  ip netns del fresh
done
same "connections of a namespace whose first service has just come are listed, which is none" "" "$(<errors)"

factor=/proc/sys/net/ipv4/vs/conn_lfactor
if [ ! -e $factor ]; then
  skip "listing while the table is being resized" "this kernel never does that"
  finish
  exit
fi

# Resizes without end, each as soon as the one before is over.
while :; do
  for value in -8 4; do
    echo $value >$factor
    sleep 1.5
  done
done &
resizer=$!
trap 'kill $resizer 2>/dev/null || true' EXIT

message='the kernel was resizing its table of connections meanwhile; some may be missing or listed twice'
complete=0 incomplete=0 wrong=0
# judge STATUS LISTED ERRORS: a listing of so many different connections, in so many lines
judge() {
  if [ "$1" = 0 ] && [ "$2" = "$connections $connections" ] && [ -z "$3" ]; then
    complete=$((complete + 1))
  elif [ "$1" = 1 ] && [ "$3" = "$message" ]; then
    incomplete=$((incomplete + 1))
  else
    wrong=$((wrong + 1))
    echo "status $1, lines and different ones: $2, errors: $3"
  fi
}
end=$((SECONDS + 60))
while [ $SECONDS -lt $end ]; do
  status=0
  ipvsadm -Lnc >listed 2>errors || status=$?
  judge $status "$(awk '$1 == "TCP" { print $4, $5, $6 }' listed | sort | tee lines | wc -l) $(uniq lines | wc -l)" "$(<errors)"
  status=0
  ipvsadm -Lnc --json >listed 2>errors || status=$?
  judge $status "$(jq -r '.connections[] | [.client, .virtual_service, .server] | tostring' listed | sort | tee lines | wc -l) \
$(uniq lines | wc -l)" "$(<errors)"
done
echo "# $complete complete, $incomplete said to be not complete"
same "no listing is wrong and silent" 0 $wrong
holds "some listings ran into a resize" test $incomplete -gt 0
holds "some were complete" test $complete -gt 0
same "the whole table is counted exactly meanwhile" "$(yes $connections | head -n 20)" \
  "$(for _ in $(seq 20); do ipvsadm -Lnc --count; done)"
counts=$(for _ in $(seq 20); do ipvsadm -Lnc --count --state ESTABLISHED 2>&1 || true; done | grep -vxF -e $connections -e "$message" || true)
same "a count with a filter is exact, or says that it is not" "" "$counts"

kill $resizer
wait $resizer 2>/dev/null || true
trap - EXIT
listing() {
  local status=0
  ipvsadm -Lnc >listed 2>/dev/null || status=$?
  echo "$status $(grep -c ^TCP listed)"
}
become "afterwards listings are complete" 5 "0 $connections" listing
finish
