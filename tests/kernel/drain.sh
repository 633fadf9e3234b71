#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --drain: waits for connections to end, gives up in time, when interrupted, and prints how to undo it. Runs in the
# kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

make_network
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
cd /tmp

# setup: the table as each case starts with it
setup() {
  ipvsadm -C
  ipvsadm -R <<'END'
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
-A -u 10.0.0.185:53 -s rr
-a -u 10.0.0.185:53 -r 172.17.0.3:53 -m -w 2
-a -u 10.0.0.185:53 -r 172.17.0.4:53 -m -w 1
END
}
server3='-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50'
server3_drained=${server3/-w 3/-w 0}
# rules SERVICE: the saved rules of its servers
rules() { ipvsadm -Sn | grep -e "^-a .*$1" || true; }

# run ARGUMENT...: runs the tool; its parts are in $status, $out, $err and $seconds
run() {
  local start=$SECONDS
  status=0
  "$IPVS_ADM" "$@" >out 2>err || status=$?
  seconds=$((SECONDS - start))
  out=$(<out)
  err=$(<err)
}
outcome() { printf 'status %s\nstdout: %s\nstderr: %s\n' "$@"; }

# open_connection: a TCP connection that stays open; its client is $client. The server never closes its end, so that two
# seconds after the client's the connection is forgotten.
open_connection() {
  on pod3 busybox nc -l -p 80 -e sleep 1000 &
  eventually "a server listens" 5 listens
  ip netns exec client bash -c 'exec 3<>/dev/tcp/10.0.0.185/80; exec sleep 1000' &
  client=$!
  become "a connection is open" 5 1 ipvsadm -L -c -t 10.0.0.185:80 --state ESTABLISHED --count
}
listens() { on pod3 ss -ltn | grep -q :80; }
ipvsadm --set 900 2 3

# Nothing to wait for.
setup
run -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain
same "an idle server is deleted, quietly" "$(outcome 0 '' '')" "$(outcome "$status" "$out" "$err")"
same "it is gone" "" "$(rules 10.0.0.185:80)"
holds "that takes no time ($seconds s)" test "$seconds" -le $((2 * patience))
run -D -u 10.0.0.185:53 --drain=5
same "an idle service is deleted, quietly" "$(outcome 0 '' '')" "$(outcome "$status" "$out" "$err")"
same "it is gone with its servers" "-A -t 10.0.0.185:80 -s rr" "$(ipvsadm -Sn)"
run -d -t 10.0.0.185:80 -r 172.17.0.4:80 --drain
same "a server that is not there" "$(outcome 255 '' 'No such destination')" "$(outcome "$status" "$out" "$err")"
run -d -t 10.0.0.185:99 -r 172.17.0.4:80 --drain
same "a server of a service that is not there" "$(outcome 255 '' 'Service not defined')" \
  "$(outcome "$status" "$out" "$err")"
run -D -t 10.0.0.185:99 --drain
same "a service that is not there" "$(outcome 255 '' 'No such service')" "$(outcome "$status" "$out" "$err")"

# Time over, and what undoes it.
setup
open_connection
run -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=2
undo='ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50'
left='1 connection left, nothing deleted, the weight stays 0; to undo:'
same "time is over: that is reported, with the command that undoes it" "$(outcome 1 '' "time is over: $left
$undo")" "$(outcome "$status" "$out" "$err")"
holds "it waited as long as it should ($seconds s)" test "$seconds" -ge 2 -a "$seconds" -le $((4 * patience))
same "the server is left at weight 0, all else as it was" "$server3_drained" "$(rules 10.0.0.185:80)"
mkdir -p bin
ln -sf "$IPVS_ADM" bin/ipvsadm
PATH=/tmp/bin:$PATH bash -c "$(tail -n 1 err)"
same "the command undoes it" "$server3" "$(rules 10.0.0.185:80)"
run --netns $$ -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=1
same "the command names the network namespace" "${undo/ipvsadm/ipvsadm --netns $$}" "$(tail -n 1 err)"
PATH=/tmp/bin:$PATH bash -c "$(tail -n 1 err)"
run -D -t 10.0.0.185:80 --drain=1
same "a service whose time is over reports the same" "$(outcome 1 '' "time is over: $left
$undo")" "$(outcome "$status" "$out" "$err")"
same "it is left with its server at weight 0" "$server3_drained" "$(rules 10.0.0.185:80)"
run -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=1
same "a server that had weight 0 before has nothing to undo" "$(outcome 1 '' "time is over: ${left%; *}")" \
  "$(outcome "$status" "$out" "$err")"

