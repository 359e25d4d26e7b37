#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Only with network-legacy, whose interfaces come up from this very queue, each tried once: keeps the
# queue from giving up while the image is fetched, and tries an interface again whose cable, switch or
# DHCP server came late. When the live root is there, live-root.conf stops the queue.

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
