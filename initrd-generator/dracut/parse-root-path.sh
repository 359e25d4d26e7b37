#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut's netroot calls these hooks again when root=dhcp has a lease, with the root path in $netroot, to ask
# which of them knows it. One that another module would mount is refused where the machine demands a verified
# image: nobody would verify that root, and the network chooses it.

command -v getarg > /dev/null || . /lib/dracut-lib.sh

# The same arguments and files as core/request reads; what they say in detail does not matter here.
bootferry_demands_verification() {
    [ -e /etc/bootferry/verify ] && return 0
    grep -qs '^[[:space:]]*verityroot[[:space:]]' /etc/veritytab && return 0
    for name in verify signature checksum roothash roothash_signature; do
        getarg "rd.bootferry.$name=" > /dev/null && return 0
    done
    return 1
}

case "${netroot-}" in
    live:*) rootok=1 ;;
    '' | dhcp*) ;;
    *)
        case "$(getarg root=)" in
            dhcp | \'dhcp\' | \"dhcp\")
                if bootferry_demands_verification; then
                    die "bootferry: the DHCP server's root path (option 17) is '$netroot', which nothing would" \
                        "verify, and this boot demands a verified image (rd.bootferry.verify=, signature=," \
                        "checksum= or roothash=, /etc/bootferry/verify or /etc/veritytab): let the root path be" \
                        "live:URL, or remove what demands it"
                fi
                ;;
        esac
        ;;
esac
