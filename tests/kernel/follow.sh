#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ipvsadm-follow: three directors follow a key of a real etcd, clients of each send requests throughout. A change arrives
# everywhere, wrong rules nowhere; a store or a director that dies, and a link to the store that is cut, hurt no request.
# Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
follow=$here/../../packaging/ipvsadm-follow
modprobe dummy numdummies=0
modprobe ip_vs
cd /tmp
mkdir bin
ln -s "$IPVS_ADM" bin/ipvsadm
PATH=/tmp/bin:$PATH

# Two links: `lan` has directors, web servers and clients; `mgmt` the store and the directors.
#   one two three   192.168.77.11 to .13, 10.99.0.11 to .13     pod3 pod4   192.168.77.3, .4
#   client-NAME     192.168.77.21 to .23, a client of each      store       10.99.0.1
directors=(one two three)
for link in lan mgmt; do
  ip link add $link type bridge
  ip link set $link up
done

# join NAME LINK ADDRESS: the namespace NAME gets a leg in LINK
join() {
  local end=$2-${1/client/c}
  [ -e "/run/netns/$1" ] || ip netns add "$1"
  ip link add "$end" type veth peer name "$2" netns "$1"
  ip link set "$end" master "$2" up
  on "$1" sh -c "ip link set lo up; ip addr add $3/24 dev $2; ip link set $2 up"
}
join store mgmt 10.99.0.1
server='
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words): pass
class Server(http.server.HTTPServer):
    request_queue_size = 64
Server(("", 80), Handler).serve_forever()
'
number=3
for pod in pod3 pod4; do
  join $pod lan 192.168.77.$number
  take_address $pod 10.0.0.185
  # One process for all requests: a fork for each is dear in user-mode-linux.
  ip netns exec $pod python3 -c "$server" &
  number=$((number + 1))
done
number=1
for director in "${directors[@]}"; do
  join "$director" lan 192.168.77.1$number
  join "$director" mgmt 10.99.0.1$number
  # The pods answer the clients by themselves, so nobody is sent another way.
  on "$director" sysctl -q -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.lan.send_redirects=0
  on "$director" sh -c 'ip link add dummy0 type dummy; ip link set dummy0 up; ip addr add 10.0.0.185 dev dummy0'
  join "client-$director" lan 192.168.77.2$number
  on "client-$director" ip route add 10.0.0.185 via 192.168.77.1$number
  number=$((number + 1))
done