# Interrupted.
for signal in INT TERM HUP QUIT PIPE; do
  ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
  # A shell has its jobs ignore SIGINT and SIGQUIT.
  env --default-signal "$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain >out 2>err &
  drain=$!
  become "SIG$signal: the drain sets the weight to 0" 5 "$server3_drained" rules 10.0.0.185:80
  kill -$signal $drain
  status=0
  wait $drain || status=$?
  same "SIG$signal: the drain prints how to undo it, and ends by the signal" "$(outcome $((128 + $(kill -l $signal))) '' "interrupted: $left
$undo")" "$(outcome $status "$(<out)" "$(<err)")"
  same "SIG$signal: the server is left at weight 0" "$server3_drained" "$(rules 10.0.0.185:80)"
done

# Inside rules the signal ends all, and nothing after the drain is done.
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
table=$(ipvsadm -Sn)
printf '%s\n' '-d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain' -C >interrupted
"$IPVS_ADM" -R interrupted >out 2>err &
drain=$!
become "rules with a drain: the weight is 0" 5 "$server3_drained" rules 10.0.0.185:80
kill -TERM $drain
status=0
wait $drain || status=$?
same "rules with a drain that is interrupted end by the signal" $((128 + 15)) $status
same "and the last line says where" "line 1: interrupted; the lines after it are not carried out" "$(tail -n 1 err)"
same "the lines after it are not carried out" "${table/"$server3"/"$server3_drained"}" "$(ipvsadm -Sn)"

# The kernel can't be asked any more.
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
status=0
strace -qq -o /dev/null -e trace=recvmmsg -e inject=recvmmsg:error=EIO:when=12+ \
  "$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=20 >out 2>err || status=$?
