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
from loop_device import LoopDevice  # noqa: E402

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
        # The options of live-build's binary_iso for amd64.
        cls.debian_iso = cls.shared / "debian.iso"
        (tree / "efi.img").write_bytes(efi.read_bytes())
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "DEBIAN_LIVE", "-R", "-r", "-J", "-joliet-long", "-l",
            "-cache-inodes", "-iso-level", "3", "-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin",
            "-partition_offset", "16", "-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4",
            "-boot-info-table", "-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot", "-isohybrid-gpt-basdat",
            "-isohybrid-apm-hfsplus", "-o", cls.debian_iso, tree)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-overlay-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.backing = self.path / "disk"
        self.loops = {}

    def disk(self, iso, size):
        if not self.backing.exists():
            shutil.copyfile(iso, self.backing)
            with open(self.backing, "r+b") as disk:
                disk.truncate(max(size, iso.stat().st_size))
        return self.attach(self.backing, "--partscan")

    def attach(self, backing, *options):
        loop = LoopDevice(backing, *options)
        self.loops[loop.path] = loop
        self.addCleanup(self.detach, loop.path)
        return loop.path

    def detach(self, device):
        """If the test has not done so before: the number may be another's by now."""
        if loop := self.loops.pop(device, None):
            subprocess.run(["partx", "--delete", device], check=False, stderr=subprocess.DEVNULL)
            loop.detach()

    def contents(self, device):
        return self.loops[device].contents()

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
                self.assertEqual(self.contents(device)[512:len(image)], image[512:])
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

    def test_each_step_is_flushed_before_the_next(self):
        """The file system, then the partition's entry: what is in the overlay was promised to be kept by then."""
        library = self.path / "disk_faults.so"
        source = pathlib.Path(__file__).resolve().parent.parent / "support/disk_faults.c"
        run("cc", "-shared", "-fPIC", "-o", library, source, "-ldl")
        for image in (self.iso, self.gpt_iso, self.debian_iso):
            with self.subTest(image.name):
                self.backing.unlink(missing_ok=True)
                device = self.disk(image, 300 * MIB)
                number = os.stat(device).st_rdev
                log = self.path / "log"
                log.unlink(missing_ok=True)
                environment = {**os.environ, "LD_PRELOAD": str(library), "DISK_FAULT_LOG": str(log)}
                self.assert_partition(run(os.environ["BOOTFERRY_WRITE_PARTITION"], device, "ext4", check=False,
                                          env=environment), "ext4", "made")
                ours = f"{os.major(number)}:{os.minor(number)}"
                events = [line.split() for line in log.read_text().splitlines()]
                entry = [i for i, event in enumerate(events) if event[:2] == ["write", ours]]
                made = max(i for i, event in enumerate(events) if event[0] == "write" and event[1] != ours)
                self.assertIn("flush", [event[0] for event in events[made + 1:entry[0]] if event[1] == ours])
                self.assertEqual(events[-1], ["flush", ours])
                self.detach(device)

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

    def test_one_that_was_not_finished_is_made_again(self):
        """It is entered into the table last, so that a power cut leaves but bytes in the free space."""
        device = self.disk(self.iso, 300 * MIB)
        before = self.backing.read_bytes()[:self.iso.stat().st_size]
        self.assert_partition(self.write_partition(device), "ext4", "made")
        self.detach(device)
        with open(self.backing, "r+b") as disk:
            disk.write(before)
        device = self.disk(self.iso, 0)
        self.assert_partition(self.write_partition(device), "ext4", "made")

    def test_an_empty_partition_behind_the_image_is_not_touched(self):
        """Nobody can tell one that was lost from one that was never made."""
        device = self.disk(self.iso, 300 * MIB)
        run("sfdisk", "--append", "--no-reread", device, input="size=200MiB\n")
        before = self.contents(device)
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no room", result.stdout)
        self.assertEqual(self.contents(device), before)

    def test_signatures_of_an_earlier_use_are_gone(self):
        device = self.disk(self.iso, 300 * MIB)
        with open(device, "r+b") as disk:
            disk.seek(-65536, os.SEEK_END)
            disk.write(bytes.fromhex("fc4e2ba9") + bytes(252))  # mdraid 0.90, of the disk and of its last partition
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assertEqual(run("wipefs", "--noheadings", "--output", "TYPE", node).stdout.split(), ["ext4"])

    def test_while_the_disk_is_in_use(self):
        device = self.disk(self.iso, 300 * MIB)
        first = run("sfdisk", "--dump", device).stdout
        self.assertIn(f"{device}p1 ", first)
        if not os.path.exists(f"{device}p1"):
            run("partx", "--add", "--nr", "1", device)
        holder = os.open(f"{device}p1", os.O_RDONLY | os.O_EXCL)  # as a mount has it
        self.addCleanup(os.close, holder)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assert_usable(node, "ext4")

    def test_one_that_kiwi_made_is_found(self):
        """With the very keys that KIWI's preparePersistentOverlayDiskBoot presses."""
        for image in (self.iso, self.gpt_iso, self.debian_iso):
            with self.subTest(image.name):
                self.backing.unlink(missing_ok=True)
                device = self.disk(image, 300 * MIB)
                keys = "n\n\n\n\nw\n" if image is self.gpt_iso else "n\np\n\n\n\nw\nq\n"
                run("fdisk", device, input=keys, check=False)  # it cannot have the table read again
                run("partx", "--update", device, check=False)
                node = sorted(str(path) for path in pathlib.Path("/dev").glob(f"{os.path.basename(device)}p*"))[-1]
                run("mkfs.ext4", "-q", "-F", "-L", "cow", node)
                self.assertEqual(self.assert_partition(self.write_partition(device, "xfs"), "ext4", "found"), node)
                self.detach(device)

    def test_debians_live_build_hybrid(self):
        """MBR, GPT without a protective MBR and an Apple partition map, all at once and overlapping."""
        device = self.disk(self.debian_iso, 300 * MIB)
        image = self.debian_iso.read_bytes()
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assert_usable(node, "ext4")
        self.assertEqual(self.contents(device)[32768:len(image)], image[32768:])
        self.detach(device)
        device = self.disk(self.debian_iso, 0)
        self.assertEqual(os.path.basename(self.assert_partition(self.write_partition(device), "ext4", "found")),
                         os.path.basename(device) + node[node.rindex("p"):])

    def test_nothing_is_taken_from_another_disk(self):
        other = self.path / "other"
        with open(other, "wb") as disk:
            disk.truncate(200 * MIB)
        run("mkfs.ext4", "-q", "-F", "-L", "cow", other)
        device = self.attach(other)
        before = self.contents(device)
        ours = self.disk(self.iso, 300 * MIB)
        self.assertTrue(self.assert_partition(self.write_partition(ours), "ext4", "made").startswith(ours))
        self.assertEqual(self.contents(device), before)

    def test_a_medium_on_a_partition_leaves_its_neighbours_alone(self):
        with open(self.backing, "wb") as disk:
            disk.truncate(512 * MIB)
        run("sfdisk", self.backing, input="label: gpt\nsize=64MiB\nsize=200MiB\n")
        with open(self.backing, "r+b") as disk:
            disk.seek(MIB)
            disk.write(self.iso.read_bytes())
        device = self.disk(self.iso, 0)
        if not os.path.exists(f"{device}p1"):
            run("partx", "--add", device)
        before = self.contents(device)
        result = self.write_partition(f"{device}p1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("somebody else's", result.stdout)
        self.assertEqual(self.contents(device), before)

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
