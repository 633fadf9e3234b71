#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints cli/start_order.ld anew: the functions that everyday commands call. Run on a kernel with IPVS, with a release
# build; needs valgrind:
#
#   IPVS_SOURCE=$PWD IPVS_BUILD=$PWD/build/release IPVS_ADM=$PWD/build/release/cli/ipvsadm \
#     tests/kernel/boot /tmp/order bash "$PWD/tests/bench/start_order.sh" >cli/start_order.ld
set -euo pipefail
cd "$(mktemp -d)"

# called ARGUMENT...: mangled names of the tool's own functions
called() {
  valgrind -q --tool=callgrind --demangle=no --callgrind-out-file=calls "$IPVS_ADM" "$@" >output
  awk -v tool="$IPVS_ADM" '
    /^c?ob=/ {
      split($0, part, /[()]/)
      path = substr(part[3], 2)
      # valgrind knows no file for what stands outside .text, as the functions of the last order do.
      if (path != "") is_tool[part[2]] = path == tool || path == "???"
      if ($0 ~ /^ob/) ours = is_tool[part[2]]
    }
    /^fn=/ && ours {
      split($0, part, /[()]/)
      if (part[3] != "") name[part[2]] = substr(part[3], 2)
      print name[part[2]]
    }
    /^cfn=/ { split($0, part, /[()]/); if (part[3] != "") name[part[2]] = substr(part[3], 2) }
  ' calls
}

cat <<'END'
/* SPDX-License-Identifier: MIT
   The functions that everyday commands call: side by side they fill few pages, and each page is one fault less at
   every start. Only an order: a name that is gone does no harm, a new one just stands elsewhere.
   Made by tests/bench/start_order.sh. */
SECTIONS
{
  .text.first :
  {
END
{
  called -Ln
  called -R <<'END'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1
-L -n -t 10.0.0.1:80
-S -n
-e -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 0
-d -t 10.0.0.1:80 -r 10.0.0.2:80
-D -t 10.0.0.1:80
-C
END
} | grep '^[A-Za-z_]' | sed "s/'[0-9]*$//" | awk '
  # Complete constructors and destructors stand in the sections of the base ones.
  { base = $0; gsub(/C1E/, "C2E", base); gsub(/D1E/, "D2E", base) }
  !seen[$0]++ { print "    *(.text." $0 ")" }
  !seen[base]++ { print "    *(.text." base ")" }'
cat <<'END'
  }
}
INSERT BEFORE .text;
END
