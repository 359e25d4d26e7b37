# SPDX-License-Identifier: LGPL-2.1-or-later
"""The straight way, whole: a machine boots over PXE, fetches a live ISO over HTTP, and is up."""

import hashlib

import boot_case
import machine
import tap
from report_receiver import Receiver


class PxeHttpBoot(boot_case.BootCase):
    host_name = "live"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.serve() as server, Receiver() as receiver:
            cls.url = f"http://{machine.HOST}:{server.port}/{cls.iso.name}"
            home = f"rd.bootferry.report=http://{machine.HOST}:{receiver.port}/boots"
            with cls.boot(cls.url, home, pxe=True, processors=2, whole=True, hashed=True) as guest:
                cls.login = guest.expect(rf"{cls.host_name} login:", timeout=600)
                cls.console, cls.report = guest.text, boot_case.Report(guest)
            cls.posts = receiver.all()

    def test_the_kernel_came_over_pxe(self):
        self.assertIn("PXELINUX", self.console)

    def test_login_prompt(self):
        self.assertTrue(self.login)

    def test_root_is_an_overlay_over_the_iso_in_ram(self):
        mounts = self.report.mounts()
        kind, source, options = mounts["/"]
        self.assertEqual((kind, source), ("overlay", "LiveOS_rootfs"))
        self.assertIn("lowerdir=/run/overlay/rootfsbase", options)
        self.assertIn("upperdir=/run/overlay/overlayfs/rw", options)
        self.assertIn("workdir=/run/overlay/overlayfs/work", options)
        self.assertEqual(mounts["/run/overlay/overlayfs"][0], "tmpfs")

    def test_kiwis_mount_points(self):
        mounts = self.report.mounts()
        self.assertEqual(mounts["/run/overlay/live"][:2], ("iso9660", "/dev/ram0"))
        self.assertEqual(mounts["/run/overlay/squashfs_container"][0], "squashfs")
        self.assertEqual(mounts["/run/overlay/rootfsbase"][0], "ext4")
        for point in ("/run/overlay/live", "/run/overlay/squashfs_container", "/run/overlay/rootfsbase"):
            self.assertTrue(mounts[point][2].startswith("ro"), f"{point} is not read-only")

    def test_bytes_of_ram0_equal_the_isos(self):
        expected = hashlib.sha256(self.iso.read_bytes()).hexdigest()
        self.assertEqual([line.split()[0] for line in self.report.all("sha256")], [expected])

    def test_no_failed_unit_of_ours(self):
        self.assertTrue(self.report.all("end"), "the report is not complete")
        failed = [line for line in self.report.all("failed") if "bootferry" in line or "sysroot" in line]
        self.assertEqual(failed, [])

    def test_the_journal_of_the_initrd_names_the_image(self):
        journal = "\n".join(self.report.all("journal") + self.report.all("unit-journal"))
        self.assertIn(self.url, journal)

    def test_journal_entries_have_fields(self):
        fields = "\n".join(self.report.all("fields"))
        for field in (f"BOOTFERRY_URL={self.url}", "BOOTFERRY_DEVICE=/dev/ram0",
                      f"BOOTFERRY_BYTES={self.iso.stat().st_size}"):
            self.assertIn(field, fields)

    def test_console_shows_progress(self):
        self.assertRegex(self.console, r"100 ?%|\d+ ?%")

    def test_the_machine_reported_home(self):
        self.assertTrue(self.posts, "no report came")
        last = self.posts[-1]
        self.assertEqual([(transfer["url"], transfer["state"], transfer["bytes"]) for transfer in last["transfers"]],
                         [(self.url, "done", self.iso.stat().st_size)])
        self.assertIsNone(last["failure"])
        self.assertTrue(all(address.startswith("52:54:00") for address in last["hardware_addresses"]), last)
        self.assertEqual(len({post["boot_id"] for post in self.posts}), 1)

    def test_nothing_of_ours_still_runs(self):
        self.assertEqual(self.report.all("process"), [])


if __name__ == "__main__":
    tap.main()
