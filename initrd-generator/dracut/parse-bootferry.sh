#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tells dracut that bootferry handles root=live:, and requests the network from its modules if the image
# needs it. The units that bootferry-generator writes mount the root itself.
#
# No ip= is added where the line has none: NetworkManager and network-legacy then configure every wired
# interface by themselves, NetworkManager for IPv4 and IPv6, which ip=dhcp would narrow. networkd is
# configured by systemd-network-generator from the kernel's own command line only, and has no default:
# it gets one here.

command -v getarg > /dev/null || . /lib/dracut-lib.sh

# The modules that dracut.conf's bootferry_overrides names: their hooks go before dracut comes to them.
if [ -e /etc/bootferry-overrides ]; then
    while read -r rival; do
        # kiwi-live-net-genrules.sh only names the boot interface; it stays.
        for hook in "$hookdir"/cmdline/*-parse-"$rival".sh "$hookdir"/pre-udev/*-"$rival"*-genrules.sh \
            "$hookdir"/pre-mount/*-"$rival"-*.sh; do
            case "$hook" in
                *-net-genrules.sh) ;;
                *) rm -f -- "$hook" ;;
            esac
        done
        # dmsquash-live has a second one.
        [ "$rival" = dmsquash-live ] && rm -f -- "$hookdir"/pre-udev/*-dmsquash-liveiso-genrules.sh
        # Of both kiwi-live and dmsquash-live: it would mount file systems, and replay their journals.
        rm -f -- "$hookdir"/cmdline/*-parse-iso-scan.sh
    done < /etc/bootferry-overrides
fi

bootferry_default_network() {
    [ -x /usr/lib/systemd/systemd-networkd ] || [ -x /lib/systemd/systemd-networkd ] || return 0
    getarg ip= > /dev/null && return 0
    # Below the initrd's /etc, not /run: the booted system is not to inherit it.
    mkdir -p /etc/systemd/network
    {
        echo "[Match]"
        bootif=$(getarg BOOTIF=)
        if [ -n "$bootif" ]; then
            # pxelinux puts the hardware type before the address: 01-52-54-00-12-34-56.
            case "$bootif" in
                ??-??-??-??-??-??-??) bootif=${bootif#??-} ;;
            esac
            echo "MACAddress=$bootif"
        else
            echo "Type=ether"
            echo "Kind=!*"
        fi
        echo "[Network]"
        echo "DHCP=yes"
        echo "[DHCPv4]"
        # As the firmware did when it fetched the kernel: the same client, hence the same lease.
        echo "ClientIdentifier=mac"
        [ "$root" = dhcp ] && echo "RequestOptions=17"
    } > /etc/systemd/network/zzzz-bootferry.network
}

[ -n "$root" ] || root=$(getarg root=)

# dracut keeps the quotes of the kernel command line, which systemd and the generator remove.
case "$root" in
    \'*\' | \"*\")
        root=${root#?}
        root=${root%?}
        ;;
esac

# The other spellings of a live root, as in core/request/boot_source.cpp.
case "$root" in
    http://* | https://*) root="live:$root" ;;
    CDLABEL=* | LABEL=* | UUID=* | PARTLABEL=* | PARTUUID=* | /dev/* | *://*)
        { getargbool 0 rd.live.image || getargbool 0 liveimg; } && root="live:$root"
        ;;
esac

case "$root" in
    dhcp) bootferry_default_network ;; # a live root if its root path is live:URL (liveroot.sh)
    live:*)
        rootok=1
        case "$root" in
            live:*://* | live:bootorigin:*) # live:nbd:http://... as well
                echo "rd.neednet=1" > /etc/cmdline.d/20-bootferry.conf
                bootferry_default_network
                ;;
        esac
        ;;
esac
