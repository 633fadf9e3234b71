#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Without CAP_NET_ADMIN: -L shows what everybody may see, as -Ln shows it to root; what it can't show says what it
# needs, and nothing is changed. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs
ip link set lo up
ip addr add 10.0.0.1/32 dev lo
ipvsadm -R <<'END'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 127.0.0.1:8080 -m -w 5 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 0
-A -t 10.0.0.1:443 -s wlc -p 60
-a -t 10.0.0.1:443 -r 10.1.0.1:443 -i --tun-type gue --tun-port 6080 -w 2147483647
-A -t 10.0.0.2:443 -s wlc -p 2678400 -M 255.255.255.0
-A -u 10.0.0.1:53 -s rr -o
-a -u 10.0.0.1:53 -r fd01::1 -i
-A --sctp-service [fd00::1]:80 -s rr -p 300 -M 64
-a --sctp-service [fd00::1]:80 -r [fd01::1]:80 -g
-a --sctp-service [fd00::1]:80 -r 10.1.0.9 -i
-A -t [fd00::2]:0 -s wrr -p
-A -f 7 -s rr -o
-a -f 7 -r 10.1.0.1 -g
-A -f 7 -6 -s rr
-a -f 7 -6 -r fd01::1 -m
-A -f 4294967295 -6 -s rr -p 60
END
busybox httpd -p 127.0.0.1:8080
exec 3<>/dev/tcp/10.0.0.1/80

# as WHO COMMAND...: without the capability, in one of the ways in which one lacks it
as() {
  local who=$1
  shift
  case $who in
    user) setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
    container) setpriv --bounding-set -net_admin "$@" ;;
    user-namespace) unshare -Ur "$@" ;;
  esac
}
# run WHO ARGUMENT...: the tool; its parts are in $status, $out and $err
run() {
  status=0
  as "$1" "$IPVS_ADM" "${@:2}" >out 2>err || status=$?
  out=$(<out)
  err=$(<err)
}

short='short view, without CAP_NET_ADMIN: no counters, thresholds, flags of schedulers or persistence engines'
short_connections='without CAP_NET_ADMIN: connections as everybody can see them; that the kernel is resizing its table would not show'
denied="Can't initialize ipvs: Permission denied (you must be root)
Are you sure that IP Virtual Server is built in the kernel or as module?"
declare -A lacks=(
  [user]=''
  [container]=$'\n  this root lacks the capability CAP_NET_ADMIN, as in most containers'
  ['user-namespace']=$'\n  this is root of a user namespace: IPVS takes CAP_NET_ADMIN of the initial user namespace only'
)

# same_as_root WHAT WHO SAID ARGUMENT...: status and stdout are root's, stderr is SAID
same_as_root() {
  local what=$1 who=$2 said=$3 expected root=0
  shift 3
  expected=$("$IPVS_ADM" "$@") || root=$?
  run "$who" "$@"
  same "$who: $what" "$root $expected
$said" "$status $out
$err"
}
for who in user container user-namespace; do
  same_as_root "-Ln is root's" "$who" "$short" -Ln
  run "$who" -L --json
  same "$who: as JSON, what is not known is left out" \
    "$("$IPVS_ADM" -L --json | jq -cS '{short: true} + del(.services[] | .counters, .rates, .scheduler_flags,
      .persistence_engine, (select(.persistent | not) | .netmask),
      (select(.family == "ipv6" and .fwmark == null) | .one_packet), (.servers[] | .counters, .rates, .upper_threshold, .lower_threshold, .tunnel,
      .persistent_connections))')
$short" "$(jq -cS . <<<"$out")
$err"
  views=(--stats --daemon)
  [ "$who" != user ] || views+=(--rate --thresholds --persistent-conn --tun-info --timeout)
  for view in "${views[@]}"; do
    run "$who" -L "$view"
    same "$who: $view says what it needs" "2 $denied${lacks[$who]}
  $view needs CAP_NET_ADMIN; without it, -L lists services and servers, and -L -c connections" "$status $out$err"
  done
  before=$("$IPVS_ADM" -Sn)
  for change in '-A -t 10.0.0.9:80' '-C' '-D -t 10.0.0.1:80' '-d -t 10.0.0.1:80 -r 10.1.0.2:80' '-Z' '--set 9 9 9' '-Sn'; do
    # shellcheck disable=SC2086 # words
    run "$who" $change
    same "$who: $change is refused" "2 $denied${lacks[$who]}" "$status $out$err"
  done
  run "$who" --apply <<<'-A -t 10.0.0.9:80'
  same "$who: --apply is refused, and says why" "4 Permission denied (you must be root)${lacks[$who]}" "$status $out$err"
  same "$who: the table is as it was" "$before" "$("$IPVS_ADM" -Sn)"
done

for arguments in '' -l -ln '-Ln --nosort' '-Ln --exact' '-Ln -t 10.0.0.1:80' '-Ln -t 10.0.0.1' '-Ln -f 7 -6' '-Ln -u 10.0.0.1:53' \
  '-Ln -r 10.1.0.1' '-Ln -t 10.0.0.1:80 -r 10.1.0.2' '-Ln -t [fd00::2]:0'; do
  # shellcheck disable=SC2086 # words
  same_as_root "${arguments:-no argument}" user "$short" $arguments
done
run user -Ln -t 10.0.0.9:80
same "an absent service has its own status" "1 $short
No such service" "$status $out$err"
times='s/[0-9][0-9]:[0-9][0-9] /TIME /;s/"expires":[0-9]*//'
for arguments in -Lnc '-Lnc -t 10.0.0.1:80' '-Lnc -f 7' '-Lc --count' '-Lnc -t 10.0.0.1:80 --state established --json'; do
  # shellcheck disable=SC2086 # words
  run user $arguments
  # shellcheck disable=SC2086 # words
  same "connections, $arguments" "0 $("$IPVS_ADM" $arguments | sed "$times")
$short_connections" "$status $(sed "$times" <<<"$out")
$err"
done
same "there was a connection to see" 1 "$("$IPVS_ADM" -Lc --count --state established)"

timeout 2 setpriv --reuid 65534 --regid 65534 --clear-groups "$IPVS_ADM" -Ln --watch=0.1 >out 2>err || true
same "--watch says once that it is the short view" "$short" "$(<err)"
holds "and lists again and again" [ "$(grep -c '^IP Virtual Server' out)" -ge 2 ]

# Root of a container may enter namespaces, and sees their tables.
ip netns add blue
on blue "$IPVS_ADM" -A -t 10.9.0.1:80 -s rr
run container --netns blue -Ln
same "--netns: the short view of that namespace" "0 TCP 10.9.0.1:80 rr
$short" "$status $(sed 1,3d out | xargs)
$err"
status=0
as container ip netns exec blue "$IPVS_ADM" -Ln >out 2>err || status=$?
same "so inside of it" "0 TCP 10.9.0.1:80 rr" "$status $(sed 1,3d out | xargs)"

exec 3>&-
finish
