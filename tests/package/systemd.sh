#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ipvsadm.service as systemd runs it: the root of deb.sh, with our package in it, is booted under user-mode-linux, where
# booted.sh asks the questions, and again after the upgrade that upgraded.sh makes. Needs the packages that deb.sh made,
# and root or sudo to write to that root.
#
#   systemd.sh SOURCE BUILD                  the upgrade that once cleared tables
#   systemd.sh SOURCE BUILD --all-upgrades   from bookworm, trixie and forky, by AUTO, with rules and without; needs the network
set -euo pipefail
export LC_ALL=C.UTF-8
source=$1
build=$(cd "$2" && pwd)
root=$build/systemd-root
# shellcheck source=tests/package/root.sh
. "$source/tests/package/root.sh"
# shellcheck source=tests/package/machine.sh
. "$source/tests/package/machine.sh"
trap '"${as_root[@]}" rm -rf "$root"' EXIT

# furnish: our package, an interface that comes late, and the tests as the last unit
furnish() {
  inside sh -c 'dpkg -i /ipvsadm_*.deb && systemctl enable ipvsadm late-interface others'
  # The test upgrades the package, and then things are to be started.
  "${as_root[@]}" rm "$root/usr/sbin/policy-rc.d"
  into /etc/dpkg/dpkg.cfg.d/quick <<<force-unsafe-io
  furnish_machine "/bin/sh -c 'test -e /test/next || bash /test/booted.sh'" "/bin/bash /test/upgraded.sh"
}

# From Debian 13's package, which enables its unit whatever AUTO says, and ships a file without a rule.
cases=("trixie false shipped")
if [ "${3-}" = --all-upgrades ]; then
  cases=()
  for suite in bookworm trixie forky; do
    old_package $suite
    cases+=("$suite "{true,false}" "{own,shipped})
  done
fi

fresh_root
into /test/upgraded.sh <"$source/tests/package/upgraded.sh"
printf '%s\n' "${cases[@]}" | into /test/cases
into /test/lib.sh <"$source/tests/kernel/lib.sh"
into /test/booted.sh <"$source/tests/package/booted.sh"
into /etc/ipvsadm.rules <<'RULES'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w 5
--start-daemon master --mcast-interface eth1 --syncid 7
RULES
into /etc/systemd/system/late-interface.service <<'UNIT'
[Unit]
Before=network-online.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sleep 4; ip link add eth1 type dummy; ip addr add 192.0.2.9/24 dev eth1; ip link set eth1 up'
[Install]
WantedBy=network-online.target
UNIT
# What another program has in the table before our unit starts.
into /etc/systemd/system/others.service <<'UNIT'
[Unit]
Before=ipvsadm.service
After=modprobe@ip_vs.service
Wants=modprobe@ip_vs.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'test ! -e /test/next || ipvsadm -A -u 10.0.0.9:53'
[Install]
WantedBy=multi-user.target
UNIT
quietly furnish
for ((i = 0; i <= ${#cases[@]}; i++)); do
  boot_machine
  # A line for each script: the first boot runs two.
  scripts=$((i == 0 ? 2 : 1))
  [ "$(grep -c ' passed, 0 failed$' "$root/test/output")" = $scripts ] || exit 1
done
