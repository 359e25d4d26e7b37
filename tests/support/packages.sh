# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/run and tests/demo: installs what tests/packages lists and the machine lacks. Some
# of it are servers; the tests start their own, so apt is told to start none.
# shellcheck shell=bash

# install_packages LIST LOG
install_packages() {
    local list=$1 log=$2 missing=() package
    while read -r package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
    done < <(grep -v '^#' "$list")
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
    apt-get update -q && apt-get install -q -y --no-install-recommends "$@"
}
