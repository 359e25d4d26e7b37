# SPDX-License-Identifier: LGPL-2.1-or-later
"""The partition for changes behind an image, and the checksum inside it, on loop devices. Needs root throughout."""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from loop_device import ATTACH_IN_SHELL, LoopDevice  # noqa: E402

HAS_DEVICE_MAPPER = "device-mapper" in pathlib.Path("/proc/devices").read_text()
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
        """Detaches, unless the test has done so: the number may belong to another device by now."""
        if loop := self.loops.pop(device, None):
            subprocess.run(["partx", "--delete", device], check=False, stderr=subprocess.DEVNULL)
            loop.detach()

    def contents(self, device):
        return self.loops[device].contents()

    def write_partition(self, device, filesystem="ext4", *encrypt):
        return run(os.environ["BOOTFERRY_WRITE_PARTITION"], device, filesystem, *encrypt, check=False)

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
    def test_the_image_in_memory_is_not_a_disk(self):
        """The loop device that stands in for a RAM disk, also if its file was attached under another name."""
        for name in ("/run/bootferry/ram/image", self.path / "other"):
            with self.subTest(name):
                result = run("unshare", "--mount", "sh", "-ec", f"""{ATTACH_IN_SHELL}
                    mount -t tmpfs -o size=32m tmpfs /run
                    mkdir -p /run/bootferry/ram
                    cp {self.iso} /run/bootferry/ram/image
                    truncate --size=16M /run/bootferry/ram/image
                    [ {name} = /run/bootferry/ram/image ] ||
                        {{ touch {name}; mount --bind /run/bootferry/ram/image {name}; }}
                    attach {name}
                    trap 'losetup --detach "$loop"' EXIT
                    {os.environ["BOOTFERRY_WRITE_PARTITION"]} "$loop" ext4""", check=False)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertRegex(result.stdout, "^'/dev/loop[0-9]+' is not a writable disk$")

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
        """The table entry is written last, so that a power cut leaves only bytes in the free space."""
        device = self.disk(self.iso, 300 * MIB)
        before = self.backing.read_bytes()[:self.iso.stat().st_size]
        self.assert_partition(self.write_partition(device), "ext4", "made")
        self.detach(device)
        with open(self.backing, "r+b") as disk:
            disk.write(before)
        device = self.disk(self.iso, 0)
        self.assert_partition(self.write_partition(device), "ext4", "made")

    def test_an_empty_partition_behind_the_image_is_not_touched(self):
        """A lost entry cannot be distinguished from one that was never made."""
        device = self.disk(self.iso, 300 * MIB)
        run("sfdisk", "--append", "--no-reread", device, input="size=200MiB\n")
        before = self.contents(device)
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no room", result.stdout)
        self.assertEqual(self.contents(device), before)

    def test_a_table_with_ends_near_2_to_the_64(self):
        shutil.copyfile(self.gpt_iso, self.backing)
        with open(self.backing, "r+b") as disk:
            image = bytearray(disk.read())
            header, entries = 512, int.from_bytes(image[512 + 72:512 + 80], "little") * 512
            count, width = (int.from_bytes(image[at:at + 4], "little") for at in (512 + 80, 512 + 84))
            for number, first, last in ((10, 1 << 55, (1 << 64) - 1), (11, (1 << 64) - 2048, (1 << 64) - 2), (12, 3, 2)):
                at = entries + number * width
                image[at:at + 16] = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
                image[at + 16:at + 32] = os.urandom(16)
                image[at + 32:at + 48] = first.to_bytes(8, "little") + last.to_bytes(8, "little")
            crc = zlib.crc32(image[entries:entries + count * width])
            image[header + 88:header + 92] = crc.to_bytes(4, "little")
            image[header + 16:header + 20] = bytes(4)
            image[header + 16:header + 20] = zlib.crc32(image[header:header + 92]).to_bytes(4, "little")
            disk.seek(0)
            disk.write(image)
            disk.truncate(300 * MIB)
        device = self.disk(self.gpt_iso, 0)
        result = self.write_partition(device)
        if result.returncode == 0:
            self.assert_usable(result.stdout.split()[-3], "ext4")
        size = self.gpt_iso.stat().st_size
        self.assertEqual(self.contents(device)[32768:size - 33 * 512], bytes(image[32768:size - 33 * 512]))

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
        holder = os.open(f"{device}p1", os.O_RDONLY | os.O_EXCL)  # a mount opens a device like this
        self.addCleanup(os.close, holder)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        self.assert_usable(node, "ext4")

    def test_one_that_kiwi_made_is_found(self):
        """With the keys that KIWI's preparePersistentOverlayDiskBoot sends."""
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

    def test_one_in_the_clear_is_neither_written_to_nor_shown_if_an_encrypted_one_is_wanted(self):
        device = self.disk(self.iso, 300 * MIB)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        before = self.contents(device)
        for words in (["encrypt"], ["encrypt", "show"]):
            with self.subTest(words):
                result = self.write_partition(device, "ext4", *words)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(f"'{node}' keeps changes in the clear, and rd.live.encrypt is given", result.stdout)
        self.assertEqual(self.contents(device), before)

    @unittest.skipIf(HAS_DEVICE_MAPPER, "this kernel has a device mapper: sealed_boot_test.py opens one")
    def test_an_encrypted_one_is_neither_made_nor_replaced_where_none_can_be_opened(self):
        device = self.disk(self.iso, 300 * MIB)
        before = self.contents(device)
        result = self.write_partition(device, "ext4", "encrypt")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("cannot encrypt the changes that are kept: the module 'dm_crypt' is not in the initrd", result.stdout)
        self.assertEqual(self.contents(device), before)
        node = self.assert_partition(self.write_partition(device), "ext4", "made")
        header = self.path / "header"
        header.write_bytes(bytes(32 * MIB))
        run("cryptsetup", "luksFormat", "--batch-mode", "--force-password", "--type=luks2", "--label=lukscow",
            "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000", header, input="geheim")
        with open(node, "r+b") as partition:
            partition.write(header.read_bytes())
        before = self.contents(device)
        for encrypt in ([], ["encrypt"]):
            result = self.write_partition(device, "ext4", *encrypt)
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("the module 'dm_crypt' is not in the initrd", result.stdout)
            self.assertEqual(self.contents(device), before)

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
        self.assertIn("that disk may hold other data", result.stdout)
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


