#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Debian packages: made with CPack, looked at by lintian, then installed, upgraded to from the distribution's
# ipvsadm, removed and purged in a scratch root.
#
#   deb.sh SOURCE BUILD           needs root, or sudo, but no network once the root is there
#   deb.sh SOURCE BUILD --root    only makes the root with debootstrap, which BUILD keeps
set -euo pipefail
export LC_ALL=C.UTF-8
source=$1
mkdir -p "$2"
build=$(cd "$2" && pwd)
export IPVS_ADM=unused
# shellcheck source=/dev/null
. "$source/tests/kernel/lib.sh"
root=$build/deb-root-work
# shellcheck source=tests/package/root.sh
. "$source/tests/package/root.sh"
trap '"${as_root[@]}" rm -rf "$root"' EXIT

field() { dpkg-deb -f "$build/$1"_*.deb "$2"; }

make_base
old_package trixie
[ "${3-}" != --root ] || exit 0

rm -f "$build"/*.deb
quietly cmake --preset package -S "$source" -B "$build"
quietly cmake --build "$build"
(cd "$build" && quietly cpack)
same "three packages are made" "ipvsadm libipvs-dev libipvs1" \
  "$(cd "$build" && for deb in *.deb; do printf '%s ' "${deb%%_*}"; done | sed 's/ $//')"
same "ipvsadm has the version that sorts above the distribution's" "1:2.0.0-1" "$(field ipvsadm Version)"
same "ipvsadm's dependencies are computed" "libc6 libnl-3-200 libnl-genl-3-200" \
  "$(field ipvsadm Depends | sed 's/ ([^)]*)//g; s/,//g')"
same "libipvs-dev wants the libipvs1 of its own version" "libipvs1 (= 1:2.0.0-1), libnl-3-dev, libnl-genl-3-dev" \
  "$(field libipvs-dev Depends)"
# It is compiled with -D_FORTIFY_SOURCE=2; whether it calls anything that this checks at run time differs from change to change.
same "lintian has nothing to say that isn't explained" "" \
  "$(lintian --allow-root -EI --pedantic --tag-display-limit 0 "$build"/*.deb 2>&1 |
    grep -vF 'libipvs1: hardening-no-fortify-functions' || true)"

# What dpkg-shlibdeps doesn't know of would be missing from the dependencies.
wanted=$(field ipvsadm Depends | sed -n 's/.*libc6 (>= \([0-9.]*\)).*/\1/p')
dpkg-deb --fsys-tarfile "$build"/ipvsadm_*.deb | tar -xO ./usr/sbin/ipvsadm >"$build/packed"
same "ipvsadm needs no newer C library than it depends on" "" \
  "$(readelf -V "$build/packed" | grep -o 'GLIBC_[A-Z0-9_.]*' | sort -u |
    while IFS=_ read -r _ version; do dpkg --compare-versions "${version:-0}" le "$wanted" || echo "$version"; done)"

fresh_root
holds "a fresh installation" quietly inside sh -c 'dpkg -i /ipvsadm_*.deb'
same "the tool runs" "ipvsadm v2.0.0" "$(inside ipvsadm --version | sed 's/ (.*//')"
same "its files stand where Debian wants them" "/usr/sbin/ipvsadm
/usr/sbin/ipvsadm-follow
/usr/sbin/ipvsadm-restore
/usr/sbin/ipvsadm-save
/usr/share/man/man8/ipvsadm.8.gz
/usr/share/man/man8/ipvsadm-follow.8.gz
/usr/share/man/man8/ipvsadm-restore.8.gz
/usr/share/man/man8/ipvsadm-save.8.gz
/usr/share/bash-completion/completions/ipvsadm
/usr/share/zsh/vendor-completions/_ipvsadm
/usr/share/fish/vendor_completions.d/ipvsadm.fish
/usr/lib/systemd/system/ipvsadm.service
/usr/lib/systemd/system/ipvsadm-follow@.service
/usr/share/doc/ipvsadm/examples/ipvsadm.rules
/usr/share/doc/ipvsadm/examples/ipvsadm-follow.conf
/usr/share/doc/ipvsadm/examples/ipvsadm-metrics.service
/usr/share/doc/ipvsadm/examples/ipvsadm-metrics.timer" "$(there /usr/sbin/ipvsadm{,-follow,-restore,-save} \
  /usr/share/man/man8/ipvsadm{,-follow,-restore,-save}.8.gz /usr/share/bash-completion/completions/ipvsadm \
  /usr/share/zsh/vendor-completions/_ipvsadm /usr/share/fish/vendor_completions.d/ipvsadm.fish \
  /usr/lib/systemd/system/ipvsadm{,-follow@}.service /usr/share/doc/ipvsadm/examples/ipvsadm{.rules,-follow.conf,-metrics.service,-metrics.timer})"
same "nothing is done at boot before somebody asks for it" "" \
  "$(there /etc/systemd/system/multi-user.target.wants/ipvsadm.service)"
copyright=$root/usr/share/doc/ipvsadm/copyright
for notice in 'University of Cincinnati' 'Neither the name of the University' 'Victor Zverovich' 'Milo Yip'; do
  holds "the notices of what is compiled in are there: $notice" grep -q "$notice" "$copyright"