same "a drain that fails says so and how to undo it" "the drain failed: nothing deleted, the weight stays 0; to undo:
$undo
Input/output error" "$(cat err)"
same "its status" 255 $status
same "the weight is 0" "$server3_drained" "$(rules 10.0.0.185:80)"

ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
(trap '' HUP INT TERM && exec "$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=4) >out 2>err &
drain=$!
become "where signals are ignored the drain sets the weight to 0" 5 "$server3_drained" rules 10.0.0.185:80
kill -HUP $drain
kill -INT $drain
kill -TERM $drain
status=0
wait $drain || status=$?
same "where HUP, INT and TERM are ignored they do not end it" "$(outcome 1 '' "time is over: $left
$undo")" "$(outcome $status "$(<out)" "$(<err)")"

# Somebody else at the same server.
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3
"$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain >out 2>err &
drain=$!
become "a drain is under way" 5 "${server3_drained% -x*}" rules 10.0.0.185:80
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 9
status=0
wait $drain || status=$?
same "a server that somebody else gives a weight again is left to them" \
  "$(outcome 1 '' 'somebody else has given a server weight 9: 1 connection left, nothing deleted')" \
  "$(outcome $status "$(<out)" "$(<err)")"
same "it keeps that weight" "${server3_drained% -w*} -w 9" "$(rules 10.0.0.185:80)"
status=0
"$IPVS_ADM" -R >out 2>err <<'END' || status=$?
-d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=0
-A -t 10.0.0.185:81 -s rr
END
same "rules with a drain that gave up end with an error" 255 $status
same "and the rules after it are carried out" 1 "$(ipvsadm -Sn | grep -c -x -e '-A -t 10.0.0.185:81 -s rr')"
ipvsadm -D -t 10.0.0.185:81
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
status=0
"$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=0 2>/dev/full || status=$?
same "where it can't print how to undo it, it ends with the same status" 1 $status

# Until it closes; on a terminal.
ipvsadm -e -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3 -x 100 -y 50
script -q -e -c "$IPVS_ADM -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain" /dev/null </dev/null >progress &
drain=$!
become "the drain waits for the open connection" 5 "$server3_drained" rules 10.0.0.185:80
sleep 2
same "as long as it is open the server stays" "$server3_drained" "$(rules 10.0.0.185:80)"
kill $client
status=0
wait $drain || status=$?
same "once it is closed and forgotten the server is deleted" "0 " "$status $(rules 10.0.0.185:80)"
tr '\r' '\n' <progress | sed 's/\x1b\[K/<clear>/' >lines
same "on a terminal a line shows the progress" "" \
  "$(grep -v -x -E '<clear>(draining: 1 connection left, [0-9]+ s)?|' lines || true)"
holds "the progress was shown more than once" test "$(grep -c draining lines)" -gt 2
same "the line is wiped in the end" "<clear>" "$(grep . lines | tail -n 1)"

# A rival that changes the rest of the table all the while, on a second processor where there is one.
setup
open_connection
for ((i = 1; i <= 60; i++)); do
  echo "-A -t 10.0.9.1:$i -s rr" >&3
  echo "-D -t 10.0.9.1:$i" >&4
done 3>rival_adds 4>rival_deletes
echo 0 >rounds
(
  trap 'exit 0' TERM
  for ((i = 1; ; i++)); do
    "$IPVS_ADM" -R <rival_adds
    "$IPVS_ADM" -e -u 10.0.0.185:53 -r 172.17.0.4:53 -m -w $((i % 100))
    "$IPVS_ADM" -R <rival_deletes
    echo $i >rounds
  done
) 2>rival_errors &
rival=$!
"$IPVS_ADM" -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain >out 2>err &
drain=$!
become "beside a rival: the drain waits for the open connection" 10 "$server3_drained" rules 10.0.0.185:80
before=$(<rounds)
rival_had_rounds() { [ "$(<rounds)" -gt $((before + 3)) ]; }
eventually "the rival is at work meanwhile" 30 rival_had_rounds
same "as long as it is open the server stays" "$server3_drained" "$(rules 10.0.0.185:80)"
kill $client
status=0
wait $drain || status=$?
same "the drain ends as without the rival" "$(outcome 0 '' '')" "$(outcome $status "$(<out)" "$(<err)")"
kill $rival
wait $rival || true
same "the rival was never refused" "" "$(<rival_errors)"
same "of the table only the drained server is gone" "-A -t 10.0.0.185:80 -s rr
-A -u 10.0.0.185:53 -s rr
-a -u 10.0.0.185:53 -r 172.17.0.3:53 -m -w 2" \
  "$(ipvsadm -Sn | grep -v -e '^-A -t 10.0.9.1' -e '-r 172.17.0.4:53')"
stop_serving pod3

# An estimate, once there are fewer: two clients' UDP, one of which goes on.
setup
# send_until FILE: a client sends from a port of its own until the file is there
send_until() {
  # shellcheck disable=SC2016 # for the inner shell
  on client bash -c 'exec 3>/dev/udp/10.0.0.185/53; until [ -e "$1" ]; do echo x >&3; sleep 0.25; done' bash "$PWD/$1" 2>/dev/null &
}
rm -f first_ends second_ends
send_until first_ends
send_until second_ends
become "two clients" 5 2 ipvsadm -L -c -u 10.0.0.185:53 --count
script -q -f -e -c "$IPVS_ADM -D -u 10.0.0.185:53 --drain=60" progress </dev/null >/dev/null &
drain=$!
eventually "the drain waits for both" 20 grep -q '2 connections left' progress
touch first_ends
eventually "with one left an estimate is given" 40 \
  grep -q -E 'draining: 1 connection left, [0-9]+ s, about [0-9]+ s to go' progress
touch second_ends
status=0
wait $drain || status=$?
same "a service is drained of both and deleted" "0 -A -t 10.0.0.185:80 -s rr" "$status $(ipvsadm -Sn | grep -e -A)"

# Clients that send on from one port.
setup
on client bash -c 'exec 4>/dev/udp/10.0.0.185/53; for i in {1..60}; do echo x >&4; sleep 0.25; done' 2>sender &
sender=$!
become "a client sends" 5 1 ipvsadm -L -c -u 10.0.0.185:53 --count
run -D -u 10.0.0.185:53 --drain=4
reason="1 UDP client sends on from the same port and can't change the server as long as it is there; after\
 sysctl -w net.ipv4.vs.expire_nodest_conn=1 they do when it is deleted (-d without --drain)"
same "UDP from one port: the drain says why it did not end" "1 $reason" "$status $(head -n 1 <<<"$err")"
same "and what became of it" "time is over: 1 connection left, nothing deleted, the weight stays 0; to undo:" \
  "$(sed -n 2p <<<"$err")"
sysctl -q -w net.ipv4.vs.expire_nodest_conn=1
bash -c "$(sed -n '3,$p' <<<"$err" | sed "s|^ipvsadm|$IPVS_ADM|")"
before=$(ipvsadm -Lnc -u 10.0.0.185:53 | awk 'NR > 2 { print $6 }')
ipvsadm -d -u 10.0.0.185:53 -r "$before"
become "what it names helps: the client's packets have another server" 5 1 \
  ipvsadm -L -c -u 10.0.0.185:53 -r "$(case $before in 172.17.0.3*) echo 172.17.0.4 ;; *) echo 172.17.0.3 ;; esac)" --count
sysctl -q -w net.ipv4.vs.expire_nodest_conn=0
kill $sender
wait $sender || true

# A client that uses one port again and again, which the kernel takes for the connection of before.
# connect_again COUNT: from port 41000; each ends by a reset, so that the port is free at once
connect_again() {
  on client python3 -c '
import socket, struct, sys, time
for _ in range(int(sys.argv[1])):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.settimeout(2)
        client.bind(("", 41000))
        try: client.connect(("10.0.0.185", 80))
        except OSError: pass
    print("connected", flush=True)
    time.sleep(0.3)' "$1"
}
serve pod3
# reuse MODE: a drain while the client does that
reuse() {
  setup
  sysctl -q -w net.ipv4.vs.conn_reuse_mode="$1"
  connect_again 60 >connected &
  client_loop=$!
  # Python takes its time to start.
  eventually "a client connects, with conn_reuse_mode $1" 20 test -s connected
  run -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain=5
  kill $client_loop
  wait $client_loop || true
}
reuse 0
same "with conn_reuse_mode 0: the drain says why it did not end" \
  "1 1 connection that had ended is in use again and net.ipv4.vs.conn_reuse_mode is 0: a client that uses its port\
 again comes back to the server; sysctl -w net.ipv4.vs.conn_reuse_mode=1 lets it change" "$status $(head -n 1 <<<"$err")"
reuse 1
same "with conn_reuse_mode 1 that is no reason" 0 "$(grep -c reuse <<<"$err" || true)"
ipvsadm --set 900 2 3
stop_serving pod3

# Persistent services.
warning="the service is persistent and net.ipv4.vs.expire_quiescent_template is 0: clients come back to the server,\
 and the drain may never end; sysctl -w net.ipv4.vs.expire_quiescent_template=1 lets them change"
for value in 0 1; do
  ipvsadm -C
  ipvsadm -R <<<'-A -t 10.0.0.185:80 -s rr -p 300
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m'
  sysctl -q -w net.ipv4.vs.expire_quiescent_template=$value
  run -d -t 10.0.0.185:80 -r 172.17.0.3:80 --drain
  if [ $value = 1 ]; then warning=; fi
  same "a persistent service, with expire_quiescent_template $value" "$(outcome 0 '' "$warning")" \
    "$(outcome "$status" "$out" "$err")"
done
stop_serving pod3
finish
