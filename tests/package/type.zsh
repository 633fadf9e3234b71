#!/usr/bin/zsh -f
# SPDX-License-Identifier: MIT
# Types each line of standard input into an interactive shell, presses the tab key, and prints the line as it then is.
#
#   type.zsh bash|zsh COMPLETIONS    COMPLETIONS is the folder with the completion scripts
emulate -R zsh
setopt errexit
zmodload zsh/zpty
shell=$1 completions=$2
export PS1= TERM=dumb

if [[ $shell == bash ]]; then
  zpty session bash --norc --noprofile -i
  setup=(
    'bind "set bell-style none"; bind "set enable-bracketed-paste off"; bind "set completion-query-items 0"'
    'bind "set page-completions off"'
    '. /usr/share/bash-completion/bash_completion'
    ". $completions/ipvsadm.bash"
    'show() { printf "@%s%s@\n" "<" "$READLINE_LINE>"; }; bind -x "\"\C-x\C-p\": show"'
  )
else
  zpty session zsh -f -i
  setup=(
    'setopt NO_beep NO_list_beep; unsetopt zle_bracketed_paste 2>/dev/null; bindkey -e'
    "fpath=($completions \$fpath); autoload -U compinit; compinit -u -D"
    'show() { print -r -- "@""<$BUFFER>@" }; zle -N show; bindkey "^X^P" show'
  )
fi

# result: what stands between @< and >@ next
result() {
  local output
  zpty -r session output $'*@<*>@*'
  output=${output##*@<}
  print -r -- "${output%%>@*}"
}

for line in $setup; do zpty -w session $line; done
# When this comes back the shell has done its setup.
zpty -n -w session $'ready\C-x\C-p'
result >/dev/null
while IFS= read -r line; do
  zpty -n -w session $'\C-a\C-k'"$line"$'\t\C-x\C-p'
  result
done
zpty -d session
