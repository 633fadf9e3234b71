#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Failing system calls: each in turn of what --apply, -R, ipvsadm-restore, --drain, single changes and listings do at the
# socket. Afterwards the table is as it was, or as it was to be, or what is between is said, and a listing is whole or
# fails. A fixed part; IPVS_INJECT=all: every call with every error, and of every command. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
# shellcheck source=tests/kernel/faults_lib.sh
. "$here/faults_lib.sh"

# one KIND CALL NUMBER ERROR COMMAND...
one() {
  fault=(strace -qq -o /dev/null -e "trace=$2" -e "inject=$2:error=$4:when=$3")
  attempt "$1" "$2 $3 $4" "${@:5}"
}

errors=(EIO ENOMEM ENOBUFS EMSGSIZE EPERM)
calls=(sendto recvmmsg)
if [ "${IPVS_INJECT-}" = all ]; then calls+=(socket bind getsockname connect setsockopt getsockopt sendmsg recvmsg); fi
# each KIND INPUT COMMAND...: each call in turn; the errors in turn, or each of them
each() {
  local kind=$1 input=$2 call count number turn=0 error wrong_before=$wrong
  shift 2
  start_from_first
  strace -qq -o calls -e "trace=$(IFS=, && echo "${calls[*]}")" "$@" <"$input" >listing
  after=$(rules)
  cp calls "calls.$kind"
  for call in "${calls[@]}"; do
    count=$(grep -c "^$call(" "calls.$kind" || true)
    # Some come only after another one has failed.
    for ((number = 1; number <= count + 1; number++)); do
      if [ "${IPVS_INJECT-}" = all ]; then
        for error in "${errors[@]}"; do
          one "$kind" "$call" $number "$error" "$@"
          one "$kind" "$call" $number+ "$error" "$@"
        done
      else
        one "$kind" "$call" $number "${errors[turn++ % ${#errors[@]}]}" "$@"
      fi
    done
  done
  same "$(basename "$1") ${*:2}: never half done and unsaid, nor half listed" 0 $((wrong - wrong_before))
}
each apply second "$IPVS_ADM" --apply
each restore changes "$IPVS_ADM" -R
each restore second ./ipvsadm-restore
each drain /dev/null "$IPVS_ADM" "${drain[@]}"
changes=('-e -t 10.0.0.1:80 -r 10.1.0.1:80 --keep -w 9')
listings=('-Ln')
if [ "${IPVS_INJECT-}" = all ]; then
  changes+=('-A -u 10.0.0.9:53 -s rr' '-E -t 10.0.0.1:80 --keep -s wrr' '-D -t 10.0.0.1:80' '-a -t 10.0.0.2:80 -r 10.1.0.5:80 -m'
    '-d -t 10.0.0.1:80 -r 10.1.0.1:80' '-Z' '-C' '--set 900 120 300')
  listings+=('-Ln --stats' '-Ln -t 10.0.0.1:80' '-L --json' '-Sn' '-Sn --all' '-L --metrics' '-L --timeout' '-L --daemon' '-Lnc'
    '-Lnc --count')
fi
for line in "${changes[@]}"; do
  # shellcheck disable=SC2086 # words
  each change /dev/null "$IPVS_ADM" $line
done
for line in "${listings[@]}"; do
  # shellcheck disable=SC2086 # words
  each listing /dev/null "$IPVS_ADM" $line
done
echo "# injections: $tried tried, $wrong wrong"
holds "there were some ($tried)" test $tried -gt 40
finish
