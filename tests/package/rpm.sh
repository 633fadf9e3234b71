#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The RPM packages: made with CPack, looked at by rpmlint, then installed, upgraded to from a package like the distributions'
# and erased in a scratch root, whose systemd enables nothing by itself, as Fedora's.
#
# Then the unit as systemd runs it: the root is booted under user-mode-linux, where rpm_booted.sh asks the questions.
#
#   rpm.sh SOURCE BUILD DEB_BUILD    needs root, or sudo; DEB_BUILD is where package.deb keeps its root
set -euo pipefail
export LC_ALL=C.UTF-8
source=$1
mkdir -p "$2"
packages=$(cd "$2" && pwd)
build=$3
export IPVS_ADM=unused
# shellcheck source=/dev/null
. "$source/tests/kernel/lib.sh"
root=$packages/rpm-root-work
# shellcheck source=tests/package/root.sh
. "$source/tests/package/root.sh"
# shellcheck source=tests/package/machine.sh
. "$source/tests/package/machine.sh"
trap '"${as_root[@]}" rm -rf "$root"' EXIT
make_base

rm -f "$packages"/*.rpm
quietly cmake --preset rpm -S "$source" -B "$packages"
quietly cmake --build "$packages"
(cd "$packages" && quietly cpack)
machine=$(rpm --eval '%{_target_cpu}')
tool=$packages/ipvsadm-2.0.0-1.$machine.rpm
library=$packages/libipvs-2.0.0-1.$machine.rpm
development=$packages/libipvs-devel-2.0.0-1.$machine.rpm
same "three packages are made" "$(printf '%s\n' "$tool" "$library" "$development")" "$(ls "$packages"/*.rpm)"

same "the tool's files" "/etc/sysconfig/ipvsadm-config
/usr/lib/systemd/system/ipvsadm-follow@.service
/usr/lib/systemd/system/ipvsadm.service
/usr/sbin/ipvsadm
/usr/sbin/ipvsadm-follow
/usr/sbin/ipvsadm-restore
/usr/sbin/ipvsadm-save
/usr/share/bash-completion/completions/ipvsadm
/usr/share/doc/ipvsadm
/usr/share/doc/ipvsadm/examples
/usr/share/doc/ipvsadm/examples/ipvsadm-follow.conf
/usr/share/doc/ipvsadm/examples/ipvsadm-metrics.service
/usr/share/doc/ipvsadm/examples/ipvsadm-metrics.timer
/usr/share/doc/ipvsadm/examples/ipvsadm.rules
/usr/share/fish/vendor_completions.d/ipvsadm.fish
/usr/share/licenses/ipvsadm
/usr/share/licenses/ipvsadm/copyright
/usr/share/man/man8/ipvsadm-follow.8.gz
/usr/share/man/man8/ipvsadm-restore.8.gz
/usr/share/man/man8/ipvsadm-save.8.gz
/usr/share/man/man8/ipvsadm.8.gz
/usr/share/zsh/site-functions/_ipvsadm" "$(rpm -qlp "$tool")"
same "the library's files" "/usr/lib64/libipvs.so.1
/usr/lib64/libipvs.so.1.0.0
/usr/share/licenses/libipvs
/usr/share/licenses/libipvs/copyright" "$(rpm -qlp "$library")"
same "the settings are a configuration file that stays when it was changed" /etc/sysconfig/ipvsadm-config "$(rpm -qcp "$tool")"

# needs FILE: what it requires of others, without versions
needs() { rpm -qp --requires "$1" | sed 's/[ (].*//' | grep -v -e '^rpmlib' -e '^rtld' -e '^config' -e '^/bin/sh' -e '^ld-linux' | sort -u; }
same "the tool needs the C library, libnl and a shell" "$(printf '%s\n' /usr/bin/bash libc.so.6 libnl-3.so.200 libnl-genl-3.so.200)" \
  "$(needs "$tool")"
