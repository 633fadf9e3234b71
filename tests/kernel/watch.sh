#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# -L --watch in a real terminal (tmux), and into a pipe. Runs in the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernel/lib.sh
. "$here/lib.sh"
cd /tmp
modprobe ip_vs
export LC_ALL=C.UTF-8 TMUX_TMPDIR=/tmp
ipvsadm -R <<'END'
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 127.0.0.2:80 -m -w 1
-a -t 10.0.0.1:80 -r 127.0.0.3:80 -m -w 1
END

t() { tmux -L test -f /dev/null "$@"; }
t new-session -d -x 100 -y 24 -s watch "env PS1='ready> ' bash --norc --noprofile -i"
# screen: what it shows; marked: with the attributes
screen() { t capture-pane -p -t watch; }
marked() { t capture-pane -e -p -t watch; }
shows() { screen | grep -q -E -e "$1"; }
type_line() { t send-keys -t watch -l "$1" && t send-keys -t watch Enter; }
bold=$'\e[1m'

eventually "a shell is in the terminal" 10 shows '^ready>'
type_line "echo before; stty -g >/tmp/stty.before"
eventually "the shell answers" 10 test -s stty.before

# start ARGUMENT...: in the terminal, as people do; its status goes to a file
start() {
  rm -f status
  type_line "clear; echo before; ${environment-}$IPVS_ADM $*; echo \$? >/tmp/status"
}

# left WHAT STATUS: it ended with the status and left the terminal as it was
left() {
  eventually "$1: it ends" 10 test -s status
  same "$1: its status" "$2" "$(<status)"
  eventually "$1: the screen that was there is back" 5 shows '^before'
  same "$1: the main screen is shown, with the cursor" "0 1" "$(t display -p -t watch '#{alternate_on} #{cursor_flag}')"
  rm -f stty.after
  type_line "stty -g >/tmp/stty.after"
  eventually "$1: the shell answers" 5 test -s stty.after
  same "$1: the terminal's settings are what they were" "$(<stty.before)" "$(<stty.after)"
}

start -L -n --watch=0.5
eventually "the listing is drawn" 10 shows '-> 127.0.0.3:80 +Masq +1 '
same "on top are the time and the interval" 1 "$(screen | sed -n 1p |
  grep -c -E '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}  every 0.5 s$')"
same "the listing follows" "$(ipvsadm -Ln | sed 's/ *$//')" "$(screen | sed -n '2,$p' | sed 's/ *$//' | grep .)"
same "it is on the other screen, without a cursor" "1 0" "$(t display -p -t watch '#{alternate_on} #{cursor_flag}')"
first=$(screen | sed -n 1p)
another_time() { [ "$(screen | sed -n 1p)" != "$first" ]; }
eventually "it is drawn again and again" 5 another_time
same "nothing is bold as long as nothing has changed" 0 "$(marked | grep -c -F "$bold" || true)"

# Bold for one drawing only, so this looks at all of them.
t pipe-pane -t watch 'cat >/tmp/drawn'
eventually "the drawings are recorded" 5 test -s drawn
ipvsadm -e -t 10.0.0.1:80 -r 127.0.0.3:80 -m -w 7
ipvsadm -a -t 10.0.0.1:80 -r 127.0.0.4:80 -m -w 1
eventually "a change is drawn" 5 shows '-> 127.0.0.3:80 +Masq +7 '
eventually "a new server is drawn" 5 shows '-> 127.0.0.4:80 +Masq +1 '
nothing_bold() { ! marked | grep -q -F "$bold"; }
drawn_bold() { grep -q -F -e "$1" drawn; }
eventually "what has changed is bold, and no more" 5 drawn_bold \
  "-> 127.0.0.3:80                 Masq    ${bold}7"$'\e[22m      0 '
eventually "a new line is bold as a whole" 5 drawn_bold "$bold  -> 127.0.0.4:80 "
eventually "later nothing is bold any more" 5 nothing_bold

# The window.
t resize-window -t watch -x 40 -y 5
fits() { [ "$(screen | grep -c .)" = 5 ] && [ "$(screen | awk '{ if (length > 40) print }' | wc -l)" = 0 ]; }
eventually "in a small window as much as fits is drawn" 5 fits
same "each line of the small window is the beginning of one of the listing" \
  "$(ipvsadm -Ln | head -n 4 | cut -c 1-40 | sed 's/ *$//')" "$(screen | sed -n '2,5p' | sed 's/ *$//')"
