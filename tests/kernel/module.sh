#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The module is unloaded and loaded again while a client lives: its netlink family has another number then. Runs in the
# kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
if [ "${IPVS_KERNEL-}" = host ]; then
  skip "the module is unloaded" "this kernel is not the test's own"
  finish
  exit
fi
modprobe ip_vs
# unload BEGIN: takes out the modules whose names begin so, as far as nothing needs them
unload() {
  local module
  for module in $(lsmod | awk -v begin="$1" 'index($1, begin) == 1 { print $1 }'); do modprobe -q -r "$module" 2>/dev/null || true; done
}
# unloaded: takes out ip_vs and what stands on it
unloaded() {
  unload ip_vs
  ! lsmod | grep -q '^ip_vs '
}

"$IPVS_ADM" -Ln --watch=0.2 >listing 2>errors &
watch=$!
listed() { tail -n 20 listing | grep -c "10.0.0.$1:80" || true; }
for round in 1 2 3; do
  ipvsadm -A -t "10.0.0.$round:80" -s rr
  shown() { [ "$(listed "$round")" -gt 0 ]; }
  eventually "round $round: the watch lists the service" 10 shown
  ipvsadm -C
  eventually "the module is unloaded" 20 unloaded
  modprobe ip_vs
done
ipvsadm -A -t 10.0.0.9:80 -s rr
last() { [ "$(listed 9)" -gt 0 ]; }
eventually "after three times it still lists what there is" 10 last
same "and has no fault to report" "" "$(<errors)"
kill $watch
wait $watch || true

# The kernel holds its IPVS mutex while it loads a scheduler; with lblc and lblcr that can hang (kernel_modules.hpp). So
# the tool loads these before: shown where the kernel itself can't.
holds "the kernel has schedulers as modules" modprobe -n ip_vs_lblc
loader=$(</proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
# alone COMMAND...: status, errors and the services after it, begun without any scheduler's module
alone() {
  local status=0
  ipvsadm -C
  unload ip_vs_
  modprobe ip_vs_wlc
  "$@" >said 2>&1 || status=$?
  echo "$status $(<said) $(ipvsadm -Sn | sed 's/ *$//' | tr '\n' ';')"
}
edited() {
  ipvsadm -A -t 10.0.0.1:80 && ipvsadm -E -t 10.0.0.1:80 "$@"
}
fed() {
  local rules=$1
  shift
  ipvsadm "$@" <<<"$rules"
}
for scheduler in lblc lblcr; do
  rule="-A -t 10.0.0.1:80 -s $scheduler"
  same "the classic tool leaves $scheduler to the kernel, which has no modprobe here" \
    "255 Scheduler or persistence engine not found " "$(alone /usr/sbin/ipvsadm -A -t 10.0.0.1:80 -s $scheduler)"
  done="0  $rule;"
  same "-A loads $scheduler" "$done" "$(alone ipvsadm -A -t 10.0.0.1:80 -s $scheduler)"
  same "-E loads $scheduler" "$done" "$(alone edited -s $scheduler)"
  same "-E --keep loads $scheduler" "$done" "$(alone edited -s $scheduler --keep)"
  same "-R loads $scheduler" "$done" "$(alone fed "$rule" -R)"
  same "--apply loads $scheduler" "$done" "$(alone fed "$rule" --apply)"
done
same "other schedulers are left to the kernel" "255 Scheduler or persistence engine not found " \
  "$(alone ipvsadm -A -t 10.0.0.1:80 -s sh)"
echo "$loader" >/proc/sys/kernel/modprobe
# The kernel's modprobe is started in the first mount namespace, the tool's in its own.
# shellcheck disable=SC2016 # for the inner shell
same "without a modprobe to run it leaves lblc to the kernel" "0  -A -t 10.0.0.1:80 -s lblc;" "$(
  alone unshare -m bash -ec 'mount --bind /dev/null "$(readlink -f /sbin/modprobe)"
    ! /sbin/modprobe ip_vs_lblc 2>/dev/null
    exec "$IPVS_ADM" -A -t 10.0.0.1:80 -s lblc'
)"

# 1.31 hangs here about every fourth time on 6.1 with two processors.
deletions() {
  while :; do
    ip netns add short
    ip netns exec short /usr/sbin/ipvsadm -Ln >listed
    ip netns del short
  done
}
deletions &
deletions=$!
hung=
for scheduler in lblc lblcr lblc lblcr lblc lblcr lblc lblcr lblc lblcr; do
  ipvsadm -C
  modprobe -q -r "ip_vs_$scheduler" || true
  timeout --signal=KILL 30 "$IPVS_ADM" -A -t 10.0.0.1:80 -s $scheduler || hung+=" $scheduler"
done
kill $deletions
wait $deletions || true
ip netns del short 2>/dev/null || true
same "-A with lblc or lblcr never hangs while network namespaces are deleted" "" "$hung"

# A service whose scheduler is not there stays a refusal of its own.
status=0
ipvsadm -A -t 10.0.0.10:80 -s nosuch 2>said || status=$?
same "a scheduler that there is not is named as before" "255 Scheduler or persistence engine not found" "$status $(<said)"
finish
