#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L -c with what to look for: the lines are those of the whole listing that fit. Runs in the kernel.
# shellcheck disable=SC2016 # conditions of awk
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

make_network
on client sh -c 'for i in 3 7; do ip addr add 192.168.50.$i/24 dev eth0; done
  ip addr add fd00:50::1:2/64 dev eth0 nodad'
for pod in pod3 pod4; do
  serve $pod
  serve $pod 81
done
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
ip addr add 10.0.0.186 dev dummy0
ip addr add fd00:10::185 dev dummy0 nodad
iptables-legacy -t mangle -A PREROUTING -d 10.0.0.186 -p tcp --dport 81 -j MARK --set-mark 7
iptables-legacy -t mangle -A PREROUTING -d 10.0.0.186 -p tcp --dport 80 -j MARK --set-mark 8
ipvsadm -R <<'END'
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m
-A -t 10.0.0.185:81 -s rr -p 300
-a -t 10.0.0.185:81 -r 172.17.0.4:81 -m
-A -u 10.0.0.185:80 -s rr
-a -u 10.0.0.185:80 -r 172.17.0.3:80 -m
-A --sctp-service 10.0.0.185:80 -s rr
-a --sctp-service 10.0.0.185:80 -r 172.17.0.3:80 -m
-A -t [fd00:10::185]:80 -s rr
-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m
-a -t [fd00:10::185]:80 -r [fd00:17::4]:80 -m
-A -f 7 -s rr
-a -f 7 -r 172.17.0.3 -m
-A -f 8 -s rr -p 300
-a -f 8 -r 172.17.0.4 -m
END

# close_some: from each client some connections that are over. The kernel forgets them after two minutes.
close_some() {
  local from
  closed=$SECONDS
  for from in 192.168.50.2 192.168.50.3 192.168.50.7; do
    on client curl -s --max-time $((10 * patience)) --no-keepalive -H 'Connection: close' --interface $from \
      'http://10.0.0.185/?[1-4]' http://10.0.0.185:81/ http://10.0.0.186/ http://10.0.0.186:81/ >/dev/null || return 0
  done
  for from in fd00:50::2 fd00:50::1:2; do
    on client curl -s -g --max-time $((10 * patience)) --no-keepalive -H 'Connection: close' --interface $from \
      'http://[fd00:10::185]/?1' 'http://[fd00:10::185]/?2' >/dev/null || return 0
  done
}
close_some
# Others stay open.
ip netns exec client bash -c 'echo x >/dev/udp/10.0.0.185/80
  exec 3<>/dev/tcp/10.0.0.185/80 4<>/dev/tcp/10.0.0.185/80 5<>/dev/tcp/fd00:10::185/80 6<>/dev/tcp/10.0.0.186/81
  exec sleep 1000' &
held=$!
# There is no program at hand that speaks SCTP, so this connection is one that a sync message tells of.
ip link set lo multicast on
ip route add 224.0.0.0/4 dev lo
ipvsadm --start-daemon backup --mcast-interface lo
/usr/bin/python3 -S -c 'import socket, struct
address = socket.inet_aton
entry = struct.pack("!BBHIHHHHII4s4s4s", 0, 132, 36, 0, 8, 1234, 80, 80, 0, 600, address("192.168.50.2"),
                    address("10.0.0.185"), address("172.17.0.3"))
message = struct.pack("!BBHBbH", 0, 0, 8 + len(entry), 1, 1, 0) + entry
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address("127.0.0.1"))
sender.sendto(message, ("224.0.0.81", 8848))'
become "every kind of connection is there" 20 "3 IP
1 SCTP
32 TCP
1 UDP
5 ESTABLISHED" bash -c "'$IPVS_ADM' -Lnc | awk 'NR > 2 { print \$1 }' | sort | uniq -c | sed 's/^ *//'
  '$IPVS_ADM' -Lnc | grep -c ESTABLISHED | sed 's/\$/ ESTABLISHED/'"
# fields: a listing without the time, which passes
fields() { awk 'NR > 2 { print $1, $3, $4, $5, $6 }' | sort; }

