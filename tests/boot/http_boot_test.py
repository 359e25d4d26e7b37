# SPDX-License-Identifier: LGPL-2.1-or-later
"""The straight way, whole: an ISO is exported into a folder, from which a machine boots over PXE and HTTP, and is up."""

import hashlib
import os
import shutil
import subprocess

import boot_case
import images
import machine
import tap
from report_receiver import Receiver


class PxeHttpBoot(boot_case.BootCase):
    host_name = "live"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.work / "srv"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with cls.serve(folder) as server, Receiver() as receiver:
            home = f"rd.bootferry.report=http://{machine.HOST}:{receiver.port}/boots"
            with cls.pxe_machine(folder, f"http://{machine.HOST}:{server.port}", home) as guest:
                cls.login = guest.expect(rf"{cls.host_name} login:", timeout=600)
                cls.console, cls.report = guest.text, boot_case.Report(guest)
            cls.posts = receiver.all()

    @classmethod
    def image(cls):
        return cls.images.bootable_iso()

    @classmethod
    def pxe_machine(cls, folder, url, options):
        """A machine that boots what `bootferryctl export` has made of the ISO; the test adds only the options."""
        (folder / "pxelinux.cfg").mkdir()
        (folder / "pxelinux.cfg/default").write_text("SERIAL 0 115200\nDEFAULT live\n")
        programs = boot_case.BUILD / "core"
        done = subprocess.run(
            [programs / "programs/bootferryctl", "export", "--name=live", "--dhcp=none", cls.iso, folder, f"--url={url}", "--",
             f"console=ttyS0 {images.EMULATED} report report.hash={cls.iso.stat().st_size} {options}"],
            env=os.environ | {"BOOTFERRY_EXPORT": str(programs / "export/bootferry-export"),
                              "BOOTFERRY_WORKER": str(programs / "programs/bootferry-transfer"),
                              "BOOTFERRY_WORKER_USER": "nobody",
                              "BOOTFERRY_PLUGIN_DIR": str(boot_case.BUILD / "plugins/modules")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0 or "warning" in done.stderr:
            raise RuntimeError(f"bootferryctl export ended with {done.returncode}: {done.stderr}")
        version, = (path.name for path in (folder / "live").iterdir())
        cls.url = f"{url}/live/{version}/live.iso"
        return cls.machine("", pxe=True, tftp=folder, processors=2)

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
