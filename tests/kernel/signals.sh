#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signals: rules that are interrupted stop, say where, and end by the signal; no batch is torn; a drain says how to undo
# it; --watch gives the terminal back. IPVS_SIGNALS=all: every signal with each, and at more moments. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs
ln -sf "$IPVS_ADM" ipvsadm-restore
sent=0

# start COMMAND...: in the background, with all signals as a shell has them for commands in the foreground; its number is
# $command
start() {
  env --default-signal "$@" <&0 >out 2>err &
  command=$!
}
# end_by SIGNAL: sends it to the command; its status is in $status
end_by() {
  sent=$((sent + 1))
  kill -"$1" $command
  status=0
  wait $command 2>/dev/null || status=$?
}
number_of() { kill -l "$1"; }
rules() { ipvsadm -Sn; }

# While rules are read. A few signals each; all of them on demand.
mkfifo rules.fifo
exec 7<>rules.fifo
before='-A -t 10.0.0.1:80 -s rr'
ipvsadm -A -t 10.0.0.1:80 -s rr
first=(INT QUIT)
second=(TERM PIPE)
third=(HUP USR1)
if [ "${IPVS_SIGNALS-}" = all ]; then
  first=(INT TERM HUP QUIT PIPE ALRM USR1 USR2)
  second=("${first[@]}")
  third=("${first[@]}")
fi
# reading SIGNAL COMMAND...
reading() {
  local signal=$1
  shift
  start "$@" <rules.fifo
  printf '%s\n' '-A -t 10.0.0.2:80 -s rr' '-A -t 10.0.0.3:80 -s rr' >&7
  # It waits for more once it has read these.
  waits() {
    [ "$(python3 -c 'import fcntl, termios; print(any(fcntl.ioctl(7, termios.FIONREAD, bytes(4))))')" = False ] &&
      [ "$(awk '{ print $3 }' "/proc/$command/stat")" = S ]
  }
  eventually "$* reads" 10 waits
  end_by "$signal"
  same "SIG$signal while $* reads rules: it ends by the signal" $((128 + $(number_of "$signal"))) $status
  same "says up to which line it came" "line 2: interrupted; nothing is changed" "$(<err)"
  same "and nothing is changed" "$before" "$(rules)"
}
for signal in "${first[@]}"; do reading "$signal" "$IPVS_ADM" -R; done
for signal in "${second[@]}"; do reading "$signal" ./ipvsadm-restore; done
for signal in "${third[@]}"; do reading "$signal" "$IPVS_ADM" --apply; done

# While a long file is carried out, each send being slow.
for ((i = 1; i <= 6000; i++)); do echo "-A -t 10.0.0.1:$i -s rr"; done >many
moments=(0.5)
if [ "${IPVS_SIGNALS-}" = all ]; then moments=(0.3 0.4 0.5 0.6 0.7 0.8); fi
# carried_out WORD: strace's child is the tool; PID file by exec
torn() {
  local signal=$1 moment=$2 tool=$3
  ipvsadm -C
  # shellcheck disable=SC2016 # expanded by sh
  # The tool's own number: it takes the shell's place.
  start strace -qq -f -o /dev/null -e trace=sendto -e inject=sendto:delay_exit=200000 \
    sh -c 'echo $$ >number; exec "$0" "$@"' "$tool" ${4+"$4"}
  some() { [ -n "$(rules)" ]; }
  eventually "$tool has begun" 10 some
  sleep "$moment"
  sent=$((sent + 1))
  kill -"$signal" "$(<number)"
  status=0
  wait $command 2>/dev/null || status=$?
  local line
  line=$(sed -n 's/^line \([0-9]*\): interrupted; the lines after it are not carried out$/\1/p' err)
  same "SIG$signal during $tool: it ends by the signal, or was done" \
    $((${line:-0} ? 128 + $(number_of "$signal") : 0)) $status
  same "just the lines up to the one that it names are carried out" "${line:-6000}" "$(rules | wc -l)"
  holds "that is not all of them" test "${line:-6000}" -lt 6000
}
for moment in "${moments[@]}"; do
  for signal in "${first[@]}"; do torn "$signal" "$moment" "$IPVS_ADM" -R <many; done
  for signal in "${second[@]}"; do torn "$signal" "$moment" ./ipvsadm-restore <many; done
done

# A message that nobody reads ends nothing.
ipvsadm -C
status=0
{ "$IPVS_ADM" -R 2>&1 >/dev/null <<'EOF' || echo $? >refused; } | true
-D -t 10.0.0.9:80
-D -t 10.0.0.8:80
-A -t 10.0.0.1:80 -s rr
EOF
same "refusals that nobody reads do not stop the rules" "255 -A -t 10.0.0.1:80 -s rr" "$(<refused) $(rules)"

# What is printed is there as a whole, also when nothing waits for it to be read.
ipvsadm-restore() { ./ipvsadm-restore "$@"; }
ipvsadm-restore many
expected=$(ipvsadm -Sn | cksum)
same "a pipe that does not block gets all of a list" "$expected" "$(python3 -c '
import fcntl, os, subprocess, sys, time
read, write = os.pipe()
fcntl.fcntl(write, fcntl.F_SETFL, fcntl.fcntl(write, fcntl.F_GETFL) | os.O_NONBLOCK)
tool = subprocess.Popen([os.environ["IPVS_ADM"], "-Sn"], stdout=write)
os.close(write)
time.sleep(1)
while piece := os.read(read, 4096):
    sys.stdout.buffer.write(piece)
sys.stdout.flush()
sys.exit(tool.wait())' | cksum)"

# Descriptors that are closed, where there is no /dev/null either.
mkdir -p bare/tmp
mount -t tmpfs tmpfs bare
mkdir -p bare/bin
for library in $(ldd "$IPVS_ADM" | grep -o '/[^ ]*'); do cp -L --parents "$library" bare; done
cp "$IPVS_ADM" bare/bin/ipvsadm
echo '-A -t 10.0.0.1:80 -s rr' >bare/rules
cp bare/rules rules.before
for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '0<&- 1>&- 2>&-'; do
  status=0
  eval "chroot bare /bin/ipvsadm -Sn $closed" >/dev/null 2>&1 || status=$?
  case $closed in *1*) expected=1 ;; *) expected=0 ;; esac
  same "a list with $closed, without /dev/null: status $expected" $expected $status
  eval "chroot bare /bin/ipvsadm -R rules $closed" >/dev/null 2>&1 || true
  same "with $closed a file of rules stays as it is" "" "$(cmp rules.before bare/rules 2>&1)"
done

# Memory that is missing from the start, before main() too. Below these limits the program can't even be loaded.
others='' ours=0
for ((limit = 100; limit <= 400; limit += 20)); do
  status=0
  (ulimit -d $limit && exec "$IPVS_ADM" -Ln) >said 2>&1 || status=$?
  case "$status $(tail -n 1 said)" in
    0\ *) ;;
    255\ Memory\ allocation\ problem) ours=$((ours + 1)) ;;
    127\ *) ;; # said by the dynamic linker
    *) others+="$limit: $status $(<said)"$'\n' ;;
  esac
done
same "without memory from the start there is a message" "" "$others"
holds "ours, where it can ($ours)" test $ours -gt 0
echo "# signals: $sent sent, $failed wrong"
finish
