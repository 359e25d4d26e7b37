#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints why the boot failed, as the last text before the prompt of the emergency shell or, with rd.shell=0,
# before the machine halts or reboots.
#
# dracut prints a page of its own after the emergency hooks, and then reads /etc/profile just before it
# starts the shell. So the hook only leaves a call there; this file has been read into the same shell.
#
# From 106 on, dracut opens no shell if root has no password and is locked, as it is in a generic initrd that
# systemd-sysusers has filled. That is kept: a person at the console of a kiosk is not root. The text says how
# the owner of the machine gets a shell.

bootferry_shell_is_locked() {
    grep -q SYSTEMD_SULOGIN_FORCE /bin/dracut-emergency 2> /dev/null || return 1
    getargbool 0 SYSTEMD_SULOGIN_FORCE && return 1
    # root's line counts in /etc/shadow, and in /etc/passwd where there is none.
    if grep -qs '^root:' /etc/shadow; then
        grep -q '^root:[!*]' /etc/shadow
    else
        grep -qs '^root:[!*]' /etc/passwd
    fi
}

bootferry_say_why() {
    [ -s /run/bootferry/failure ] || return 0
    locked=
    if [ "$hook" = emergency ] && bootferry_shell_is_locked; then
        locked=yes
    fi
    while read -r console _; do
        {
            echo
            echo "The live system cannot be booted:"
            echo
            while read -r line || [ -n "$line" ]; do
                echo "    $line"
            done < /run/bootferry/failure
            echo
            if [ "$locked" ]; then
                echo "No shell is opened, because the root account of this initrd is locked. To get one, add"
                echo "SYSTEMD_SULOGIN_FORCE=1 to the kernel command line, or build the initrd with"
                echo "bootferry_emergency_shell=\"yes\" in dracut.conf."
                echo
            fi
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
