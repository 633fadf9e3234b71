#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --apply: the fewest changes, --dry-run, what is refused and taken back, timeouts and sync daemons, and somebody else
# at the same table. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs

# run ARGUMENT...: runs the tool; its parts are in $status, $out and $err
run() {
  status=0
  "$IPVS_ADM" "$@" >/tmp/out 2>/tmp/err || status=$?
  out=$(</tmp/out)
  err=$(</tmp/err)
}

# result: the three parts of the last run as one text
result() { printf 'status %s\nstdout: %s\nstderr: %s\n' "$status" "$out" "$err"; }

# outcome STATUS STDOUT STDERR: what result should be
outcome() { printf 'status %s\nstdout: %s\nstderr: %s\n' "$1" "$2" "$3"; }

rules() { ipvsadm -S -n; }

cat >first <<'END'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
-A -t 10.0.0.2:80 -s wlc
-a -t 10.0.0.2:80 -r 10.1.0.3:80 -m -w 1
-A -u 10.0.0.3:53 -s rr
END
# Beside the first: a service changed, one gone with its server, one new; servers changed, gone and new.
cat >second <<'END'
# comments are welcome
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 7

-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-A -u 10.0.0.3:53 -s rr
-A -t [fd00::4]:443 -s sh -p 60
-a -t [fd00::4]:443 -r [fd01::1]:443 -m -w 1
END
second_rules='-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 7
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-A -u 10.0.0.3:53 -s rr
-A -t [fd00::4]:443 -s sh -p 60
-a -t [fd00::4]:443 -r [fd01::1]:443 -m -w 1'
changes='-A -t [fd00::4]:443 -s sh -p 60
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-a -t [fd00::4]:443 -r [fd01::1]:443 -m -w 1
-E -t 10.0.0.1:80 -s wrr
-e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 7
-d -t 10.0.0.1:80 -r 10.1.0.2:80
-D -t 10.0.0.2:80'

run --apply first
same "an empty table becomes what the file says" "$(outcome 0 '' '')" "$(result)"
same "it holds exactly that" "$(<first)" "$(rules)"
run --apply first --dry-run
same "nothing is to be changed then" "$(outcome 0 '' '')" "$(result)"
run --apply first
same "the same rules again are accepted" "$(outcome 0 '' '')" "$(result)"
same "and leave the table as it is" "$(<first)" "$(rules)"

run --apply second --dry-run
same "--dry-run prints the fewest changes, and exits with 3" "$(outcome 3 "$changes" '')" "$(result)"
same "--dry-run changes nothing" "$(<first)" "$(rules)"
cp out changes
run -R <changes
same "-R accepts what --dry-run prints" "$(outcome 0 '' '')" "$(result)"
same "these changes make the table the wanted one" "$second_rules" "$(rules)"
run --apply --dry-run <second
same "then no change is left" "$(outcome 0 '' '')" "$(result)"

run --apply <first
same "the rules may come from standard input" "$(outcome 0 '' '')" "$(result)"
same "the table is what they say" "$(<first)" "$(rules)"
run --apply second
same "from one table to the other" "$(outcome 0 '' '')" "$(result)"
same "the table is the other" "$second_rules" "$(rules)"
run --apply <<<-C
same "rules that only clear mean an empty table" "status 0 " "status $status $(rules)"