same "the library needs libraries alone" \
  "$(printf '%s\n' libc.so.6 libgcc_s.so.1 libnl-3.so.200 libnl-genl-3.so.200 libstdc++.so.6)" "$(needs "$library")"
same "libipvs-devel wants the libipvs of its own version" "libipvs = 2.0.0-1" "$(rpm -qp --requires "$development" | grep '^libipvs ')"
same "what others can ask for: the library by its soname, the header files by pkg-config" "libipvs.so.1(LIBIPVS_1)
pkgconfig(ipvs) = 2.0.0" "$(rpm -qp --provides "$library" "$development" | grep -e '(LIBIPVS' -e '^pkgconfig' | sed 's/(64bit)//')"
# Not there by intent, or not for packages that are signed by who publishes them. Debian's rpmlint looks for bzip2 and for
# licences by their old names, and finds compressed pages only where they have that ending.
explained='no-signature|no-packager-tag|no-group-tag|no-url-tag|invalid-license|manpage-not-compressed|no-manual-page-for-binary'
# The archive has no debugging information, as Debian's.
explained+='|static-library-without-debuginfo'
# By Fedora's custom the number of the soname isn't part of the package's name.
explained+='|shlib-policy-name-error|no-major-in-name|outside-libdir-files|non-versioned-file-in-library-package|requires-on-release'
# The GNU hash is enough since 2006. The unit stands where systemd wants it. gethostbyname2 is called as 1.31 calls it.
explained+='|missing-hash-section|only-non-binary-in-usr-lib|binary-or-shlib-calls-gethostbyname'
same "rpmlint has nothing to say that isn't explained" "" \
  "$(rpmlint "$packages"/*.rpm 2>&1 | grep -E '^[^ ]+: [EW]: ' | grep -vE ": [EW]: ($explained)( |\$)" || true)"

# in_root ARGUMENT...: rpm of this machine, at work in the root
in_root() { "${as_root[@]}" rpm --force-debian --root "$root" "$@"; }
new_root() {
  "${as_root[@]}" rm -rf "$root"
  "${as_root[@]}" cp -a --reflink=auto "$base" "$root"
  echo 'disable *' | into /etc/systemd/system-preset/99-default-disable.preset
  echo /usr/lib64 | into /etc/ld.so.conf.d/lib64.conf
}
enabled() { there /etc/systemd/system/multi-user.target.wants/ipvsadm.service; }

new_root
# Its dependencies are there as Debian's packages, which rpm doesn't know.
holds "a fresh installation" quietly in_root -i --nodeps "$tool"
same "the tool runs" "ipvsadm v2.0.0" "$(inside ipvsadm --version | sed 's/ (.*//')"
same "nothing is done at boot before somebody asks for it" "" "$(enabled)"
unit=$root/usr/lib/systemd/system/ipvsadm.service
same "the unit applies the rules where these distributions have them" "/usr/sbin/ipvsadm --apply /etc/sysconfig/ipvsadm" \
  "$(sed -n 's/^ExecStart=//p' "$unit")"
same "the unit reads its settings there too" "EnvironmentFile=-/etc/sysconfig/ipvsadm-config" "$(grep ^EnvironmentFile "$unit")"
same "nothing in the unit is left to be filled in" "" "$(grep -n '@[a-z_]*@' "$unit" || true)"
same "systemd-analyze verify has nothing to say of it" "" \
  "$(inside systemd-analyze verify --man=no /usr/lib/systemd/system/ipvsadm.service 2>&1 | grep ipvsadm || true)"
holds "the libraries install" quietly in_root -i --nodeps "$library" "$development"
"${as_root[@]}" cp -r "$source/tests/package/outside" "$root/root/"
# shellcheck disable=SC2016 # expanded inside
same "a program finds them by pkg-config, builds and runs" $'tcp [2001:db8::1]:80: 1 change\nopen the network namespace: 2' \
  "$(inside sh -c 'cd /root/outside && export PKG_CONFIG_PATH=/usr/lib64/pkgconfig &&
    g++ -std=c++20 outside.cpp $(pkg-config --cflags --libs ipvs) -o outside && ./outside' 2>&1)"
