#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Failing memory: allocations of --apply, -R, ipvsadm-restore and --drain fail, alone or with all that follow. Afterwards
# the table is as it was, or as it was to be, or what is between is said. A fixed part; IPVS_INJECT=all: each of them.
# Runs in the kernel. Its argument is the library to preload, failing_malloc.cpp.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
# shellcheck source=tests/kernel/faults_lib.sh
. "$here/faults_lib.sh"
library=$1

# each KIND STEP INPUT COMMAND...: every STEPth allocation fails alone, and every 11th with all after it, until there are
# no more
each() {
  local kind=$1 step=$2 input=$3 number on wrong_before=$wrong tried_before=$tried
  shift 3
  start_from_first
  "$@" <"$input" >/dev/null
  after=$(rules)
  for on in '' 1; do
    if [ "${IPVS_INJECT-}" = all ]; then
      step=1
    elif [ -n "$on" ]; then
      step=11
    fi
    for ((number = 1; ; number += step)); do
      rm -f failed
      fault=(env "LD_PRELOAD=$library" FAIL_MARK=/tmp/failed "FAIL_AT=$number" "FAIL_ON=$on")
      attempt "$kind" "allocation $number${on:+ and all after it}" "$@"
      [ -e failed ] || break
    done
  done
  same "$(basename "$1") ${*:2}: never half done and unsaid" 0 $((wrong - wrong_before))
  holds "its allocations did fail ($((tried - tried_before)))" test $((tried - tried_before)) -gt 8
}
# Of a restore's allocations few lie between two sends: none is left out.
each apply 7 second "$IPVS_ADM" --apply
each restore 1 changes "$IPVS_ADM" -R
each restore 1 second ./ipvsadm-restore
each drain 7 /dev/null "$IPVS_ADM" "${drain[@]}"
echo "# failing allocations: $tried tried, $wrong wrong"
finish
