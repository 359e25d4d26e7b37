# SPDX-License-Identifier: LGPL-2.1-or-later
"""A live ISO that KIWI itself has built is booted as any other: over PXE, fetched over HTTP, up.

All that http_boot_test.py asserts of our own ISO holds for KIWI's. KIWI and what it needs come from
Debian into a tree of their own; the ISO is built once and kept in the cache.
"""

import http_boot_test
import tap

_PRIMARY_VOLUME_DESCRIPTOR = 16 * 2048


class KiwiBoot(http_boot_test.PxeHttpBoot):
    host_name = "kiwi"

    @classmethod
    def image(cls):
        return cls.images.kiwi_iso()

    @classmethod
    def pxe_machine(cls, folder, url, options):
        """With a kernel and an initrd that are not the ISO's, whose initrd has no bootferry."""
        (folder / cls.iso.name).symlink_to(cls.iso)
        cls.url = f"{url}/{cls.iso.name}"
        return cls.boot(cls.url, options, pxe=True, processors=2, whole=True, hashed=True)

    def test_the_iso_is_of_kiwis_making(self):
        # ECMA-119 8.4: volume identifier and data preparer identifier.
        with open(self.iso, "rb") as iso:
            iso.seek(_PRIMARY_VOLUME_DESCRIPTOR)
            descriptor = iso.read(2048)
        self.assertEqual(descriptor[1:6], b"CD001")
        self.assertEqual(descriptor[40:72].rstrip(), b"CDROM")
        self.assertIn(b"KIWI", descriptor[446:574])


if __name__ == "__main__":
    tap.main()
