#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The installed library: what it exports, what its headers need, and that an outside program can be built with it in
# four ways, by two compilers.
#
#   library.sh SOURCE BUILD
set -euo pipefail
export LC_ALL=C.UTF-8
source=$1 build=$2
export IPVS_ADM=unused
# shellcheck source=/dev/null
. "$source/tests/kernel/lib.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/usr
cmake --install "$build" --prefix "$prefix" >/dev/null
# Debian's builds install into a folder of the architecture's.
lib=$(dirname "$(find "$prefix" -name libipvs.so.1)")

same "the library's name for the linker" libipvs.so.1 \
  "$(objdump -p "$lib/libipvs.so.1" | awk '$1 == "SONAME" { print $2 }')"
same "the exported symbols are those of libipvs.symbols" \
  "$(sed -n "/arch-bits=$((96 - $(getconf LONG_BIT)))/d; s/^ (c++[^)]*)\"\(.*\)@LIBIPVS_1\" .*/\1/p" "$source/libipvs/libipvs.symbols" | sort -u)" \
  "$(nm -DC --defined-only "$lib/libipvs.so.1" | sed -n 's/^[0-9a-f]* [^A] \(.*\)@@LIBIPVS_1$/\1/p' | sort -u)"

for header in "$prefix"/include/ipvs/*.hpp; do
  name=ipvs/$(basename "$header")
  echo "#include <$name>" >"$folder/header.cpp"
  # Compiled alone, twice over, it must need nothing but itself.
  for compiler in g++ clang++; do
    holds "$compiler: $name needs no other header before it" \
      $compiler -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only -I "$prefix/include" \
      -include "$header" "$folder/header.cpp"
  done
done
same "no public header leads to one of libnl" "" \
  "$(g++ -std=c++20 -M -I "$prefix/include" "$prefix/include/ipvs/ipvs.hpp" | tr ' ' '\n' | grep -e netlink -e libnl || true)"
same "no public header includes a private one" "" "$(grep -hn '#include "' "$prefix"/include/ipvs/*.hpp | grep -v '"ipvs/' || true)"

expected=$'tcp [2001:db8::1]:80: 1 change\nopen the network namespace: 2'

# runs WHAT PROGRAM
runs() {
  same "$1" "$expected" "$(LD_LIBRARY_PATH=$lib "$2" 2>&1)"
}

# links WHAT yes|no PROGRAM: whether the program needs the shared library
links() {
  local needed=no
  ! objdump -p "$3" | grep -q 'NEEDED.*libipvs\.so\.1$' || needed=yes
  same "$1" "$2" "$needed"
}

# with_cmake COMPILER NAME ARG...: builds the outside project in folder NAME
with_cmake() {
  local compiler=$1 work=$folder/$2
  shift 2
  {
    cmake -G Ninja -S "$source/tests/package/outside" -B "$work" "-DCMAKE_CXX_COMPILER=$compiler" \
      -DCMAKE_BUILD_TYPE=Release "-DIPVS_SOURCE=$source" "$@" && cmake --build "$work"
  } >"$work.log" 2>&1 && return
  grep -m 20 -e error -e Error "$work.log" || cat "$work.log"
  return 1
}

for compiler in g++ clang++; do
  holds "$compiler, find_package: builds" \
    with_cmake $compiler "found-$compiler" -DWAY=find_package "-DCMAKE_PREFIX_PATH=$prefix"
  runs "$compiler, find_package: runs" "$folder/found-$compiler/outside"
  links "$compiler, find_package: takes the shared library" yes "$folder/found-$compiler/outside"
  holds "$compiler, find_package with ipvs_USE_STATIC_LIBS: builds" \
    with_cmake $compiler "static-$compiler" -DWAY=find_package "-DCMAKE_PREFIX_PATH=$prefix" -Dipvs_USE_STATIC_LIBS=ON
  runs "$compiler, find_package with ipvs_USE_STATIC_LIBS: runs" "$folder/static-$compiler/outside"
  links "$compiler, find_package with ipvs_USE_STATIC_LIBS: takes the static library" no "$folder/static-$compiler/outside"

  export PKG_CONFIG_PATH=$lib/pkgconfig
  read -ra flags <<<"$(pkg-config --cflags --libs ipvs)"
  holds "$compiler, pkg-config: builds" \
    "$compiler" -std=c++20 "$source/tests/package/outside/outside.cpp" "${flags[@]}" -o "$folder/pc-$compiler"
  runs "$compiler, pkg-config: runs" "$folder/pc-$compiler"
  links "$compiler, pkg-config: takes the shared library" yes "$folder/pc-$compiler"
  read -ra flags <<<"$(pkg-config --static --cflags --libs ipvs)"
  holds "$compiler, pkg-config --static: builds" "$compiler" -std=c++20 -static \
    "$source/tests/package/outside/outside.cpp" "${flags[@]}" -o "$folder/pc-static-$compiler"
  runs "$compiler, pkg-config --static: runs" "$folder/pc-static-$compiler"
  same "$compiler, pkg-config --static: needs no shared library" "" \
    "$(objdump -p "$folder/pc-static-$compiler" | grep NEEDED || true)"

  for way in add_subdirectory FetchContent; do
    holds "$compiler, $way: builds" with_cmake $compiler "$way-$compiler" -DWAY=$way
    runs "$compiler, $way: runs" "$folder/$way-$compiler/outside"
    same "$compiler, $way: builds nothing but the library" "" \
      "$(find "$folder/$way-$compiler" -name 'ipvsadm*' -o -name unit -o -name 'libipvs.so*')"
  done
done

holds "find_package of this version is met" \
  with_cmake g++ version "-DWAY=find_package" "-DCMAKE_PREFIX_PATH=$prefix"
same "find_package of the next major version is refused" refused \
  "$(printf 'cmake_minimum_required(VERSION 3.25)\nproject(x NONE)\nfind_package(ipvs 3.0 REQUIRED)\n' >"$folder/CMakeLists.txt"
    cmake -S "$folder" -B "$folder/next" "-DCMAKE_PREFIX_PATH=$prefix" >/dev/null 2>&1 && echo taken || echo refused)"
version=$(pkg-config --modversion ipvs)
same "pkg-config and <ipvs/version.hpp> report one version" "\"$version\"" \
  "$(printf '#include <ipvs/version.hpp>\nIPVS_VERSION_STRING' | g++ -std=c++20 -E -P -I "$prefix/include" -x c++ - | tail -n 1)"
finish
