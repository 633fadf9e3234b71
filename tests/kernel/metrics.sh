#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L --metrics: what Prometheus' own checks say of it, that it says what the table says, and that it agrees with what
# node_exporter reads of IPVS by itself. The example for node_exporter's textfile collector. Runs in the kernel.
# shellcheck disable=SC2016 # for the inner shell
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
make_network
for pod in pod3 pod4; do serve $pod; done
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
ip addr add 10.0.0.186 dev dummy0
ip addr add fd00:10::185 dev dummy0 nodad
iptables-legacy -t mangle -A PREROUTING -d 10.0.0.186 -p tcp --dport 8080 -j MARK --set-mark 7

# promtool: nothing to say, and status 0
checked() {
  local status=0 text
  text=$(promtool check metrics <"$1" 2>&1) || status=$?
  printf '%s|%s' $status "$text"
}
ipvsadm -L --metrics >empty
same "an empty table: promtool finds nothing wrong" "0|" "$(checked empty)"
same "an empty table: it has what belongs to no service" "ipvs_connection_table_size
ipvs_info
ipvs_sync_daemon_running
ipvs_timeout_seconds" "$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' empty | sort)"

ipvsadm -R <<'RULES'
-A -t 10.0.0.185:80 -s wrr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 1000 -y 500
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 1
-A -t 10.0.0.185:0 -s rr -p 300
-a -t 10.0.0.185:0 -r 172.17.0.4:0 -m
-A -t [fd00:10::185]:80 -s rr
-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m
-A -u 10.0.0.185:80 -s rr
-a -u 10.0.0.185:80 -r 172.17.0.3:80 -m -w 2147483647
-A --sctp-service 10.0.0.185:80 -s rr
-a --sctp-service 10.0.0.185:80 -r 172.17.0.9:80 -m
-A -f 7 -s rr
-a -f 7 -r 172.17.0.3:80 -m
-A -f 4294967295 -6 -s sh
RULES
fetch in client 10.0.0.185 8 >/dev/null
fetch in client '[fd00:10::185]' 4 >/dev/null
on client bash -c 'echo x >/dev/udp/10.0.0.185/80'
# Of all ports, and of the mark: nobody answers on 81, which leaves connections all the same.
on client bash -c 'for to in 10.0.0.185/81 10.0.0.186/8080; do timeout 2 bash -c "exec 3<>/dev/tcp/$to" 2>/dev/null; done; true'
# A name with what labels must escape.
ip link add 'a"b\c' type dummy
ip link set 'a"b\c' up
ip addr add 192.168.99.1/24 dev 'a"b\c'
ipvsadm --start-daemon master --mcast-interface 'a"b\c' --syncid 7
ipvsadm --set 901 121 301

# at_rest FILE ARGUMENT...: the metrics, with the same table before and after it, as the kernel adds up its counters later
at_rest() {
  local file=$1 end=$((SECONDS + 20))
  shift
  while :; do
    ipvsadm -L --json >before
    ipvsadm -Lc --json >connections.before
    ipvsadm -L "$@" >"$file"
    ipvsadm -L --json >table
    ipvsadm -Lc --json >connections
    if cmp -s before table && [ "$(states <connections.before)" = "$(states <connections)" ]; then return; fi
    [ $SECONDS -lt $end ] || return 0
    sleep 0.3
  done
}
states() { jq -c '[.connections[] | [.client, .state]] | sort'; }
sleep 3
at_rest metrics --metrics -c
samples() { grep -v '^#' "$1" | sort; }

same "promtool finds nothing wrong" "0|" "$(checked metrics)"
ipvsadm -L --metrics >plain
same "promtool finds nothing wrong without -c" "0|" "$(checked plain)"
same "-c adds connections and templates, and nothing else" "ipvs_connections
ipvs_persistence_templates" "$(diff <(grep '^# TYPE' plain) <(grep '^# TYPE' metrics) | sed -n 's/^> # TYPE \([^ ]*\) .*/\1/p')"
same "promtool is heard of what is wrong" 3 "$(sed 's/^# HELP.*//' metrics | promtool check metrics >/dev/null 2>&1 || echo $?)"
same "each metric has help and type, once" "" \
  "$(grep '^# [HT]' metrics | cut -d ' ' -f 2,3 | sort | uniq -c | awk '$1 != 1')"
