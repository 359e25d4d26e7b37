#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# KIWI runs this in the image when its packages are installed.
set -e
apt-get clean
rm -rf /var/lib/apt/lists/* /usr/share/man /usr/share/locale
find /usr/share/doc -mindepth 1 -delete # the folder itself KIWI reads at the end
systemctl enable report.service
