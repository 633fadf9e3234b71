# SPDX-License-Identifier: MIT
# bash completion for ipvsadm, by asking it.
# shellcheck shell=bash

_ipvsadm() {
  local cur cword words=() kept line quote=
  _get_comp_words_by_ref -n := cur words cword || return
  COMPREPLY=()
  # Taken as typed: without quotes they are what ipvsadm would get.
  [[ $cur != [\"\']* ]] || quote=${cur:0:1}
  cur=${cur//[\"\'\\]/}
  words=("${words[@]//[\"\'\\]/}")
  while IFS= read -r line; do
    if [ "$line" = @files ]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${cur#--*=}")
      return
    fi
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("${words[0]/#\~/$HOME}" --complete "${words[@]:1:cword-1}" "$cur" 2>/dev/null)
  # bash itself sees only what follows the last : or = as the word, but for a quoted one.
  if [[ -z $quote && $cur == *[:=]* && $COMP_WORDBREAKS == *:* ]]; then
    kept=${cur%"${cur##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  fi
  # A comma list may go on.
  [[ "${words[cword - 1]}" != @(-b|--sched-flags) ]] || compopt -o nospace
} &&
  complete -F _ipvsadm ipvsadm
