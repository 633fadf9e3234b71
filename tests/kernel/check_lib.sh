# SPDX-License-Identifier: MIT
# Shared by the tests of --check that run in the kernel, after lib.sh: the network, and what --check finds.
# shellcheck shell=bash

# The network of lib.sh, with web servers on both pods and the virtual address on the director.
make_checked_network() {
  make_network
  ip link add type dummy
  ip link set dummy0 up
  ip addr add 10.0.0.185 dev dummy0
  serve pod3
  serve pod4
}

# check ARGUMENT...: its status, then severity and name of each finding
check() {
  local status=0
  "$IPVS_ADM" --check --json "$@" >found.json 2>check.err || status=$?
  jq -r --argjson status "$status" '[$status] + [.findings[] | "\(.severity) \(.name)"] | join(", ")' found.json
}
# remedy NAME: runs the command that was printed for it
remedy() {
  local command
  command=$(jq -r --arg name "$1" '[.findings[] | select(.name == $name)][0].remedy // "false # no remedy"' found.json)
  echo "# $command"
  bash -c "$command" >/dev/null
}
# works [ADDRESS]: a client's requests are answered, by whomever
works() { [ "$(fetch in client "${1:-10.0.0.185}" 4 | awk '{ sum += $1 } END { print sum + 0 }')" = 4 ]; }
