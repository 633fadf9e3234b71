# SPDX-License-Identifier: MIT
# Shared by what works in roots made with debootstrap: where packages come from, and what a clone of the source has.
# shellcheck shell=bash

# find_packages: sets mirror, which may be empty, and release to those of this machine's apt, and exports its proxy
find_packages() {
  # shellcheck disable=SC2016,SC2034 # the names are apt's; for who reads this
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$1 ~ /\/debian\/?$/ && $2 !~ /-/ { print $1; exit }')
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  [ -z "${http_proxy-}" ] || export http_proxy
  # shellcheck disable=SC2034 # for who reads this
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
}

# give_network ROOT: names and the proxy of this machine
give_network() {
  cp /etc/resolv.conf "$1/etc/"
  [ ! -e /etc/hosts ] || cp /etc/hosts "$1/etc/"
  [ -z "${http_proxy-}" ] || echo "Acquire::http::Proxy \"$http_proxy\";" >"$1/etc/apt/apt.conf.d/proxy"
}

# copy_clone SOURCE FOLDER: what a clone would have, uncommitted work included; what was built there before is used again
copy_clone() {
  mkdir -p "$2"
  find "$2" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  (cd "$1" && git -c safe.directory="$1" ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      [ ! -f "$file" ] || printf '%s\0' "$file"
    done | xargs -0 cp --parents --preserve=mode,timestamps -t "$2")
}
