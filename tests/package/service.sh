#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What ipvsadm.service does when it starts, reloads and stops: its commands, run on a real kernel, with rules that the
# classic tool saved. package.service has the unit itself, under systemd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/../kernel/lib.sh"
unit=$IPVS_SOURCE/packaging/ipvsadm.service.in
saves=$IPVS_SOURCE/packaging/rpm/saves_on_stop.in
installed=@sbindir@/ipvsadm
rules=$PWD/ipvsadm.rules

# does ExecCondition|ExecStart|ExecReload|ExecStop [FILE]: the unit's command, or FILE's, with our tool for the installed one
# and rules of our own; prints what it says
does() {
  local line
  line=$(sed 's/^@saves_on_stop@//' "${2-$unit}" | sed -n "s/^$1=//p")
  [ -n "$line" ] || { echo "no $1 in the unit"; return 1; }
  # systemd's $$ is one $.
  line=${line//\$\$/\$}
  line=${line//$installed-save/$PWD/ipvsadm-save}
  line=${line//$installed/$IPVS_ADM}
  line=${line//@settings_file@/\/etc\/default\/ipvsadm}
  bash -c "${line//@rules_file@/$rules}" 2>&1
}
status_of() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }

ln -sf "$IPVS_ADM" ipvsadm-save
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
same "a broken rules file is reported with its line" "line 2: illegal virtual server address[:port] specified
  \`nonsense': no such host is known" "$broken"
same "a broken rules file makes the service fail" 2 "$(status_of does ExecReload)"
same "a broken rules file changes nothing" "${saved/-w 5/-w 7}" "$(/usr/sbin/ipvsadm -S -n)"
same "a file with rules, though they are wrong, is not skipped" 0 "$(status_of does ExecCondition)"
for empty in '' $'# only\n  # comments\n\n'; do
  printf '%s' "$empty" >"$rules"
  same "a file without a rule is skipped, and that is said" "1 $rules has no rule: nothing is done" \
    "$(status_of does ExecCondition) $(does ExecCondition || true)"
  same "a reload with such a file is refused" 2 "$(status_of does ExecReload)"
done
same "a file without a rule changes nothing" "${saved/-w 5/-w 7}" "$(/usr/sbin/ipvsadm -S -n)"
echo '-A -t 10.0.0.1:80' >"$rules"
unread="DAEMON=both in /etc/default/ipvsadm is not read: a sync daemon is started by a line --start-daemon in $rules"
same "DAEMON of an older package is reported, and stops nothing" "0 $unread" \
  "$(DAEMON=both status_of does ExecCondition) $(DAEMON=both does ExecCondition)"
echo '--start-daemon master --mcast-interface lo' >>"$rules"
same "DAEMON is not reported beside rules that start one" "" "$(DAEMON=both does ExecCondition)"
same "DAEMON=none is not reported" "" "$(sed -i 2d "$rules" && DAEMON=none does ExecCondition)"
rm "$rules"
same "an absent file is not skipped" 0 "$(status_of does ExecCondition)"
same "an absent rules file makes the service fail" 2 "$(status_of does ExecStart)"

same "stop leaves the table alone" "0 ${saved/-w 5/-w 7}" "$(status_of does ExecStop) $(/usr/sbin/ipvsadm -S -n)"
same "stop clears the table if the setting says so" "0 " \
  "$(CLEAR_ON_STOP=yes status_of does ExecStop) $(/usr/sbin/ipvsadm -S -n)"

# The RPM packages' unit saves first.
echo untouched >"$rules"
ipvsadm -A -t 10.0.0.1:80 -s rr
same "without the setting a stop saves nothing" "0 untouched" "$(status_of does ExecStop "$saves") $(<"$rules")"
same "with it the rules become what the table is" "0 -A -t 10.0.0.1:80 -s rr" \
  "$(IPVS_SAVE_ON_STOP=yes status_of does ExecStop "$saves") $(<"$rules")"
same "nothing is left beside them" ipvsadm.rules "$(echo ipvsadm.rules*)"
ln -sf /bin/false ipvsadm-save
ipvsadm -C
same "what can't be saved leaves the rules alone and fails, so that the table is not cleared" "1 -A -t 10.0.0.1:80 -s rr" \
  "$(IPVS_SAVE_ON_STOP=yes status_of does ExecStop "$saves") $(<"$rules")"
finish
