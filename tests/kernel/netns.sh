#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --netns by name, by path and by process id, with every kind of command; what is no namespace. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp

# run ARGUMENT...: runs the tool; its parts are in $status, $out and $err
run() {
  status=0
  "$IPVS_ADM" "$@" >/tmp/out 2>/tmp/err || status=$?
  out=$(</tmp/out)
  err=$(</tmp/err)
}

modprobe ip_vs
ip netns add blue
on blue ip link set lo up
# A namespace that has no name, but a process.
unshare --net sh -c 'ip link set lo up && exec sleep 1000' &
process=$!
eventually "a process is in a namespace of its own" 5 grep -qx sleep /proc/$process/comm

ipvsadm -A -t 10.0.0.1:80 -s rr
here_rules='-A -t 10.0.0.1:80 -s rr'

# rules_of NAMESPACE: what is in the namespace, found out without --netns
rules_of() {
  case $1 in
    blue) on blue "$IPVS_ADM" -Sn ;;
    process) nsenter "--net=/proc/$process/ns/net" "$IPVS_ADM" -Sn ;;
  esac
}

rules='-A -t 10.0.0.7:80 -s rr
-a -t 10.0.0.7:80 -r 127.0.0.1:8080 -m -w 1'
# works_in WHICH NAMESPACE: every kind of command in the namespace that --netns NAMESPACE names
works_in() {
  local which=$1 namespace=$2 done=
  echo "# --netns $namespace"
  ipvsadm --netns "$namespace" -A -t 10.0.0.7:80 -s rr && done+=A
  ipvsadm -a -t 10.0.0.7:80 -r 127.0.0.1:8080 -m "--netns=$namespace" && done+=a
  same "$which: -A and -a are carried out there" "Aa $rules" "$done $(rules_of "$which")"
  same "$which: -S saves what is there" "$rules" "$(ipvsadm -Sn --netns "$namespace")"
  same "$which: -L lists what is there" "TCP 10.0.0.7:80 rr -> 127.0.0.1:8080 Masq 1 0 0" \
    "$(ipvsadm --netns "$namespace" -Ln | sed 1,3d | xargs)"
  same "$which: --json too" '["10.0.0.7"]' "$(ipvsadm --netns "$namespace" -L --json | jq -c '[.services[].address]')"
  ipvsadm --netns "$namespace" -C
  same "$which: -C clears that table" "" "$(rules_of "$which")"
  ipvsadm --netns "$namespace" -R <<<"$rules"
  same "$which: -R restores there" "$rules" "$(rules_of "$which")"
  echo '-A -u 10.0.0.8:53 -s wrr' >wanted
  run --netns "$namespace" --apply wanted --dry-run
  same "$which: --apply compares with that table" "3 -A -u 10.0.0.8:53 -s wrr
-D -t 10.0.0.7:80" "$status $out"
  run --netns "$namespace" --apply wanted
  same "$which: --apply changes that table" "0 $(<wanted)" "$status $(rules_of "$which")"
  ipvsadm --netns "$namespace" --set 1001 101 201
  same "$which: --set and --timeout work there" "Timeout (tcp tcpfin udp): 1001 101 201" \
    "$(ipvsadm --netns "$namespace" -L --timeout)"
  ipvsadm --netns "$namespace" --start-daemon backup --mcast-interface lo --syncid 9
  same "$which: so do --start-daemon and --daemon" "9" \
    "$(ipvsadm --netns "$namespace" -L --daemon --json | jq .daemons[].sync_id)"
  ipvsadm --netns "$namespace" --stop-daemon backup --syncid 9
  run --netns "$namespace" -D -u 10.0.0.8:53 --drain
  same "$which: a drain deletes there" "0 " "$status $(rules_of "$which")"
  same "$which: nothing was done here" "$here_rules" "$(ipvsadm -Sn)"
  same "$which: neither were timeouts set or daemons started" "$here_timeouts" \
    "$(ipvsadm -L --timeout; ipvsadm -L --daemon)"
}
here_timeouts=$(ipvsadm -L --timeout; ipvsadm -L --daemon)
works_in blue blue
works_in blue /run/netns/blue
works_in process $process
works_in process /proc/$process/ns/net

