# SPDX-License-Identifier: MIT
# Sourced by boot: the kind of kernel that qemu emulates, without KVM: Debian's own, with two processors. The host's files
# come in over 9p.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2154 # mem, work, here and binds are boot's

# Kept between runs: kernels/VERSION has vmlinuz, initrd and modules/RELEASE.
kernels=${IPVS_KERNELS:-$(dirname "$(dirname "$here")")/build/kernels}
versions=(7.3 6.12 6.1 5.10)
[ -z "${IPVS_KERNEL_VERSION-}" ] || versions=("$IPVS_KERNEL_VERSION")

# can_qemu: fetches the kernel if it isn't there; or the reason why not
can_qemu() {
  local version why
  command -v "qemu-system-$(uname -m)" >/dev/null ||
    { echo "apt-get install qemu-system-$(case $(uname -m) in x86_64) echo x86 ;; *) echo arm ;; esac)"; return 1; }
  for version in "${versions[@]}"; do
    ! why=$("$here/debian_kernel" "$version" "$kernels/$version" 2>&1) || return 0
  done
  tail -n 1 <<<"$why"
  return 1
}

start_qemu() {
  local folder version console=ttyS0 machine=() processors=(-accel tcg,thread=multi -smp 2) clock=tsc=reliable
  for version in "${versions[@]}"; do
    folder=$kernels/$version
    [ ! -e "$folder/.complete" ] || break
  done
  # The emulated processors share one clock; 5.10 takes them for unsynchronised, and reads the slow HPET.
  [ "${IPVS_QEMU_ICOUNT-}" != 1 ] || processors=(-accel tcg,thread=single -icount shift=0,sleep=off -smp 1) clock=
  [ "$(uname -m)" = x86_64 ] || { console=ttyAMA0 machine=(-M virt); }
  "qemu-system-$(uname -m)" ${machine+"${machine[@]}"} "${processors[@]}" -cpu max -m "$mem" -display none -nodefaults -no-reboot \
    -serial "file:$work/.console" -kernel "$folder/vmlinuz" -initrd "$folder/initrd" \
    -fsdev local,id=root,path=/,security_model=none,multidevs=remap,readonly=on -device virtio-9p-pci,fsdev=root,mount_tag=root \
    -fsdev "local,id=work,path=$work,security_model=none,multidevs=remap" -device virtio-9p-pci,fsdev=work,mount_tag=work \
    -append "console=$console quiet panic=-1 $clock IPVS_INIT=$here/init IPVS_INIT_WORK=$work IPVS_INIT_BINDS=$binds:$folder/modules \
IPVS_INIT_MODULES=$folder/modules IPVS_INIT_KIND=qemu" </dev/null >"$work/.qemu" 2>&1 9>&- &
  kernel=$!
}
