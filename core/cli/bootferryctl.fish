# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for bootferryctl(1). Verbs, options and what an option's value is are those that the program's own help
# names; only the arguments of the verbs are known here. tests/integration/completion_test.py runs it.

# The program that is being completed, which need not be the one in $PATH.
function __bootferryctl_run
    set -l program (commandline -opc)[1]
    command -q $program; and $program $argv 2>/dev/null
end

# Each verb, a tab, what it does.
function __bootferryctl_verbs
    __bootferryctl_run help | string replace -rf '^  ([a-z][a-z-]*)(?: \S+)*(?: {2,}(.*))?$' '$1\t$2'
end

# The options of a verb: letter, name, how the help names the value, what it does; separated by tabs.
function __bootferryctl_options
    __bootferryctl_run help $argv |
        string replace -rf '^ +(?:(-[A-Za-z]), +)?(--[a-z0-9-]+)(?:=(\S+))?(?: +(.*))?$' '$1\t$2\t$3\t$4'
end

# Paths that begin with $argv[1].
function __bootferryctl_files
    complete -C "'' $argv[1]"
end

# Block devices.
function __bootferryctl_devices
    for path in /dev/* /dev/mapper/* /dev/disk/*/*
        test -b $path; and echo $path
    end
end

# What a value may be. $argv[1]: how the help names it; $argv[2]: what is typed of it.
function __bootferryctl_values
    switch $argv[1]
        case FILE PATH
            __bootferryctl_files $argv[2]
        case PLUGIN
            __bootferryctl_run plugins --options | string replace -r ':.*' '' | sort -u
            __bootferryctl_files $argv[2] | string match -r '.*(?:/|\.so)$'
        case 'PLUGIN:*'
            __bootferryctl_run plugins --options | string replace -r '  ' '\t'
        case CHECKSUM 'sha256:*'
            printf '%s\n' sha256: sha512:
            __bootferryctl_files $argv[2]
        case '*'
            string match -qr '[A-Z]' -- $argv[1]; or string split '|' -- $argv[1]
    end
end

# The arguments of a verb. $argv: the verb, how many there are already, what is typed of the next one.
function __bootferryctl_arguments
    switch $argv[1]:$argv[2]
        case fetch:1 verify:0 profile:0 dolly-send:0 export:0 export:1
            __bootferryctl_files $argv[3]
        case deploy:1
            __bootferryctl_devices
        case 'dolly-send:*'
            __fish_print_hostnames
        case help:0
            __bootferryctl_verbs
        case status:0 monitor:0 cancel:0
            __bootferryctl_run list | string replace -rf '^ *(\d+) +(.*)$' '$1\t$2'
    end
end

function __bootferryctl_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l verbs (__bootferryctl_verbs | string split -f 1 \t)
    set -l verb
    set -l arguments 0
    set -l value ''
    set -l ended no
    set -l options
    # An option before the verb may be that of any.
    if string match -q -- '-*' $words[-1]; or string match -q -- '*=*' $word
        for name in $verbs
            set -a options (__bootferryctl_options $name)
        end
    end
    for given in $words[2..]
        if test -n "$value"
            set value ''
        else if test $given = --
            set ended yes
        else if test $ended = no; and string match -q -- '-*' $given
            for option in $options
                set -l fields (string split \t -- $option)
                if contains -- $given $fields[1..2]
                    set value $fields[3]
                end
            end
        else if test -z "$verb"
            if contains -- $given $verbs
                set verb $given
                set options (__bootferryctl_options $verb)
            end
        else
            set arguments (math $arguments + 1)
        end
    end
    test -n "$options"; or set options (__bootferryctl_options $verb)

    if test -n "$value"
        __bootferryctl_values $value $word
    else if test $ended = no; and string match -q -- '--*=*' $word
        set -l parts (string split -m 1 = -- $word)
        for option in $options
            set -l fields (string split \t -- $option)
            if test $fields[2] = $parts[1] -a -n "$fields[3]"
                for candidate in (__bootferryctl_values $fields[3] $parts[2])
                    echo $parts[1]=$candidate
                end
            end
        end
    else if test $ended = no; and string match -q -- '-*' $word
        for option in $options
            set -l fields (string split \t -- $option)
            test -n "$fields[3]"; and set fields[2] $fields[2]=
            printf '%s\t%s\n' $fields[2] $fields[4]
        end
    else if test -z "$verb"
        __bootferryctl_verbs
    else
        __bootferryctl_arguments $verb $arguments $word
    end
end

complete -c bootferryctl -f -a '(__bootferryctl_complete)'
