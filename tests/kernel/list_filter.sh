#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L with -r, and with an address without a port: the rows are those of the whole listing that fit, in every view. Runs
# in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs
ipvsadm -R <<'END'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m
-A -t 10.0.0.1:443 -s wlc -p 60
-a -t 10.0.0.1:443 -r 10.1.0.1:8443 -m
-A -u 10.0.0.1:53 -s rr
-a -u 10.0.0.1:53 -r 10.1.0.2:53 -m
-A -t 10.0.0.2:80 -s rr
-a -t 10.0.0.2:80 -r 10.1.0.3:80 -m
-A -t [fd00::1]:80 -s rr
-a -t [fd00::1]:80 -r [fd01::1]:80 -m
-A -f 7 -s rr
-a -f 7 -r 10.1.0.1 -g
END

# chosen HEAD SERVICES SERVERS: of the listing on stdin the first HEAD lines, and the services that match with the rows
# that do. A service without such a row is left out if SERVERS is not "."
chosen() {
  awk -v head="$1" -v services="$2" -v servers="$3" '
    NR <= head { print; next }
    /^ / { if (take && $2 ~ servers) { if (row != "") print row; row = ""; print } next }
    { take = ($1 " " $2) ~ services; row = take ? $0 : ""; if (take && servers == ".") { print row; row = "" } }'
}
# only WHAT SERVICES SERVERS ARGUMENT...
only() {
  local what=$1 services=$2 servers=$3 view expected
  shift 3
  for view in '' --stats --rate --thresholds --persistent-conn --tun-info --nosort; do
    # One service, or the services of an address, are listed without the first line.
    # shellcheck disable=SC2086 # words
    expected=$(ipvsadm -Ln $view | case " $* " in *' -t '* | *' -u '* | *' -f '*) sed 1d | chosen 2 "$services" "$servers" ;;
      *) chosen 3 "$services" "$servers" ;; esac)
    # shellcheck disable=SC2086 # words
    same "$what${view:+, $view}" "$expected" "$(ipvsadm -Ln $view "$@")"
  done
  same "$what, as JSON" "$(ipvsadm -Ln "$@" | awk '/^ / && $2 != "RemoteAddress:Port" { print $2 }')" \
    "$(ipvsadm -L --json "$@" | jq -r '.services[].servers[] | if .family == "ipv6" then "[\(.address)]:\(.port)" else
      "\(.address):\(.port)" end')"
}
only "a server on any port" . '^10\.1\.0\.1:' -r 10.1.0.1
only "a server on a port" . '^10\.1\.0\.1:8443$' -r 10.1.0.1:8443
only "an IPv6 server" . '^\[fd01::1\]:' -r fd01::1
only "a server of a service" '^TCP 10\.0\.0\.1:80$' '^10\.1\.0\.2:' -t 10.0.0.1:80 -r 10.1.0.2
only "a server of a mark" '^FWM 7$' '^10\.1\.0\.1:' -f 7 -r 10.1.0.1
only "an address without a port" '^TCP 10\.0\.0\.1:' . -t 10.0.0.1
only "an address without a port, of UDP" '^UDP 10\.0\.0\.1:' . -u 10.0.0.1
only "an IPv6 address without a port" '^TCP \[fd00::1\]:' . -t fd00::1
only "an address without a port, and a server" '^TCP 10\.0\.0\.1:' '^10\.1\.0\.1:' -t 10.0.0.1 -r 10.1.0.1
same "there was something to find" 3 "$(ipvsadm -Ln -r 10.1.0.1 | grep -c -e '->.*10.1.0.1:')"
only "a server that is nowhere" . '^nowhere$' -r 10.9.9.9

ipvsadm -A -t 10.0.0.1:0 -s rr -p 60
same "once there is a service of port 0, that is meant" "TCP  10.0.0.1:0 rr persistent 60" \
  "$(ipvsadm -Ln -t 10.0.0.1 | grep '^TCP')"
ipvsadm -D -t 10.0.0.1:0

# failed WHAT EXPECTED ARGUMENT...
failed() {
  local status=0 text
  text=$(ipvsadm "${@:3}" 2>&1) || status=$?
  same "$1" "$2" "$status $text"
}
failed "an address without any service" "1 No such service" -Ln -t 10.0.0.9
failed "port 0 is one service, and not there" "1 No such service" -Ln -t 10.0.0.1:0
failed "a server and timeouts" "2 Illegal 'real-server' option with the 'list' command" -L --timeout -r 10.1.0.1
failed "templates without connections" "2 Illegal 'templates' option with the 'list' command" -L --templates
finish