# What is wrong with the rules is found before anything is changed.
ipvsadm --apply first
# unchanged WHAT STATUS STDERR RULES
unchanged() {
  run --apply <<<"$4"
  same "$1" "$(outcome "$2" '' "$3")" "$(result)"
  same "$1: nothing is changed" "$(<first)" "$(rules)"
}
unchanged "an illegal value" 2 "line 3: illegal weight specified
  \`-1': not a number from 0 to 2147483647" '-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 5
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w -1'
unchanged "an illegal combination" 2 "line 1: Illegal 'forwarding-method' option with the 'add-service' command" \
  '-A -t 10.0.0.9:80 -m'
unchanged "a command that describes no table" 2 \
  "line 2: a table is described by -A, -a, --set and --start-daemon alone" '-A -t 10.0.0.9:80 -s rr
-D -t 10.0.0.1:80'
unchanged "a server without its service" 2 "line 1: no line adds the service of this server" \
  '-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m'
unchanged "two lines about a service that contradict each other" 2 "line 3: contradicts line 1" '-A -t 10.0.0.9:80 -s rr
-A -t 10.0.0.1:80 -s rr
-A -t 10.0.0.9:80 -s wrr'
unchanged "two lines about a server that contradict each other" 2 "line 3: contradicts line 2" \
  '-A -t 10.0.0.9:80 -s rr
-a -t 10.0.0.9:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.9:80 -r 10.1.0.1:80 -m -w 2'
unchanged "two lines about timeouts that contradict each other" 2 "line 2: contradicts line 1" '--set 900 120 300
--set 800 120 300'
unchanged "two lines about a sync daemon that contradict each other" 2 "line 2: contradicts line 1" \
  '--start-daemon master --mcast-interface lo
--start-daemon master --mcast-interface lo --syncid 5'
unchanged "a command that clears what the lines before it say" 2 "line 2: contradicts line 1" '-A -t 10.0.0.9:80 -s rr
-C'
run --apply <<<"-C
$(<first)"
same "a command that clears may stand at the top, as files for -R have it" "$(outcome 0 '' '')" "$(result)"
same "it clears nothing" "$(<first)" "$(rules)"
run --apply - --dry-run <first
same "a dash means standard input" "$(outcome 0 '' '')" "$(result)"
run --apply no-such-file
same "a file that is not there" "$(outcome 2 '' "can't read \`no-such-file': No such file or directory")" "$(result)"
same "a file that is not there: nothing is changed" "$(<first)" "$(rules)"

sed 's/-w 1$/-w 5/; s/-w 2$/-w 6/; s/-s wlc/-s lc/' first >weights
printf '%s\n' '-a -t 10.0.0.2:80 -r 10.1.0.8:80 -m -w 8' >>weights
run --apply weights --keep-weights
same "--keep-weights is accepted" "$(outcome 0 '' '')" "$(result)"
same "--keep-weights: all but the weights of servers that exist is applied" "-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
-A -t 10.0.0.2:80 -s lc
-a -t 10.0.0.2:80 -r 10.1.0.3:80 -m -w 1
-a -t 10.0.0.2:80 -r 10.1.0.8:80 -m -w 8
-A -u 10.0.0.3:53 -s rr" "$(rules)"
ipvsadm --apply first
run --apply second --no-delete --dry-run
same "--no-delete: a dry run shows no deletion" "$(outcome 3 "$(grep -v '^-[dD]' changes)" '')" "$(result)"
run --apply second --no-delete
same "--no-delete is accepted" "$(outcome 0 '' '')" "$(result)"
same "--no-delete: what the file does not name stays" "-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 7
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-A -t 10.0.0.2:80 -s wlc
-a -t 10.0.0.2:80 -r 10.1.0.3:80 -m -w 1
-A -u 10.0.0.3:53 -s rr
-A -t [fd00::4]:443 -s sh -p 60
-a -t [fd00::4]:443 -r [fd01::1]:443 -m -w 1" "$(rules)"

# What only the kernel can refuse.
ipvsadm --apply first
# taken_back WHAT MESSAGE RULES
taken_back() {
  run --apply <<<"$3"
  same "$1" "$(outcome 4 '' "$2
the table is as it was before")" "$(result)"
  same "$1: the former table is back" "$(<first)" "$(rules)"
}
no_scheduler="Scheduler or persistence engine not found"
taken_back "a new service with a scheduler that the kernel lacks" "line 3: $no_scheduler" '-A -t 10.0.0.7:80 -s rr
-a -t 10.0.0.7:80 -r 10.1.0.1:80 -m
-A -t 10.0.0.8:80 -s absent
-A -t 10.0.0.9:80 -s rr
-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 9'
taken_back "a change to such a scheduler, after servers were added" "line 4: $no_scheduler" '-A -t 10.0.0.7:80 -s rr
-a -t 10.0.0.7:80 -r 10.1.0.1:80 -m
-A -t 10.0.0.1:80 -s wlc
-A -t 10.0.0.2:80 -s absent
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 9
-a -t 10.0.0.1:80 -r 10.1.0.7:80 -m -w 9'
taken_back "a server whose address is no unicast one" \
  "line 3: Invalid operation.  Possibly wrong module version, address not unicast, ..." '-A -t 10.0.0.7:80 -s rr
-a -t 10.0.0.7:80 -r 10.1.0.1:80 -m
-a -t 10.0.0.7:80 -r 224.0.0.1:80 -m
-A -t 10.0.0.1:80 -s wlc'
before=$(ipvsadm -L --timeout)
taken_back "a sync daemon whose interface is not there" "line 3: No such device" '--set 901 121 301
-A -t 10.0.0.7:80 -s rr
--start-daemon master --mcast-interface absent0'
same "timeouts are taken back too" "$before" "$(ipvsadm -L --timeout)"
run --apply --dry-run <<<'--set 901 121 301
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1'
same "nothing is deleted before timeouts and daemons are accepted" "--set 901 121 301
-d -t 10.0.0.1:80 -r 10.1.0.2:80
-D -t 10.0.0.2:80
-D -u 10.0.0.3:53" "$out"
status=0
"$IPVS_ADM" --apply 2>/dev/full <<<'-A -t 10.0.0.7:80 -s rr
-A -t 10.0.0.8:80 -s absent' || status=$?
same "where the refusal can't be told the table is taken back all the same" "4 $(<first)" "$status $(rules)"
"$IPVS_ADM" --apply 2> >(:) <<<'-A -t 10.0.0.7:80 -s rr
-A -t 10.0.0.8:80 -s absent' || true
same "nor where nobody reads it" "$(<first)" "$(rules)"
run --apply <<<'no rule at all'
same "an unreadable line is wrong input" "2 $(<first)" "$status $(rules)"

# A call to the kernel that fails, each in turn: whatever is told is true. 0 means the wanted table, 4 the former one.
# strace's inject is given as $1.
injected() {
  local status=0
  "$IPVS_ADM" --apply first
  strace -qq -o /dev/null -e trace=sendmsg,sendto,recvmsg,recvmmsg,recvfrom -e "inject=$1" "$IPVS_ADM" --apply second \
    >out 2>err || status=$?
  tried=$((tried + 1))
  local table last=''
  table=$(rules)
  last=$(tail -n 1 err)
  case $status in
    0) [ "$table" = "$second_rules" ] && [ ! -s err ] ;;
    2 | 4) [ "$table" = "$(<first)" ] && [ -n "$last" ] ;;
    5) grep -q -x -F -e "the table is not what it was before; that would take:" \
      -e "the table can't be read: its state is unknown" err ;;
    *) false ;;
  esac || wrong+=" $1: status $status, $last;"
}
tried=0 wrong=''
strace -qq -o calls -e trace=sendmsg,sendto,recvmsg,recvmmsg,recvfrom "$IPVS_ADM" --apply second
for kind in send recv; do
  if [ $kind = send ]; then calls=sendmsg,sendto; else calls=recvmsg,recvmmsg; fi
  count=$(grep -c "^$kind" calls)
  for ((call = 1; call <= count; call++)); do
    injected "$calls:error=EIO:when=$call"
    injected "$calls:error=ENOMEM:when=$call"
  done
  injected "$calls:error=ENOBUFS:when=$((count - 1))+"
  injected "$calls:error=EPERM:when=$((count - 2))+"
done
same "of $tried runs with a call that fails, none leaves the table changed and unsaid" "" "$wrong"
holds "there were enough of them" test $tried -gt 20
ipvsadm --apply first

# Everything: timeouts and sync daemons.
everything() { ipvsadm -S -n --all; }
everything_is='--start-daemon master --mcast-interface lo --syncid 7
--start-daemon backup --mcast-interface lo --syncid 8 --mcast-port 8850'
ipvsadm --set 1000 200 400
while read -r line; do
  # shellcheck disable=SC2086 # words
  ipvsadm $line
done <<<"$everything_is"
everything >all
same "-S --all ends with the timeouts and the sync daemons" "--set 1000 200 400
2" "$(grep -e --set all)
$(grep -c -e --start-daemon all)"
daemons=$(ipvsadm -L --daemon | sort)
run --apply all --dry-run
same "its rules are what the kernel holds" "$(outcome 0 '' '')" "$(result)"
run --apply second
same "rules without timeouts and daemons are accepted" "$(outcome 0 '' '')" "$(result)"
same "they leave timeouts and daemons alone" "Timeout (tcp tcpfin udp): 1000 200 400
$daemons" "$(ipvsadm -L --timeout)
$(ipvsadm -L --daemon | sort)"

# forget: other timeouts, no daemons
forget() {
  ipvsadm -C
  ipvsadm --set 1 2 3
  ipvsadm --stop-daemon master --syncid 7
  ipvsadm --stop-daemon backup --syncid 8
}
forget
run -R <all
same "-R takes them" "$(outcome 0 '' '')" "$(result)"
same "-R brings everything back" "$(<all)" "$(everything)"
forget
run --apply all
same "--apply takes them" "$(outcome 0 '' '')" "$(result)"
same "--apply brings everything back" "$(<all)" "$(everything)"
sed 's/--syncid 7/--syncid 9/' all >other_daemon
run --apply other_daemon
same "another sync id is accepted" "$(outcome 0 '' '')" "$(result)"
same "the daemon runs with it" "$(<other_daemon)" "$(everything)"
run --apply all
ipvsadm --stop-daemon master --syncid 7
ipvsadm --stop-daemon backup --syncid 8

# Somebody else at the same table, in the midst of our runs: services of theirs come and go, and some of ours too.
ipvsadm -C
printf '%s\n' "-A -t 10.9.0.1:80 -s rr" "-a -t 10.9.0.1:80 -r 10.1.0.1:80 -m" "-A -t 10.0.0.2:80 -s rr" \
  "-A -t [fd00::4]:443 -s rr" "-d -t 10.0.0.1:80 -r 10.1.0.1:80" "-D -u 10.0.0.3:53" >rival_adds
printf '%s\n' "-D -t 10.9.0.1:80" "-D -t 10.0.0.2:80" "-D -t 10.0.0.1:80" "-D -t [fd00::4]:443" >rival_deletes
(
  trap 'exit 0' TERM
  # Most of these are refused: the rival and we stand in each other's way.
  while :; do
    "$IPVS_ADM" -R <rival_adds >/dev/null 2>&1 || true
    "$IPVS_ADM" -R <rival_deletes >/dev/null 2>&1 || true
  done
) &
rival=$!
# With a pause before each message to the kernel, the rival always comes between what is read and what is changed.
slowly() { strace -qq -o /dev/null -e trace=sendmsg,sendto -e "inject=sendmsg,sendto:delay_enter=$1" "${@:2}"; }
clear=0 refused=0 unclear='' untold=''
outcomes='the table is as it was before|the table is not what it was before; that would take:'
outcomes+='|somebody else keeps changing the table; it differs from the rules by:'
for ((i = 0; i < 10 || (clear == 0 && i < 50); i++)); do
  if ((i % 2)); then wanted=first; else wanted=second; fi
  status=0
  if ((i < 3 || i >= 10)); then
    "$IPVS_ADM" --apply $wanted >out 2>err || status=$?
  else
    slowly 30000 "$IPVS_ADM" --apply $wanted >out 2>err || status=$?
  fi
  # Success says nothing; else it is told what became of the table.
  case $status in
    0)
      clear=$((clear + 1))
      untold+=$(cat out err)
      ;;
    4 | 5)
      refused=$((refused + 1))
      grep -q -x -E "$outcomes" err || untold+=$(cat out err)
      ;;
    *) unclear+=" run $i: status $status" ;;
  esac
done
kill $rival
wait $rival || true
echo "# of $i runs while somebody else changed the table all the time, $clear succeeded, $refused were refused"
same "somebody else changes the table: every run ends well or is refused" "" "$unclear"
same "each refusal says what has become of the table, and success says nothing" "" "$untold"
holds "some runs end well" test $clear -gt 0
run --apply first
same "when they are done, the table becomes the wanted one" "$(outcome 0 '' '')" "$(result)"
same "and nothing of theirs is left" "$(<first)" "$(rules)"

# Two at once: one waits for the other, so that neither reads a table that the other is about to change.
ipvsadm -C
slowly 200000 "$IPVS_ADM" --apply first &
one=$!
slowly 200000 "$IPVS_ADM" --apply second &
two=$!
status=0 other=0
wait $one || status=$?
wait $two || other=$?
same "two that are applied at the same time both succeed" "0 0" "$status $other"
same "the table is one of theirs as a whole" "" \
  "$(rules | diff - <(if rules | grep -q wlc; then cat first; else echo "$second_rules"; fi))"

# Signals and rivals at a known moment, however slow the machine: strace counts what is sent, and stops the tool there.
# sends COMMAND...: how many messages to IPVS it sends
sends() {
  strace -qq -o sends -e trace=sendto "$@" >/dev/null </dev/null
  wc -l <sends
}
# stop_at NUMBER COMMAND...: it stops once it has sent that many
stop_at() {
  local number=$1
  shift
  strace -qq -o trace -e trace=sendto -e "inject=sendto:signal=STOP:when=$number" "$@"
}
is_stopped() { grep -q '^--- stopped by SIGSTOP' trace; }

# A rival that puts a service where ours was to be, after the table was read: what we put into theirs is taken back.
ipvsadm --apply first
# Nothing is to be done: it reads, and that is all.
reads=$(sends "$IPVS_ADM" --apply first)
: >trace
stop_at "$reads" "$IPVS_ADM" --apply >out 2>err <<<"$(<first)
-A -t 10.0.0.7:80 -s rr
-a -t 10.0.0.7:80 -r 10.1.0.7:80 -m
-A -t 10.0.0.8:80 -s absent" &
apply=$!
eventually "it has read the table" 10 is_stopped
ipvsadm -A -t 10.0.0.7:80 -s wlc
pkill -CONT -x ipvsadm
status=0
wait $apply || status=$?
same "a refusal beside a rival's new service" 5 $status
same "the rival's service stays, without our server" "$(cat first - <<<'-A -t 10.0.0.7:80 -s wlc' | sort)" "$(rules | sort)"
same "that the table is not the former one is told, with what it would take" \
  "the table is not what it was before; that would take:
-D -t 10.0.0.7:80" "$(tail -n 2 err)"

# Signals wait: 1,000 services take several sends.
ipvsadm -C
for ((i = 1; i <= 1000; i++)); do echo "-A -t 10.0.0.1:$i -s rr"; done >many
echo -C >empty
reads=$(sends "$IPVS_ADM" --apply empty)
: >trace
stop_at $((reads + 2)) "$IPVS_ADM" --apply many &
tracer=$!
eventually "it is in the midst of its changes" 10 is_stopped
count=$(rules | wc -l)
holds "some of 1,000 services are there: $count" test "$count" -gt 0 -a "$count" -lt 1000
pkill -TERM -x ipvsadm
pkill -CONT -x ipvsadm
status=0
wait $tracer || status=$?
same "SIGTERM ends it only when the table is whole" "143 1000" "$status $(rules | wc -l)"
finish
