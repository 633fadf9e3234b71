#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs in the machine that rpm.sh boots, as its last unit: ipvsadm.service of the RPM package as boot left it, and what a
# stop does by its settings.
set -euo pipefail
export IPVS_ADM=/usr/sbin/ipvsadm
# shellcheck source=/dev/null
. /test/lib.sh
rules=/etc/sysconfig/ipvsadm
settings=/etc/sysconfig/ipvsadm-config

table() { ipvsadm -Sn; }
is() { systemctl is-active ipvsadm || true; }
# does COMMAND...: whether it is done or refused
does() { if "$@" >/dev/null 2>&1; then echo "done"; else echo refused; fi; }
setting() { sed -i "s/^$1=.*/$1=\"$2\"/" $settings; }

web='-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w 5'
dns='-A -u 10.0.0.1:53 -s wlc'
same "boot: the service is active" active "$(is)"
same "boot: the rules of /etc/sysconfig are applied" "$web" "$(table)"

ipvsadm -A -u 10.0.0.1:53
same "stop: saves the table to the rules and clears it, as the distributions' unit does" "done inactive |$web
$dns" "$(does systemctl stop ipvsadm) $(is) $(table)|$(<$rules)"
same "only root can read what is saved" 600 "$(stat -c %a $rules)"
same "no other file is left" "" "$(find /etc/sysconfig -name 'ipvsadm*' ! -path $rules ! -path $settings)"
same "start: applies what was saved" "done active $web
$dns" "$(does systemctl start ipvsadm) $(is) $(table)"

ipvsadm -D -u 10.0.0.1:53
same "restart: a stop and a start" "done active $web|$web" "$(does systemctl restart ipvsadm) $(is) $(table)|$(<$rules)"

setting IPVS_SAVE_ON_STOP no
ipvsadm -A -u 10.0.0.1:53
same "without saving: the stop clears, and the rules are as they were" "done inactive |$web" \
  "$(does systemctl stop ipvsadm) $(is) $(table)|$(<$rules)"

does systemctl start ipvsadm >/dev/null
setting CLEAR_ON_STOP no
setting IPVS_SAVE_ON_STOP yes
ipvsadm -A -u 10.0.0.1:53
same "without clearing: the stop saves, and the table is as it was" "done inactive $web
$dns|$web
$dns" "$(does systemctl stop ipvsadm) $(is) $(table)|$(<$rules)"

does systemctl start ipvsadm >/dev/null
setting CLEAR_ON_STOP yes
ipvsadm -A -t 10.0.0.9:443
rm -f $rules.new
mkdir $rules.new
before=$(table)
does systemctl stop ipvsadm >/dev/null
same "a table that can't be saved is not cleared" "$before|$web
$dns" "$(table)|$(<$rules)"
rmdir $rules.new

echo '-A -t nonsense' >$rules
same "a broken file: start fails, and nothing is changed" "refused $before" "$(does systemctl start ipvsadm) $(table)"
finish
