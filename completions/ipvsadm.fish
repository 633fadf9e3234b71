# SPDX-License-Identifier: MIT
# fish completion for ipvsadm, by asking it.

function __ipvsadm_complete
    # Taken as typed: without quotes they are what ipvsadm would get.
    set -l words (commandline -opc | string replace -ar '[\'"\\\\]' '')
    set -l word (commandline -ct | string replace -ar '[\'"\\\\]' '')
    set -l program (string replace -r '^~(?=/)' -- $HOME $words[1])
    # An ordinary user's PATH often has no sbin, and fish would complain aloud.
    command -q -- $program; or return
    for line in ($program --complete $words[2..-1] "$word" 2>/dev/null)
        if test "$line" = @files
            set -l before (string match -r -- '^--[^=]*=' $word)
            printf "$before%s\n" (__fish_complete_path (string sub -s (math (string length -- "$before") + 1) -- $word))
        else
            echo $line
        end
    end
end

complete -c ipvsadm -f -a '(__ipvsadm_complete)'
