#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `boot` promises, for user-mode-linux and qemu: it starts on processors with AMX, hands output and exit status over,
# keeps the host's files from harm, ends in time, leaves nothing behind, and says in one line why it can't start a kernel.
# Runs on the host.
#
#   boot_test.sh WORK
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
mkdir -p "$1"
work=$(cd "$1" && pwd)
unset IPVS_KERNEL IPVS_KERNEL_VERSION IPVS_BOOT_TIMEOUT IPVS_UML

# boots COMMAND...: what boot prints, and its exit status
boots() {
  local status=0
  "$here/boot" "$work/boot" "$@" 2>&1 || status=$?
  echo "status $status"
}

can_uml=$(uname -m | grep -c x86_64 || true)
if [ "$can_uml" = 1 ]; then
  cc -shared -fPIC -O2 -Wall -Wextra -o "$work/fake.so" "$here/uml_xstate_fake.c" -ldl
  printf '#!/bin/sh\nLD_PRELOAD=%s exec linux.uml "$@"\n' "$work/fake.so" >"$work/unhelped"
  printf '#!/bin/sh\nexit 1\n' >"$work/broken"
  chmod 755 "$work/unhelped" "$work/broken"
  same "user-mode-linux with the library starts where the XSAVE area is larger than its buffer" "alive
status 0" "$(IPVS_KERNEL=uml IPVS_UML_PRELOAD=$work/fake.so boots echo alive)"
  same "without the library it dies there, and one line says why" "boot: no kernel with IPVS can be started: uml: it died before \
the first command (status N, $work/boot/.console: ptrace set fp regs failed, errno = 14)
status 2" "$(IPVS_KERNEL=uml IPVS_UML=$work/unhelped boots echo alive |
    sed 's/status [0-9]*, /status N, /; s/console: .*ptrace set/console: ptrace set/')"
else
  skip "user-mode-linux" "there is none for $(uname -m)"
fi

same "a kind that isn't one is refused" "boot: IPVS_KERNEL has another word than host, uml and qemu: vmware
status 2" "$(IPVS_KERNEL=vmware boots true)"

kinds=()
[ "$can_uml" = 0 ] || kinds+=(uml)
probe=$(IPVS_KERNEL=qemu boots true)
case $probe in
  "status 0") kinds+=(qemu) ;;
  *"can be started"*) skip "qemu" "${probe%$'\n'*}" ;;
  *) same "a kernel in qemu starts" "status 0" "$probe" ;;
esac
for kind in "${kinds[@]}"; do
  export IPVS_KERNEL=$kind
  # shellcheck disable=SC2016 # expanded inside
  same "$kind: output, errors and exit status come out" "from $kind
an error
status 7" "$(boots sh -c 'echo from $IPVS_KERNEL; echo an error >&2; exit 7')"
  same "$kind: the folder is writable, and what is written there stays" "status 0" "$(boots sh -c 'echo kept >kept')"
  same "$kind: it is there afterwards" kept "$(cat "$work/boot/kept")"
  same "$kind: the host's files are seen, and can't be changed" "#!/usr/bin/env bash
status 1" "$(boots sh -c "head -n 1 '$here/boot'; echo >'$here/boot' 2>/dev/null && exit 9; exit 1" | grep -v annot)"
  same "$kind: IPVS is there" "status 0" "$(boots sh -c 'modprobe ip_vs && test -e /proc/net/ip_vs')"
  same "$kind: a command that takes too long ends with 124" "boot: killed after 25 seconds: sleep 600
status 124" "$(IPVS_BOOT_TIMEOUT=25 boots sleep 600)"
  holds "$kind: no process is left" test -z "$(pgrep -f "$work/boot" || true)"
done
if [ "${kinds[*]: -1}" = qemu ]; then
  # A qemu that is none: the kernel stops with $oops at first, and the second time the command ends.
  mkdir -p "$work/bin"
  cat >"$work/bin/qemu-system-$(uname -m)" <<END
#!/bin/sh
cd '$work/boot'
: >.started
if [ -e once ]; then echo again >>.out; echo 5 >.rc; else : >once; cat oops >.console; fi
sleep 1
END
  chmod 755 "$work/bin/qemu-system-$(uname -m)"
  export IPVS_KERNEL=qemu
  echo "[   47.464284] Oops: int3: 0000 [#1] SMP NOPTI" >"$work/boot/oops"
  same "qemu: a kernel that runs into its own breakpoint starts once more, and a line says so" \
    "boot: the emulated kernel ran into a breakpoint that it set while it patched its code: once more
again
status 5" "$(PATH=$work/bin:$PATH boots true)"
  rm "$work/boot/once"
  echo "[   47.464284] Oops: general protection fault [#1] SMP NOPTI" >"$work/boot/oops"
  same "qemu: one that dies otherwise does not" "boot: the kernel stopped (status 0) before the command ended; its console said:
$(<"$work/boot/oops")
status 2" "$(PATH=$work/bin:$PATH boots true)"
  rm "$work/boot/once"
fi
if [ ${#kinds[@]} = 2 ]; then
  # shellcheck disable=SC2016 # expanded inside
  same "where user-mode-linux dies before the first command, qemu's kernel is taken, and a line says so" \
    "boot: uml: it died before the first command (status 1, $work/boot/.console: ); so qemu is taken
from qemu
status 0" "$(IPVS_KERNEL='uml qemu' IPVS_UML=$work/broken boots sh -c 'echo from $IPVS_KERNEL')"
fi
finish
