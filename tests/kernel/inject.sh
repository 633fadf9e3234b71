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
modprobe ip_vs
ln -sf "$IPVS_ADM" ipvsadm-restore
tried=0 wrong=0

rules() { "$IPVS_ADM" -Sn; }
cat >first <<'EOF'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
-A -t 10.0.0.2:80 -s wlc
EOF
cat >second <<'EOF'
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 7
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 1
-A -t 10.0.0.3:80 -s sh
EOF
cat >changes <<'EOF'
-A -t 10.0.0.3:80 -s rr
-e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 5
-a -t 10.0.0.3:80 -r 10.1.0.9:80 -m -w 1
-D -t 10.0.0.2:80
EOF
drain=(-D -t 10.0.0.1:80 --drain=0)
before=$(<first)

# What each way to end must mean. They get the table in $now, and $status and the file said.
says() { grep -q -E "$1" said; }
right_apply() {
  case $status in
    0) [ "$now" = "$after" ] ;;
    5) says 'its state is unknown|what it was before|differs from the rules' ;;
    *) [ "$now" = "$before" ] && [ -s said ] ;;
  esac
}
right_restore() {
  case $status in
    0) [ "$now" = "$after" ] ;;
    *) [ -s said ] && { [ "$now" = "$before" ] || says '^lines? [0-9]+|^whether the table was cleared|^the table is cleared' ||
      { [ "$now" = "$after" ] && says .; }; } ;;
  esac
}
right_drain() {
  case $status in
    0) [ "$now" = "$after" ] ;;
    *) [ -s said ] && { [ "$now" = "$before" ] || says 'to undo:$|whether it was deleted is not known'; } ;;
  esac
}
# One change: an answer that is lost leaves it open whether it was made.
right_change() {
  case $status in
    0) [ "$now" = "$after" ] ;;
    *) [ -s said ] && { [ "$now" = "$before" ] || [ "$now" = "$after" ]; } ;;
  esac
}
# Without the right to more it may be the short view, which says so.
right_listing() {
  [ "$now" = "$before" ] || return 1
  case $status in
    0) cmp -s said listing || says 'short view, without CAP_NET_ADMIN|without CAP_NET_ADMIN: connections' ;;
    *) [ -s said ] ;;
  esac
}

# one KIND CALL NUMBER ERROR COMMAND...
one() {
  local kind=$1 call=$2 number=$3 error=$4
  shift 4
  if [ "$(rules)" != "$before" ]; then "$IPVS_ADM" --apply first; fi
  status=0
  timeout 100 strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=$error:when=$number" "$@" >said 2>&1 <"$input" ||
    status=$?
  now=$(rules)
  tried=$((tried + 1))
  # 124: it hangs.
  if [ $status = 124 ] || ! "right_$kind"; then
    wrong=$((wrong + 1))
    printf '# %s: %s %s %s: status %s\n# said: %s\n# table: %s\n' "$*" "$call" "$number" "$error" $status \
      "$(tr '\n' '|' <said)" "$(tr '\n' '|' <<<"$now")"
  fi
}

errors=(EIO ENOMEM ENOBUFS EMSGSIZE EPERM)
calls=(sendto recvmmsg)
if [ "${IPVS_INJECT-}" = all ]; then calls+=(socket bind getsockname connect setsockopt getsockopt sendmsg recvmsg); fi
# each KIND INPUT COMMAND...: each call in turn; the errors in turn, or each of them
each() {
  local kind=$1 input=$2 call count number turn=0 error wrong_before=$wrong
  shift 2
  "$IPVS_ADM" -C
  "$IPVS_ADM" -R first
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
