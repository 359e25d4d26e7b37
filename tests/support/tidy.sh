# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/run: clang-tidy with the plugin own_code_check.cpp. The plugin only saves time, so that clang-tidy runs
# without it where it cannot be made. Where the two packages of its headers are not installed, the headers alone are
# unpacked: 45 of 500 MB.
# shellcheck shell=bash

# clang_headers FOLDER: unpacks them there.
clang_headers() {
    local folder=$1 package download=(timeout 180 apt-get download -q libclang-14-dev llvm-14-dev)
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && { "${download[@]}" || { timeout 180 apt-get update -q && "${download[@]}"; }; }) || return
    for package in "$folder"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder" --wildcards './usr/*include/*' || return
    done
    rm "$folder"/*.deb
}

# own_code_check PLUGIN FOLDER: makes the plugin, with headers in FOLDER.
own_code_check() {
    local plugin=$1 folder=$2 top=
    [[ ! $plugin -nt tests/support/own_code_check.cpp ]] || return 0
    if [[ ! -e /usr/lib/llvm-14/include/clang-tidy/ClangTidyCheck.h || ! -e /usr/lib/llvm-14/include/llvm/ADT/APInt.h ]]; then
        top=$folder
        [[ -e $top/usr/lib/llvm-14/include/llvm/ADT/APInt.h ]] || clang_headers "$top" || return
    fi
    clang++-14 -std=c++17 -O1 -fno-rtti -fPIC -shared -Wall -Wextra -Werror -isystem "$top/usr/lib/llvm-14/include" \
        -o "$plugin" tests/support/own_code_check.cpp || return
    [[ $(clang-tidy-14 -load="$plugin" -checks=-*,bootferry-own-code -list-checks - --) == *bootferry-own-code* ]] || { rm "$plugin"; false; }
}

# clang_tidy FOLDER: the program to run for clang-tidy; FOLDER is where it and its plugin are made.
clang_tidy() {
    local program=$1/clang-tidy plugin=$1/own_code_check.so
    if ! own_code_check "$plugin" "$1/clang-headers" >&2; then
        echo "clang-tidy runs without own_code_check.cpp, which takes longer" >&2
        program=clang-tidy-14
    else
        printf '#!/bin/sh\nexec clang-tidy-14 -load="%s" -checks=bootferry-own-code "$@"\n' "$plugin" > "$program"
        chmod +x "$program"
    fi
    echo "$program"
}
