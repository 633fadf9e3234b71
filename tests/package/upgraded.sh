#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs in the machine that systemd.sh boots: upgrades from packages of Debian, each followed by a reboot. Each line of
# /test/cases is one: SUITE AUTO RULES, the last being `shipped`, the comment that the package comes with, or `own`. Looks
# at the case before the reboot, if there was one, then upgrades by the next.
set -euo pipefail
export IPVS_ADM=/usr/sbin/ipvsadm DEBIAN_FRONTEND=noninteractive
# shellcheck source=/dev/null
. /test/lib.sh

own='-A -t 10.0.0.1:80 -s rr'
# Of a program that keeps the table; a unit of its own makes it at boot.
others='-A -u 10.0.0.9:53 -s wlc'
table() { ipvsadm -Sn; }
is() { systemctl "is-$1" ipvsadm 2>/dev/null || true; }
told() { grep -qF "$1" <<<"$(systemctl status ipvsadm --no-pager --full 2>&1)"; }
unread='DAEMON=master in /etc/default/ipvsadm is not read'

# upgrade SUITE AUTO RULES
upgrade() {
  local case=$* log
  dpkg --purge ipvsadm >/dev/null 2>&1 || true
  rm -f /etc/ipvsadm.rules /etc/default/ipvsadm
  # Another release's needs another C library; its program is not what is looked at.
  dpkg --force-depends -i "/old-$1.deb" >/dev/null 2>&1
  sed -i "s/^AUTO=.*/AUTO=\"$2\"/; s/^DAEMON=.*/DAEMON=\"master\"/; s/^IFACE=.*/IFACE=\"eth7\"/; s/.*SYNCID=.*/SYNCID=\"9\"/" \
    /etc/default/ipvsadm
  [ "$3" = shipped ] || echo "$own" >/etc/ipvsadm.rules
  same "$case: the package's rules are what they were" "$([ "$3" = shipped ] || echo "$own")" \
    "$(grep -v '^#' /etc/ipvsadm.rules || true)"
  log=$(dpkg --force-confold -i /ipvsadm_*.deb 2>&1) || echo "$log"
  same "$case: installation reports the sync daemon, with the line that starts it" \
    "--start-daemon master --mcast-interface eth7 --syncid 9" "$(grep -e ^--start-daemon <<<"$log")"
  same "$case: the unit is enabled by AUTO" "$(enabled_by "$2")" "$(is enabled)"
}
enabled_by() { if [ "$1" = true ]; then echo enabled; else echo disabled; fi; }

# rebooted SUITE AUTO RULES
rebooted() {
  local case=$*
  case $2,$3 in
    true,own) same "$case: after the reboot the rules are applied" "active $own" "$(is active) $(table)" ;;
    true,shipped)
      same "$case: after the reboot the table is left alone" "inactive $others" "$(is active) $(table)"
      eventually "$case: the status says that there is no rule" 10 told "has no rule: nothing is done"
      ;;
    *) same "$case: after the reboot the table is left alone" "inactive $others" "$(is active) $(table)" ;;
  esac
  [ "$2" = false ] || eventually "$case: the status says that DAEMON is not read" 10 told "$unread"
}

mapfile -t cases </test/cases
next=$(cat /test/next 2>/dev/null || echo 0)
# shellcheck disable=SC2086 # words
[ "$next" = 0 ] || rebooted ${cases[next - 1]}
if [ "$next" -lt ${#cases[@]} ]; then
  # shellcheck disable=SC2086 # words
  upgrade ${cases[next]}
fi
echo $((next + 1)) >/test/next
finish
