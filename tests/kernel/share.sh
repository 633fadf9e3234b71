#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L --share: real requests arrive at servers as their weights ask for, and the listing says so; a client that stays,
# drained and full servers, the order, JSON, and the minute beside each server. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
export LC_ALL=C.UTF-8 TMUX_TMPDIR=/tmp
make_network
for pod in pod3 pod4 neighbour; do serve $pod; done
on neighbour ip route add default via 172.17.0.1
ip link add type dummy
ip link set dummy0 up
for address in 10.0.0.185 10.0.0.186 10.0.0.187; do ip addr add $address dev dummy0; done
ip addr add fd00:10::185 dev dummy0 nodad
on client ip addr add 192.168.50.3/24 dev eth0

# asking ADDRESS...: requests to each in turn, one after the other, until they are told to end. The file "asked" has how many
asking() {
  rm -f enough asked
  (
    n=0
    until [ -e enough ]; do
      for address in "$@"; do
        on client curl -s -g --max-time $((10 * patience)) -H 'Connection: close' "http://$address/" "http://$address/" \
          "http://$address/" "http://$address/" "http://$address/" "http://$address/" "http://$address/" "http://$address/" >/dev/null
      done
      n=$((n + 8))
      echo $n >asked
    done
  ) &
  asker=$!
  until [ -s asked ]; do sleep 0.1; done
}
enough() {
  touch enough
  wait $asker || true
}

same "an empty table has headings alone" "$(ipvsadm -Ln | sed -n 1p)
Prot LocalAddress:Port Scheduler
  -> RemoteAddress:Port Weight   Asked  Conns Active  Bytes" "$(ipvsadm -Ln --share)"

ipvsadm -R <<'RULES'
-A -t 10.0.0.185:80 -s wrr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 1
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 3
-a -t 10.0.0.185:80 -r 172.17.0.9:80 -m -w 0
-A -t [fd00:10::185]:80 -s rr
-a -t [fd00:10::185]:80 -r [fd00:17::3]:80 -m -w 7
-a -t [fd00:10::185]:80 -r [fd00:17::4]:80 -m -w 1
-A -t 10.0.0.186:80 -s rr
-a -t 10.0.0.186:80 -r 172.17.0.3:80 -m
RULES
same "of a service without traffic the asked shares are known, the others are null" "25 null null
75 null null
0 null null" "$(ipvsadm -L --share --json -t 10.0.0.185:80 |
  jq -r '.services[0].servers[] | "\(.asked_percent) \(.connections_percent) \(.balance)"')"

asking 10.0.0.185 '[fd00:10::185]'
started=$SECONDS
ipvsadm -L --share --json >shares
same "it takes its interval" 1 $((SECONDS - started >= 4))
# A busy machine needs longer to make enough of them.
enough_requests() {
  ipvsadm -L --share=8 --json >shares
  jq -e '[.services[].traffic.connections] | add >= 40' shares >/dev/null
}
eventually "there are enough requests to compare" 60 enough_requests
holds "the time between the looks is in it" jq -e '.milliseconds >= 8000 and .milliseconds < 60000' shares
# of ADDRESS FILTER: of the service
of() { jq -c --arg address "$1" ".services[] | select(.address == \$address) | $2" shares; }
holds "weights of 1 and 3 give 1 and 3 of 4, as asked" jq -e '.services[] | select(.address == "10.0.0.185") |
  ([.servers[].asked_percent] == [25, 75, 0]) and ([.servers[].balance] == ["as-asked", "as-asked", "as-asked"]) and
  (.servers[0].connections_percent | . >= 15 and . <= 35) and (.servers[2].traffic.connections == 0)' shares
holds "rr takes no account of weights" jq -e '.services[] | select(.family == "ipv6") |
  ([.servers[].asked_percent] == [50, 50]) and (.servers[0].connections_percent | . >= 40 and . <= 60)' shares
same "of each service the servers' connections add up to the service's, but for those at the very time" 0 \
  "$(jq '[.services[] | (.traffic.connections - ([.servers[].traffic.connections] | add)) | select(. > 8 or . < -8)] | length' shares)"
same "bytes in and out are counted" true "$(of 10.0.0.185 '(.traffic.bytes_in > 500) and (.traffic.bytes_out > 500)')"

# draws LOCALE REGEX: a listing has such a line. In one look of a slow machine there may be no request.
draws() {
  COLUMNS=120 LC_ALL=$1 ipvsadm -Ln --share >table
  grep -q -E -- "$2" table
}
eventually "a server's bar is as long as its share" 40 draws C '-> 172.17.0.4:80 +weight 3 +75 % +[5-9][0-9] % .* #{6,}$'
same "without UTF-8 it is ASCII" 0 "$(LC_ALL=C grep -c -P '[^\x00-\x7f]' table)"
eventually "a server of weight 0 is drained" 40 draws C '-> 172.17.0.9:80 +weight 0 drained +0 % .* [0-9]+ connections left$'
eventually "a service has its rates" 40 draws C '^TCP  10.0.0.185:80 wrr +[0-9.,]+ conn/s +[0-9.]+ [kM]?B/s in +[0-9.]+ [kM]?B/s out$'
eventually "with UTF-8 bars are of eighths" 40 draws C.UTF-8 '-> 172.17.0.4:80 .* █+[▏▎▍▌▋▊▉]?$'
holds "without a terminal it fits 80 columns" test "$(ipvsadm -Ln --share | wc -L)" -le 80
same "a service alone" "TCP  10.0.0.185:80 wrr" "$(ipvsadm -Ln --share -t 10.0.0.185:80 | grep -o '^TCP  [^ ]* [a-z]*')"
ipvsadm -L --share -t 10.0.0.185:80 -r 172.17.0.4 --json >shares
same "a server alone has its share of the service" "1 75" "$(jq -r '.services[0].servers | "\(length) \(.[0].asked_percent)"' shares)"