same "of the library that was installed" /usr/lib64/libipvs.so.1 \
  "$(inside ldd /root/outside/outside | sed -n 's/.*\(libipvs.so.1\) => \([^ ]*\) .*/\2/p' | sed 's|^/lib64|/usr/lib64|')"
# CMake of this machine, with the root's files.
quietly cmake -S "$source/tests/package/outside" -B "$packages/outside" -DWAY=find_package -Dipvs_DIR="$root/usr/lib64/cmake/ipvs"
holds "a program finds them by CMake and builds" quietly cmake --build "$packages/outside"
echo 'IPVS_SAVE_ON_STOP="no"' | into /etc/sysconfig/ipvsadm-config
echo '-A -t 192.0.2.1:80 -s rr' | into /etc/sysconfig/ipvsadm
quietly inside systemctl enable ipvsadm
holds "erasing" quietly in_root -e ipvsadm libipvs-devel libipvs
same "erasing leaves the rules and the changed settings, and nothing else" "/etc/sysconfig/ipvsadm
/etc/sysconfig/ipvsadm-config.rpmsave" "$(cd "$root" && find etc usr -name '*ipvs*' -not -name xt_ipvs.h | sort | sed 's|^|/|')"

# As the distributions' package: the same unit's name, which stops by saving and clearing.
mkdir -p "$packages/old"
cat >"$packages/old/old.spec" <<'END'
Name: ipvsadm
Version: 1.31
Release: 15
Summary: stands for the distributions' package
License: none
%description
Of one unit and a program that does nothing.
%install
install -D /dev/stdin %{buildroot}/usr/lib/systemd/system/ipvsadm.service <<'UNIT'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -c "exec /sbin/ipvsadm-restore < /etc/sysconfig/ipvsadm"
ExecStop=/bin/bash -c "exec /sbin/ipvsadm-save -n > /etc/sysconfig/ipvsadm"
ExecStop=/sbin/ipvsadm -C
[Install]
WantedBy=multi-user.target
UNIT
%files
/usr/lib/systemd/system/ipvsadm.service
END
quietly rpmbuild -bb --target "$machine" --define "_topdir $packages/old" "$packages/old/old.spec"
for was in enabled disabled; do
  new_root
  quietly in_root -i --nodeps "$packages/old/RPMS/$machine/ipvsadm-1.31-15.$machine.rpm"
  echo '-A -t 192.0.2.1:80 -s rr' | into /etc/sysconfig/ipvsadm
  [ $was = disabled ] || quietly inside systemctl enable ipvsadm
  holds "$was: the upgrade" quietly in_root -U --nodeps "$tool"
  same "$was: the old rules file is as it was" "-A -t 192.0.2.1:80 -s rr" "$(<"$root/etc/sysconfig/ipvsadm")"
  wanted=
  [ $was = disabled ] || wanted=/etc/systemd/system/multi-user.target.wants/ipvsadm.service
  same "$was: it still is" "$wanted" "$(enabled)"
done

new_root
quietly in_root -i --nodeps "$tool"
"${as_root[@]}" rm "$root/usr/sbin/policy-rc.d"
printf '%s\n' '-A -t 10.0.0.1:80 -s rr' '-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w 5' | into /etc/sysconfig/ipvsadm
into /test/lib.sh <"$source/tests/kernel/lib.sh"
into /test/rpm_booted.sh <"$source/tests/package/rpm_booted.sh"
quietly inside systemctl enable ipvsadm
quietly furnish_machine "/bin/bash /test/rpm_booted.sh"
output=$(boot_machine) || true
echo "$output"
holds "all of it holds on a machine that systemd boots" grep -q '^[1-9][0-9]* passed, 0 failed$' <<<"$output"
finish
