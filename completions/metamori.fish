# Completions of metamori for fish.

function __metamori_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l word (string unescape -- $current; or echo -- $current)
    set -l lines (command metamori __complete -- $before[2..-1] "$word" 2>/dev/null)
    # Of --option=value fish wants the whole.
    set -l option (string match -r '^--[a-z0-9-]+=' -- $current; or echo)
    set -l value (string replace -- "$option" '' $current)
    switch "$lines[1]"
        case files
            printf '%s\n' $option(__fish_complete_path $value)
        case directories
            printf '%s\n' $option(__fish_complete_directories $value)
        case program
            set -l dashes (contains -i -- -- $before)
            complete -C (string join ' ' -- (string escape -- $before[(math $dashes + 1)..-1]) $current)
        case '*'
            printf '%s\n' $lines[2..-1]
    end
end

complete -c metamori -f -k -a '(__metamori_complete)'