same "each sample has a metric" "$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' metrics | sort)" \
  "$(grep -v '^#' metrics | sed 's/[{ ].*//' | sort -u)"
same "no two samples share their labels" "" "$(grep -v '^#' metrics | sed 's/ [^ ]*$//' | sort | uniq -d)"

# What the table says, as samples.
jq -r '
  def point: if .fwmark != null then "fwmark=\"\(.fwmark)\",family=\"\(.family)\""
    else "protocol=\"\(.protocol)\",address=\"\(.address)\",port=\"\(.port)\"" end;
  def five(name; labels): .counters |
    "\(name)_connections_total{\(labels)} \(.connections)",
    "\(name)_incoming_packets_total{\(labels)} \(.packets_in)", "\(name)_outgoing_packets_total{\(labels)} \(.packets_out)",
    "\(name)_incoming_bytes_total{\(labels)} \(.bytes_in)", "\(name)_outgoing_bytes_total{\(labels)} \(.bytes_out)";
  "ipvs_info{version=\"\(.version)\"} 1", "ipvs_connection_table_size \(.connection_table_size)",
  (.services[] | point as $service | five("ipvs_service"; $service),
    "ipvs_service_info{\($service),scheduler=\"\(.scheduler)\"} 1",
    (select(.persistent) | "ipvs_service_persistence_timeout_seconds{\($service)} \(.persistence_timeout)"),
    (.servers[] | "\($service),server_address=\"\(.address)\",server_port=\"\(.port)\"" as $server |
      five("ipvs_server"; $server), "ipvs_server_weight{\($server)} \(.weight)",
      "ipvs_server_active_connections{\($server)} \(.active_connections)",
      "ipvs_server_inactive_connections{\($server)} \(.inactive_connections)",
      "ipvs_server_persistent_connections{\($server)} \(.persistent_connections)",
      (select(.upper_threshold != 0) | "ipvs_server_upper_threshold{\($server)} \(.upper_threshold)"),
      (select(.lower_threshold != 0) | "ipvs_server_lower_threshold{\($server)} \(.lower_threshold)")))' table >expected
cat >>expected <<'SAMPLES'
ipvs_sync_daemon_info{role="master",interface="a\"b\\c",sync_id="7",group="224.0.0.81",port="8848"} 1
ipvs_sync_daemon_running{role="backup"} 0
ipvs_sync_daemon_running{role="master"} 1
ipvs_timeout_seconds{timeout="tcp"} 901
ipvs_timeout_seconds{timeout="tcp_fin"} 121
ipvs_timeout_seconds{timeout="udp"} 301
SAMPLES
same "they say what the table says" "$(sort expected)" "$(samples metrics | grep -v -E '^ipvs_(connections|persistence)')"
holds "and there was something to count" \
  grep -q -E '^ipvs_service_connections_total.protocol="tcp",address="10.0.0.185",port="80". 8$' metrics

# The list of connections names no marks; here a port is the mark's alone.
same "connections are counted by service and state" "$(jq -r '[.connections[] | select(.template | not) |
    {state, service: (if .virtual_service.port == 8080 then "fwmark=\"7\",family=\"ipv4\"" else
      "protocol=\"\(.protocol)\",address=\"\(.virtual_service.address)\",port=\"\(.virtual_service.port |
        if . == 81 then 0 else . end)\"" end)}] | group_by(.)[] |
  "ipvs_connections{\(.[0].service),state=\"\(.[0].state)\"} \(length)"' connections | sort)" \
  "$(samples metrics | grep '^ipvs_connections')"
holds "there are connections of each kind" test "$(grep -c '^ipvs_connections{' metrics)" -ge 5
same "templates are counted by service" 'ipvs_persistence_templates{protocol="tcp",address="10.0.0.185",port="0"} 1' \
  "$(samples metrics | grep '^ipvs_persistence_templates')"

