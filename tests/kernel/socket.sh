#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The netlink socket: nobody but the kernel is listened to, and small buffers are enough. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
modprobe ip_vs
cd /tmp

# A process in the namespace that is looked at sends answers of its own making, as fast as it can.
ip netns add other
ipvsadm --netns other -A -t 10.0.0.1:80 -s rr
family=$(genl ctrl get name IPVS | sed -n 's/.*ID: 0x\([0-9a-f]*\) .*/\1/p')
on other python3 "$here/forger.py" $((16#$family)) >forged &
forger=$!
eventually "the forger runs" 120 test -s forged
ipvsadm --netns other -Ln --watch=0.1 >watched 2>errors &
watcher=$!
# tries COUNT: the forger has tried so often
tries() { [ "$(tail -n 2 forged | awk 'NF == 2 { n = $1 + $2 } END { print n + 0 }')" -ge "$1" ]; }
eventually "it has tried a hundred times" 120 tries 100
# shellcheck disable=SC2016 # expanded later
eventually "the list was printed ten times meanwhile" 60 sh -c 'test "$(grep -c 10.0.0.1:80 watched)" -ge 10'
kill $watcher
wait $watcher 2>/dev/null || true
holds "the service that is there was listed" grep -q '10.0.0.1:80' watched
same "the forged one never was" "" "$(grep 10.66.66.66 watched || true)"
same "nothing was said of it" "" "$(<errors)"
lists=$(for _ in $(seq 20); do ipvsadm --netns other -Sn; done | sort | uniq -c | sed 's/^ *//')
same "twenty lists and more have the one service" "20 -A -t 10.0.0.1:80 -s rr" "$lists"
kill $forger
wait $forger 2>/dev/null || true
read -r let refused < <(grep -E '^[0-9]+ [0-9]+$' forged | tail -n 1)
echo "# forged packets: $let came in before the socket was connected to the kernel, $refused were refused"
holds "the kernel refused forged packets" test "$refused" -gt 0

# The smallest buffers that the kernel allows to be set.
sysctl -q -w net.core.wmem_max=4608 net.core.rmem_max=2304
many=$(echo '-A -t 10.0.0.1:80 -s rr'; for number in $(seq 507); do
  echo "-a -t 10.0.0.1:80 -r 10.1.$((number / 250)).$((number % 250 + 1)):80 -g -w 1"
done)
same "rules are loaded with the smallest of buffers" "status 0" "$(ipvsadm -R <<<"$many"; echo "status $?")"
same "all of them" 508 "$(ipvsadm -Sn | wc -l)"
ln -sf "$IPVS_ADM" ipvsadm-restore
same "restored" "status 0" "$(./ipvsadm-restore <<<"$many"; echo "status $?")"
same "all of them again" 508 "$(ipvsadm -Sn | wc -l)"
sysctl -q -w net.core.wmem_max=212992 net.core.rmem_max=212992
finish
