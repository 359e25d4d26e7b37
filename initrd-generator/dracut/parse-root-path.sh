#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut's netroot calls these hooks again when root=dhcp has a lease, with the root path in $netroot, to ask
# which of them knows it.

case "${netroot-}" in
    live:*) rootok=1 ;;
esac