# OpenMetrics, by the strictest reader there is.
cat >strict.py <<'PYTHON'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    print("#", family.name, family.type, family.unit)
    for sample in family.samples:
        labels = ",".join('%s=%s' % item for item in sorted(sample.labels.items()))
        print(sample.name, labels, int(sample.value))
PYTHON
strict() { /usr/bin/python3 strict.py 2>&1; }
at_rest open -c --metrics=openmetrics
# Connections come to their end meanwhile.
lasting() { samples "$1" | grep -v -E '^ipvs_(connections|server_.*active_connections|persistence)'; }
same "OpenMetrics: the same samples" "$(lasting metrics)" "$(lasting open)"
strict <open >told || true
same "OpenMetrics: a strict reader reads all of them" "$(grep -c -v '^#' open)" "$(grep -c -v '^#' told)"
holds "OpenMetrics: types and units" test "$(grep -c -x -E \
  '# (ipvs info |ipvs_timeout_seconds gauge seconds|ipvs_service_incoming_bytes counter bytes|ipvs_server_connections counter )' told)" = 4
same "OpenMetrics: it ends with what says so" "# EOF" "$(tail -n 1 open)"
same "OpenMetrics: the strict reader notices what lacks its end" "ValueError: Missing # EOF at end" \
  "$(sed '$d' open | strict | tail -n 1)"
same "labels are escaped: they are read as they were" 'group=224.0.0.81,interface=a"b\c,port=8848,role=master,sync_id=7' \
  "$(sed -n 's/^ipvs_sync_daemon_info \(.*\) 1$/\1/p' told)"

# The example: its commands, as systemd would run them.
unit=$IPVS_SOURCE/packaging/ipvsadm-metrics.service
mkdir -p textfile bin
ln -sf "$IPVS_ADM" bin/ipvsadm
example() {
  local line
  line=$(sed -n 's/^ExecStart=//p' "$unit")
  PATH=/tmp/bin:$PATH FOLDER=/tmp/textfile bash -c "${line//\$\$/\$}"
}
holds "the example: its command can be run" example
same "the example: the file is there, and nothing else" ipvs.prom "$(ls -A textfile)"
same "the example: anybody can read it" 644 "$(stat -c %a textfile/ipvs.prom)"
prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults --collector.ipvs \
  --collector.textfile --collector.textfile.directory=/tmp/textfile >exporter.log 2>&1 &