t resize-window -t watch -x 100 -y 24
eventually "in a large one everything is there again" 5 shows '-> 127.0.0.4:80 +Masq +1 +0 +0'
t send-keys -t watch C-z
eventually "Ctrl-Z gives the screen back" 5 shows '^before'
same "Ctrl-Z: the main screen is shown, with the cursor" "0 1" "$(t display -p -t watch '#{alternate_on} #{cursor_flag}')"
rm -f status
type_line 'fg; echo $? >/tmp/status'
eventually "it goes on" 10 shows '-> 127.0.0.4:80 +Masq +1 +0 +0'
same "on the other screen, without a cursor" "1 0" "$(t display -p -t watch '#{alternate_on} #{cursor_flag}')"
t send-keys -t watch C-c
left "Ctrl-C" 0

start -L -n --watch=0.3
eventually "it is drawn" 10 shows '-> 127.0.0.4:80'
pkill -TERM -f -- '-L -n --watch=0.3$'
left "SIGTERM" 0
for signal in PIPE USR1 QUIT; do
  start -L -n --watch=0.3
  eventually "it is drawn" 10 shows '-> 127.0.0.4:80'
  pkill -$signal -f -- '-L -n --watch=0.3$'
  left "SIG$signal" $((128 + $(kill -l $signal)))
done

environment='NO_COLOR=1 ' start -L -n --watch=0.3
eventually "with NO_COLOR it is drawn" 10 shows '-> 127.0.0.4:80'
t pipe-pane -t watch
rm -f drawn
t pipe-pane -t watch 'cat >/tmp/drawn'
eventually "with NO_COLOR the drawings are recorded" 5 test -s drawn
ipvsadm -e -t 10.0.0.1:80 -r 127.0.0.3:80 -m -w 8
eventually "with NO_COLOR a change is drawn" 5 shows '-> 127.0.0.3:80 +Masq +8 '
sleep 1
same "with NO_COLOR nothing is bold" "0" "$(grep -c -F "$bold" drawn || true)"
t send-keys -t watch C-c
left "NO_COLOR" 0

# A listing that can't be shown is told on the screen that people are on.
start -L -n -t 10.0.0.9:80 --watch
left "a service that is not there" 1
same "the message is there" 1 "$(screen | grep -c -x 'No such service')"
t kill-server

# Into a pipe.
"$IPVS_ADM" -L -n --watch=0.2 >piped &
watch=$!
three() { [ "$(grep -c '^IP Virtual' piped)" -ge 3 ]; }
eventually "into a pipe one listing follows the other" 10 three
kill $watch
status=0
wait $watch || status=$?
same "SIGTERM ends it" 0 $status
listing=$(ipvsadm -Ln)
same "they are parted by an empty line, and nothing else is there" "$listing

$listing

$listing" "$(head -n $((3 * $(wc -l <<<"$listing") + 2)) piped)"
"$IPVS_ADM" -L --json --watch=0.2 >piped &
watch=$!
lines() { [ "$(wc -l <piped)" -ge 3 ]; }
eventually "with --json too" 10 lines
kill $watch
wait $watch || true
same "with --json each line is an object" "$(ipvsadm -L --json | jq -c .)" "$(jq -c . piped | sort -u)"
same "and each object a line" "$(wc -l <piped)" "$(jq -c . piped | wc -l)"
# A reader that does not read.
mkfifo stalled
exec 8<>stalled
"$IPVS_ADM" -L -n --watch=0.1 >stalled &
watch=$!
stalls() { grep -q pipe_write /proc/$watch/wchan /proc/$watch/stack 2>/dev/null; }
eventually "it waits for somebody to read" 60 stalls
kill $watch
ended() { ! kill -0 $watch 2>/dev/null; }
eventually "SIGTERM ends it even so" 5 ended
exec 8>&-
status=0
# shellcheck disable=SC2094 # two files
TERM=dumb script -q -e -c "timeout -s INT 1 $IPVS_ADM -L -n --watch=0.3" /dev/null </dev/null >dumb || status=$?
same "a terminal that can't be drawn on gets plain text" 0 "$(grep -c $'\e' dumb || true)"
holds "one listing after the other" test "$(grep -c '^IP Virtual' dumb)" -ge 2
for wrong in 0 0.05 86401 x; do
  status=0
  "$IPVS_ADM" -L --watch=$wrong >/dev/null 2>&1 || status=$?
  same "an interval of $wrong is refused" 2 $status
done
finish
