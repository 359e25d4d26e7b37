#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Called as INTERFACE ROOT-PATH, by dracut's netroot or by bootferry-lease.sh, when the DHCP server's root path is
# live:URL. Hands it to bootferry-generator, which systemd runs again for it. The first one counts.

command -v getarg > /dev/null || . /lib/dracut-lib.sh

file=/run/bootferry/root-path

case "$2" in
    live:*) ;;
    *) exit 1 ;;
esac
[ -e $file ] && exit 0
mkdir -p ${file%/*}
printf '%s\n' "$2" > $file
info "bootferry: the DHCP server of $1 names the root"
rm -f -- "$hookdir"/initqueue/finished/dhcp.sh
systemctl daemon-reload
systemctl --no-block start sysroot.mount
