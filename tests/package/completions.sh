#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The completions in the real shells: lines are typed into bash and zsh, and fish is asked what it would offer.
# Runs in the test kernel, since some candidates are what its table holds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/../kernel/lib.sh"
completions=$IPVS_SOURCE/completions
folder=$(mktemp -d /tmp/completions.XXXXXX)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder XDG_CONFIG_HOME=$folder XDG_DATA_HOME=$folder LC_ALL=C.UTF-8
ln -s "$IPVS_ADM" "$folder/ipvsadm"
PATH=$folder:$PATH
: >"$folder/web.rules"

ip netns add blue
ipvsadm -R <<'RULES'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.1.21:8080 -m -w 5
-a -t 10.0.0.1:80 -r 10.0.1.31:8080 -m
-A -t 10.0.0.2:443 -s wlc
-a -t 10.0.0.2:443 -r 10.0.1.22:8443 -m
-A -t [2001:db8::1]:80 -s rr
-A -u 10.0.0.1:53 -s rr
RULES
ipvsadm --netns blue -A -f 42 -s sh

# WHAT | typed | the line after the tab key | what fish offers instead of the last word, if that isn't its end
cases=(
  'a command'                    '--add-servi'                          '--add-service '  ''
  'what two commands share'      '--add-se'                             '--add-serv'      '--add-server|--add-service'
  'an option of the command'     '-A -t 10.9.9.9:80 --sched-f'          '-A -t 10.9.9.9:80 --sched-flags ' ''
  'no option of another command' '-A -t 10.9.9.9:80 --wei'              '-A -t 10.9.9.9:80 --wei' '-'
  'a scheduler'                  '-A -t 10.9.9.9:80 -s se'              '-A -t 10.9.9.9:80 -s sed ' ''
  'a scheduler after ='          '-A -t 10.9.9.9:80 --scheduler=se'     '-A -t 10.9.9.9:80 --scheduler=sed ' ''
  'a flag of the scheduler'      '-A -t 10.9.9.9:80 -s sh -b sh-p,sh-f' '-A -t 10.9.9.9:80 -s sh -b sh-p,sh-fallback ' ''
  'no flag of another one'       '-A -t 10.9.9.9:80 -s sh -b mh-'       '-A -t 10.9.9.9:80 -s sh -b mh-' '-'
  'a tunnel type'                '-a -t 10.0.0.1:80 -i --tun-type gr'   '-a -t 10.0.0.1:80 -i --tun-type gre ' ''
  'a role'                       '--start-daemon mas'                   '--start-daemon master ' ''
  'an interface'                 '--start-daemon master --mcast-interface l' '--start-daemon master --mcast-interface lo ' ''
  'a network namespace'          '-L --netns b'                         '-L --netns blue ' ''
  'a file'                       "--apply $folder/we"                   "--apply $folder/web.rules " ''
  'a file after ='               "--apply=$folder/we"                   "--apply=$folder/web.rules " ''
  'a live service'               '-D -t 10.0.0.2'                       '-D -t 10.0.0.2:443 ' ''
  'a live service at its port'   '-D -t 10.0.0.1:'                      '-D -t 10.0.0.1:80 ' ''
  'a live UDP service after ='   '-D --udp-service=10'                  '-D --udp-service=10.0.0.1:53 ' ''
  'a live IPv6 service'          '-D -t [2001:db'                       '-D -t [2001:db8::1]:80 ' ''
  'a live service elsewhere'     '--netns blue -D -f 4'                 '--netns blue -D -f 42 ' ''
  'no live service for a new one' '-A -t 10.0.0.2'                      '-A -t 10.0.0.2' '-'
  'a live server to change'      '-e -t 10.0.0.1:80 -r 10.0.1.2'        '-e -t 10.0.0.1:80 -r 10.0.1.21:8080 ' ''
  'a quoted scheduler'           "-A -t 10.9.9.9:80 -s 'se"             "-A -t 10.9.9.9:80 -s 'sed' " 'sed'
  'a live service in quotes'     '-D -t "10.0.0.2'                      '-D -t "10.0.0.2:443" ' '10.0.0.2:443'
  'a service quoted before'      '-e -t "10.0.0.1:80" -r 10.0.1.2'      '-e -t "10.0.0.1:80" -r 10.0.1.21:8080 ' '10.0.1.21:8080'
  'what two live servers share'  '-d -t 10.0.0.1:80 -r 1'               '-d -t 10.0.0.1:80 -r 10.0.1.' '10.0.1.21:8080|10.0.1.31:8080'
)

for ((i = 0; i < ${#cases[@]}; i += 4)); do
  printf 'ipvsadm %s\n' "${cases[i + 1]}"
done >"$folder/typed"

for shell in bash zsh; do
  # For zsh an open bracket is the beginning of a pattern, if it isn't quoted.
  if [ "$shell" = zsh ]; then quoted='s/\[/\\&/'; else quoted=; fi
  mapfile -t lines < <(sed "$quoted" "$folder/typed" | "$here/type.zsh" "$shell" "$completions")
  for ((i = 0; i < ${#cases[@]}; i += 4)); do
    # How brackets are quoted, and whether a blank follows a list that may go on, is each shell's own business.
    actual=${lines[i / 4]-nothing}
    actual=${actual//\\/}
    same "$shell completes ${cases[i]}" "ipvsadm ${cases[i + 2]%% }" "${actual%% }"
  done
done

# shellcheck disable=SC2016 # fish's variables
mapfile -t lines < <(fish --no-config -c 'source $argv[1]; while read -l line
    echo (complete -C $line | string replace -r "\t.*" "" | string join "|")
  end' "$completions/ipvsadm.fish" <"$folder/typed")
for ((i = 0; i < ${#cases[@]}; i += 4)); do
  expected=${cases[i + 2]%% }
  expected=${cases[i + 3]:-${expected##* }}
  same "fish completes ${cases[i]}" "${expected#-$}" "${lines[i / 4]:--}"
done
# shellcheck disable=SC2016 # fish's variables
same "fish shows descriptions" $'sed\tshortest expected delay' \
  "$(fish --no-config -c 'source $argv[1]; complete -C "ipvsadm -A -s se"' "$completions/ipvsadm.fish")"

# shellcheck disable=SC2016 # fish's variables
ask_fish() { env "PATH=$1" fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$completions/ipvsadm.fish" "$2" 2>&1; }
# shellcheck disable=SC2088 # fish is to expand it
same "fish completes a program below ~" $'sed\tshortest expected delay' "$(ask_fish /usr/bin:/bin '~/ipvsadm -A -s se')"
same "fish says nothing without the program" "" "$(ask_fish /usr/bin:/bin 'ipvsadm -A -s se')"
# shellcheck disable=SC2088 # fish is to expand it
same "fish says nothing without that program below ~" "" "$(ask_fish /usr/bin:/bin '~/sbin/ipvsadm -A -s se')"

answer=$(setpriv --reuid 65534 --clear-groups --bounding-set=-all "$IPVS_ADM" --complete -D -t '' 2>&1) && status=0 || status=$?
same "without rights no service is offered and nothing is said" "0:" "$status:$answer"
ipvsadm -C
ip netns del blue
finish
