# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for bootferryctl(1). bash-completion loads this file, but none of its functions are used.
# tests/integration/ctl_test.py compares the completions with --help.

_bootferryctl() {
    local word=${COMP_WORDS[COMP_CWORD]} verb='' i
    local verbs='fetch dolly-send deploy list status monitor cancel plugins refuse help'
    local common='--help --version'
    local transfer='--mirror= --checksum= --option= --options-file= --userinfo-file= --stall-timeout= --timeout=
        --connections= --reset'
    local fetch='--output= --limit-rate= --continue --no-continue --decode --quiet --verbose'
    local deploy='--ramdisk-size='
    local dolly='--generation= --password-file= --fanout= --output= --control-port= --data-port= --timeout='
    local output='--json= --no-pager'

    # bash splits words at "=": --json=sh is three words.
    if [[ $word == = ]]; then
        word=
    fi
    if [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
        local option=${COMP_WORDS[COMP_CWORD - 1]}
        [[ $option == = ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
        case $option in
            --json) mapfile -t COMPREPLY < <(compgen -W 'short pretty off' -- "$word") ;;
            --checksum) mapfile -t COMPREPLY < <(compgen -W 'sha256: sha512:' -- "$word") ;;
            --generation) mapfile -t COMPREPLY < <(compgen -W 'classic 0.7' -- "$word") ;;
            --options-file | --userinfo-file | --password-file | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
            *) COMPREPLY=() ;;
        esac
        return
    fi

    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* ]]; then
            verb=${COMP_WORDS[i]}
            break
        fi
    done
    case $verb in
        '') mapfile -t COMPREPLY < <(compgen -W "$verbs $common" -- "$word") ;;
        fetch | deploy)
            if [[ $word == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$transfer ${!verb}" -- "$word")
                [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
            elif [[ $verb == deploy && $word == /dev/* ]] || [[ $verb == fetch ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            ;;
        dolly-send)
            if [[ $word == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$dolly" -- "$word")
                [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            ;;
        list | plugins | status | monitor | cancel)
            if [[ $word == -* && $verb != cancel ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$output" -- "$word")
                [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
            elif [[ $verb != list && $verb != plugins ]]; then
                local numbers
                numbers=$(bootferryctl list 2> /dev/null | cut -d ' ' -f 1)
                mapfile -t COMPREPLY < <(compgen -W "$numbers" -- "$word")
            fi
            ;;
    esac
}

complete -F _bootferryctl bootferryctl
