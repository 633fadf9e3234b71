#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -E and -e with --keep: what is not given stays as it is. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs

# run ARGUMENT...: status, output and messages are in $told
run() {
  local status=0
  "$IPVS_ADM" "$@" >out 2>err || status=$?
  told="$status|$(<out)|$(<err)"
}
rules() { ipvsadm -S -n; }
s='-t 10.0.0.1:80' # in rules
of=(-t 10.0.0.1:80)

ipvsadm -R <<'END'
-A -t 10.0.0.1:80 -s sh -p 600 -M 255.255.255.0 --pe sip -b sh-port,sh-fallback
-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 1 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -i -w 2 -x 7 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -g -w 3
-a -t 10.0.0.1:80 -r [fd01::4]:80 -i -w 4
-A -u 10.0.0.1:53 -s rr -o
-A -f 7 -6 -s wlc -p 60
-a -f 7 -6 -r [fd01::1]:81 -g -w 1
END

# edits WHAT FROM TO ARGUMENT...: the edit makes TO of the rule FROM, and nothing else
edits() {
  local what=$1 from=$2 to=$3 expected
  shift 3
  expected=$(rules | sed "s|^${from//[\[\]]/.}\$|$to|")
  holds "$what: the rule is there" test "$(rules | grep -c -x -F -e "$from")" = 1
  run "$@" --keep
  same "$what" "0||" "$told"
  same "$what: that and nothing else" "$expected" "$(rules)"
}
edits "a weight" "-a $s -r 10.1.0.1:8080 -m -w 1 -x 100 -y 50" "-a $s -r 10.1.0.1:8080 -m -w 5 -x 100 -y 50" \
  -e "${of[@]}" -r 10.1.0.1:8080 -w 5
edits "the weight 0" "-a $s -r 10.1.0.1:8080 -m -w 5 -x 100 -y 50" "-a $s -r 10.1.0.1:8080 -m -w 0 -x 100 -y 50" \
  -e "${of[@]}" -r 10.1.0.1:8080 -w 0
edits "thresholds" "-a $s -r 10.1.0.1:8080 -m -w 0 -x 100 -y 50" "-a $s -r 10.1.0.1:8080 -m -w 0 -x 90 -y 50" \
  -e "${of[@]}" -r 10.1.0.1:8080 -x 90
edits "a threshold taken away" "-a $s -r 10.1.0.1:8080 -m -w 0 -x 90 -y 50" "-a $s -r 10.1.0.1:8080 -m -w 0 -x 90" \
  -e "${of[@]}" -r 10.1.0.1:8080 -y 0
gue='--tun-type gue --tun-port 6080 --tun-csum'
edits "the weight of a tunnel's server" "-a $s -r 10.1.0.2:80 -i -w 2 -x 7 $gue" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 $gue" \
  -e "${of[@]}" -r 10.1.0.2 -w 9
edits "a tunnel's port" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 $gue" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 ${gue/6080/6090}" \
  -e "${of[@]}" -r 10.1.0.2 --tun-port 6090
gue=${gue/6080/6090}
edits "a tunnel's checksum" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 $gue" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 ${gue/csum/remcsum}" \
  -e "${of[@]}" -r 10.1.0.2 --tun-remcsum
edits "a tunnel's type, with which port and checksum go" "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 ${gue/csum/remcsum}" \
  "-a $s -r 10.1.0.2:80 -i -w 9 -x 7 --tun-type gre --tun-nocsum" -e "${of[@]}" -r 10.1.0.2 --tun-type gre
edits "the forwarding method" "-a $s -r 10.1.0.3:80 -g -w 3" "-a $s -r 10.1.0.3:80 -m -w 3" -e "${of[@]}" -r 10.1.0.3 -m
edits "a server of the other family" "-a $s -r [fd01::4]:80 -i -w 4 --tun-type ipip" \
  "-a $s -r [fd01::4]:80 -i -w 6 --tun-type ipip" -e "${of[@]}" -r fd01::4 -w 6
edits "a server of a mark" "-a -f 7 -6 -r [fd01::1]:81 -g -w 1" "-a -f 7 -6 -r [fd01::1]:81 -g -w 8" \
  -e -f 7 -6 -r '[fd01::1]:81' -w 8
