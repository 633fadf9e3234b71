#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Requests through the virtual address while the table is changed: --apply hurts none of them, and beside it what
# flush and restore with the classic tool does to the same traffic. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"

make_network
for pod in pod3 pod4; do
  serve $pod
  head -c 2000000 /dev/zero >"/tmp/www/$pod/large"
done
ip link add type dummy
ip link set dummy0 up
ip addr add 10.0.0.185 dev dummy0
cd /tmp

# Both keep the two live servers of the service that is under way.
cat >one <<'END'
-A -t 10.0.0.185:80 -s rr
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 1
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 1
-A -t 10.0.0.185:8080 -s lc
-a -t 10.0.0.185:8080 -r 172.17.0.3:80 -m -w 1
-A -u 10.0.0.185:53 -s rr
END
# The extra server gets no requests, as nobody is there; weight 0 with any scheduler. The service under way keeps its
# scheduler: the kernel has none for it while one takes the place of another, and refuses what comes (the page says so).
cat >two <<'END'
-A -t 10.0.0.185:80 -s rr -p 1
-a -t 10.0.0.185:80 -r 172.17.0.3:80 -m -w 3
-a -t 10.0.0.185:80 -r 172.17.0.4:80 -m -w 2
-a -t 10.0.0.185:80 -r 172.17.0.9:80 -m -w 0
-A -t 10.0.0.185:443 -s sh
-a -t 10.0.0.185:443 -r 172.17.0.4:80 -m -w 5
-A -f 7 -s rr
END

# Small buffers, so that a download lasts as long on the wire as it does for the client.
on client sysctl -q -w 'net.ipv4.tcp_rmem=4096 8192 16384'
for pod in pod3 pod4; do on $pod sysctl -q -w 'net.ipv4.tcp_wmem=4096 8192 16384'; done

# requests FILE [SECONDS]: 1,000 requests one after the other, a connection each, for so long at most; a line each of how
# it ended
requests() {
  on client timeout "${2-600}" curl -s --max-time 10 --no-keepalive -H 'Connection: close' -o /dev/null \
    -w '%{stderr}%{exitcode} %{http_code}\n' 'http://10.0.0.185/?[1-1000]' 2>"$1" || true
}

# download FILE [SECONDS]: 2 MB in 20 s, for so long at most; a line of how it ended
download() {
  on client curl -s --max-time "${2-600}" --limit-rate 100000 -o /dev/null -w '%{exitcode} %{http_code} %{size_download}\n' \
    http://10.0.0.185/large >"$1" || true
}

# Ways to make the table what a file says.
apply() { "$IPVS_ADM" --apply "$1"; }
flush_and_restore() {
  /usr/sbin/ipvsadm -C
  /usr/sbin/ipvsadm -R <"$1"
}

# swap WAY FILE: brings the two rule sets about in turn until all traffic has ended; counts into FILE
swap() {
  local count=0
  while [ -n "$(jobs -r)" ]; do
    count=$((count + 1))
    if ((count % 2)); then "$1" two; else "$1" one; fi
    # The traffic needs the one processor too.
    read -r -t 0.2 <>never || true
  done
  echo $count >"$2"
}

# ended FILE: how many requests came to which end: curl's exit status and the answer's
ended() { sort "$1" | uniq -c | sed 's/^ *//'; }

# traffic WAY [SECONDS]: requests and a download, for so long at most, while the table is swapped in that way; leaves its
# results in files
traffic() {
  ipvsadm -C
  ipvsadm -R <one
  : >"download.$1"
  download "download.$1" "${@:2}" &
  until ipvsadm -Lnc | grep -q ESTABLISHED; do sleep 0.1; done
  requests "requests.$1" "${@:2}" &
  swap "$1" "swaps.$1"
  wait
}

mkfifo never
traffic apply
holds "the download was under way during 50 applies and more" test "$(<swaps.apply)" -ge 50
same "none of 1,000 requests failed meanwhile" "1000 0 200" "$(ended requests.apply)"
same "the download is complete" "0 200 2000000" "$(<download.apply)"

# Stalled requests would wait for long.
traffic flush_and_restore 30
holds "flush and restore makes requests fail, so that the traffic could have been hurt" \
  grep -q -v '^0 200$' requests.flush_and_restore
for way in apply flush_and_restore; do
  echo "# $way: $(<swaps.$way) swaps; requests (how many, curl's status, HTTP status): $(ended requests.$way | paste -sd ,)"
  echo "# $way: download (curl's status, HTTP status, bytes of 2000000): $(<download.$way)"
done
stop_serving pod3
stop_serving pod4
finish