# Connections: one there, none here.
on blue ip addr add 10.0.0.7/32 dev lo
on blue busybox httpd -p 8080
ipvsadm --netns blue -R <<<"$rules"
become "nobody connects yet" 5 0 ipvsadm --netns blue -L -c --count
ip netns exec blue bash -c 'exec 3<>/dev/tcp/10.0.0.7/80; exec sleep 1000' &
client=$!
become "-L -c lists the connection there" 10 "TCP ESTABLISHED 10.0.0.7:80 127.0.0.1:8080" \
  bash -c "'$IPVS_ADM' --netns blue -Lnc | awk 'NR > 2 { print \$1, \$3, \$5, \$6 }'"
same "and none here" 0 "$(ipvsadm -L -c --count)"
same "by the number of a process that is there too" 1 "$(ipvsadm --netns "$(ip netns pids blue | head -n 1)" -L -c --count)"
# The number is one of a process, but a name goes first.
ip netns add 1
ipvsadm --netns 1 -A -f 77 -s rr
same "a name that is a number means the name" "-A -f 77 -s rr" "$(on 1 "$IPVS_ADM" -Sn)"

# What is no namespace. Asked for a change, so that it would show if it went elsewhere.
touch file
mkfifo fifo
mkdir -p secret
before_blue=$(rules_of blue)
# refused WHAT NAMESPACE WHY
refused() {
  run --netns "$2" -A -t 10.0.0.9:80 -s rr
  same "$1 is refused" "status 2
can't enter network namespace \`$2': $3" "status $status$out
$err"
  run --netns "$2" -C
  same "$1: neither is anything cleared" "status 2, $here_rules, $before_blue" \
    "status $status, $(ipvsadm -Sn), $(rules_of blue)"
}
refused "an absent name" absent "No such file or directory"
refused "an absent path" /run/netns/absent "No such file or directory"
refused "an absent process" 999999 "No such file or directory"
refused "an ordinary file" /tmp/file "it is no network namespace"
refused "a folder" /tmp "it is no network namespace"
refused "another kind of namespace" /proc/self/ns/mnt "it is no network namespace"
run --netns '' -L
same "an empty name is refused" 2 "$status$out"
run --netns absent --apply absent-file
same "with --apply too" "2" "$status$out"

# Why a server is refused is looked up in the namespace.
ip netns add dark
run --netns dark -A -t 10.0.0.1:80
run --netns dark -a -t 10.0.0.1:80 -r 10.1.0.1:80
same "lo was never up: a server is refused, with the reason" "status 255
Invalid operation.  Possibly wrong module version, address not unicast, ...
  the link lo is down, and this network namespace has no IPv4 address: ip link set lo up" "status $status$out
$err"
on dark ip link set lo up
run --netns dark -a -t 10.0.0.1:80 -r 10.1.0.1:80
same "it is taken then" "status 0" "status $status$out$err"
ip netns del dark

# Unreadable: for a user who may not.
chmod 700 /run/netns
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups "$IPVS_ADM" --netns blue -L >out 2>err || status=$?
same "an unreadable namespace is refused" "status 2
can't enter network namespace \`blue': Permission denied" "status $status$(<out)
$(<err)"
chmod 755 /run/netns
status=0
setpriv --reuid 65534 --regid 65534 --clear-groups "$IPVS_ADM" --netns blue -L >out 2>err || status=$?
same "one that may not be entered is refused" "status 2
can't enter network namespace \`blue': Operation not permitted" "status $status$(<out)
$(<err)"
{ kill $process $client && wait; } 2>/dev/null || true
stop_serving blue
finish
