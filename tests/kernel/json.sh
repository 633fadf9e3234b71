#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --json: every listing fits the schema, says what the classic tool says, and 60,000 connections need no more memory
# than ten. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
classic() { /usr/sbin/ipvsadm "$@"; }

make_network
serve pod3
serve pod4
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
ip addr add fd00:10::185 dev dummy0 nodad
cd /tmp

# In the words of the classic listings.
common='
  def point: if .address | contains(":") then "[\(.address)]:\(.port)" else "\(.address):\(.port)" end;
  def name: if .fwmark != null then "FWM \(.fwmark)\(if .family == "ipv6" then " IPv6" else "" end)"
    else "\(.protocol | ascii_upcase) \(point)" end;
  def mask: if .netmask == "255.255.255.255" or .netmask == 128 then "" else " mask \(.netmask)" end;
  def settings: .scheduler
    + (if .scheduler_flags == [] then "" else " (\(.scheduler_flags | join(",")))" end)
    + (if .persistent then " persistent \(.persistence_timeout)\(mask)" else "" end)
    + (if .persistence_engine != null then " pe \(.persistence_engine)" else "" end)
    + (if .one_packet then " ops" else "" end);
  def forwarding: {masquerade: "Masq", "direct-route": "Route", tunnel: "Tunnel", local: "Local"}[.forwarding];
  def tunnel: if .tunnel == null then "n/a" else .tunnel
    | .type + (if .type == "gue" then ":\(.port)" else "" end) + {none: "", full: ":+c", remote: ":r+c"}[.checksum] end;
  def counts: "\(.active_connections) \(.inactive_connections)";
  def five: "\(.connections) \(.packets_in) \(.packets_out) \(.bytes_in) \(.bytes_out)";
  def two_digits: tostring | if length < 2 then "0" + . else . end;
  def version: "IP Virtual Server version \(.version) (size=\(.connection_table_size))";
  def rows(of_service; of_server): .services[]
    | "\(name) \(of_service)", (.servers[] | "-> \(point) \(of_server)");
  def connections: .connections[]
    | "\(.protocol | ascii_upcase) \(.expires / 60 | floor | two_digits):\(.expires % 60 | two_digits) \(.state)"
      + " \(.client | point) \(.virtual_service | point) \(.server | point)";'

# said: without headings and needless blanks; connections without their time, which runs
said() {
  sed -E 's/ +/ /g; s/ $//; s/^ //; /^(Prot|pro|IPVS) |RemoteAddress/d; s/^((TCP|UDP|SCTP|IP) )[0-9]+:[0-9]{2} /\1/'
}

# agree WHAT JQ-PROGRAM ARGUMENT...: the JSON of a listing says what the classic listing says; within seconds, as time
# passes between the two
agree() {
  local what=$1 program=$2 end=$((SECONDS + 10)) expected actual
  shift 2
  while :; do
    expected=$(classic "$@" | said)
    actual=$(ipvsadm "$@" --json | jq -r "$common $program" | said)
    if [ "$expected" = "$actual" ] || [ $SECONDS -ge $end ]; then break; fi
  done
  same "$what" "$expected" "$actual"
}

ipvsadm -L --json >empty
same "an empty table has no services" '[]' "$(jq -c .services empty)"
ipvsadm -L -c --json >no_connections
same "no connections" '{"connections":[]}' "$(<no_connections)"
ipvsadm -L --daemon --json >no_daemons
same "no daemons" '{"daemons":[]}' "$(<no_daemons)"

ipvsadm -R <<'END'
-A -t 10.0.0.185:80 -s sh -b sh-fallback,sh-port
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 1000 -y 500
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 2147483647
-A -t 10.0.0.185:8080 -s wlc -p 360 -M 255.255.255.0
-a -t 10.0.0.185:8080 -r 172.17.0.3:8080 -g -w 0
-a -t 10.0.0.185:8080 -r 172.17.0.1:8080 -g -w 1
-A -t [fd00:10::185]:80 -s rr -p 60 -M 64
-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m -w 1
-A -u 10.0.0.185:53 -s rr -b flag-1,flag-3 -o
-a -u 10.0.0.185:53 -r 172.17.0.3:53 -m -w 1
-A -u 10.0.0.185:5060 -s rr -p 360 --pe sip
-a -u 10.0.0.185:5060 -r 172.17.0.3:5060 -m -w 1
-A --sctp-service 10.0.0.185:9 -s mh -b mh-port
-A -f 7 -s rr
-a -f 7 -r 172.17.0.3 -i -w 1
-a -f 7 -r 172.17.0.4 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -f 7 -r 172.17.0.9 -i -w 1 --tun-type gre --tun-csum
-A -f 2147483647 -6 -s rr
-a -f 2147483647 -6 -r [fd00:17::3]:0 -g -w 1
END
fetch in client 10.0.0.185 12 >/dev/null
fetch in client '[fd00:10::185]' 4 >/dev/null
on client bash -c "echo x >/dev/udp/10.0.0.185/53"
call() {
  on client bash -c "printf 'OPTIONS sip:a@b SIP/2.0\r\nCall-ID: quoted\"call@example\r\nContent-Length: 0\r\n\r\n' |
    cat >/dev/udp/10.0.0.185/5060"
  grep -q ' sip ' /proc/net/ip_vs_conn
}
eventually "a call comes through" 10 call
ipvsadm --start-daemon master --mcast-interface lo --syncid 7
ipvsadm --start-daemon backup --mcast-interface lo --syncid 8 --mcast-group ff02::81 --mcast-port 8850 --mcast-ttl 3
ipvsadm --set 901 121 301

