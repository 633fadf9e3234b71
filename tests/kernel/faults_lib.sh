# SPDX-License-Identifier: MIT
# Shared by the tests that make a command fail in its midst, after lib.sh: the rules, what each way to end must mean, and
# one attempt.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # drain is for the tests; after, input and fault are theirs

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
    *) [ -s said ] && { [ "$now" = "$before" ] || [ "$now" = "$after" ] ||
      says '^lines? [0-9]+|^whether the table was cleared|^the table is cleared'; } ;;
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

# start_from_first: the table is that of first, and $before is what -Sn prints of it
start_from_first() {
  "$IPVS_ADM" -C
  "$IPVS_ADM" -R first
}

# attempt KIND WHAT COMMAND...: COMMAND, made to fail as WHAT says by the words in $fault, judged by right_KIND
attempt() {
  local kind=$1 what=$2
  shift 2
  if [ "$(rules)" != "$before" ]; then "$IPVS_ADM" --apply first; fi
  status=0
  timeout 100 "${fault[@]}" "$@" >said 2>&1 <"$input" || status=$?
  now=$(rules)
  tried=$((tried + 1))
  # 124: it hangs. From 128 on, but for the tool's own 255: a signal ended it.
  if [ $status = 124 ] || { [ $status -ge 128 ] && [ $status != 255 ]; } || ! "right_$kind"; then
    wrong=$((wrong + 1))
    printf '# %s: %s: status %s\n# said: %s\n# table: %s\n' "$*" "$what" $status "$(tr '\n' '|' <said | head -c 600)" \
      "$(tr '\n' '|' <<<"$now")"
  fi
}