edits "nothing at all" "-a $s -r 10.1.0.3:80 -m -w 3" "-a $s -r 10.1.0.3:80 -m -w 3" -e "${of[@]}" -r 10.1.0.3

service="-A $s -s sh -p 600 -M 255.255.255.0 --pe sip -b sh-fallback,sh-port"
edits "a persistence time" "$service" "${service/600/300}" -E "${of[@]}" -p 300
service=${service/600/300}
edits "flags, by the scheduler that is there" "$service" "${service/sh-fallback,/}" -E "${of[@]}" -b sh-port
service=${service/sh-fallback,/}
edits "a mask" "$service" "${service/255.0/0.0}" -E "${of[@]}" -M 255.255.0.0
service=${service/255.0/0.0}
edits "a scheduler, with which its flags go" "$service" "-A $s -s wrr -p 300 -M 255.255.0.0 --pe sip" -E "${of[@]}" -s wrr
edits "the scheduler of a UDP service with -o" "-A -u 10.0.0.1:53 -s rr -o" "-A -u 10.0.0.1:53 -s lc -o" \
  -E -u 10.0.0.1:53 -s lc
edits "an IPv6 mark made persistent for longer" "-A -f 7 -6 -s wlc -p 60" "-A -f 7 -6 -s wlc -p 360" -E -f 7 -6 -p

# What it does not do.
before=$(rules)
# refused WHAT EXPECTED ARGUMENT...
refused() {
  run "${@:3}" --keep
  same "$1" "$2" "$told"
}
refused "a service that is not there" "255||No such service" -E -t 10.0.0.9:80 -s rr
refused "a server of a service that is not there" "255||Service not defined" -e -t 10.0.0.9:80 -r 10.1.0.1 -w 1
refused "a server that is not there" "255||No such destination" -e "${of[@]}" -r 10.1.0.9 -w 1
refused "a scheduler that the kernel lacks" "255||Scheduler or persistence engine not found" -E "${of[@]}" -s nosuch
refused "flags of another scheduler" "2||incompatible scheduler flag \`sh-port'" -E "${of[@]}" -b sh-port
refused "tunnel options where no tunnel is" "2||Tunnel options conflict with forward method" -e "${of[@]}" -r 10.1.0.3 --tun-type gre
refused "a tunnel that lacks its port" "2||You need to supply the 'tun-port' option for the 'gue' tunnel type" \
  -e "${of[@]}" -r 10.1.0.2 --tun-type gue
refused "a port for a tunnel without" "2||Illegal 'tun-port' option with the 'gre' tunnel type" -e "${of[@]}" -r 10.1.0.2 --tun-port 5
refused "a server of the other family without a tunnel" \
  "2||Different address family is allowed only for tunneling servers" -e "${of[@]}" -r fd01::4 -m
refused "-o for TCP" "2||One-Packet Scheduling is only for UDP virtual services" -E "${of[@]}" -o
refused "an addition" "2||Illegal 'keep' option with the 'add-server' command" -a "${of[@]}" -r 10.1.0.9
run --apply <<<"-E $s -s rr --keep"
same "a table is not described by it" "2||line 1: a table is described by -A, -a, --set and --start-daemon alone" "$told"
same "nothing of this has changed anything" "$before" "$(rules)"

# In rules.
run -R <<END
-e $s -r 10.1.0.3 -w 11 --keep
-e $s -r 10.1.0.9 -w 11 --keep
-E $s -s lc --keep
END
same "rules may have it" "255||line 2: No such destination" "$told"
same "and do that" "-A $s -s lc -p 300 -M 255.255.0.0 --pe sip
-a $s -r 10.1.0.3:80 -m -w 11" "$(rules | grep -x -e "-A $s .*" -e '.* -r 10.1.0.3:.*')"

# Without it, all becomes what is given, as it always has.
ipvsadm -e "${of[@]}" -r 10.1.0.3 -w 12
same "without --keep what is not given gets its default" "-a $s -r 10.1.0.3:80 -g -w 12" \
  "$(rules | grep -e '-r 10.1.0.3:')"
finish
