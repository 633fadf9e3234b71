# SPDX-License-Identifier: MIT
# Sourced by boot: the kind of kernel that is an ordinary process, Debian's user-mode-linux.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # mem, work, here and binds are boot's

# memory_folder: where the kernel's memory file goes; it needs room and must allow execution. Both can be
# otherwise with /dev/shm in a container.
memory_folder() {
  local folder megabytes probe
  megabytes=$(($(numfmt --from=iec "$mem") >> 20))
  for folder in "${TMPDIR:-/dev/shm}" /dev/shm /tmp "$work"; do
    [ -w "$folder" ] || continue
    [ "$(df -m --output=avail "$folder" | tail -n 1)" -gt "$megabytes" ] || continue
    probe=$(mktemp "$folder/ipvs-boot.XXXXXX")
    cp "$(type -P true)" "$probe" && chmod 700 "$probe"
    if "$probe" 2>/dev/null; then
      rm -f "$probe"
      echo "$folder"
      return
    fi
    rm -f "$probe"
  done
  die "no folder has ${megabytes} MiB for the kernel's memory; TMPDIR can name one"
}

# can_uml: or the reason why not
can_uml() {
  [ "$(uname -m)" = x86_64 ] || { echo "there is none for $(uname -m)"; return 1; }
  [ -n "${IPVS_UML-}" ] || command -v linux.uml >/dev/null || { echo "apt-get install user-mode-linux"; return 1; }
}

# xstate_library: what makes it start on processors with AMX, compiled once. Without a compiler it has to do without.
xstate_library() {
  local library=${IPVS_BUILD:-$work}/uml_xstate.so
  if [ "$here/uml_xstate.c" -nt "$library" ]; then
    command -v cc >/dev/null || return 0
    cc -shared -fPIC -O2 -o "$library.$$" "$here/uml_xstate.c" && mv -f "$library.$$" "$library" || return 0
  fi
  echo "$library"
}

start_uml() {
  local linux memory modules preload
  linux=${IPVS_UML:-linux.uml}
  modules=${IPVS_UML_MODULES:-/usr/lib/uml/modules}
  memory=$(memory_folder)
  state=$(mktemp -d /tmp/ipvs-boot.XXXXXX)
  preload=$(xstate_library):${IPVS_UML_PRELOAD-}
  # The console carries kernel noise and CRLF, so it goes to a file; the command's output comes through WORK.
  TMPDIR=$memory LD_PRELOAD=$preload "$linux" root=/dev/root rootfstype=hostfs rootflags=/ ro "mem=$mem" \
    "init=$here/init" con0=fd:0,fd:1 con=null quiet panic=-1 "uml_dir=$state" \
    "IPVS_INIT_WORK=$work" "IPVS_INIT_BINDS=$binds:$modules" "IPVS_INIT_MODULES=$modules" \
    </dev/null >"$work/.console" 2>&1 9>&- &
  kernel=$!
}
