# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for bootferryctl(1). Verbs, options and what an option's value is are those that the program's own help
# names; only the arguments of the verbs are known here. bash-completion loads this file, but none of its functions are used.
# tests/integration/completion_test.py runs it.

# The program that is being completed, which need not be the one in $PATH.
_bootferryctl_run() {
    "${COMP_WORDS[0]}" "$@" 2> /dev/null
}

_bootferryctl_verbs() {
    _bootferryctl_run help | sed -nE 's/^  ([a-z][a-z-]*)( .*)?$/\1/p'
}

# The options of a verb, each with how the help names its value: --output=FILE, -o=FILE, --reset.
_bootferryctl_options() {
    _bootferryctl_run help "$@" |
        sed -nE 's/^ +(-[A-Za-z]), +--[a-z0-9-]+(=[^ ]+)?( .*)?$/&\n\1\2/; s/^ +(-[A-Za-z], +)?(--[a-z0-9-]+(=[^ \n]+)?)( [^\n]*)?/\2/p'
}

# Block devices and folders that begin with $1.
_bootferryctl_devices() {
    local path
    while IFS= read -r path; do
        if [[ -b $path ]]; then
            printf '%s\n' "$path"
        elif [[ -d $path ]]; then
            printf '%s/\n' "$path"
        fi
    done < <(compgen -f -- "${1:-/dev/}")
}

# Files of modules and, in a path, folders that begin with $1.
_bootferryctl_modules() {
    local path
    while IFS= read -r path; do
        if [[ -f $path && $path == *.so ]]; then
            printf '%s\n' "$path"
        elif [[ -d $path && $1 == */* ]]; then
            printf '%s/\n' "$path"
        fi
    done < <(compgen -f -- "$1")
}

# Sets COMPREPLY to those of the words $1 that begin with $2, and to the files that standard input lists. bash quotes what
# is called the name of a file, and would quote the colon of a word, too: beside words there are only names without quotes.
_bootferryctl_words_and_files() {
    local path
    local -a files
    mapfile -t files
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    if ((${#COMPREPLY[@]} == 0)); then
        COMPREPLY=("${files[@]}")
        compopt -o filenames 2> /dev/null
        return
    fi
    for path in "${files[@]}"; do
        [[ $(printf %q "$path") != "$path" ]] || COMPREPLY+=("$path")
    done
}

# Sets COMPREPLY to what a value may be. $1: how the help names it; $2: what is typed of it.
_bootferryctl_value() {
    case $1 in
        FILE | PATH)
            mapfile -t COMPREPLY < <(compgen -f -- "$2")
            compopt -o filenames 2> /dev/null
            ;;
        PLUGIN)
            _bootferryctl_words_and_files "$(_bootferryctl_run plugins --options | sed 's/:.*//' | sort -u)" "$2" \
                < <(_bootferryctl_modules "$2")
            ;;
        PLUGIN:*) mapfile -t COMPREPLY < <(compgen -W "$(_bootferryctl_run plugins --options | cut -d ' ' -f 1)" -- "$2") ;;
        CHECKSUM | sha256:*) _bootferryctl_words_and_files 'sha256: sha512:' "$2" < <(compgen -f -- "$2") ;;
        *[A-Z]*) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
    esac
}

# Sets COMPREPLY to the arguments of verb $1. $2: how many there are already; $3: what is typed of the next one.
_bootferryctl_argument() {
    case $1:$2 in
        fetch:1 | verify:0 | profile:0 | dolly-send:0 | export:[01]) _bootferryctl_value FILE "$3" ;;
        deploy:1) _bootferryctl_words_and_files '' "$3" < <(_bootferryctl_devices "$3") ;;
        dolly-send:*) mapfile -t COMPREPLY < <(compgen -A hostname -- "$3") ;;
        help:0) mapfile -t COMPREPLY < <(compgen -W "$(_bootferryctl_verbs)" -- "$3") ;;
        status:0 | monitor:0 | cancel:0)
            mapfile -t COMPREPLY < <(compgen -W "$(_bootferryctl_run list | sed -nE 's/^ *([0-9]+) .*/\1/p')" -- "$3")
            ;;
    esac
}

_bootferryctl() {
    # Of what is typed up to the cursor, the last word: COMP_WORDS is split at "=" and ":", too.
    local typed=${COMP_LINE:0:COMP_POINT}
    local word=${typed##*[[:space:]]}
    # What is quoted is left to the shell's own completion of file names: the words here are split at each blank.
    if [[ $typed == *[\\\'\"]* ]]; then
        COMPREPLY=()
        compopt -o default 2> /dev/null
        return
    fi
    local -a words options
    read -ra words <<< "${typed%"$word"}"

    local verbs verb='' i
    verbs=$(_bootferryctl_verbs)
    for ((i = 1; i < ${#words[@]}; i++)); do
        if [[ $'\n'$verbs$'\n' == *$'\n'"${words[i]}"$'\n'* ]]; then
            verb=${words[i]}
            break
        fi
    done
    # An option before the verb may be that of any.
    local owner
    local -a owners=("$verb")
    if [[ -z $verb && ($word == *=* || ${words[-1]} == -*) ]]; then
        mapfile -t owners <<< "$verbs"
    fi
    # shellcheck disable=SC2086  # no verb, no argument
    mapfile -t options < <(for owner in "${owners[@]}"; do _bootferryctl_options $owner; done | sort -u)
    [[ -n $verb ]] || i=0

    # The arguments behind the verb are counted; the last option may still lack its value.
    local arguments=0 ended='' value='' option
    for ((i++; i < ${#words[@]}; i++)); do
        if [[ -n $value ]]; then
            value=''
        elif [[ ${words[i]} == -- ]]; then
            ended=yes
        elif [[ ${words[i]} == -* && -z $ended ]]; then
            for option in "${options[@]}"; do
                [[ $option != "${words[i]}="* ]] || value=${option#*=}
            done
        else
            ((arguments++))
        fi
    done

    COMPREPLY=()
    if [[ -n $value ]]; then
        _bootferryctl_value "$value" "$word"
    elif [[ $word == --*=* && -z $ended ]]; then
        for option in "${options[@]}"; do
            [[ $option != "${word%%=*}="* ]] || _bootferryctl_value "${option#*=}" "${word#*=}"
        done
        COMPREPLY=("${COMPREPLY[@]/#/${word%%=*}=}")
    elif [[ $word == -* && -z $ended ]]; then
        mapfile -t COMPREPLY < <(printf '%s\n' "${options[@]}" | sed -nE 's/^(--[^=]+=?).*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$word")
    elif [[ -z $verb ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
    else
        _bootferryctl_argument "$verb" "$arguments" "$word"
    fi
    [[ ${COMPREPLY[0]-} != *[=:/] ]] || compopt -o nospace 2> /dev/null

    # bash completes only what follows the last "=" or ":".
    local rest=$word
    [[ $COMP_WORDBREAKS != *:* ]] || rest=${rest##*:}
    [[ $COMP_WORDBREAKS != *=* ]] || rest=${rest##*=}
    COMPREPLY=("${COMPREPLY[@]#"${word%"$rest"}"}")
}

complete -F _bootferryctl bootferryctl
