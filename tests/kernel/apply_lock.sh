#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The lock of --apply: only root can hold it, waiting is said and has an end, and nothing in its place is followed or
# trusted. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs
echo '-A -t 10.0.0.1:80 -s rr' >first
echo '-A -t 10.0.0.2:80 -s rr' >second
lock=/run/ipvsadm/net-$(stat -L -c %d-%i /proc/self/ns/net)

# apply FILE [PREFIX...]: what it says, its status and the seconds it took are in $said, $status and $seconds
apply() {
  local start=$SECONDS file=$1
  shift
  status=0
  said=$("$@" "$IPVS_ADM" --apply "$file" 2>&1) || status=$?
  seconds=$((SECONDS - start))
}

# A user, who can hold a lock on the namespace itself.
chmod 711 /tmp
setpriv --reuid=65534 --clear-groups flock /proc/self/ns/net sleep 1000 &
user=$!
apply first
same "what a user locks is not waited for" "0 -A -t 10.0.0.1:80 -s rr" "$status$said $(ipvsadm -Sn)"
holds "not for a second ($seconds s)" test $seconds -le $((3 * patience))
kill $user
same "the folder is root's alone" "700 0" "$(stat -c '%a %u' /run/ipvsadm)"
same "no lock is left over" "" "$(ls -A /run/ipvsadm)"

# One that never ends, and meanwhile the other cases.
(umask 077 && : >"$lock")
flock "$lock" sleep 1000 &
never=$!
locked() { ! flock -n "$lock" true; }
eventually "the lock is held" 10 locked
before=$(ipvsadm -Sn)
(apply second; echo "$status $seconds"; echo "$said") >never &
waiter=$!
holds "a user can't take it" sh -c "! setpriv --reuid=65534 --clear-groups flock -n '$lock' true 2>/dev/null"

ip netns add other
status=0
said=$(ipvsadm --netns other --apply first 2>&1) || status=$?
same "in another namespace it is not waited for" "0 -A -t 10.0.0.1:80 -s rr" "$status$said $(ipvsadm --netns other -Sn)"
in_other() { ip netns exec other "$@"; }
other_lock=/run/ipvsadm/net-$(in_other stat -L -c %d-%i /proc/self/ns/net)
apply_other() { apply "$1" in_other; }

(umask 077 && : >"$other_lock")
flock "$other_lock" sleep 4 &
sleep 1
apply_other second
same "waiting is said" "0 another --apply is at work here: waiting for it, 30 s at most" "$status $said"
same "and then it is done" "-A -t 10.0.0.2:80 -s rr" "$(ipvsadm --netns other -Sn)"
wait $!

# What is in its place.
echo mine >precious
rm -f "$other_lock"
ln -s /tmp/precious "$other_lock"
wrong="is not the caller's alone, so that others could hold up --apply: nothing was touched"
apply_other first
same "a link in its place is refused" "4 \`$other_lock' $wrong" "$status $said"
rm "$other_lock"
mkdir "$other_lock"
apply_other first
same "so is a folder" "4 \`$other_lock' $wrong" "$status $said"
rmdir "$other_lock"
(umask 077 && : >"$other_lock")
chmod 644 "$other_lock"
apply_other first
same "so is a file that others can open" "4 \`$other_lock' $wrong" "$status $said"
chmod 600 "$other_lock"
chown 65534 "$other_lock"
apply_other first
same "so is somebody else's file" "4 \`$other_lock' $wrong" "$status $said"
rm "$other_lock"
chmod 777 /run/ipvsadm
apply_other first
same "so is a folder that others can write to" "4 \`/run/ipvsadm' $wrong" "$status $said"
chmod 700 /run/ipvsadm
same "nothing was touched" "mine -A -t 10.0.0.2:80 -s rr" "$(<precious) $(ipvsadm --netns other -Sn)"

chmod 777 /run/ipvsadm
same "--dry-run needs no lock" "3 -A -t 10.0.0.1:80 -s rr
-D -t 10.0.0.2:80" "$(ipvsadm --netns other --apply first --dry-run >dry || echo $?) $(<dry)"
chmod 700 /run/ipvsadm
status=0
said=$(in_other unshare -m sh -c "mount -t tmpfs -o ro tmpfs /run && exec '$IPVS_ADM' --apply first" 2>&1) || status=$?
same "where /run is not writable that is said, and the rules are applied" \
  "0 can't use \`/run/ipvsadm': Read-only file system; another --apply at the same time is not waited for
-A -t 10.0.0.1:80 -s rr" "$status $said
$(ipvsadm --netns other -Sn)"
status=0
said=$(setpriv --reuid=65534 --clear-groups "$IPVS_ADM" --apply 2>&1 <first) || status=$?
same "a user is told what is missing, and nothing of locks" "4 Permission denied (you must be root)" "$status $said"

wait $waiter
same "what never ends is waited for no longer than 30 s" \
  "another --apply is at work here: waiting for it, 30 s at most
another --apply is at work here and does not end (\`$lock' is locked): nothing was touched" "$(tail -n +2 never)"
read -r status seconds <never
holds "with status 4 ($status), in 30 s ($seconds)" test "$status" = 4 -a "$seconds" -ge 29 -a "$seconds" -le $((40 * patience))
same "nothing was touched" "$before" "$(ipvsadm -Sn)"
kill $never
ip netns del other
finish
