# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a disk: deployed once, booted without a network, kept, reset; foreign ones refused; power cuts."""

import hashlib
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

    def boot_disk(self, disk, root, cmdline="", name="machine", network=""):
        """A machine with the disk; network "restrict" has a DHCP server and nobody else."""
        drive = ["-drive", f"if=none,id=disk0,format=raw,cache=writeback,file={str(disk).replace(',', ',,')}",
                 "-device", "virtio-blk-pci,drive=disk0"]
        return self.machine(f"root={root} rd.kiwi.live.system={DISK} report.counter {cmdline}", name, extra=drive,
                            network=network)

    def counter(self, disk, root, cmdline="", name="machine", network=""):
        """Boots once; what the counter in the overlay says then, and the report."""
        with self.boot_disk(disk, root, cmdline, name, network) as guest:
            guest.expect(r"^REPORT end:")
            report = boot_case.Report(guest.text)
        self.assertEqual([line for line in report.all("failed") if "bootferry" in line], [])
        count, = report.all("counter")
        return int(count), report

    def url(self, server):
        return f"live:http://{machine.HOST}:{server.port}/{self.iso.name}"

    def hash_of_image(self, disk):
        """All but the partition table, which the write partition is entered into."""
        with open(disk, "rb") as file:
            file.seek(512)
            return hashlib.sha256(file.read(self.iso.stat().st_size - 512)).hexdigest()


class Persistent(DiskBoot):
    def life(self, cowfs):
        disk = self.disk(cowfs)
        options = f"rd.live.overlay.persistent rd.live.overlay.cowfs={cowfs}"
        with self.serve() as server:
            root = self.url(server)
            count, report = self.counter(disk, root, options, f"{cowfs}-first")
        self.assertEqual(count, 1)
        mounts = report.mounts()
        self.assertEqual(mounts["/run/overlay/overlayfs"][0], cowfs)
        self.assertTrue(mounts["/run/overlay/overlayfs"][1].startswith(DISK))
        image = self.hash_of_image(disk)
        # The server is gone, and the network goes nowhere.
        count, report = self.counter(disk, root, options, f"{cowfs}-second", ",restrict=on")
        self.assertEqual(count, 2)
        self.assertIn("holds an image already", "\n".join(report.all("journal")))
        self.assertEqual(self.hash_of_image(disk), image)
        return disk, options

    def test_ext4_is_kept_and_reset(self):
        disk, options = self.life("ext4")
        count, _ = self.counter(disk, "live:CDLABEL=CDROM", options, "ext4-third", ",restrict=on")
        self.assertEqual(count, 3, "without a transfer it is the same system")
        with self.serve() as server:
            count, _ = self.counter(disk, self.url(server), f"{options} rd.kiwi.live.reset", "ext4-reset")
        self.assertEqual(count, 1, "after a reset nothing of the old one is left")

    def test_xfs_is_kept(self):
        self.life("xfs")

    def test_on_a_ram_disk_it_is_said_and_ignored(self):
        with self.serve() as server:
            with self.boot(self.url(server).removeprefix("live:"), "rd.live.overlay.persistent", "ram") as guest:
                guest.expect("CHANGES WILL BE LOST")
                guest.expect(r"^REPORT end:")
                report = boot_case.Report(guest.text)
        self.assertEqual(report.mounts()["/run/overlay/overlayfs"][0], "tmpfs")


class Foreign(DiskBoot):
    def test_it_is_refused_with_its_name(self):
        disk = self.disk("foreign", 128)
        subprocess.run(["sfdisk", "--quiet", disk], input="label: gpt\n", text=True, check=True)
        before = disk.read_bytes()
        with self.serve() as server:
            with self.boot_disk(disk, self.url(server)) as guest:
                guest.expect(boot_case.EMERGENCY_PROMPT)
                console = guest.text
        self.assert_reason_is_last(console, r"'/dev/vda' holds GPT without partitions; rd\.kiwi\.live\.reset")
        self.assertEqual(disk.read_bytes(), before)

    def test_a_disk_that_is_not_there(self):
        with self.serve() as server:
            with self.machine(f"root={self.url(server)} rd.kiwi.live.system=/dev/sdz", "absent") as guest:
                guest.expect(r"waiting for the device '/dev/sdz'")
                guest.expect(boot_case.EMERGENCY_PROMPT)
                console = guest.text
        self.assert_reason_is_last(console, r"'/dev/sdz' did not appear")


class PowerCut(DiskBoot):
    def test_the_next_boot_heals(self):
        disk = self.disk("cut", 256)
        with self.serve(extra="limit_rate 8m;") as server:
            with self.boot_disk(disk, self.url(server), name="cut-first") as guest:
                guest.expect(r"[1-9] % ")
            # Leaving the block is the power cut: QEMU is gone.
            with open(disk, "rb") as file:
                self.assertTrue(file.read(64).startswith(b"bootferry: the image on this device is not complete"))
            count, _ = self.counter(disk, self.url(server), name="cut-second")
        self.assertEqual(count, 1)
        with open(disk, "rb") as file:
            self.assertEqual(file.read(self.iso.stat().st_size), self.iso.read_bytes())


if __name__ == "__main__":
    tap.main()
