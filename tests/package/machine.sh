# SPDX-License-Identifier: MIT
# Shared by the tests that boot a root with systemd under user-mode-linux, after root.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # build and root are set by who reads this

# memory_folder: one with room for the machine's memory, from which programs may be run
memory_folder() {
  local folder
  for folder in "${TMPDIR:-/dev/shm}" /dev/shm /tmp "$build"; do
    [ -w "$folder" ] || continue
    [ "$(df -m --output=avail "$folder" | tail -n 1)" -gt 512 ] || continue
    findmnt -no OPTIONS -T "$folder" | grep -qw noexec || break
  done
  echo "$folder"
}

# furnish_machine COMMAND...: the kernel's modules, and these commands as the last unit, whose output is in /test/output
furnish_machine() {
  local unit command
  "${as_root[@]}" mkdir -p "$root/usr/lib/modules"
  "${as_root[@]}" cp -r "${IPVS_UML_MODULES:-/usr/lib/uml/modules}/." "$root/usr/lib/modules/"
  into /etc/hosts <<<'127.0.0.1 localhost'
  # What such a machine has no use for only costs time.
  for unit in getty@tty1 systemd-journal-flush systemd-timesyncd apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer; do
    inside systemctl mask "$unit" || true
  done
  {
    printf '%s\n' '[Unit]' Requires=multi-user.target After=multi-user.target '[Service]' Type=oneshot \
      StandardOutput=append:/test/output StandardError=append:/test/output \
      'ExecStopPost=/bin/systemctl --no-block --force poweroff'
    for command in "$@"; do echo "ExecStart=$command"; done
  } | into /etc/systemd/system/test.service
}

# boot_machine: boots it, waits until it is off, and prints what the commands printed; fails when there is nothing
boot_machine() {
  local state
  into /test/output </dev/null
  state=$(mktemp -d)
  "${as_root[@]}" env "TMPDIR=$(memory_folder)" timeout --kill-after 5 $((480 * ${IPVS_BOOT_PATIENCE:-1})) \
    "${IPVS_UML:-linux.uml}" root=/dev/root rootfstype=hostfs "rootflags=$root" rw mem=512M init=/lib/systemd/systemd \
    systemd.unit=test.service con0=fd:0,fd:1 con=null quiet panic=-1 "uml_dir=$state" </dev/null >"$build/systemd.console" 2>&1 || true
  "${as_root[@]}" rm -rf "$state"
  [ -s "$root/test/output" ] || {
    echo "the machine did not come up; its console said:" >&2
    tail -n 30 "$build/systemd.console" >&2
    return 1
  }
  cat "$root/test/output"
}
