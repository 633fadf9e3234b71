# SPDX-License-Identifier: MIT
# Shared by the tests of the Debian packages: a root made with debootstrap, which $build keeps, and work with a copy of it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # build and root are set by who reads this

# shellcheck source=tests/roots.sh
. "$(dirname "${BASH_SOURCE[0]}")/../roots.sh"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
base=$build/deb-root

# What ipvsadm and libipvs-dev depend on, what the distribution's ipvsadm does, and what it takes to boot with systemd.
root_packages=init-system-helpers,libnl-3-200,libnl-genl-3-200,libpopt0,lsb-base
root_packages+=,g++,pkg-config,libnl-3-dev,libnl-genl-3-dev
root_packages+=,systemd,systemd-sysv,kmod,iproute2,netbase

# quietly COMMAND...: its output only when it fails
quietly() {
  local log
  if ! log=$("$@" 2>&1); then
    printf '%s\n%s\n' "failed: $*" "$log" >&2
    return 1
  fi
}

# make_base: this machine's release, with the distribution's ipvsadm beside it, not yet installed. Only once.
make_base() {
  [ "$(cat "$base/.complete" 2>/dev/null)" != "$root_packages" ] || return 0
  local mirror release folder
  find_packages
  "${as_root[@]}" rm -rf "$base"
  # sudo hands no proxy on by itself.
  quietly "${as_root[@]}" env ${http_proxy:+"http_proxy=$http_proxy"} debootstrap --variant=minbase \
    "--include=$root_packages" "$release" "$base" ${mirror:+"$mirror"}
  folder=$(mktemp -d)
  (cd "$folder" && chmod 755 . && quietly apt-get download ipvsadm)
  "${as_root[@]}" cp "$folder"/ipvsadm_*.deb "$base/old.deb"
  rm -rf "$folder"
  # Nothing is started in there.
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$base/usr/sbin/policy-rc.d" >/dev/null
  "${as_root[@]}" chmod 755 "$base/usr/sbin/policy-rc.d"
  echo "$root_packages" | "${as_root[@]}" tee "$base/.complete" >/dev/null
}

# old_package SUITE: fetches that suite's ipvsadm, which upgrades come from, once. By an apt of its own: nobody's lists are
# changed.
old_package() {
  local apt mirror release options=()
  [ ! -s "$base/old-$1.deb" ] || return 0
  apt=$(mktemp -d)
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  find_packages
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/sources.list"
  options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o Dir::State::status=/dev/null -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
  quietly apt-get "${options[@]}" update
  (cd "$apt" && quietly apt-get "${options[@]}" download ipvsadm)
  "${as_root[@]}" cp "$apt"/ipvsadm_*.deb "$base/old-$1.deb"
  rm -rf "$apt"
}

# fresh_root: as after debootstrap, with our packages beside it
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

# into PATH: writes standard input to that file in the root
into() {
  "${as_root[@]}" mkdir -p "$root$(dirname "$1")"
  "${as_root[@]}" tee "$root$1" >/dev/null
}

# there PATH...: those of the paths that exist in the root
there() {
  local path
  for path in "$@"; do
    if [ -e "$root$path" ] || [ -L "$root$path" ]; then echo "$path"; fi
  done
}
