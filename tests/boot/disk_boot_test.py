# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a disk: a power cut, deployed, booted without a network, kept, reset, booted by itself, damaged.

The cases are in the order of this life, each with what the one before has left on the disk."""

import hashlib
import re

import boot_case
import machine
import tap

MIB = 1 << 20
DISK = "/dev/vda"


class DiskBoot(boot_case.BootCase):
    def boot_disk(self, disk, root, cmdline="", name="machine", **options):
        """A machine with the disk, whose writes QEMU records."""
        quoted, trace = (str(path).replace(",", ",,") for path in (disk, self.trace(name)))
        drive = ["-drive", f"if=none,id=disk0,format=raw,cache=writeback,file={quoted}",
                 "-device", "virtio-blk-pci,drive=disk0", "-trace", f"enable=virtio_blk_handle_write,file={trace}"]
        drive += options.pop("extra", ())
        return self.machine(f"root={root} rd.kiwi.live.system={DISK} report.early report.counter {cmdline}", name, extra=drive,
                            **options)

    def trace(self, name):
        (self.work / name).mkdir(parents=True, exist_ok=True)
        return self.work / name / "writes"

    def first_byte_written(self, name):
        """The writes of the machine of that name, as QEMU recorded them; None if there were none."""
        lines = self.trace(name).read_text().splitlines()
        sectors = [int(re.search(r" sector (\d+) ", line)[1]) for line in lines if "virtio_blk_handle_write" in line]
        return min(sectors) * 512 if sectors else None

    def finished(self, guest):
        """The counter in the overlay, and the report."""
        report = boot_case.Report(guest)
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line], [])
        count, = report.all("counter")
        return int(count), report

    def counter(self, disk, root, cmdline="", name="machine"):
        with self.boot_disk(disk, root, cmdline, name) as guest:
            return self.finished(guest)

    def counter_without_cable(self, disk, root, cmdline="", name="machine", **options):
        """Nothing waits for a server: the live root is mounted before the network has come up,
        or has failed."""
        with self.boot_disk(disk, root, cmdline, name, **options) as guest:
            guest.qmp("set_link", name="net0", up=False)
            guest.expect(r"bootferry-live-root\[\d+\]: live root of")
            until_then = guest.text.split("live root of")[0]
            self.assertNotRegex(until_then, r"Reached target.*network-online\.target|waiting for the network")
            return self.finished(guest)

    def assert_kept_on_the_disk(self, report, filesystem):
        mounts = report.mounts()
        self.assertEqual(mounts["/run/overlay/overlayfs"][0], filesystem)
        self.assertTrue(mounts["/run/overlay/overlayfs"][1].startswith(DISK))

    def url(self, server, image=None):
        return f"live:http://{machine.HOST}:{server.port}/{(image or self.iso).name}"

    @staticmethod
    def hash_of(path, size):
        """All but the partition table, which the partition for changes is entered into."""
        with open(path, "rb") as file:
            file.seek(512)
            return hashlib.sha256(file.read(size - 512)).hexdigest()

    def hash_of_image(self, image):
        """The SHA-256 of the bytes on the disk."""
        return self.hash_of(self.disk, image.stat().st_size)

    def assert_on_the_disk(self, image):
        self.assertEqual(self.hash_of_image(image), self.hash_of(image, image.stat().st_size))


class OneDisk(DiskBoot):
    keep = "rd.live.overlay.persistent"
    # As Debian's live-build lays an ISO out, which boots by its own boot loader.
    layout = (f"rd.live.dir=live rd.live.squashimg=filesystem.squashfs {keep} rd.live.overlay.cowfs=xfs")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.standalone = cls.images.standalone_iso(
            f"root=live:CDLABEL=DEBIAN_LIVE rd.live.check report.early report.counter {cls.layout}")
        cls.disk = cls.work / "one.disk"
        with open(cls.disk, "wb") as file:
            file.truncate(1024 * MIB)
        cls.addClassCleanup(cls.disk.unlink)

    def test_1_power_is_cut_in_mid_transfer(self):
        with self.serve(extra="limit_rate 2m;") as server:
            with self.boot_disk(self.disk, self.url(server), boot_case.ONE_CONNECTION, "cut") as guest:
                guest.expect(boot_case.PROGRESS)
        # Leaving the block is the power cut: QEMU is gone.
        with open(self.disk, "rb") as file:
            self.assertTrue(file.read(64).startswith(b"bootferry: the image on this device is not complete"))

    def test_2_the_next_boot_heals(self):
        with self.serve() as server:
            with self.boot_disk(self.disk, self.url(server), f"{self.keep} rd.kiwi.live.pxe", "healed") as guest:
                guest.expect(r"lan0: renamed from")
                count, report = self.finished(guest)
        self.assertEqual(count, 1)
        self.assert_kept_on_the_disk(report, "ext4")
        self.assert_on_the_disk(self.iso)

    def test_3_without_cable_and_server_it_is_the_same_system(self):
        count, report = self.counter_without_cable(self.disk, f"live:http://{machine.HOST}/{self.iso.name}", self.keep, "kept")
        self.assertEqual(count, 2)
        self.assertIn("holds an image already", "\n".join(report.all("journal")))
        self.assert_on_the_disk(self.iso)
        self.assertGreaterEqual(self.first_byte_written("kept"), self.iso.stat().st_size)

    def test_4_a_reset_leaves_nothing_of_it(self):
        with self.serve(self.standalone.parent) as server:
            count, report = self.counter(self.disk, self.url(server, self.standalone), f"{self.layout} rd.kiwi.live.reset",
                                         "reset")
        self.assertEqual(count, 1)
        self.assert_kept_on_the_disk(report, "xfs")
        type(self).image_on_disk = self.hash_of_image(self.standalone)

    def test_5_it_boots_by_itself(self):
        count, report = self.counter_without_cable(self.disk, "none", name="alone", kernel=None, initrd=None)
        self.assertEqual(count, 2, "without a transfer it is the same system")
        self.assert_kept_on_the_disk(report, "xfs")
        self.assertRegex("\n".join(report.all("journal")), r"checksum embedded in '/dev/vda' matches")
        self.assertEqual(self.hash_of_image(self.standalone), self.image_on_disk)
        self.assertGreaterEqual(self.first_byte_written("alone"), self.standalone.stat().st_size)

    def inside_the_squashfs(self):
        """Not in the kernel or the initrd, which would not come as far as the check."""
        image = self.standalone.read_bytes()
        begin = next(at for at in range(0, len(image), 2048) if image[at:at + 4] == b"hsqs")
        used = int.from_bytes(image[begin + 40:begin + 48], "little")
        return begin + used // 2

    def test_6_damage_stops_the_boot(self):
        position = self.inside_the_squashfs()
        with open(self.disk, "r+b") as file:
            file.seek(position)
            byte = file.read(1)
            file.seek(position)
            file.write(bytes([byte[0] ^ 1]))
        with self.boot_disk(self.disk, "none", name="damaged", kernel=None, initrd=None) as guest:
            guest.expect(r"checking '/dev/vda': 10 %")
            guest.expect(machine.EMERGENCY_PROMPT)
            self.assert_reason_is_last(guest.text, r"the medium '/dev/vda' is damaged: its embedded md5 is")


if __name__ == "__main__":
    tap.main()
