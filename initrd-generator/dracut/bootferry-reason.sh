#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints why the boot failed, as the last text before the prompt of the emergency shell or, with rd.shell=0,
# before the machine halts or reboots.
#
# dracut prints a page of its own after the emergency hooks, and then reads /etc/profile just before it
# starts the shell. So the hook only leaves a call there; this file has been read into the same shell.

bootferry_say_why() {
    [ -s /run/bootferry/failure ] || return 0
    while read -r console _; do
        {
            echo
            echo "The live system cannot be booted:"
            echo
            while read -r line || [ -n "$line" ]; do
                echo "    $line"
            done < /run/bootferry/failure
            echo
        } > "/dev/$console"
    done < /proc/consoles
}

if [ "$hook" = emergency ] && getargbool 1 rd.shell; then
    if ! { [ -e /etc/profile ] && grep -q bootferry_say_why /etc/profile; }; then
        echo 'command -v bootferry_say_why > /dev/null && bootferry_say_why' >> /etc/profile
    fi
else
    bootferry_say_why
fi