# only WHAT AWK-CONDITION ARGUMENT...: with these arguments just those lines of the whole listing are shown, also with
# --json and --count. Within seconds, as connections come to their end meanwhile.
only() {
  local what=$1 condition=$2 whole expected actual json count
  shift 2
  if [ $((SECONDS - closed)) -ge 60 ]; then close_some; fi
  local end=$((SECONDS + 8 * patience))
  while :; do
    whole=$(ipvsadm -L -n -c)
    actual=$(ipvsadm -L -n -c "$@")
    json=$(ipvsadm -L -c --json "$@")
    count="$(ipvsadm -L -c --count "$@") $(ipvsadm -L -c --count --json "$@")"
    expected=$(awk "NR <= 2 || ($condition)" <<<"$whole" | fields)
    if [ "$expected" = "$(fields <<<"$actual")" ] || [ $SECONDS -ge $end ]; then break; fi
  done
  same "$what: what fits is listed" "$(head -n 2 <<<"$whole")
$expected" "$(head -n 2 <<<"$actual")
$(fields <<<"$actual")"
  same "$what: with --json too" "$expected" "$(jq -r '
    def point: if .address | contains(":") then "[\(.address)]:\(.port)" else "\(.address):\(.port)" end;
    .connections[] | "\(.protocol | ascii_upcase) \(.state) \(.client | point) \(.virtual_service | point) \(
    .server | point)"' <<<"$json" | sort)"
  number=$(grep -c . <<<"$expected" || true)
  same "$what: $number are counted" "$number {\"count\":$number}" "$count"
}

# some, none: that there is something to find, or nothing
some() { only "$@" && holds "$1: there are some" test "$number" -gt 0; }
none() { only "$@" && same "$1: there are none" 0 "$number"; }

some "a TCP service" '$1 == "TCP" && $5 == "10.0.0.185:80"' -t 10.0.0.185:80
some "a persistent TCP service, its templates too" '$1 == "TCP" && $5 == "10.0.0.185:81"' -t 10.0.0.185:81
some "a UDP service" '$1 == "UDP" && $5 == "10.0.0.185:80"' -u 10.0.0.185:80
some "an SCTP service" '$1 == "SCTP" && $5 == "10.0.0.185:80"' --sctp-service 10.0.0.185:80
some "an IPv6 service" '$5 == "[fd00:10::185]:80"' -t '[fd00:10::185]:80'
none "a service that is not there" 0 -t 10.0.0.185:82
some "a mark" '$5 == "10.0.0.186:81"' -f 7
some "a persistent mark" '$5 == "10.0.0.186:80" || $1 == "IP"' -f 8
some "a server" '$6 == "172.17.0.3:80"' -r 172.17.0.3:80
some "a server on any port" '$6 ~ /^172\.17\.0\.4:/' -r 172.17.0.4
some "an IPv6 server" '$6 == "[fd00:17::4]:80"' -r '[fd00:17::4]:80'
some "a server of a service" '$1 == "TCP" && $5 == "10.0.0.185:80" && $6 == "172.17.0.4:80"' -t 10.0.0.185:80 \
  -r 172.17.0.4:80
some "a state" '$3 == "ESTABLISHED"' --state ESTABLISHED
some "a state in small letters" '$3 == "TIME_WAIT"' --state time_wait
some "a state of UDP" '$3 == "UDP"' --state udp
some "one client" '$4 ~ /^192\.168\.50\.3:/' --client 192.168.50.3
some "a network of clients" '$4 ~ /^192\.168\.50\.[23]:/' --client 192.168.50.0/30
some "the same network by another of its addresses" '$4 ~ /^192\.168\.50\.[23]:/' --client 192.168.50.3/30
some "the whole IPv4 net" '$4 !~ /^\[/' --client 0.0.0.0/0
some "an IPv6 client" '$4 ~ /^\[fd00:50::2\]:/' --client fd00:50::2
some "an IPv6 network of clients" '$4 ~ /^\[fd00:50::1:2\]:/' --client fd00:50::1:0/112
some "a wider IPv6 network" '$4 ~ /^\[fd00:50:/' --client fd00:50::/64
none "a network without clients" 0 --client 10.0.0.0/8
some "everything together" '$5 == "10.0.0.185:80" && $6 == "172.17.0.3:80" && $3 == "TIME_WAIT" &&
  $4 ~ /^192\.168\.50\.[23]:/ && $1 == "TCP"' -t 10.0.0.185:80 -r 172.17.0.3:80 --state TIME_WAIT \
  --client 192.168.50.2/31