done
"${as_root[@]}" cp "$root/usr/lib/systemd/system/ipvsadm-follow@.service" "$root/usr/lib/systemd/system/ipvsadm-follow@lb.service"
# The second reads a store over the network.
for unit in ipvsadm:20 ipvsadm-follow@lb:22; do
  most=${unit#*:} unit=${unit%:*}
  same "systemd-analyze verify has nothing to say of $unit.service" "" \
    "$(inside systemd-analyze verify --man=no /usr/lib/systemd/system/"$unit.service" 2>&1 | grep ipvsadm || true)"
  exposure=$(inside systemd-analyze security --offline=true "$unit.service" 2>/dev/null |
    sed -n "s/.*Overall exposure level for $unit.service: \([0-9]*\)\.\([0-9]*\).*/\1\2/p")
  holds "systemd-analyze security finds an exposure of at most $most tenths in $unit.service (${exposure:-none})" \
    test "${exposure:-999}" -le "$most"
done
"${as_root[@]}" rm "$root/usr/lib/systemd/system/ipvsadm-follow@lb.service"
same "systemd-analyze verify has nothing to say of the examples for metrics" "" \
  "$(inside systemd-analyze verify --man=no /usr/share/doc/ipvsadm/examples/ipvsadm-metrics.{service,timer} 2>&1 | grep ipvsadm || true)"
holds "the libraries install" quietly inside sh -c 'dpkg -i /libipvs*.deb'
"${as_root[@]}" cp "$source/tests/package/outside/outside.cpp" "$root/root/"
# shellcheck disable=SC2016 # expanded inside
same "a program builds and runs with them" $'tcp [2001:db8::1]:80: 1 change\nopen the network namespace: 2' \
  "$(inside sh -c 'cd /root && g++ -std=c++20 outside.cpp $(pkg-config --cflags --libs ipvs) -o outside && ./outside' 2>&1)"
echo CLEAR_ON_STOP=yes | "${as_root[@]}" tee "$root/etc/default/ipvsadm" >/dev/null
holds "installing the same again" quietly inside sh -c 'dpkg -i /ipvsadm_*.deb'
same "nothing is done at boot after that either" "" "$(there /etc/systemd/system/multi-user.target.wants/ipvsadm.service)"
quietly inside systemctl enable ipvsadm
holds "purge" quietly inside dpkg --purge ipvsadm libipvs-dev libipvs1
same "purge leaves nothing" "" \
  "$(cd "$root" && "${as_root[@]}" find etc usr var -not -path 'var/log/*' -name '*ipvs*' -not -name xt_ipvs.h | sort)"

fresh_root
holds "the distribution's ipvsadm installs" quietly inside dpkg -i /old.deb
# shellcheck disable=SC2016 # dpkg-query's
old=$(inside dpkg-query -W -f '${Version}' ipvsadm)
holds "the distribution's version, $old, is below ours" dpkg --compare-versions "$old" lt 1:2.0.0-1
rules='-A -t 192.0.2.1:80 -s rr'
echo "$rules" | "${as_root[@]}" tee "$root/etc/ipvsadm.rules" >/dev/null
"${as_root[@]}" sed -i 's/AUTO="false"/AUTO="true"/; s/DAEMON="none"/DAEMON="master"/' "$root/etc/default/ipvsadm"
# A last command that fails was no trouble to the init script.
echo 'test -e /nonexistent' | "${as_root[@]}" tee -a "$root/etc/default/ipvsadm" >/dev/null
upgrade=$(inside sh -c 'dpkg -i /ipvsadm_*.deb' 2>&1) && status=0 || status=$?
same "the upgrade" 0 "$status"
same "the upgrade warns of a sync daemon that is no longer started, and says how it is" \
  "2 --start-daemon master --mcast-interface eth0 --syncid 0" \
  "$(grep -c '^ipvsadm: ' <<<"$upgrade") $(grep -e ^--start-daemon <<<"$upgrade")"
same "after the upgrade it is our tool" "ipvsadm v2.0.0" "$(inside /sbin/ipvsadm --version | sed 's/ (.*//')"
same "the old rules file is as it was" "$rules" "$(cat "$root/etc/ipvsadm.rules")"
same "the init script is gone" "" "$(there /etc/init.d/ipvsadm /etc/rc2.d/S*ipvsadm)"
same "rules that were loaded at boot still are" /etc/systemd/system/multi-user.target.wants/ipvsadm.service \
  "$(there /etc/systemd/system/multi-user.target.wants/ipvsadm.service)"
holds "installing the same again" quietly inside sh -c 'dpkg -i /ipvsadm_*.deb'
holds "removal" quietly inside dpkg --remove ipvsadm
same "removal leaves the configuration alone" "/etc/ipvsadm.rules
/etc/default/ipvsadm" "$(there /usr/sbin/ipvsadm /etc/ipvsadm.rules /etc/default/ipvsadm)"
holds "purge after removal" quietly inside dpkg --purge ipvsadm
same "purge leaves nothing of the old package either" "" \
  "$(cd "$root" && "${as_root[@]}" find etc usr var -not -path 'var/log/*' -name '*ipvs*' -not -name xt_ipvs.h | sort)"

fresh_root
quietly inside dpkg -i /old.deb
holds "an upgrade without AUTO" quietly inside sh -c 'dpkg -i /ipvsadm_*.deb'
same "rules that were not loaded at boot still aren't" "" \
  "$(there /etc/systemd/system/multi-user.target.wants/ipvsadm.service)"
finish
