#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What cmake --install puts where, for prefixes other than the one configured, and without the tool.
#
#   install.sh SOURCE BUILD
set -euo pipefail
export LC_ALL=C.UTF-8 IPVS_ADM=unused
source=$1 build=$2
# shellcheck source=/dev/null
. "$source/tests/kernel/lib.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# below FOLDER PATTERN: the files that match, as seen from the folder
below() { (cd "$1" && find . -path "$2" | sort | tr '\n' ' '); }
# started UNIT: the program that it starts
started() { sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$1"; }

cmake --install "$build" --prefix "$folder/local" >/dev/null
same "the unit starts the tool that was installed with it" "$folder/local/sbin/ipvsadm" \
  "$(started "$folder/local/lib/systemd/system/ipvsadm.service")"
holds "that tool runs" "$folder/local/sbin/ipvsadm" --version
same "zsh's completion stands where zsh looks below /usr/local" "./share/zsh/site-functions/_ipvsadm " \
  "$(below "$folder/local" '*/_ipvsadm')"

DESTDIR=$folder/root cmake --install "$build" --prefix /usr >/dev/null
same "the unit starts /usr/sbin/ipvsadm for the prefix /usr, wherever the files go" /usr/sbin/ipvsadm \
  "$(started "$folder/root/usr/lib/systemd/system/ipvsadm.service")"
same "zsh's completion stands where zsh looks below /usr" "./usr/share/zsh/vendor-completions/_ipvsadm " \
  "$(below "$folder/root" '*/_ipvsadm')"

cmake -G Ninja -S "$source" -B "$folder/build" -DIPVS_BUILD_CLI=OFF -DIPVS_BUILD_TESTS=OFF -DIPVS_BUILD_EXAMPLES=OFF >/dev/null
cmake --install "$folder/build" --component tool --prefix "$folder/library" >/dev/null
mkdir -p "$folder/library"
same "without the tool nothing of it is installed" "" "$(below "$folder/library" './*')"
finish
