# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live images that are laid out otherwise, and what the kernel command line says about the layers."""

import boot_case
import machine
import tap


class LayoutBoot(boot_case.BootCase):
    """One boot for each class below."""

    cmdline = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.serve() as server:
            with cls.boot(f"http://{machine.HOST}:{server.port}/{cls.iso.name}", cls.cmdline, whole=True) as guest:
                report = boot_case.Report(guest)
        cls.failed, cls.mounts = report.all("failed"), report.mounts()

    def assert_boots(self):
        self.assertEqual(self.mounts["/"][:2], ("overlay", "LiveOS_rootfs"))
        self.assertEqual([line for line in self.failed if "bootferry" in line or "sysroot" in line], [])

    def assert_read_only(self, point, kind):
        self.assertEqual(self.mounts[point][0], kind)
        self.assertEqual(self.mounts[point][2].split(",")[0], "ro")


class BareSquashfs(LayoutBoot):
    cmdline = "rd.live.overlay.size=64m rootflags=noatime,redirect_dir=on"

    @classmethod
    def image(cls):
        return cls.images.live_squashfs()

    def test_the_device_is_the_container_and_its_tree_the_root(self):
        self.assert_boots()
        self.assertNotIn("/run/overlay/live", self.mounts)
        self.assert_read_only("/run/overlay/squashfs_container", "squashfs")
        self.assertEqual(self.mounts["/run/overlay/squashfs_container"][1], "/dev/ram0")
        self.assert_read_only("/run/overlay/rootfsbase", "squashfs")

    def test_the_overlay_has_the_requested_size(self):
        self.assertIn(f"size={64 << 10}k", self.mounts["/run/overlay/overlayfs"][2].split(","))

    def test_rootflags_are_the_roots(self):
        options = self.mounts["/"][2].split(",")
        self.assertIn("noatime", options)
        self.assertIn("redirect_dir=on", options)


class BareErofs(LayoutBoot):
    @classmethod
    def image(cls):
        return cls.images.live_erofs()

    def test_the_device_is_the_container_and_its_tree_the_root(self):
        self.assert_boots()
        self.assertNotIn("/run/overlay/live", self.mounts)
        self.assert_read_only("/run/overlay/squashfs_container", "erofs")
        self.assertEqual(self.mounts["/run/overlay/squashfs_container"][1], "/dev/ram0")
        self.assert_read_only("/run/overlay/rootfsbase", "erofs")


class ElsewhereOnTheIso(LayoutBoot):
    cmdline = "rd.live.dir=system/today rd.live.squashimg=root.img"

    @classmethod
    def image(cls):
        return cls.images.xfs_iso()

    def test_the_container_is_found_by_the_names_on_the_command_line(self):
        self.assert_boots()
        self.assert_read_only("/run/overlay/live", "iso9660")
        self.assert_read_only("/run/overlay/squashfs_container", "squashfs")

    def test_the_root_image_in_it_is_an_xfs(self):
        self.assert_read_only("/run/overlay/rootfsbase", "xfs")


if __name__ == "__main__":
    tap.main()
