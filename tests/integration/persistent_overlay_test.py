# SPDX-License-Identifier: LGPL-2.1-or-later
"""The write partition behind an image, and the checksum inside it, on loop devices. Needs root throughout."""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

MIB = 1 << 20
FIELD = 16 * 2048 + 883


def run(*command, check=True, **options):
    return subprocess.run([str(word) for word in command], check=check, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)


@unittest.skipUnless(os.geteuid() == 0, "needs root: sets up loop devices")
class IsoOnADisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-overlay-")
        cls.addClassCleanup(folder.cleanup)
        cls.shared = pathlib.Path(folder.name)
        tree = cls.shared / "tree"
        (tree / "LiveOS").mkdir(parents=True)
        (tree / "LiveOS/squashfs.img").write_bytes(random.Random(5).randbytes(3 * MIB))
        shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", tree)
        cls.iso = cls.shared / "live.iso"
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "CDROM", "-R", "-partition_offset", "16", "-o", cls.iso,
            "-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin", "-b", "isolinux.bin", "-c", "boot.cat",
            "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree)
        efi = cls.shared / "efi.img"
        efi.write_bytes(b"\xeb\x3c\x90" + bytes(MIB - 3))
        cls.gpt_iso = cls.shared / "gpt.iso"
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "CDROM", "-R", "-o", cls.gpt_iso, "-append_partition", "2",
            "0xef", efi, "-appended_part_as_gpt", tree)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-overlay-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.backing = self.path / "disk"

    def disk(self, iso, size):
        if not self.backing.exists():
            shutil.copyfile(iso, self.backing)
            with open(self.backing, "r+b") as disk:
                disk.truncate(max(size, iso.stat().st_size))
        device = run("losetup", "--find", "--show", "--partscan", self.backing).stdout.strip()
        self.addCleanup(self.detach, device)
        return device

    @staticmethod
    def detach(device):
        subprocess.run(["partx", "--delete", device], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["losetup", "--detach", device], check=False, stderr=subprocess.DEVNULL)

    def write_partition(self, device, filesystem="ext4"):
        return run(os.environ["BOOTFERRY_WRITE_PARTITION"], device, filesystem, check=False)

    def assert_partition(self, result, filesystem, how):
        self.assertEqual(result.returncode, 0, result.stdout)
        node, kind, made = result.stdout.split()[-3:]
        self.assertEqual((kind, made), (filesystem, how), result.stdout)
        return node

    def assert_usable(self, node, filesystem):
        folder = self.path / "mounted"
        folder.mkdir(exist_ok=True)
        run("mount", "-t", filesystem, node, folder)
        run("umount", folder)


class WritePartition(IsoOnADisk):
    def test_each_file_system_is_made_and_found_again(self):
        for filesystem in ("ext4", "xfs", "btrfs"):
            with self.subTest(filesystem=filesystem):
                self.backing.unlink(missing_ok=True)
                device = self.disk(self.iso, 512 * MIB)
                node = self.assert_partition(self.write_partition(device, filesystem), filesystem, "made")
                self.assert_usable(node, filesystem)
                self.assertEqual(self.assert_partition(self.write_partition(device), filesystem, "found"), node)
                image = self.iso.read_bytes()
                self.assertEqual(self.backing.read_bytes()[512:len(image)], image[512:])
                self.detach(device)
                device = self.disk(self.iso, 0)
                self.assert_partition(self.write_partition(device), filesystem, "found")
                self.detach(device)

    def test_a_gpt_hybrid_gets_its_backup_header_at_the_end(self):
        device = self.disk(self.gpt_iso, 300 * MIB)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assert_usable(node, "ext4")
        table = run("sfdisk", "--verify", device).stdout
        self.assertIn("No errors", table)
        with open(self.backing, "rb") as disk:
            disk.seek(-512, os.SEEK_END)
            self.assertEqual(disk.read(8), b"EFI PART")

    def test_no_room(self):
        device = self.disk(self.iso, 100 * MIB)
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no room for a ext4 partition of 128.0 MiB", result.stdout)

    def test_nothing_of_an_old_one_is_found_after_a_reset(self):
        device = self.disk(self.iso, 300 * MIB)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        before = run("blkid", "-o", "value", "-s", "UUID", node).stdout
        self.detach(device)
        with open(self.backing, "r+b") as disk:  # what a reset does: the image, its own table, again
            disk.write(self.iso.read_bytes())
        device = self.disk(self.iso, 0)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assertNotEqual(run("blkid", "-o", "value", "-s", "UUID", node).stdout, before)

    def test_one_that_was_not_finished_is(self):
        device = self.disk(self.iso, 300 * MIB)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        with open(node, "r+b") as partition:
            partition.write(bytes(2 * MIB))
        self.assert_partition(self.write_partition(device), "ext4", "made")

    def test_a_damaged_one_is_not_touched(self):
        device = self.disk(self.iso, 300 * MIB)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        with open(node, "r+b") as partition:  # the group descriptors, and the root folder's inode with them
            partition.seek(4096)
            partition.write(random.Random(9).randbytes(8 * MIB))
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("is damaged", result.stdout)
        self.assertEqual(run("blkid", "-p", "-o", "value", "-s", "LABEL", node).stdout.strip(), "cow")

    def test_a_disk_without_a_table(self):
        device = self.disk(self.iso, 300 * MIB)
        with open(device, "r+b") as disk:
            disk.write(bytes(512))
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1)