class LostEntry(IsoOnADisk):
    """The file system is where the partition would be made: it is found there, and nothing is wiped before."""

    def used_overlay(self, image, filesystem):
        self.backing.unlink(missing_ok=True)
        device = self.disk(image, 512 * MIB)
        node = self.assert_partition(self.write_partition(device, filesystem), filesystem, "made")
        folder = self.path / "mounted"
        folder.mkdir(exist_ok=True)
        run("mount", node, folder)
        (folder / "dear").write_text("to somebody")
        run("umount", folder)
        self.detach(device)

    def lose_entry(self, image):
        with open(self.backing, "r+b") as disk:
            disk.write(image.read_bytes()[:32768])
            disk.seek(-33 * 512, os.SEEK_END)
            disk.write(bytes(33 * 512))

    def dear(self, node):
        folder = self.path / "mounted"
        run("mount", node, folder)
        text = (folder / "dear").read_text()
        run("umount", folder)
        return text

    def test_is_entered_again(self):
        for image in (self.iso, self.gpt_iso, self.debian_iso):
            for filesystem in ("ext4", "xfs", "btrfs"):
                with self.subTest(image=image.name, filesystem=filesystem):
                    self.used_overlay(image, filesystem)
                    self.lose_entry(image)
                    device = self.disk(image, 0)
                    # Whatever file system is asked for now.
                    node = self.assert_partition(self.write_partition(device, "ext4"), filesystem, "found")
                    self.assertEqual(self.dear(node), "to somebody")
                    self.detach(device)
                    device = self.disk(image, 0)
                    self.assertEqual(self.dear(self.assert_partition(self.write_partition(device), filesystem, "found")),
                                     "to somebody")
                    self.detach(device)

    def test_an_unfinished_xfs_is_made_again(self):
        self.used_overlay(self.iso, "xfs")
        self.lose_entry(self.iso)
        data = self.backing.read_bytes()
        begin = data.index(b"XFSB", self.iso.stat().st_size)
        with open(self.backing, "r+b") as disk:
            disk.seek(begin + 126)
            disk.write(b"\1")
        self.assert_partition(self.write_partition(self.disk(self.iso, 0), "xfs"), "xfs", "made")

    def test_a_damaged_one_is_left_alone(self):
        self.used_overlay(self.iso, "ext4")
        self.lose_entry(self.iso)
        device = self.disk(self.iso, 0)
        begin = self.contents(device).index(b"cow\0", self.iso.stat().st_size) - 1024 - 120
        put = random.Random(9).randbytes(8 * MIB)
        with open(device, "r+b") as disk:
            disk.seek(begin + 4096)
            disk.write(put)
        result = self.write_partition(device)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("is damaged", result.stdout)
        self.assertEqual(self.contents(device)[begin + 1024 + 120:][:4], b"cow\0")  # e2fsck alone was there


