#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prepares the kernel that it runs in for a program of measurements, bench or bench_counted, and starts it with the other
# arguments.
set -euo pipefail
sysctl -qw net.ipv4.conf.all.rp_filter=0 2>/dev/null || true
ip link set lo up multicast on
ip route replace 224.0.0.0/4 dev lo
exec "$IPVS_BUILD/tests/$1" "${@:2}"
