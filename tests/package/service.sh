#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What ipvsadm.service does when it starts, reloads and stops: its commands, run on a real kernel, with rules that the
# classic tool saved. package.service has the unit itself, under systemd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/../kernel/lib.sh"
unit=$IPVS_SOURCE/packaging/ipvsadm.service.in
installed=@sbindir@/ipvsadm
rules=$PWD/ipvsadm.rules

# does ExecStart|ExecReload|ExecStop: the unit's command, with our tool for the installed one and rules of our own;
# prints what it says
does() {
  local line
  line=$(sed -n "s/^$1=//p" "$unit")
  [ -n "$line" ] || { echo "no $1 in the unit"; return 1; }
  # systemd's $$ is one $.
  line=${line//\$\$/\$}
  line=${line//$installed/$IPVS_ADM}
  bash -c "${line//\/etc\/ipvsadm.rules/$rules}" 2>&1
}
status_of() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }

ipvsadm -C
# As the classic package's init script saved rules: a comment, then what -S -n writes.
/usr/sbin/ipvsadm -A -t 10.0.0.1:80 -s rr
/usr/sbin/ipvsadm -a -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w 5
/usr/sbin/ipvsadm -A -u 10.0.0.1:53 -s wlc -p 60
saved=$(/usr/sbin/ipvsadm -S -n)
printf '# ipvsadm.rules\n%s\n' "$saved" >"$rules"
ipvsadm -C

same "start succeeds" "" "$(does ExecStart)"
same "start makes the table what a rules file of the old package says" "$saved" "$(/usr/sbin/ipvsadm -S -n)"

same "reload succeeds" "" "$(sed -i 's/-w 5/-w 7/' "$rules" && does ExecReload)"
same "reload applies what has changed" "${saved/-w 5/-w 7}" "$(/usr/sbin/ipvsadm -S -n)"

# A reload takes nothing away that stays: it would fail with a server's connections.
dry=$(ipvsadm --apply "$rules" --dry-run && echo nothing)
same "after a reload nothing is left to do" nothing "$dry"

printf -- '-A -t 10.0.0.1:80 -s rr\n-A -t nonsense\n' >"$rules"
broken=$(does ExecReload || true)
same "a broken rules file is told with its line" "line 2: illegal virtual server address[:port] specified" "$broken"
same "a broken rules file makes the service fail" 2 "$(status_of does ExecReload)"
same "a broken rules file changes nothing" "${saved/-w 5/-w 7}" "$(/usr/sbin/ipvsadm -S -n)"
rm "$rules"
same "an absent rules file makes the service fail" 2 "$(status_of does ExecStart)"

same "stop leaves the table alone" "0 ${saved/-w 5/-w 7}" "$(status_of does ExecStop) $(/usr/sbin/ipvsadm -S -n)"
same "stop clears the table if the setting says so" "0 " \
  "$(CLEAR_ON_STOP=yes status_of does ExecStop) $(/usr/sbin/ipvsadm -S -n)"
finish
