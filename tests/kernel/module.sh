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
# unloaded: takes out ip_vs and what stands on it
unloaded() {
  local module
  for module in $(lsmod | awk '/^ip_vs/ { print $1 }'); do modprobe -q -r "$module" 2>/dev/null || true; done
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

# A service whose scheduler is not there stays a refusal of its own.
status=0
ipvsadm -A -t 10.0.0.10:80 -s nosuch 2>said || status=$?
same "a scheduler that there is not is named as before" "255 Scheduler or persistence engine not found" "$status $(<said)"
finish
