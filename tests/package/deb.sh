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
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
base=$build/deb-root root=$build/deb-root-work
trap '"${as_root[@]}" rm -rf "$root"' EXIT

# quietly COMMAND...: its output only when it fails
quietly() {
  local log
  if ! log=$("$@" 2>&1); then
    printf '%s\n%s\n' "failed: $*" "$log" >&2
    return 1
  fi
}

# The root: this machine's release, with the distribution's ipvsadm beside it, not yet installed.
make_base() {
  [ ! -e "$base/.complete" ] || return 0
  local mirror release
  # shellcheck disable=SC2016 # the names are apt's
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$1 ~ /\/debian\/?$/ && $2 !~ /-/ { print $1; exit }')
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  "${as_root[@]}" rm -rf "$base"
  # sudo hands no proxy on by itself.
  quietly "${as_root[@]}" env ${http_proxy:+"http_proxy=$http_proxy"} debootstrap --variant=minbase \
    --include=init-system-helpers,systemd,libnl-3-200,libnl-genl-3-200,libpopt0,lsb-base,g++,pkg-config,libnl-3-dev,libnl-genl-3-dev \
    "$release" "$base" ${mirror:+"$mirror"}
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && chmod 755 . && quietly apt-get download ipvsadm)
  "${as_root[@]}" cp "$folder"/ipvsadm_*.deb "$base/old.deb"
  rm -rf "$folder"
  # Nothing is started in there.
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$base/usr/sbin/policy-rc.d" >/dev/null
  "${as_root[@]}" chmod 755 "$base/usr/sbin/policy-rc.d"
  "${as_root[@]}" touch "$base/.complete"
}

# fresh_root: as after debootstrap
fresh_root() {
  "${as_root[@]}" rm -rf "$root"
  "${as_root[@]}" cp -a --reflink=auto "$base" "$root"
  "${as_root[@]}" cp "$build"/*.deb "$root/"
}

# inside COMMAND...: in the root
inside() {
  "${as_root[@]}" chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

# there PATH...: those of the paths that exist in the root
there() {
  local path
  for path in "$@"; do
    if [ -e "$root$path" ] || [ -L "$root$path" ]; then echo "$path"; fi
  done
}

field() { dpkg-deb -f "$build/$1"_*.deb "$2"; }

make_base
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
same "lintian has no error and no warning that isn't explained" "" \
  "$(lintian --allow-root --tag-display-limit 0 "$build"/*.deb 2>&1 || true)"

fresh_root
holds "a fresh installation" quietly inside sh -c 'dpkg -i /ipvsadm_*.deb'
same "the tool runs" "ipvsadm v2.0.0" "$(inside ipvsadm --version | sed 's/ (.*//')"
same "its files stand where Debian wants them" "/usr/sbin/ipvsadm
/usr/sbin/ipvsadm-restore
/usr/sbin/ipvsadm-save
/usr/share/man/man8/ipvsadm.8.gz
/usr/share/man/man8/ipvsadm-restore.8.gz
/usr/share/man/man8/ipvsadm-save.8.gz
/usr/share/bash-completion/completions/ipvsadm
/usr/share/zsh/vendor-completions/_ipvsadm
/usr/share/fish/vendor_completions.d/ipvsadm.fish
/usr/lib/systemd/system/ipvsadm.service
/usr/share/doc/ipvsadm/examples/ipvsadm.rules" "$(there /usr/sbin/ipvsadm{,-restore,-save} \
  /usr/share/man/man8/ipvsadm{,-restore,-save}.8.gz /usr/share/bash-completion/completions/ipvsadm \
  /usr/share/zsh/vendor-completions/_ipvsadm /usr/share/fish/vendor_completions.d/ipvsadm.fish \
  /usr/lib/systemd/system/ipvsadm.service /usr/share/doc/ipvsadm/examples/ipvsadm.rules)"
same "nothing is done at boot before somebody asks for it" "" \
  "$(there /etc/systemd/system/multi-user.target.wants/ipvsadm.service)"
same "systemd-analyze verify has nothing to say of the unit" "" \
  "$(inside systemd-analyze verify --man=no /usr/lib/systemd/system/ipvsadm.service 2>&1 | grep ipvsadm || true)"
exposure=$(inside systemd-analyze security --offline=true ipvsadm.service 2>/dev/null |
  sed -n 's/.*Overall exposure level for ipvsadm.service: \([0-9]*\)\.\([0-9]*\).*/\1\2/p')
holds "systemd-analyze security finds an exposure of at most 2.0 (${exposure:-none} tenths)" \
  test "${exposure:-999}" -le 20
holds "the libraries install" quietly inside sh -c 'dpkg -i /libipvs*.deb'
"${as_root[@]}" cp "$source/tests/package/outside/outside.cpp" "$root/root/"
# shellcheck disable=SC2016 # expanded inside
same "a program builds and runs with them" $'2001:db8::1: 1 change\nopen the network namespace: 2' \
  "$(inside sh -c 'cd /root && g++ -std=c++20 outside.cpp $(pkg-config --cflags --libs ipvs) -o outside && ./outside' 2>&1)"
echo CLEAR_ON_STOP=yes | "${as_root[@]}" tee "$root/etc/default/ipvsadm" >/dev/null
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
upgrade=$(inside sh -c 'dpkg -i /ipvsadm_*.deb' 2>&1) && status=0 || status=$?
same "the upgrade" 0 "$status"
same "the upgrade tells of a sync daemon that is no longer started" 2 "$(grep -c '^ipvsadm: ' <<<"$upgrade")"
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