start_store() {
  ip netns exec store etcd --data-dir /tmp/etcd --listen-client-urls http://10.99.0.1:2379 \
    --advertise-client-urls http://10.99.0.1:2379 --listen-peer-urls http://10.99.0.1:2380 \
    --initial-advertise-peer-urls http://10.99.0.1:2380 --initial-cluster default=http://10.99.0.1:2380 \
    --unsafe-no-fsync --logger zap >>etcd.log 2>&1 &
  etcd=$!
}
store() { on store etcdctl --endpoints http://10.99.0.1:2379 "$@"; }
put() { store put /ipvs/rules >/dev/null; }
start_follower() {
  ETCDCTL_ENDPOINTS=http://10.99.0.1:2379 IPVS_DIRECTOR=$1 IPVS_CHECK=5 ETCDCTL_DIAL_TIMEOUT=1s ETCDCTL_COMMAND_TIMEOUT=2s \
    ip netns exec "$1" "$follow" >>"follow.$1" 2>&1 &
  eval "follower_$1=$!"
}

# rules WEIGHT: both pods by direct routing, the second with that weight, then further lines
rules() {
  printf '%s\n' '-A -t 10.0.0.185:80 -s wrr' '-a -t 10.0.0.185:80 -r 192.168.77.3:80 -g -w 1' \
    "-a -t 10.0.0.185:80 -r 192.168.77.4:80 -g -w $1" "${@:2}"
}
table() { "$IPVS_ADM" --netns "$1" -Sn; }
# everywhere TABLE [DIRECTOR...]: those directors, or all, have it
everywhere() {
  local director
  for director in "${@:2}"; do
    [ "$(table "$director")" = "$1" ] || return 1
  done
}
# reports: the status keys without the times
reports() { store get --prefix /ipvs/status/ --print-value-only | sed 's/ time=[^ ]*Z / /'; }
keys() { store get --prefix /ipvs/status/ --keys-only | grep .; }
# followed TEXT DIRECTOR: that director's follower has said so
followed() { grep -q -- "$1" "follow.$2"; }

# outages DIRECTOR COUNT: that director's follower has reported so many
outages() { [ "$(grep -c "can't be reached" "follow.$1")" -ge "$2" ]; }

start_store
eventually "the store answers" 60 sh -c 'ip netns exec store etcdctl --endpoints http://10.99.0.1:2379 get x >/dev/null 2>&1'
rules 1 | put
for director in "${directors[@]}"; do start_follower "$director"; done
eventually "the first state arrives on every director" 60 everywhere "$(rules 1)" "${directors[@]}"
become "each director has reported under a key of its own" 20 "$(printf '/ipvs/status/%s\n' one three two)" keys

# Requests of every client from here to the end.
for director in "${directors[@]}"; do
  ip netns exec "client-$director" curl -s --max-time 20 --no-keepalive -H 'Connection: close' -o /dev/null --rate 6/s \
    -w '%{stderr}%{exitcode} %{http_code}\n' 'http://10.0.0.185/?[1-2000]' 2>"requests.$director" &
  eval "requests_$director=$!"
done
# end_requests DIRECTOR: none of its client's has failed
end_requests() {
  local count
  kill "$(eval echo "\$requests_$1")" 2>/dev/null || true
  wait "$(eval echo "\$requests_$1")" 2>/dev/null || true
  count=$(grep -c . "requests.$1")
  same "none of $count requests through $1 failed" "$count 0 200" "$(sort "requests.$1" | uniq -c | sed 's/^ *//')"
}
# answered DIRECTOR COUNT: so many requests of its client have ended
answered() { [ "$(wc -l <"requests.$1")" -ge "$2" ]; }
eventually "clients are being served" 60 answered three 10

# changes WEIGHT: how long after the store's answer the last director had it, in milliseconds: by the time of the last line
# of its log. Nothing looks meanwhile, which would take the one processor from those who work.
changes() {
  local begin last
  rules "$1" | put
  begin=${EPOCHREALTIME/./}
  sleep 3
  last=$(stat -c %.6Y follow.one follow.two follow.three | sort -n | tail -n 1)
  echo $(((${last/./} - begin) / 1000))
}
times=()
# Some more where the machine has other work: it is the program's time that counts.
for weight in 12 13 14 15 16 17 18 19 2 3 4 5; do
  times+=("$(changes $weight)")
  eventually "weight $weight is on all three" 20 everywhere "$(rules $weight)" "${directors[@]}"
  second=$(printf '%s\n' "${times[@]}" | sort -n | sed -n 2p)
done
holds "a change is on all three directors within 2 s (${times[*]} ms)" test "$second" -le 2000

# A wrong file.
rules 9 '-a -t 10.0.0.185:80 -r nonsense' | put
wrong=$(store get /ipvs/rules -w fields | sed -n 's/^"ModRevision" : //p')
refused=$(printf "revision=$wrong result=refused, nothing changed (status 2): line 4: illegal real server address[:port] specified%.0s\n" 1 2 3)
become "wrong rules are reported by each director, with the line" 20 "$refused" \
  sh -c "ip netns exec store etcdctl --endpoints http://10.99.0.1:2379 get --prefix /ipvs/status/ --print-value-only |
    sed 's/ time=[^ ]*Z / /; s/ specified.*/ specified/'"
for director in "${directors[@]}"; do same "$director: wrong rules changed nothing" "$(rules 5)" "$(table "$director")"; done
rules 6 | put
eventually "right rules after wrong ones arrive everywhere" 20 everywhere "$(rules 6)" "${directors[@]}"

# The store dies and comes back with a change.
kill -KILL $etcd
wait $etcd 2>/dev/null || true
for director in "${directors[@]}"; do
  eventually "$director reports that the store can't be reached" 30 followed "can't be reached" "$director"
  same "$director: its table stays" "$(rules 6)" "$(table "$director")"
done
start_store
eventually "the store is back" 60 sh -c 'ip netns exec store etcdctl --endpoints http://10.99.0.1:2379 get x >/dev/null 2>&1'
rules 7 | put
eventually "a change after the store's return arrives everywhere" 30 everywhere "$(rules 7)" "${directors[@]}"

# A director's follower is killed in the middle of changes, and starts again.
for weight in 11 12 13 14 15 16; do
  rules $weight | put
  [ $weight != 13 ] || kill -KILL "$(eval echo "\$follower_two")"
done
eventually "the other directors have the last of many changes" 20 everywhere "$(rules 16)" one three
holds "the one whose follower died has one of the states, whole" grep -qxF -- "$(table two | paste -sd ';')" \
  <(for weight in 7 11 12 13 14 15 16; do rules $weight | paste -sd ';'; done)
end_requests two
on two "$IPVS_ADM" -C
start_follower two
eventually "a director that starts empty gets the present state" 30 everywhere "$(rules 16)" two

# A part of the network is cut off from the store; it keeps serving, and catches up.
before=$(wc -l <requests.three)
ip link set mgmt-three down
rules 20 | put
eventually "the others get the change" 20 everywhere "$(rules 20)" one two
eventually "the director that is cut off reports it" 30 outages three 2
same "its table stays" "$(rules 16)" "$(table three)"
eventually "its client is being served meanwhile" 30 answered three $((before + 10))
ip link set mgmt-three up
eventually "it catches up" 40 everywhere "$(rules 20)" three

# A health checker's weights.
kill "$(eval echo "\$follower_one")"
wait "$(eval echo "\$follower_one")" 2>/dev/null || true
on one "$IPVS_ADM" -e -t 10.0.0.185:80 -r 192.168.77.4:80 -g -w 0
KEEP_WEIGHTS=yes start_follower one
rules 21 '-A -u 10.0.0.185:53 -s rr' | put
eventually "with KEEP_WEIGHTS=yes the rest of a change arrives" 30 sh -c "ip netns exec one '$IPVS_ADM' -Sn | grep -q -- '-A -u'"
same "and a weight that somebody set stays" "-a -t 10.0.0.185:80 -r 192.168.77.4:80 -g -w 0" \
  "$(table one | grep 192.168.77.4)"
store del /ipvs/rules >/dev/null
eventually "a key that is deleted is reported" 30 followed 'the store has no /ipvs/rules' two
same "and leaves the table alone" "$(rules 21 '-A -u 10.0.0.185:53 -s rr')" "$(table two)"

# Settings that are wrong.
status=0
message=$(IPVS_CHECK=0 "$follow" 2>&1) || status=$?
same "a wrong setting is named" "ipvsadm-follow: IPVS_CHECK is not a number of seconds from 1 to 9999: 0, 2" "$message, $status"

# Whatever happened, no request failed.
for director in one three; do end_requests $director; done
total=$(cat requests.* | wc -l)
holds "there were 1,000 requests and more ($total)" test "$total" -ge 1000

for director in "${directors[@]}"; do kill "$(eval echo "\$follower_$director")"; done
for director in "${directors[@]}"; do
  status=0
  wait "$(eval echo "\$follower_$director")" || status=$?
  same "$director's follower ends by SIGTERM with status 0" 0 $status
done
kill -KILL $etcd
stop_serving pod3
stop_serving pod4
if [ $failed -gt 0 ]; then tail -n 20 follow.* etcd.log; fi
finish
