#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scheduler twos, which Linux has from 5.12 on and user-mode-linux is built without. Runs in the kernel.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
modprobe ip_vs

if modprobe -q ip_vs_twos 2>/dev/null; then
  rules='-A -t 10.0.0.1:80 -s twos
-a -t 10.0.0.1:80 -r 127.0.0.2:80 -m -w 1
-a -t 10.0.0.1:80 -r 127.0.0.3:80 -m -w 3'
  /usr/sbin/ipvsadm -R <<<"$rules"
  classic=$(/usr/sbin/ipvsadm -Ln; /usr/sbin/ipvsadm -Sn)
  /usr/sbin/ipvsadm -C
  holds "a service takes the scheduler twos" ipvsadm -R <<<"$rules"
  same "it is listed and saved as by the classic tool" "$classic" "$(ipvsadm -Ln; ipvsadm -Sn)"
  same "it is saved as it came" "$rules" "$(ipvsadm -Sn)"
  # A server without weight gets nothing by it, one with weight everything.
  ipvsadm -e -t 10.0.0.1:80 -r 127.0.0.2:80 -m -w 0
  ip addr add 10.0.0.1 dev lo
  mkdir -p /tmp/www
  echo three >/tmp/www/index.html
  busybox httpd -p 127.0.0.3:80 -h /tmp/www
  same "it sends requests to the server that has a weight" "4 three" "$(fetch 10.0.0.1 4)"
  pkill -f 'busybox httpd' || true
else
  skip "twos" "this kernel has no such module"
  same "without its module it is refused as by the classic tool" \
    "$(/usr/sbin/ipvsadm -A -t 10.0.0.1:80 -s twos 2>&1 || echo "status $?")" \
    "$(ipvsadm -A -t 10.0.0.1:80 -s twos 2>&1 || echo "status $?")"
fi
finish