class SparseDisk:
    """The bytes of a disk that is nearly all zeros, by page. To copy and to write all of them for every state of a disk
    would take minutes."""

    page = 4096

    def __init__(self, size, pages=None):
        self.size = size
        self.pages = dict(pages or {})

    @classmethod
    def read(cls, path):
        with open(path, "rb") as file:
            disk = cls(file.seek(0, os.SEEK_END))
            file.seek(0)
            for position in range(0, disk.size, MIB):
                piece = file.read(MIB)
                if piece.count(0) != len(piece):
                    disk.land(position, piece)
        return disk

    def copy(self):
        return SparseDisk(self.size, self.pages)

    def land(self, position, data):
        at = 0
        while at < len(data):
            number, begin = divmod(position + at, self.page)
            piece = data[at:at + self.page - begin]
            old = self.pages.get(number, bytes(self.page))
            self.pages[number] = old[:begin] + piece + old[begin + len(piece):]
            at += len(piece)

    def write(self, path):
        with open(path, "wb") as file:
            file.truncate(self.size)
            for number, piece in self.pages.items():
                file.seek(number * self.page)
                file.write(piece)

    def __eq__(self, other):
        zeros = bytes(self.page)
        mine, theirs = ({number: piece for number, piece in disk.pages.items() if piece != zeros} for disk in (self, other))
        return self.size == other.size and mine == theirs


