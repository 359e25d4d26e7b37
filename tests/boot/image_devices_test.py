# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the tests of nbd and device-mapper (tests/unit/system/mapped_device_test.cpp) in a machine whose kernel has both: not
every machine that builds bootferry has. One boot, without systemd, of an initrd that holds the test program alone."""

import re

import boot_case
import tap


class ImageDevices(boot_case.BootCase):
    @classmethod
    def image(cls):
        return None

    @classmethod
    def build_initrd(cls):
        return cls.images.devices_initrd(boot_case.BUILD / "tests/unit/test-system")

    def test_every_one_passes_and_none_is_skipped(self):
        with self.machine("panic=-1") as guest:
            report = guest.reported("end")
        results = {name: result for result, name in
                   re.findall(r"^\[ +(OK|FAILED|SKIPPED) \] ImageDevices\.(\w+) \(", report, re.MULTILINE)}
        self.assertIn("AreExchangedUnderAMountedFileSystem", results, report)
        self.assertEqual({name: result for name, result in results.items() if result != "OK"}, {}, report)
        self.assertRegex(report, r"(?m)^end: 0$")


if __name__ == "__main__":
    tap.main()