some "no filter" 1
some "templates alone" '$4 ~ /:0$/' --templates
some "no templates" '$4 !~ /:0$/' --no-templates
some "the templates of a service" '$5 == "10.0.0.185:81" && $4 ~ /:0$/' -t 10.0.0.185:81 --templates
some "a persistent service without its templates" '$5 == "10.0.0.185:81" && $4 !~ /:0$/' -t 10.0.0.185:81 --no-templates
some "the templates of a mark" '$1 == "IP"' -f 8 --templates
none "the templates of a service that is not persistent" 0 -t 10.0.0.185:80 --templates
some "an address without a port: each of its ports" '$1 == "TCP" && $5 ~ /^10\.0\.0\.185:/' -t 10.0.0.185
some "an IPv6 address without a port" '$5 ~ /^\[fd00:10::185\]:/' -t fd00:10::185
none "an address without a port that has no service" 0 -t 10.0.0.1
none "port 0, where there is no service of port 0" 0 -t 10.0.0.185:0
holds "JSON says which are templates" jq -e '.connections | map(.template == (.client.port == 0)) | all' \
  <<<"$(ipvsadm -L -c --json)"
holds "there are both kinds" jq -e '.connections | map(.template) | unique == [false, true]' <<<"$(ipvsadm -L -c --json)"

# sums WHAT KEYS AWK-KEY ARGUMENT...: the sums are those of the whole listing's lines, the largest first. Within seconds.
sums() {
  local what=$1 keys=$2 key=$3 end=$((SECONDS + 8 * patience)) expected actual
  shift 3
  while :; do
    expected=$(ipvsadm -L -n -c "$@" | awk "NR > 2 { print $key }" | sort | uniq -c | awk '{ $1 = $1; print }' | sort)
    actual=$(ipvsadm -L -n -c --by "$keys" "$@")
    if [ "$expected" = "$(sed 1d <<<"$actual" | awk '{ $1 = $1; print }' | sort)" ] || [ $SECONDS -ge $end ]; then break; fi
  done
  same "sums $what" "$expected" "$(sed 1d <<<"$actual" | awk '{ $1 = $1; print }' | sort)"
  same "sums $what: the largest first" "$(sed 1d <<<"$actual")" "$(sed 1d <<<"$actual" | sort -s -rn -k 1,1)"
}
address='(sub(/:[0-9]+$/, "", $4) ? $4 : "")'
service='($1 == "IP" ? "FWM 8" : $1 " " $5)'
sums "by state" state '$3'
sums "by client, of IPv4" client "$address" --client 0.0.0.0/0
sums "by server" server '$6'
sums "by service and state" service,state "$service \" \" \$3"
sums "by protocol, of one server" protocol '$1' -r 172.17.0.3
all=$(ipvsadm -Lc --count --client ::/0)
same "sums by network of IPv6" "$([ "$all" = 0 ] || echo "$all fd00:50::/64")" \
  "$(ipvsadm -Lnc --by client --client-prefix 64 --client ::/0 | sed 1d | xargs)"
same "the largest sum alone" "$(ipvsadm -Lnc --by client --client 0.0.0.0/0 | sed -n 1,2p)" \
  "$(ipvsadm -Lnc --by client --client 0.0.0.0/0 --top 1)"
holds "sums as JSON are those of the table, and add up" jq -e '.connections == (.sums | map(.connections) | add) and
  (.sums | map(select(.service.fwmark == 8)) | length) == 1' <<<"$(ipvsadm -Lc --by service --json)"