class MediaCheck(IsoOnADisk):
    def check(self, size=0):
        device = self.disk(self.iso, size)
        try:
            return run(os.environ["BOOTFERRY_LIVE_ROOT"], f"--run-dir={self.path}/run", "--check", device,
                       check=False).stdout
        finally:
            for point in reversed([line.split()[4] for line in open("/proc/self/mountinfo")
                                   if line.split()[4].startswith(str(self.path))]):
                run("umount", point)
            self.detach(device)

    def implant(self):
        shutil.copyfile(self.iso, self.backing)
        run("implantisomd5", self.backing)

    def tag(self, algorithm="sha256", pad=15):
        """What checkmedia's tagmedia does."""
        image = bytearray(self.iso.read_bytes())
        plain = bytearray(image)
        plain[:512] = bytes(512)
        plain[FIELD:FIELD + 512] = b" " * 512
        size = int.from_bytes(image[32768 + 80:32768 + 84], "little") * 2048
        digest = hashlib.new(algorithm, plain[:size - pad * 2048] + bytes(pad * 2048)).hexdigest()
        image[FIELD:FIELD + 512] = f"{algorithm}sum={digest};pad={pad};check=1".encode().ljust(512)
        self.backing.write_bytes(image)

    def spoil(self, position):
        with open(self.backing, "r+b") as disk:
            disk.seek(position)
            byte = disk.read(1)
            disk.seek(position)
            disk.write(bytes([byte[0] ^ 1]))

    def test_what_is_right(self):
        for prepare in (self.implant, self.tag, lambda: self.tag("md5", 150), lambda: self.tag("sha512", 0)):
            prepare()
            self.assertIn("is right", self.check())

    def test_what_is_damaged(self):
        for prepare in (self.implant, self.tag):
            prepare()
            self.spoil(2 * MIB)
            said = self.check()
            self.assertIn("is damaged: its embedded", said)
            self.assertNotIn("is right", said)

    def test_a_write_partition_does_not_matter(self):
        for prepare in (self.implant, self.tag):
            prepare()
            with open(self.backing, "r+b") as disk:
                disk.truncate(300 * MIB)
            device = self.disk(self.iso, 0)
            self.assert_partition(self.write_partition(device), "ext4", "made")
            self.detach(device)
            self.assertIn("is right", self.check())

    def test_none_is_there(self):
        shutil.copyfile(self.iso, self.backing)
        self.assertIn("has no checksum embedded", self.check())

    def test_a_disk_that_ends_too_early(self):
        self.tag()
        with open(self.backing, "r+b") as disk:
            disk.truncate(2 * MIB)
        self.assertIn("in the middle of its image", self.check())


if __name__ == "__main__":
    tap.main()
