# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/run and tests/demo: installs what tests/packages lists and the machine lacks. Some
# of it are servers; the tests start their own, so apt starts none.
# shellcheck shell=bash

# packages_of [FILE]: the lines of a list, each `NAME` or `NAME|OTHER...`.
packages_of() {
    grep -v -e '^#' -e '^$' "$@"
}

# The first name that this release of Debian has; the first of all if it has none, for apt to complain about.
available_package() {
    local name names
    IFS='|' read -r -a names <<< "$1"
    if ((${#names[@]} > 1)); then
        for name in "${names[@]}"; do
            if [[ $(apt-cache policy "$name" 2> /dev/null) == *Candidate:\ [0-9]* ]]; then
                echo "$name"
                return
            fi
        done
    fi
    echo "${names[0]}"
}

is_installed() {
    local name names
    IFS='|' read -r -a names <<< "$1"
    for name in "${names[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null) != installed ]] || return 0
    done
    return 1
}

# install_packages LIST LOG
install_packages() {
    local list=$1 log=$2 missing=() line
    while read -r line; do
        is_installed "$line" || missing+=("$line")
    done < <(packages_of "$list")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        echo "These packages are missing; run this as root once, or install them: ${missing[*]}" >&2
        return 1
    fi
    echo "installing ${missing[*]}"
    if ! (apt_without_starting_servers "${missing[@]}") > "$log" 2>&1; then
        tail -n 20 "$log" >&2
        return 1
    fi
}

# In a subshell, for its trap: whatever ends apt, the machine's own policy is put back.
apt_without_starting_servers() {
    local line packages=()
    policy=/usr/sbin/policy-rc.d # not local: the trap reads it when the function is over
    if [[ -e $policy ]]; then
        mv "$policy" "$policy.bootferry-saved"
        trap 'mv -f "$policy.bootferry-saved" "$policy"' EXIT
    else
        trap 'rm -f "$policy"' EXIT
    fi
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || return
    for line in "$@"; do
        packages+=("$(available_package "$line")")
    done
    apt-get install -q -y --no-install-recommends "${packages[@]}"
}
