# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a disk: deployed once, booted without a network, kept, reset; foreign ones refused; power cuts."""

import hashlib
import re
import subprocess

import boot_case
import machine
import tap

MIB = 1 << 20
DISK = "/dev/vda"


class DiskBoot(boot_case.BootCase):
    def disk(self, name, size=1024):
        path = self.work / f"{name}.disk"
        with open(path, "wb") as file:
            file.truncate(size * MIB)
        self.addCleanup(path.unlink)
        return path

    def boot_disk(self, disk, root, cmdline="", name="machine", **options):
        """A machine with the disk, whose writes QEMU puts on record."""
        quoted, trace = (str(path).replace(",", ",,") for path in (disk, self.trace(name)))
        drive = ["-drive", f"if=none,id=disk0,format=raw,cache=writeback,file={quoted}",
                 "-device", "virtio-blk-pci,drive=disk0", "-trace", f"enable=virtio_blk_handle_write,file={trace}"]
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

    def url(self, server):
        return f"live:http://{machine.HOST}:{server.port}/{self.iso.name}"

    def hash_of_image(self, disk):
        """All but the partition table, which the partition for changes is entered into."""
        with open(disk, "rb") as file:
            file.seek(512)
            return hashlib.sha256(file.read(self.iso.stat().st_size - 512)).hexdigest()


class Persistent(DiskBoot):
    def test_ext4_is_kept_and_reset(self):
        disk, options = self.disk("ext4"), "rd.live.overlay.persistent"
        with self.serve() as server:
            root = self.url(server)
            with self.boot_disk(disk, root, f"{options} rd.kiwi.live.pxe", "ext4-first") as guest:
                guest.expect(r"lan0: renamed from")
                count, report = self.finished(guest)
        self.assertEqual(count, 1)
        self.assert_kept_on_the_disk(report, "ext4")
        image = self.hash_of_image(disk)
        # The server is gone, and the cable is out.
        count, report = self.counter_without_cable(disk, root, options, "ext4-second")
        self.assertEqual(count, 2)
        self.assertIn("holds an image already", "\n".join(report.all("journal")))
        self.assertEqual(self.hash_of_image(disk), image)
        self.assertGreaterEqual(self.first_byte_written("ext4-second"), self.iso.stat().st_size)
        count, _ = self.counter_without_cable(disk, "live:CDLABEL=CDROM", options, "ext4-third")
        self.assertEqual(count, 3, "without a transfer it is the same system")
        with self.serve() as server:
            count, _ = self.counter(disk, self.url(server), f"{options} rd.kiwi.live.reset", "ext4-reset")
        self.assertEqual(count, 1, "after a reset nothing of the old one is left")

    def test_on_a_ram_disk_it_is_logged_and_ignored(self):
        with self.serve() as server:
            with self.boot(self.url(server).removeprefix("live:"), "rd.live.overlay.persistent", "ram") as guest:
                guest.expect("CHANGES WILL BE LOST")
                report = boot_case.Report(guest)
        self.assertEqual(report.mounts()["/run/overlay/overlayfs"][0], "tmpfs")


class Standalone(DiskBoot):
    """An ISO as Debian's live-build lays it out is deployed, and boots from then on by its own boot loader."""

    layout = ("rd.live.dir=live rd.live.squashimg=filesystem.squashfs "
              "rd.live.overlay.persistent rd.live.overlay.cowfs=xfs")

    @classmethod
    def image(cls):
        return cls.images.standalone_iso(f"root=live:CDLABEL=DEBIAN_LIVE rd.live.check report report.counter {cls.layout}")

    def test_from_the_disk_alone(self):
        disk = self.disk("standalone")
        with self.serve() as server:
            root = self.url(server)
            count, report = self.counter(disk, root, self.layout, "deploy")
        self.assertEqual(count, 1)
        self.assert_kept_on_the_disk(report, "xfs")
        image = self.hash_of_image(disk)
        count, _ = self.counter_without_cable(disk, root, self.layout, "second")
        self.assertEqual(count, 2)
        count, report = self.counter_without_cable(disk, "none", name="alone", kernel=None, initrd=None)
        self.assertEqual(count, 3)
        self.assert_kept_on_the_disk(report, "xfs")
        self.assertRegex("\n".join(report.all("journal")), r"checksum embedded in '/dev/vda' matches")
        self.assertEqual(self.hash_of_image(disk), image)
        self.assertGreaterEqual(self.first_byte_written("alone"), self.iso.stat().st_size)
        self.assert_damage_stops_the_boot(disk)

    def inside_the_squashfs(self):
        """Not in the kernel or the initrd, which would not come as far as the check."""
        image = self.iso.read_bytes()
        begin = next(at for at in range(0, len(image), 2048) if image[at:at + 4] == b"hsqs")
        used = int.from_bytes(image[begin + 40:begin + 48], "little")
        return begin + used // 2

    def assert_damage_stops_the_boot(self, disk):
        position = self.inside_the_squashfs()
        with open(disk, "r+b") as file:
            file.seek(position)
            byte = file.read(1)
            file.seek(position)
            file.write(bytes([byte[0] ^ 1]))
        with self.boot_disk(disk, "none", name="damaged", kernel=None, initrd=None) as guest:
            guest.expect(r"checking '/dev/vda': 10 %")
            guest.expect(machine.EMERGENCY_PROMPT)
            self.assert_reason_is_last(guest.text, r"the medium '/dev/vda' is damaged: its embedded md5 is")


class Foreign(DiskBoot):
    def test_it_is_refused_with_its_name(self):
        disk = self.disk("foreign", 128)
        subprocess.run(["sfdisk", "--quiet", disk], input="label: gpt\n", text=True, check=True)
        before = disk.read_bytes()
        with self.serve() as server:
            with self.boot_disk(disk, self.url(server)) as guest:
                guest.expect(machine.EMERGENCY_PROMPT)
                console = guest.text
        self.assert_reason_is_last(console, r"'/dev/vda' holds GPT without partitions; rd\.kiwi\.live\.reset")
        self.assertEqual(disk.read_bytes(), before)

    def test_a_disk_that_is_not_there(self):
        with self.serve() as server:
            with self.machine(f"root={self.url(server)} rd.kiwi.live.system=/dev/sdz", "absent") as guest:
                guest.expect(r"waiting for the device '/dev/sdz' \(\d of 90 s\)")
                guest.expect(r"waiting for the device '/dev/sdz' \([3-9]\d of 90 s\)")
                guest.expect(machine.EMERGENCY_PROMPT)
                console = guest.text
        self.assert_reason_is_last(console, r"'/dev/sdz' did not appear")


class PowerCut(DiskBoot):
    def test_the_next_boot_heals(self):
        disk = self.disk("cut", 256)
        with self.serve(extra="limit_rate 2m;") as server:
            with self.boot_disk(disk, self.url(server), boot_case.ONE_CONNECTION, "cut-first") as guest:
                guest.expect(boot_case.PROGRESS)
            # Leaving the block is the power cut: QEMU is gone.
            with open(disk, "rb") as file:
                self.assertTrue(file.read(64).startswith(b"bootferry: the image on this device is not complete"))
            count, _ = self.counter(disk, self.url(server), name="cut-second")
        self.assertEqual(count, 1)
        with open(disk, "rb") as file:
            self.assertEqual(file.read(self.iso.stat().st_size), self.iso.read_bytes())


if __name__ == "__main__":
    tap.main()