# order KEY: the services' and servers' last bytes
order() { ipvsadm -Ln --share --sort-by "$1" | awk '$1 == "TCP" || /^  -> [^R]/ { print $2 }' | grep -v ']' | xargs; }
same "largest weights first" "10.0.0.185:80 172.17.0.4:80 172.17.0.3:80 172.17.0.9:80 10.0.0.186:80 172.17.0.3:80" "$(order weight)"
become "most bytes first" 40 "10.0.0.185:80 172.17.0.4:80 172.17.0.3:80 172.17.0.9:80 10.0.0.186:80 172.17.0.3:80" order bytes

# Weights that change between the looks: nothing is judged.
(
  sleep 1
  ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 30
) &
ipvsadm -L --share --json -t 10.0.0.185:80 >shares
wait $!
same "what changed between the looks is not judged" "null null null" "$(jq -r '[.services[0].servers[].balance] | map("\(.)") | join(" ")' shares)"
enough

# A client that stays: of two servers one gets everything.
ipvsadm -A -t 10.0.0.187:80 -s rr -p 300
ipvsadm -a -t 10.0.0.187:80 -r 172.17.0.3:80 -m
ipvsadm -a -t 10.0.0.187:80 -r 172.17.0.4:80 -m
asking 10.0.0.187
sticky() {
  COLUMNS=120 LC_ALL=C ipvsadm -Ln --share=12 -t 10.0.0.187:80 >table
  grep -q -E -- '-> .* 100 % .*  more: clients that stay$' table && grep -q -E -- '-> .*   0 % .*  less: clients stay elsewhere$' table
}
eventually "a client that stays shows as one" 30 sticky
enough

# A scheduler by clients asks for nothing, whatever they do.
ipvsadm -E -t 10.0.0.187:80 -s sh
asking 10.0.0.187
ipvsadm -L --share --json -t 10.0.0.187:80 >shares
enough
same "sh asks for no share" "null null null null" "$(jq -r '.services[0].servers | map("\(.asked_percent) \(.balance)") | join(" ")' shares)"

# A full server.
ipvsadm -E -t 10.0.0.187:80 -s rr
ipvsadm -e -t 10.0.0.187:80 -r 172.17.0.3:80 -m -x 1
ipvsadm -e -t 10.0.0.187:80 -r 172.17.0.4:80 -m -x 1
ip netns exec client bash -c 'exec 3<>/dev/tcp/10.0.0.187/80 4<>/dev/tcp/10.0.0.187/80; exec sleep 600' &
holder=$!
full() { COLUMNS=120 ipvsadm -Ln --share -t 10.0.0.187:80 | grep -c -E -- '-> .* weight 1    full .* [0-9]+ connections, limit 1$'; }
become "servers at their limit are full" 20 2 full
kill $holder

# Live, with the minute beside each server, into a pipe and in a terminal.
asking 10.0.0.185
LC_ALL=C timeout 200 "$IPVS_ADM" -Ln --share --watch=2 -t 10.0.0.185:80 >live &
watcher=$!
two_frames() { [ "$(grep -c '^TCP' live)" -ge 3 ]; }
eventually "it is listed again and again" 8 two_frames
kill -INT $watcher
wait $watcher || true
holds "with the minute beside a server" grep -q -E -- '-> 172.17.0.4:80 .* [_.:=+*#-]+  #+$' live
tmux -L share -f /dev/null new-session -d -x 110 -y 24 -s share "env LC_ALL=C.UTF-8 '$IPVS_ADM' -Ln --share --watch=2"
screen() { tmux -L share capture-pane -p -t share; }
drawn() { screen | grep -q -E -- '-> 172.17.0.4:80 .*  [▁▂▃▄▅▆▇█]+  █'; }
eventually "in a terminal it is drawn, as wide as that" 20 drawn
holds "no line is longer than the window" test "$(screen | wc -L)" -le 110
tmux -L share kill-server
enough

status=0
message=$(setpriv --bounding-set -net_admin --inh-caps -net_admin "$IPVS_ADM" -L --share 2>&1) || status=$?
same "without the right to read counters there are none" "2 1" "$status $(grep -c -- '--share' <<<"$message")"
same "a service that is not there is reported at once, as by -L" "$(ipvsadm -L -t 10.9.9.9:9 2>&1; echo $?)" \
  "$(timeout 100 "$IPVS_ADM" -L --share=600 -t 10.9.9.9:9 2>&1; echo $?)"
for pod in pod3 pod4 neighbour; do stop_serving $pod; done
finish
