#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For network-legacy only, which brings interfaces up from this queue and tries each once. Keeps the queue
# running while the image is fetched, and retries an interface whose cable, switch or DHCP server was late.
# live-root.conf stops the queue when the live root is mounted.

[ -e /etc/cmdline.d/20-bootferry.conf ] || return 0

# dracut's own count of rounds; past rd.retry it would open a shell with "Could not boot."
main_loop=0

bootferry_round=$(((${bootferry_round:-0} + 1) % 20))
if [ "$bootferry_round" = 0 ] && ! ls /tmp/net.*.did-setup > /dev/null 2>&1; then
    for interface in /sys/class/net/*; do
        if [ "$(cat "$interface/type")" = 1 ] && [ -e "$interface/device" ]; then
            name=${interface##*/}
            /sbin/initqueue --name "ifup-$name" --unique --onetime /sbin/ifup "$name"
        fi
    done
fi