class PowerLoss(IsoOnADisk):
    """All writes while the partition is made, with their flushes: cut at each flush, between two of them
    in any order and torn. The next boot makes it or finds it, and its table is sound afterwards."""

    def record(self, image, filesystem):
        library = self.path / "disk_faults.so"
        source = pathlib.Path(__file__).resolve().parent.parent / "support/disk_faults.c"
        run("cc", "-shared", "-fPIC", "-o", library, source, "-ldl")
        self.backing.unlink(missing_ok=True)
        device = self.disk(image, 400 * MIB)
        base = SparseDisk.read(self.backing)
        number = os.stat(device).st_rdev
        record = self.path / "record"
        record.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": str(library), "DISK_FAULT_RECORD": str(record),
                       "DISK_FAULT_DEVICE": f"{os.major(number)}:{os.minor(number)}"}
        self.assert_partition(run(os.environ["BOOTFERRY_WRITE_PARTITION"], device, filesystem, check=False,
                                  env=environment), filesystem, "made")
        epochs = self.epochs(record.read_bytes())
        after = SparseDisk.read(device)
        self.detach(device)
        whole = base.copy()
        for epoch in epochs:
            for write in epoch:
                whole.land(*write)
        self.assertTrue(whole == after, "the record has everything that was written")
        return base, epochs

    def epochs(self, record):
        epochs, at = [[]], 0
        while at < len(record):
            end = record.index(b"\n", at)
            words = record[at:end].split()
            at = end + 1
            if words[0] == b"F":
                epochs.append([])
            else:
                position, size = int(words[1]), int(words[2])
                epochs[-1].append((position, record[at:at + size]))
                at += size
        self.assertEqual(epochs[-1], [], "what was written last is flushed")
        return [epoch for epoch in epochs if epoch]

    def next_boot(self, contents, image, filesystem, where):
        contents.write(self.backing)
        device = self.disk(image, 0)
        result = self.write_partition(device, filesystem)
        self.assertEqual(result.returncode, 0, f"{where}: {result.stdout}")
        self.assert_usable(result.stdout.split()[-3], filesystem)
        self.assertNotIn("corrupt", run("sfdisk", "--verify", device, check=False).stdout, where)
        with open(device, "rb") as disk:
            disk.seek(32768)
            self.assertTrue(disk.read(image.stat().st_size - 32768 - 33 * 512) ==
                            image.read_bytes()[32768:-33 * 512], where)
        self.detach(device)
        return result.stdout.split()[-1]

    def check(self, image, filesystem):
        base, epochs = self.record(image, filesystem)
        dice = random.Random(5)
        found = set()
        synced = base.copy()
        for number, epoch in enumerate(epochs):
            for cut in range(3 if number >= len(epochs) - 6 else 1):
                disk = synced.copy()
                for position, data in dice.sample(epoch, k=len(epoch)):
                    begin, end = (dice.randrange(len(data) // 512 + 1) * 512, len(data)) if dice.random() < 0.3 else (0, len(data))
                    if dice.random() < 0.6:
                        disk.land(position + begin, data[begin:end])
                found.add(self.next_boot(disk, image, filesystem, f"epoch {number} of {len(epochs)}, cut {cut}"))
            for write in epoch:
                synced.land(*write)
        found.add(self.next_boot(synced, image, filesystem, "all of it"))
        self.assertEqual(found, {"made", "found"})

    def test_mbr(self):
        self.check(self.iso, "ext4")

    def test_gpt(self):
        self.check(self.gpt_iso, "ext4")

    def test_mbr_xfs(self):
        self.check(self.iso, "xfs")

    def test_gpt_btrfs(self):
        self.check(self.gpt_iso, "btrfs")

    def test_debians_live_build_hybrid(self):
        self.check(self.debian_iso, "ext4")


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
            self.assertIn("matches", self.check())

    def test_a_checksum_of_nothing_is_not_right(self):
        for words in ("md5sum=d41d8cd98f00b204e9800998ecf8427e;pad=1000000;check=1",
                      "ISO MD5SUM = d41d8cd98f00b204e9800998ecf8427e;SKIPSECTORS = 99999999"):
            image = bytearray(self.iso.read_bytes())
            image[FIELD:FIELD + 512] = words.encode().ljust(512)
            self.backing.write_bytes(image)
            messages = self.check()
            self.assertIn("covers nothing", messages)
            self.assertNotIn("matches", messages)

    def test_bytes_of_the_image_are_made_printable(self):
        for words in (b"md5sum=\x1b[2J\nall is well", b"\x1b[2Jsum=abc", b"sha256sum=\xc2\x9b2J"):
            image = bytearray(self.iso.read_bytes())
            image[FIELD:FIELD + 512] = words.ljust(512)
            self.backing.write_bytes(image)
            messages = self.check()
            self.assertNotIn("\x1b", messages)
            self.assertNotIn("\x9b", messages)
            self.assertNotIn("\nall is well", messages)

    def test_what_is_damaged(self):
        for prepare in (self.implant, self.tag):
            prepare()
            self.spoil(2 * MIB)
            messages = self.check()
            self.assertIn("is damaged: its embedded", messages)
            self.assertNotIn("matches", messages)

    def test_a_write_partition_does_not_matter(self):
        for prepare in (self.implant, self.tag):
            prepare()
            with open(self.backing, "r+b") as disk:
                disk.truncate(300 * MIB)
            device = self.disk(self.iso, 0)
            self.assert_partition(self.write_partition(device), "ext4", "made")
            self.detach(device)
            self.assertIn("matches", self.check())

    def test_a_medium_without_a_checksum(self):
        shutil.copyfile(self.iso, self.backing)
        self.assertIn("has no embedded checksum", self.check())

    def test_a_disk_that_ends_too_early(self):
        self.tag()
        with open(self.backing, "r+b") as disk:
            disk.truncate(2 * MIB)
        self.assertIn("in the middle of its image", self.check())


if __name__ == "__main__":
    tap.main()
