# SPDX-License-Identifier: MIT
# fish completion for ipvsadm, by asking it.

function __ipvsadm_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)
        if test "$line" = @files
            set -l before (string match -r -- '^--[^=]*=' $word)
            printf "$before%s\n" (__fish_complete_path (string sub -s (math (string length -- "$before") + 1) -- $word))
        else
            echo $line
        end
    end
end

complete -c ipvsadm -f -a '(__ipvsadm_complete)'
