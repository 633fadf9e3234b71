#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The static binary, as the only file of a root.
#
#   static.sh IPVSADM
set -euo pipefail
# shellcheck source=tests/kernel/lib.sh
. "$IPVS_SOURCE/tests/kernel/lib.sh"
root=$(mktemp -d /tmp/static.XXXXXX)
trap 'rm -rf "$root"' EXIT
cp "$1" "$root/ipvsadm"
alone() { chroot "$root" /ipvsadm "$@" 2>&1; }

same "it needs no dynamic linker" "" "$(readelf -l "$1" | grep INTERP || true)"
same "it is the only file there" "./ipvsadm" "$(cd "$root" && find . -type f)"
same "--version" "ipvsadm v2.0.0" "$(alone --version | sed 's/ (.*//')"
holds "rules are applied from standard input" alone --apply - <<'RULES'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.1.21:8080 -m -w 5
RULES
same "the kernel's table is listed, by number where no name is known" "-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.1.21:8080 -m -w 5" "$(alone -S)"
same "the installed tool sees the same" "$(ipvsadm -Sn)" "$(alone -Sn)"
same "a port's name that nobody can look up is refused, and the message says so" \
  "illegal virtual server address[:port] specified
  \`10.0.0.1:http': no TCP port is named http" "$(alone -A -t 10.0.0.1:http || true)"
mkdir "$root/etc"
printf 'http 80/tcp\n' >"$root/etc/services"
printf '10.0.0.2 lb.example\n' >"$root/etc/hosts"
printf 'hosts: files\nservices: files\n' >"$root/etc/nsswitch.conf"
holds "names of /etc/hosts and /etc/services are taken, when those are there" alone -A -t lb.example:http -s rr
same "they are listed" "-A -t 10.0.0.1:http -s rr
-a -t 10.0.0.1:http -r 10.0.1.21:8080 -m -w 5
-A -t lb.example:http -s rr" "$(alone -S)"
finish