# adds_up WHAT ROWS ARGUMENT...: the last row of the listing is the sum of the rows that match
adds_up() {
  local what=$1 rows=$2 listing
  shift 2
  listing=$(ipvsadm -Ln --exact --total "$@")
  same "$what" "$(awk -v rows="$rows" 'NR > 1 && $0 ~ rows && $NF ~ /^[0-9]+$/ { for (i = 0; i < 5; i++) sum[i] += $(NF - i) }
    END { print "Total", sum[4], sum[3], sum[2], sum[1], sum[0] }' <<<"$listing")" "$(tail -n 1 <<<"$listing" | xargs)"
}
adds_up "--stats --total has the sums of services" '^(TCP|UDP|SCTP|FWM)' --stats
adds_up "--rate --total has the sums of services" '^(TCP|UDP|SCTP|FWM)' --rate
adds_up "of a server --total has the sums of its rows" '->' --stats -r 172.17.0.3
holds "there was something to add" jq -e '(.total.counters.connections > 10) and .total.counters.bytes_in ==
  (.services | map(.counters.bytes_in) | add)' <<<"$(ipvsadm -L --stats --total --json)"
holds "without --total JSON has none" jq -e 'has("total") | not' <<<"$(ipvsadm -L --stats --json)"

# What only the service without a port takes is its own.
ipvsadm -A -t 10.0.0.185:0 -s rr -p 60
none "a service of all ports beside those of one" 0 -t 10.0.0.185:0
some "an address without a port is still each of its ports" '$1 == "TCP" && $5 ~ /^10\.0\.0\.185:/' -t 10.0.0.185
ipvsadm -D -t 10.0.0.185:80
some "a service of all ports, once it takes them" '$1 == "TCP" && $5 == "10.0.0.185:80"' -t 10.0.0.185:0
none "a mark that is not there" 0 -f 999
same "a mark that is not there, as JSON" '{"connections":[]}' "$(ipvsadm -L -c -f 999 --json)"
for state in C-SENT C-REPLIED C-WAIT COOKIE C-ECHOED S-SENT S-RECEIVED S-ACK-SENT; do
  none "the state $state of SCTP" 0 --state $state
done

# refused WHAT ARGUMENT...
refused() {
  local status=0 text
  text=$(ipvsadm -L -c "${@:2}" 2>&1) || status=$?
  # A line that begins with two blanks may say why.
  same "$1 is refused with one line" "2 1" "$status $(grep -c -v '^  ' <<<"$text")"
}
refused "a client's address that is none" --client 192.168.50
refused "a length that is too long" --client 192.168.50.0/33
refused "a length that is none" --client 192.168.50.0/x
refused "a length with a sign" --client 192.168.50.0/+8
refused "a length below 0" --client 192.168.50.0/-0
refused "an IPv6 length that is too long" --client fd00::/129
refused "a server that is none" -r 172.17.0.3:x
refused "only templates and none of them" --templates --no-templates
refused "an unknown key of sums" --by port

# without_proc COMMANDS WORD...: what the tool does where /proc holds only what COMMANDS put there
without_proc() {
  local status=0
  # shellcheck disable=SC2016 # for the inner shell
  unshare -m sh -c 'mount -t tmpfs none /proc; eval "$1"; shift; exec "$@"' sh "$1" "$IPVS_ADM" "${@:2}" \
    >/tmp/out 2>/tmp/err || status=$?
  printf '%s|%s|%s' $status "$(</tmp/out)" "$(</tmp/err)"
}
for form in -Lnc '-Lnc --json' '-Lnc --count'; do
  # shellcheck disable=SC2086 # words
  same "$form: where the table can't be opened, nothing is printed" \
    "1||cannot open file /proc/net/ip_vs_conn" "$(without_proc : $form)"
done
cat /proc/net/ip_vs_conn >/tmp/table
rows=$(($(wc -l </tmp/table) - 1))
same "where /proc/thread-self is absent, /proc/net/ip_vs_conn does" "0|$rows|" \
  "$(without_proc 'mkdir /proc/net && cp /tmp/table /proc/net/ip_vs_conn' -Lnc --count)"
kill $held
for pod in pod3 pod4; do stop_serving $pod; done
finish
