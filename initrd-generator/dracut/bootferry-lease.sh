#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For networkd, for which dracut (before 103) does not call netroot: reads the root path from its leases, for
# root=dhcp.

[ "$(getarg root=)" = dhcp ] || return 0

for lease in /run/systemd/netif/leases/*; do
    [ -e "$lease" ] || continue
    path=$(sed -n 's/^ROOT_PATH=//p' "$lease")
    case "$path" in
        live:*) /sbin/liveroot "${lease##*/}" "$path" ;;
    esac
done