agree "the table" 'version, rows(settings; "\(forwarding) \(.weight) \(counts)")' -Ln
agree "one service" 'rows(settings; "\(forwarding) \(.weight) \(counts)")' -Ln -t 10.0.0.185:80
agree "counters" 'version, rows(.counters | five; .counters | five)' -Ln --stats --exact
agree "rates" 'version, rows(.rates | five; .rates | five)' -Ln --rate --exact
agree "thresholds" 'version, rows(settings; "\(.upper_threshold) \(.lower_threshold) \(counts)")' -Ln --thresholds
agree "persistent connections" 'version, rows(settings; "\(.weight) \(.persistent_connections) \(counts)")' \
  -Ln --persistent-conn
agree "tunnels" 'version, rows(settings; "\(forwarding) \(tunnel) \(.weight) \(counts)")' -Ln --tun-info
agree "connections" connections -Lnc
# The longest in the classic listing, and in ours, which comes later.
classic -Lnc | awk 'NR > 2 { split($2, t, ":"); s = t[1] * 60 + t[2]; if (s > most) most = s } END { print most }' >longest
holds "times are in seconds" test "$(($(<longest) - $(ipvsadm -Lnc --json | jq '[.connections[].expires] | max')))" -lt 10
agree "timeouts" '.timeouts | "Timeout (tcp tcpfin udp): \(.tcp) \(.tcp_fin) \(.udp)"' -L --timeout
agree "daemons" '.daemons[] | "\(.role) sync daemon (mcast=\(.interface), syncid=\(.sync_id), maxlen=\(.sync_maxlen),"
  + " group=\(.multicast_group), port=\(.multicast_port), ttl=\(.multicast_ttl))"' -L --daemon

# shellcheck disable=SC2016 # variables of jq
agree "persistence engines of connections" '.connections[] |= . + {engine: (.persistence_engine
    | if . == null then "" else " \(.name) \(.data)" end)} | [.connections[].engine] as $engines
  | [connections] | to_entries[] | .value + $engines[.key]' -Lnc --persistent-conn
same "the engine's data is kept as it is" '{"name":"sip","data":"quoted\"call@example"}' \
  "$(ipvsadm -Lc --json | jq -c '[.connections[].persistence_engine | select(. != null)][0]')"

ipvsadm -L --json >table
ipvsadm -L -t 10.0.0.185:80 --json >service
ipvsadm -L --share --json >shares
ipvsadm -L -c --json >connections
ipvsadm -L -c --count --json >count
ipvsadm -L --timeout --json >timeouts
ipvsadm -L --daemon --json >daemons
same "no two listings share a line" "1" "$(wc -l table service shares connections count timeouts daemons | awk '{ print $1 }' |
  sed '$d' | sort -u)"
same "--count counts the connections" "$(jq '.connections | length' connections)" "$(jq .count count)"
for view in -n --stats --rate --thresholds --persistent-conn --tun-info --exact; do
  same "the table has all its members with $view too" "$(jq -c '[paths | map(if type == "number" then 0 else . end)] |
    unique' table)" "$(ipvsadm -L $view --json | jq -c '[paths | map(if type == "number" then 0 else . end)] | unique')"
done

# fits FILE...: whether these objects fit the schema
fits() { /usr/bin/python3 -W ignore -m jsonschema "${@/#/--instance=}" "$here/ipvsadm.schema.json" 2>&1; }
same "every listing fits the schema" "" \
  "$(fits empty no_connections no_daemons table service shares connections count timeouts daemons)"
jq '.services[0].servers[0].weight = "3"' table >wrong
jq 'del(.services[0].counters)' table >lacking
same "what does not fit is noticed" "wrong lacking" "$(for file in wrong lacking; do
  fits $file >/dev/null || echo $file; done | paste -sd ' ')"

# peak ARGUMENT...: the most memory that the tool ever took, in KiB: looked at while its exit is delayed; until then it gives
# nothing back. Not VmHWM: before Linux 6.2 that lags behind by up to 63 page faults of 16 pages each. The listing is in
# /tmp/listing.
peak() {
  local tracer tool seen most=
  strace -qq -o /dev/null -e trace=exit_group -e inject=exit_group:delay_enter=2000000 \
    -E MALLOC_MMAP_MAX_=0 -E MALLOC_TRIM_THRESHOLD_=1000000000 "$IPVS_ADM" "$@" >/tmp/listing &
  tracer=$!
  while kill -0 $tracer 2>/dev/null; do
    tool=$(pgrep -P $tracer) && seen=$(grep '^Rss:' "/proc/$tool/smaps_rollup" 2>/dev/null) && most=$seen
    sleep 0.3
  done
  echo "${most//[^0-9]/}"
}
ipvsadm -C
ipvsadm --stop-daemon master --syncid 7
ipvsadm --stop-daemon backup --syncid 8

# A network namespace without connections yet, told of them by sync messages.
ip netns add many
on many sh -c 'ip link set lo up multicast on; ip route add 224.0.0.0/4 dev lo'
ipvsadm --netns many --start-daemon backup --mcast-interface lo
make_connections 10 in many
become "ten connections" 10 10 ipvsadm --netns many -L -c --count
few=$(peak --netns many -L -c --json)
same "all ten are listed" 10 "$(jq '.connections | length' listing)"
make_connections 60000 in many
become "60,000 connections" 30 60000 ipvsadm --netns many -L -c --count
lot=$(peak --netns many -L -c --json)
same "all 60,000 are listed, each once" 60000 "$(tr '{' '\n' <listing | grep -o '"address":"10\.[0-9.]*","port":[0-9]*' |
  sort -u | wc -l)"
echo "# most memory: $few KiB for ten connections, $lot KiB for 60,000"
# A buffer of output more, but nothing that grows with them: they are 12 MB of text.
holds "60,000 connections need hardly more memory than ten ($lot KiB, $few KiB)" test "$lot" -le $((few + 512))
finish