exporter=$!
scrape() { curl -s --max-time 20 http://127.0.0.1:9100/metrics >scraped && grep -q '^node_textfile_scrape_error' scraped; }
eventually "node_exporter answers" 60 scrape
same "the example: node_exporter reads it without an error" "node_textfile_scrape_error 0" \
  "$(grep '^node_textfile_scrape_error' scraped)"
same "the example: node_exporter passes on every sample" "$(samples textfile/ipvs.prom | sed 's/ [^ ]*$//' | wc -l)" \
  "$(grep -c '^ipvs_' scraped)"
# Labels come back in another order, large numbers with an exponent.
same "the example: with the same values" \
  "$(samples plain | awk '/^ipvs_service_connections_total/ { sum += $NF } END { print sum }')" \
  "$(awk '/^ipvs_service_connections_total/ { sum += $NF } END { print sum }' scraped)"

# What both have of each real server: "METRIC PROTOCOL SERVICE SERVER VALUE". Ours without SCTP, which node_exporter does
# not know: it takes such a server for one of the service before.
theirs() {
  scrape
  sed -n 's/^node_ipvs_backend_\([a-z_]*\){local_address="\(.*\)",local_mark="\(.*\)",local_port="\(.*\)",proto="\(.*\)",'`
    `'remote_address="\(.*\)",remote_port="\(.*\)"} \(.*\)/\1 \5 \2 \3 \4 \6 \7 \8/p' scraped |
    awk '{ $NF = sprintf("%d", $NF); print }' | sort
}
ours() {
  ipvsadm -L --metrics | grep -v '"sctp"' | sed -n -E 's/^ipvs_server_(active|inactive)_connections/ipvs_server_connections_\1/
    s/(fwmark="7"),family="ipv4"/protocol="fwm",address="00000007",port="0"/
    s/^ipvs_server_(weight|connections_active|connections_inactive)[{]protocol="(.*)",address="(.*)",port="(.*)",'`
    `'server_address="(.*)",server_port="(.*)"[}] (.*)/\1 \U\2\E \3 \4 \5 \6 \7/p' | sort
}
# The kernel goes on counting what comes to its end.
agree() { theirs >theirs.txt && ours >ours.txt && [ "$(wc -l <ours.txt)" = 18 ] && [ -z "$(comm -23 ours.txt theirs.txt)" ]; }
eventually "node_exporter has the servers that ours has, with the same values" 30 agree
same "what it has besides is the SCTP server, in the wrong place" "connections_active 172.17.0.9 80
connections_inactive 172.17.0.9 80
weight 172.17.0.9 80" "$(comm -13 ours.txt theirs.txt | awk '{ print $1, $(NF - 2), $(NF - 1) }')"
same "which ours has where it belongs" 'ipvs_server_weight{protocol="sctp",address="10.0.0.185",port="80",'\
'server_address="172.17.0.9",server_port="80"} 1' "$(ipvsadm -L --metrics | grep '^ipvs_server_weight.*sctp')"
kill $exporter

ipvsadm --netns pod3 -A -t 10.9.9.9:80
same "another namespace" 'ipvs_service_info{protocol="tcp",address="10.9.9.9",port="80",scheduler="wlc"} 1' \
  "$(ipvsadm --netns pod3 -L --metrics -c | grep '^ipvs_service_info')"
same "names are never looked up, with -n or without" "$(ipvsadm -L --metrics | grep -v '^ipvs_.*_total')" \
  "$(ipvsadm -Ln --metrics | grep -v '^ipvs_.*_total')"
same "--nosort: the same samples" "$(ipvsadm -L --metrics | grep -c .)" "$(ipvsadm -L --metrics --nosort | grep -c .)"

# What the manual page says to do by hand.
sed -n '/^\.Sh METRICS/,/^\.Sh ENV/p' "$here/../../man/ipvsadm.8" | sed -n '/^\.Bd/,/^\.Ed/p' | sed '1d;$d' >by_hand
rm textfile/*
(PATH=/tmp/bin:$PATH && sed -i 's|/var/lib/prometheus/node-exporter|/tmp/textfile|' by_hand && bash -e by_hand)
same "by hand: the file is there, and nothing else" "ipvs.prom 0|" "$(ls -A textfile) $(checked textfile/ipvs.prom)"

# The example, when there is nothing to be had.
mv bin/ipvsadm bin/kept
printf '#!/bin/sh\necho half\nexit 1\n' >bin/ipvsadm
chmod +x bin/ipvsadm
example >/dev/null 2>&1 && status=0 || status=$?
same "the example: a failure is one of the unit's, and leaves no old figures" "1 " "$status $(ls -A textfile)"

# refused WHAT MESSAGE ARGUMENT...
refused() {
  local status=0 text
  text=$(ipvsadm "${@:3}" 2>&1) || status=$?
  same "refused: $1" "2 $2" "$status $text"
}
refused "an unknown format" "illegal metrics format specified
  \`json': must be prometheus or openmetrics" -L --metrics=json
refused "metrics of one service" \
  "The option 'metrics' conflicts with the 'service-address' option in the 'list' command" -L --metrics -t 10.0.0.185:80
refused "metrics as JSON" "The option 'metrics' conflicts with the 'json' option in the 'list' command" -L --metrics --json
refused "metrics of some connections" \
  "The option 'metrics' conflicts with the 'state' option in the 'list' command" -Lc --metrics --state NONE
status=0
text=$(setpriv --bounding-set -net_admin --inh-caps -net_admin "$IPVS_ADM" -L --metrics 2>&1) || status=$?
same "without the right to read counters there are none" 2 $status
holds "and that is said" grep -q -e --metrics <<<"$text"
stop_serving pod3
stop_serving pod4
finish
