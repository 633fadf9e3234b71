#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs in the machine that systemd.sh boots, as its last unit: ipvsadm.service as boot left it, then what can be asked of
# it, then an upgrade of the distribution's ipvsadm while the machine runs. upgraded.sh comes after it.
set -euo pipefail
export IPVS_ADM=/usr/sbin/ipvsadm DEBIAN_FRONTEND=noninteractive
# shellcheck source=/dev/null
. /test/lib.sh
rules=/etc/ipvsadm.rules

rules() { printf '%s\n' "$@" >$rules; }
table() { ipvsadm -Sn --all | grep -v -e --set || true; }
# What systemctl is-active or is-failed says
is() { systemctl "is-$1" ipvsadm || true; }
# whether COMMAND... is done or refused
does() { if "$@" >/dev/null 2>&1; then echo "done"; else echo refused; fi; }
# told WORDS: whether the status says that; the journal may lag behind
told() { grep -qF "$1" <<<"$(systemctl status ipvsadm --no-pager --full 2>&1)"; }

web='-A -t 10.0.0.1:80 -s rr'
dns='-A -u 10.0.0.1:53 -s wlc'

same "boot: the service is active" active "$(is active)"
same "boot: the rules are applied, with a sync daemon on an interface that comes late" \
  "$(cat $rules)" "$(table | sed 's/ --mcast-group.*//')"
holds "boot: it waits for look-ups of names to work" \
  grep -qw nss-lookup.target <<<"$(systemctl show -p After ipvsadm)"

# The example for metrics, as its comment says.
cp /usr/share/doc/ipvsadm/examples/ipvsadm-metrics.{service,timer} /etc/systemd/system/
mkdir -p /var/lib/prometheus/node-exporter
systemctl daemon-reload
metrics=/var/lib/prometheus/node-exporter/ipvs.prom
same "metrics: the timer starts" "done" "$(does systemctl enable --now ipvsadm-metrics.timer)"
eventually "metrics: the file has the services" 60 \
  grep -q '^ipvs_service_info{protocol="tcp",address="10.0.0.1",port="80",scheduler="rr"} 1' $metrics
rm $metrics
eventually "metrics: it is written again and again" 90 grep -q '^ipvs_sync_daemon_running{role="master"} 1' $metrics
does systemctl disable --now ipvsadm-metrics.timer >/dev/null

ipvsadm -C
ipvsadm --stop-daemon master --syncid 7 || true
rules "$web" '-A -t localhost:http -s sed' "$dns"
same "reload: is done" "done" "$(does systemctl reload ipvsadm)"
same "reload: names are looked up, and a scheduler's module is loaded" \
  "$(printf '%s\n' "$web" '-A -t 127.0.0.1:80 -s sed' "$dns" | sort)" "$(table | sort)"

rules "$web" '-A -t nonsense'
before=$(table)
same "a broken file: reload fails" refused "$(does systemctl reload ipvsadm)"
eventually "a broken file: the status has its line" 10 told 'line 2: illegal virtual server address'
same "a broken file: reload changes nothing" "$before" "$(table)"
same "a broken file: start fails" refused "$(does systemctl restart ipvsadm)"
same "a failed start: the unit has failed" failed "$(is failed)"
eventually "a failed start: the status has the line" 10 told 'line 2: illegal virtual server address'
same "a failed start: the table is as it was" "$before" "$(table)"
same "a failed start: reload alone can't mend it" refused "$(does systemctl reload ipvsadm)"
rules "$web"
same "a failed start: reload-or-restart mends it" "done active $web" \
  "$(does systemctl reload-or-restart ipvsadm) $(is active) $(table)"

same "stop: leaves the table alone" "done inactive $web" "$(does systemctl stop ipvsadm) $(is active) $(table)"
echo CLEAR_ON_STOP=yes >/etc/default/ipvsadm
does systemctl start ipvsadm >/dev/null
rules nonsense
same "CLEAR_ON_STOP: reload-or-restart with a broken file leaves the table alone" "refused $web" \
  "$(does systemctl reload-or-restart ipvsadm) $(table)"
same "CLEAR_ON_STOP: stop empties the table" "done inactive " \
  "$(does systemctl stop ipvsadm) $(is active) $(table)"

# upgrade AUTO: from the distribution's package, with one rule in the table and another one in the file
upgrade() {
  dpkg --purge ipvsadm >/dev/null 2>&1
  rules "$web"
  echo "AUTO=$1" >/etc/default/ipvsadm
  dpkg --force-confold -i /old.deb >/dev/null 2>&1
  /sbin/ipvsadm -C
  /sbin/ipvsadm -A -u 10.0.0.1:53
  same "upgrade with AUTO=$1: the init script's unit is active before" active "$(is active)"
  dpkg --force-confold -i /ipvsadm_*.deb >/tmp/upgrade.log 2>&1 || cat /tmp/upgrade.log
}

upgrade false
same "upgrade with AUTO=false: the table is as it was" "inactive $dns" "$(is active) $(table)"
same "upgrade with AUTO=false: enable --now applies the rules" "done active $web" \
  "$(does systemctl enable --now ipvsadm) $(is active) $(table)"
upgrade true
same "upgrade with AUTO=true: the rules are applied, as upgrades of the old package did" "active $web" \
  "$(is active) $(table)"
finish
