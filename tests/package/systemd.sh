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
state=$(mktemp -d)
trap '"${as_root[@]}" rm -rf "$root" "$state"' EXIT

# memory_folder: one with room for the machine's memory, from which programs may be run
memory_folder() {
  local folder
  for folder in "${TMPDIR:-/dev/shm}" /dev/shm /tmp "$build"; do
    [ -w "$folder" ] || continue
    [ "$(df -m --output=avail "$folder" | tail -n 1)" -gt 512 ] || continue
    findmnt -no OPTIONS -T "$folder" | grep -qw noexec || break
  done
  echo "$folder"
}

# furnish: our package, the kernel's modules, an interface that comes late, and the test as the last unit
furnish() {
  local unit
  inside sh -c 'dpkg -i /ipvsadm_*.deb && systemctl enable ipvsadm late-interface others'
  # The test upgrades the package, and then things are to be started.
  "${as_root[@]}" rm "$root/usr/sbin/policy-rc.d"
  "${as_root[@]}" mkdir -p "$root/usr/lib/modules"
  "${as_root[@]}" cp -r "${IPVS_UML_MODULES:-/usr/lib/uml/modules}/." "$root/usr/lib/modules/"
  into /etc/dpkg/dpkg.cfg.d/quick <<<force-unsafe-io
  # What such a machine has no use for only costs time.
  for unit in getty@tty1 systemd-journal-flush systemd-timesyncd apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer; do
    inside systemctl mask "$unit" || true
  done
}

boot() {
  TMPDIR=$(memory_folder) timeout --kill-after 5 $((480 * ${IPVS_BOOT_PATIENCE:-1})) "${IPVS_UML:-linux.uml}" root=/dev/root rootfstype=hostfs \
    "rootflags=$root" rw mem=512M init=/lib/systemd/systemd systemd.unit=test.service con0=fd:0,fd:1 con=null quiet \
    panic=-1 "uml_dir=$state" </dev/null >"$build/systemd.console" 2>&1
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
into /etc/hosts <<<'127.0.0.1 localhost'
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
into /etc/systemd/system/test.service <<'UNIT'
[Unit]
Requires=multi-user.target
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'test -e /test/next || bash /test/booted.sh'
ExecStart=/bin/bash /test/upgraded.sh
StandardOutput=append:/test/output
StandardError=append:/test/output
ExecStopPost=/bin/systemctl --no-block --force poweroff
UNIT
quietly furnish
export -f boot memory_folder
export build root state
for ((i = 0; i <= ${#cases[@]}; i++)); do
  into /test/output </dev/null
  "${as_root[@]}" env ${TMPDIR+"TMPDIR=$TMPDIR"} "IPVS_BOOT_PATIENCE=${IPVS_BOOT_PATIENCE:-1}" "build=$build" "root=$root" "state=$state" bash -c boot || true
  [ -s "$root/test/output" ] || {
    echo "the machine did not come up; its console said:" >&2
    tail -n 30 "$build/systemd.console" >&2
    exit 1
  }
  cat "$root/test/output"
  # A line for each script: the first boot runs two.
  scripts=$((i == 0 ? 2 : 1))
  [ "$(grep -c ' passed, 0 failed$' "$root/test/output")" = $scripts ] || exit 1
done
