# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferry-live-root on real images and real mounts: what it builds, and that a failure leaves nothing.

Needs root, loop devices and the kernel's file systems. Everything is mounted in a mount namespace of
this test's own, below a temporary folder.
"""

import contextlib
import errno
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from loop_device import LoopDevice  # noqa: E402

IN_NAMESPACE = "BOOTFERRY_TEST_MOUNT_NAMESPACE"
HELLO = "the root of a live system\n"
MIB = 1 << 20


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def kernel_mounts(kind):
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", "-q", kind], check=False, capture_output=True)
    return kind in pathlib.Path("/proc/filesystems").read_text().split()


def sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def squashfs(folder, path):
    run("mksquashfs", folder, path, "-noappend", "-quiet", "-no-progress", "-all-root")
    return path


def ext4(folder, path, size=16 * MIB, *options):
    run("mkfs.ext4", "-q", "-F", *options, "-d", folder, sparse(path, size))
    return path


def mounts_below(folder):
    """Mount point → (type, source, superblock options)."""
    found = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        kind, source, options = words[words.index("-") + 1:][:3]
        if words[4].startswith(str(folder) + "/"):
            found[words[4]] = (kind, source, options)
    return found


def delete_while_open(image, path):
    """Leaves an ext4 as a power cut does while a deleted file is open."""
    number = re.search(r"Inode: (\d+)", run("debugfs", "-R", f"stat {path}", image)).group(1)
    for command in (f"sif <{number}> links_count 0", f"unlink {path}", f"ssv last_orphan {number}"):
        run("debugfs", "-w", "-R", command, image)


def loops_below(folder):
    """Loop devices whose file lies there, each with its read-only and autoclear flags."""
    lines = run("losetup", "--list", "--noheadings", "--raw", "--output", "NAME,RO,AUTOCLEAR,BACK-FILE").splitlines()
    fields = [line.split(maxsplit=3) for line in lines]
    return {name: (ro, autoclear) for name, ro, autoclear, file in fields if file.startswith(str(folder) + "/")}


class LiveRootCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if IN_NAMESPACE not in os.environ:
            raise unittest.SkipTest("needs root: it mounts")
        folder = tempfile.TemporaryDirectory(prefix="bootferry-live-root-")
        cls.addClassCleanup(folder.cleanup)
        cls.images = pathlib.Path(folder.name).resolve()
        cls.tree = cls.images / "tree"
        for name in ("usr/lib/systemd/systemd", "etc/hello"):
            (cls.tree / name).parent.mkdir(parents=True)
            (cls.tree / name).write_text(HELLO)
        cls.rootfs = ext4(cls.tree, cls.images / "rootfs.img")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-live-root-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name).resolve()
        self.overlay = self.path / "overlay"
        self.addCleanup(self.unmount_everything)

    def unmount_everything(self):
        for point in reversed(mounts_below(self.path)):
            run("umount", point)

    def folder(self, files):
        """A folder of files: name → file to copy, text, or None for a folder."""
        top = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        top.chmod(0o755)
        for name, what in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            if what is None:
                (top / name).mkdir()
            elif isinstance(what, pathlib.Path):
                shutil.copyfile(what, top / name)
            else:
                (top / name).write_text(what)
        return top

    def container(self, rootfs=None, name="LiveOS/rootfs.img"):
        return squashfs(self.folder({name: rootfs or self.rootfs}), self.path / "squashfs.img")

    def medium(self, files):
        return ext4(self.folder(files), self.path / "medium.img", 64 * MIB, "-L", "CDROM")

    def device(self, image):
        loop = LoopDevice(image)
        self.addCleanup(loop.detach)
        self.device_name = loop.path
        return loop.path

    def live_root(self, *words):
        return subprocess.run([os.environ["BOOTFERRY_LIVE_ROOT"], f"--run-dir={self.overlay}", *words],
                              capture_output=True, text=True)

    def kinds(self):
        return {point.rsplit("/", 1)[1]: what[0] for point, what in mounts_below(self.overlay).items()}

    def assert_boots(self, image, kinds, *options):
        """Assembles the live root, and mounts what sysroot.mount mounts."""
        result = self.live_root(*options, self.device(image))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds(), dict(kinds, overlayfs="tmpfs"))
        self.assertEqual((self.overlay / "rootfsbase/etc/hello").read_text(), HELLO)
        for name in kinds:
            with self.assertRaises(OSError, msg=name) as caught:
                (self.overlay / name / "new").mkdir()
            self.assertEqual(caught.exception.errno, errno.EROFS)
        sysroot = self.path / "sysroot"
        sysroot.mkdir(exist_ok=True)
        layers = (f"lowerdir={self.overlay}/rootfsbase,upperdir={self.overlay}/overlayfs/rw,"
                  f"workdir={self.overlay}/overlayfs/work")
        run("mount", "-t", "overlay", "-o", layers, "LiveOS_rootfs", sysroot)
        (sysroot / "etc/hello").write_text("changed\n")
        self.assertEqual((self.overlay / "overlayfs/rw/etc/hello").read_text(), "changed\n")
        self.assertEqual((self.overlay / "rootfsbase/etc/hello").read_text(), HELLO)
        return result

    def assert_refused(self, words, *texts):
        result = self.live_root(*words)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)
        self.assertEqual(mounts_below(self.overlay), {})
        self.assertEqual(loops_below(self.overlay), {})
        return result.stderr

    @contextlib.contextmanager
    def written(self, image):
        """The image's mount point, to change files in it."""
        point = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        run("mount", "-o", "loop", image, point)
        try:
            yield point
        finally:
            run("umount", point)


class Layouts(LiveRootCase):
    def test_rootfs_in_squashfs_on_a_medium(self):
        image = self.medium({"LiveOS/squashfs.img": self.container()})
        self.assert_boots(image, {"live": "ext4", "squashfs_container": "squashfs", "rootfsbase": "ext4"})

    def test_a_file_that_was_open_when_the_power_failed_stays_on_the_medium(self):
        """ext4 frees such files on a writable device, also with ro and noload."""
        image = self.medium({"LiveOS/squashfs.img": self.container(), "deleted": "still open\n"})
        delete_while_open(image, "/deleted")
        disk = sparse(self.path / "disk.img", 66 * MIB)
        subprocess.run(["sfdisk", "-q", disk], input="start=2048, type=83\n", check=True, text=True)
        run("dd", f"if={image}", f"of={disk}", "bs=1M", "seek=1", "conv=notrunc")
        before = pathlib.Path(disk).read_bytes()
        loop = LoopDevice(disk, "--partscan")
        self.addCleanup(loop.detach)
        self.addCleanup(subprocess.run, ["partx", "--delete", loop.path], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["partx", "--add", "--nr", "1", loop.path], check=False, stderr=subprocess.DEVNULL)
        result = self.live_root(f"{loop.path}p1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["live"], "ext4")
        self.assertEqual(run("blockdev", "--getro", f"{loop.path}p1").strip(), "0")
        os.sync()
        self.assertTrue(pathlib.Path(disk).read_bytes() == before, "the medium was written to")

    def test_loop_devices_are_read_only_and_go_with_their_mounts(self):
        image = self.medium({"LiveOS/squashfs.img": self.container()})
        self.assertEqual(self.live_root(self.device(image)).returncode, 0)
        self.assertEqual(list(loops_below(self.overlay).values()), [("1", "1")] * 2)
        self.unmount_everything()
        self.assertEqual(loops_below(self.overlay), {})

    def test_root_tree_in_squashfs(self):
        image = self.medium({"LiveOS/squashfs.img": squashfs(self.tree, self.path / "flat.img")})
        self.assert_boots(image, {"live": "ext4", "squashfs_container": "squashfs", "rootfsbase": "squashfs"})

    def test_root_file_system_without_a_container(self):
        image = self.medium({"LiveOS/squashfs.img": self.rootfs})
        self.assert_boots(image, {"live": "ext4", "rootfsbase": "ext4"})

    def test_folder_and_file_of_other_names(self):
        image = self.medium({"images/today/root.sfs": self.container(name="images/today/rootfs.img")})
        self.assert_boots(image, {"live": "ext4", "squashfs_container": "squashfs", "rootfsbase": "ext4"},
                          "--dir=images/today", "--squashimg=root.sfs")

    def test_the_container_keeps_kiwis_folder(self):
        image = self.medium({"squashfs.img": self.container()})
        self.assert_boots(image, {"live": "ext4", "squashfs_container": "squashfs", "rootfsbase": "ext4"}, "--dir=")

    def test_squashfs_alone(self):
        image = squashfs(self.tree, self.path / "alone.img")
        self.assert_boots(image, {"squashfs_container": "squashfs", "rootfsbase": "squashfs"})

    def test_rootfs_in_squashfs_alone(self):
        self.assert_boots(self.container(), {"squashfs_container": "squashfs", "rootfsbase": "ext4"})

    def test_erofs_alone(self):
        image = self.path / "alone.img"
        run("mkfs.erofs", "--quiet", image, self.tree)
        self.assert_boots(image, {"squashfs_container": "erofs", "rootfsbase": "erofs"})

    def test_each_compression(self):
        for compression in ("gzip", "lzo", "xz", "lz4", "zstd"):
            image = self.path / f"{compression}.img"
            made = subprocess.run(["mksquashfs", self.tree, image, "-comp", compression, "-quiet", "-no-progress"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if made.returncode == 0:
                with self.subTest(compression):
                    self.assert_boots(image, {"squashfs_container": "squashfs", "rootfsbase": "squashfs"})
                    self.unmount_everything()
        image = self.path / "erofs.img"
        run("mkfs.erofs", "--quiet", "-zlz4", image, self.tree)
        self.assert_boots(self.medium({"LiveOS/squashfs.img": image}),
                          {"live": "ext4", "squashfs_container": "erofs", "rootfsbase": "erofs"})

    def test_file_system_that_is_the_root(self):
        self.assert_boots(self.rootfs, {"live": "ext4", "rootfsbase": "ext4"})

    def test_on_a_disk_whose_end_cannot_be_read(self):
        image = squashfs(self.tree, self.path / "alone.img")
        os.truncate(image, 8 * MIB)
        device = self.device(image)
        os.truncate(image, 8 * MIB - 65536)
        result = self.live_root(device)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds(), {"squashfs_container": "squashfs", "rootfsbase": "squashfs", "overlayfs": "tmpfs"})

    def test_a_link_to_the_device(self):
        (self.path / "image").symlink_to(self.device(self.rootfs))
        result = self.live_root(self.path / "image")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"'{self.device_name}': ext4", result.stderr)

    def test_hybrid_iso(self):
        medium = self.folder({"LiveOS/squashfs.img": self.container()})
        image = self.path / "live.iso"
        run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "CDROM", "-partition_offset", "16",
            "-append_partition", "2", "0xef", self.rootfs, "-o", image, medium)
        self.assertEqual(image.read_bytes()[510:512], b"\x55\xaa", "it has a partition table")
        if kernel_mounts("iso9660"):
            self.assert_boots(image, {"live": "iso9660", "squashfs_container": "squashfs", "rootfsbase": "ext4"})
        else:
            self.assert_refused([self.device(image)], "this kernel cannot mount iso9660")


class IsoScan(LiveRootCase):
    """Of this machine's devices, only those of the test are listed."""

    PLACE = pathlib.Path("/run/initramfs/isoscan")

    def setUp(self):
        super().setUp()
        self.PLACE.parent.mkdir(exist_ok=True)
        for folder in ("/sys/class/block", self.PLACE.parent):
            run("mount", "-t", "tmpfs", "none", folder)
            self.addCleanup(run, "umount", "--lazy", folder)  # the kernel detaches loop devices in its own time

    def list_device(self, image):
        loop = LoopDevice(image)
        self.addCleanup(loop.detach)
        self.addCleanup(run, "blockdev", "--setrw", loop.path)
        name = f"bootferry-test-{os.path.basename(loop.path)}"
        node = pathlib.Path("/dev", name)
        os.mknod(node, 0o600 | stat.S_IFBLK, os.stat(loop.path).st_rdev)
        self.addCleanup(node.unlink)
        pathlib.Path("/sys/class/block", name).mkdir()
        return loop.path

    def writable(self, device):
        return run("blockdev", "--getro", device).strip() == "0"

    def with_open_file(self, files, name):
        image = ext4(self.folder(dict(files, deleted="still open\n")), self.path / name, 64 * MIB)
        delete_while_open(image, "/deleted")
        return image

    def test_a_file_system_of_a_hibernated_machine_is_not_written_to(self):
        images = [self.with_open_file({"other": "text"}, "other.img"),
                  self.with_open_file({"isos/live.iso": self.container()}, "right.img")]
        before = [pathlib.Path(image).read_bytes() for image in images]
        other, right = (self.list_device(image) for image in images)
        result = self.live_root("--iso-scan=isos/live.iso", "/dev/sr0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["rootfsbase"], "ext4")
        os.sync()
        for image, content in zip(images, before):
            self.assertTrue(pathlib.Path(image).read_bytes() == content, f"{image} was written to")
        self.assertTrue(self.writable(other))
        self.assertFalse(self.writable(right), "its file system is mounted")

    def test_a_file_that_is_cut_or_another_one_is_not_the_medium(self):
        whole = self.container()
        cut, empty, other = (self.path / name for name in ("cut", "empty", "other"))
        cut.write_bytes(pathlib.Path(whole).read_bytes()[:60_000])
        empty.touch()
        ext4(self.folder({"a": "a"}), other, 16 * MIB, "-U", "11111111-1111-1111-1111-111111111111")
        for number, file in enumerate((cut, empty, other)):
            self.list_device(ext4(self.folder({"live.iso": file}), self.path / f"disk{number}", 64 * MIB))
        uuid = "22222222-2222-2222-2222-222222222222"
        right = ext4(self.folder({"LiveOS/squashfs.img": whole}), self.path / "right", 16 * MIB, "-U", uuid)
        self.list_device(ext4(self.folder({"live.iso": pathlib.Path(right)}), self.path / "disk9", 64 * MIB))
        result = self.live_root("--iso-scan=live.iso", f"/dev/disk/by-uuid/{uuid}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["rootfsbase"], "ext4")
        self.shut_down()

    def disk_with_iso(self, files=(), size=512 * MIB):
        image = ext4(self.folder({"isos/live.iso": self.container(), **dict(files)}), self.path / "disk.img", size)
        return self.list_device(image)

    def persistent(self, *words, name="isos/live.iso"):
        """Boots, and changes a file; returns the kind of the writable layer, and the messages."""
        result = self.live_root(f"--iso-scan={name}", "--persistent", *words, "/dev/sr0")
        self.assertEqual(result.returncode, 0, result.stderr)
        kind = self.kinds()["overlayfs"]
        (self.overlay / "overlayfs/rw/kept").write_text("kept")
        return kind, result.stderr

    def shut_down(self):
        self.unmount_everything()
        run("umount", self.PLACE)

    def test_changes_are_kept_in_a_file_beside_it(self):
        device = self.disk_with_iso()
        image = self.path / "disk.img"
        kind, messages = self.persistent("--cow-file-size=128", "--cow-file=isos/mine.cow")
        self.assertEqual(kind, "ext4")
        self.assertIn("changes are kept in '/run/initramfs/isoscan/isos/mine.cow' (ext4, new)", messages)
        self.assertEqual(sorted(os.listdir(self.PLACE / "isos")), ["live.iso", "mine.cow"])
        self.assertEqual((self.PLACE / "isos/mine.cow").stat().st_size, 128 * MIB)
        self.shut_down()
        before = pathlib.Path(image).read_bytes()
        kind, messages = self.persistent("--cow-file-size=256", "--cow-file=isos/mine.cow", "--overlay-readonly")
        self.assertEqual(kind, "tmpfs")
        self.assertIn("the kept changes are shown", messages)
        self.assertEqual((self.overlay / "kept/rw/kept").read_text(), "kept")
        self.assertFalse(self.writable(device))
        self.shut_down()
        os.sync()
        self.assertTrue(pathlib.Path(image).read_bytes() == before, "it was written to")
        run("blockdev", "--setrw", device)
        result = self.live_root("--iso-scan=isos/live.iso", "--persistent", "--cow-file=isos/mine.cow", "/dev/sr0")
        self.assertIn("mine.cow' (ext4)", result.stderr)
        self.assertEqual((self.overlay / "overlayfs/rw/kept").read_text(), "kept")
        self.shut_down()
        result = self.live_root("--iso-scan=isos/live.iso", "--persistent", "--cow-file=isos/mine.cow",
                                "--overlay-reset", "/dev/sr0")
        self.assertFalse((self.overlay / "overlayfs/rw/kept").exists(), result.stderr)
        self.shut_down()

    def test_the_file_has_kiwis_name_and_size(self):
        self.disk_with_iso(size=700 * MIB)
        self.assertEqual(self.persistent()[0], "ext4")
        self.assertEqual((self.PLACE / "live_system.cow").stat().st_size, 500 * MIB)
        self.shut_down()

    def test_a_file_that_kiwi_made_is_used(self):
        """KIWI gives its file system no label."""
        cow = ext4(self.folder({"rw/old": "old"}), self.path / "cow", 128 * MIB)
        self.disk_with_iso({"live_system.cow": pathlib.Path(cow)})
        kind, messages = self.persistent()
        self.assertEqual(kind, "ext4", messages)
        self.assertEqual((self.overlay / "overlayfs/rw/old").read_text(), "old")
        self.shut_down()

    def test_its_space_stays_allocated(self):
        self.disk_with_iso(size=700 * MIB)
        for kind in ("ext4", "xfs", "btrfs"):
            if not kernel_mounts(kind) or not shutil.which(f"mkfs.{kind}"):
                continue
            with self.subTest(kind):
                self.assertEqual(self.persistent(f"--cowfs={kind}", "--cow-file-size=340")[0], kind)
                file = self.PLACE / "live_system.cow"
                os.sync()
                self.assertGreaterEqual(file.stat().st_blocks * 512, 340 * MIB)
                self.unmount_everything()
                file.unlink()
                run("umount", self.PLACE)

    def test_a_file_of_another_program_is_not_touched(self):
        """A virtual machine's disk, and that of another live system, without the label of our own."""
        files = {name: ext4(self.folder(what), self.path / name, 128 * MIB)
                 for name, what in (("vm.img", {"etc/hello": "a", "usr/a": "a"}), ("casper-rw", {"upper/a": "a"}))}
        self.disk_with_iso({name: pathlib.Path(path) for name, path in files.items()})
        for name, path in files.items():
            with self.subTest(name):
                kind, messages = self.persistent(f"--cow-file={name}")
                self.assertEqual(kind, "tmpfs")
                self.assertIn("does not hold the file system for changes: its top folder contains", messages)
                os.sync()
                self.assertTrue((self.PLACE / name).read_bytes() == pathlib.Path(path).read_bytes(), "it was changed")
                self.assertFalse((self.overlay / "trial").exists())
                self.shut_down()

    def test_an_empty_one_without_a_label_is_used(self):
        """As KIWI leaves it if its first boot ends early."""
        cow = ext4(self.folder({}), self.path / "cow", 128 * MIB)
        self.disk_with_iso({"live_system.cow": pathlib.Path(cow)})
        self.assertEqual(self.persistent()[0], "ext4")
        self.shut_down()

    def test_a_file_with_a_similar_name_is_not_removed(self):
        self.disk_with_iso({"live_system.cow.new": "somebody's"})
        self.assertEqual(self.persistent("--cow-file-size=128")[0], "ext4")
        self.assertEqual((self.PLACE / "live_system.cow.new").read_text(), "somebody's")
        self.assertEqual(sorted(os.listdir(self.PLACE)), ["isos", "live_system.cow", "live_system.cow.new", "lost+found"])
        self.shut_down()

    def test_nothing_is_kept_on_a_hibernated_machine(self):
        swap = sparse(self.path / "swap", 16 * MIB)
        run("mkswap", swap)
        with open(swap, "r+b") as file:
            file.seek(4086)
            file.write(b"S1SUSPEND\0")
        self.list_device(swap)
        device = self.disk_with_iso()
        before = (self.path / "disk.img").read_bytes()
        kind, messages = self.persistent("--cow-file-size=128")
        self.assertEqual(kind, "tmpfs")
        self.assertIn("holds a hibernated system", messages)
        self.assertIn("CHANGES WILL BE LOST AT THE NEXT BOOT", messages)
        self.assertFalse(self.writable(device))
        self.shut_down()
        os.sync()
        self.assertTrue((self.path / "disk.img").read_bytes() == before, "it was written to")

    def test_what_is_no_file_for_changes_is_not_touched(self):
        link = self.folder({"isos/live.iso": self.container(), "other.cow": "x" * 5000, "empty.cow": "", "folder/a": ""})
        (link / "link.cow").symlink_to("/etc/passwd")
        (link / "away").symlink_to("/tmp")
        self.list_device(ext4(link, self.path / "disk.img", 256 * MIB))
        for words, reason in ((["--cow-file=other.cow"], "does not hold the file system for changes"),
                              (["--cow-file=empty.cow"], "does not hold the file system for changes"),
                              (["--cow-file=link.cow"], "is a link, not a file"),
                              (["--cow-file=away/a.cow"], "opening the folder of"),
                              (["--cow-file=missing/a.cow"], "opening the folder of"),
                              (["--cow-file=folder"], "opening '/run/initramfs/isoscan/folder'"),
                              (["--cow-file-size=100"], "rd.live.cowfile.mbsize=100 is too small"),
                              (["--cow-file-size=4096"], "No space left on device")):
            with self.subTest(words=words):
                kind, messages = self.persistent(*words)
                self.assertEqual(kind, "tmpfs")
                self.assertIn("CHANGES WILL BE LOST AT THE NEXT BOOT", messages)
                self.assertIn(reason, messages)
                self.assertEqual((self.PLACE / "other.cow").read_text(), "x" * 5000)
                self.assertEqual((self.PLACE / "empty.cow").stat().st_size, 0)
                self.assertEqual([name for name in os.listdir(self.PLACE) if "unfin" in name or name == "live_system.cow"], [])
                self.shut_down()

    def test_one_in_the_clear_is_not_used_if_an_encrypted_one_is_wanted(self):
        self.disk_with_iso()
        self.persistent("--cow-file-size=128")
        self.shut_down()
        device_mapper = "device-mapper" in pathlib.Path("/proc/devices").read_text()
        result = self.live_root("--iso-scan=isos/live.iso", "--persistent", "--encrypt", "/dev/sr0")
        if device_mapper:
            self.assertIn("keeps changes in the clear", result.stderr)
        else:
            self.assertEqual(result.returncode, 1, result.stderr)

    def test_only_the_file_system_with_the_iso_is_written_to(self):
        other = self.with_open_file({"other": "text"}, "other.img")
        before = pathlib.Path(other).read_bytes()
        self.list_device(other)
        self.disk_with_iso()
        self.assertEqual(self.persistent("--cow-file-size=128")[0], "ext4")
        os.sync()
        self.assertTrue(pathlib.Path(other).read_bytes() == before, "it was written to")
        self.shut_down()

    def test_without_persistent_nothing_is_written(self):
        device = self.disk_with_iso()
        result = self.live_root("--iso-scan=isos/live.iso", "/dev/sr0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.PLACE / "live_system.cow").exists())
        self.assertFalse(self.writable(device))
        self.shut_down()

    def test_a_second_try_after_a_failure(self):
        device = self.list_device(ext4(self.folder({"live.iso": self.rootless()}), self.path / "disk.img", 64 * MIB))
        for _ in range(2):
            result = self.live_root("--iso-scan=live.iso", "/dev/sr0")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("holds neither 'LiveOS/rootfs.img' nor a root tree", result.stderr)
            self.assertFalse(os.path.ismount(self.PLACE))
            self.assertTrue(self.writable(device))

    def rootless(self):
        return squashfs(self.folder({"empty": None}), self.path / "rootless.img")


class NotCleanlyUnmounted(LiveRootCase):
    """A file system on a read-only device, whose journal cannot be replayed, can still be mounted as the root."""

    def interrupted(self, kind, image):
        """A copy of the image while it is mounted and has just been written to."""
        copy = self.path / "interrupted.img"
        with self.written(image) as point:
            for number in range(20):
                (point / f"file{number}").write_text(HELLO * 100)
                with open(point / f"file{number}") as file:
                    os.fsync(file.fileno())
            run("cp", "--sparse=always", image, copy)
        plain = subprocess.run(["mount", "-o", "ro,loop", "-t", kind, copy, point], capture_output=True, text=True)
        if plain.returncode == 0:
            run("umount", point)
        self.assertNotEqual(plain.returncode, 0, "it can be mounted without options: this shows nothing")
        return copy

    def check(self, kind, image):
        interrupted = self.interrupted(kind, image)
        image = self.medium({"LiveOS/squashfs.img": self.container(interrupted)})
        self.assert_boots(image, {"live": "ext4", "squashfs_container": "squashfs", "rootfsbase": kind})

    def test_ext4(self):
        self.check("ext4", shutil.copyfile(self.rootfs, self.path / "ext4.img"))

    def made_with(self, kind, size):
        if shutil.which("mkfs." + kind) is None or not kernel_mounts(kind):
            self.skipTest(f"no mkfs.{kind}, or no {kind} in this kernel")
        image = sparse(self.path / (kind + ".img"), size)
        run("mkfs." + kind, "-q", image)
        with self.written(image) as point:
            run("cp", "-a", f"{self.tree}/.", point)
        return image

    def test_xfs(self):
        self.check("xfs", self.made_with("xfs", 320 * MIB))

    def test_btrfs(self):
        self.check("btrfs", self.made_with("btrfs", 128 * MIB))


class Overlay(LiveRootCase):
    def options(self):
        return mounts_below(self.overlay)[f"{self.overlay}/overlayfs"][2].split(",")

    def test_size(self):
        self.assertEqual(self.live_root("--overlay-size=64m", self.device(self.rootfs)).returncode, 0)
        self.assertIn("size=65536k", self.options())

    def test_part_of_the_memory(self):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self.assertEqual(self.live_root("--overlay-size=10%", self.device(self.rootfs)).returncode, 0)
        size = shutil.disk_usage(self.overlay / "overlayfs").total
        self.assertAlmostEqual(size / memory, 0.10, delta=0.01)

    def test_modes_whatever_the_umask(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.assertEqual(self.live_root(self.device(self.rootfs)).returncode, 0)
        for name in ("", "overlayfs", "overlayfs/rw", "overlayfs/work"):
            self.assertEqual((self.overlay / name).stat().st_mode & 0o7777, 0o755, name)


class BelowTheOverlay(LiveRootCase):
    """Files that the running system has removed or protected cannot be reached through the layers."""

    def setUp(self):
        super().setUp()
        tree = self.path / "armed"
        shutil.copytree(self.tree, tree, symlinks=True)
        shutil.copyfile("/usr/bin/id", tree / "etc/id")
        (tree / "etc/id").chmod(0o4755)
        os.mknod(tree / "etc/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        (tree / "etc/null").chmod(0o666)
        self.path.chmod(0o755)
        self.armed = tree

    def user(self, program):
        return run("setpriv", "--reuid=65534", "--clear-groups", program, "-u").strip()

    def mount_sysroot(self):
        sysroot = self.path / "sysroot"
        sysroot.mkdir()
        layers = (f"lowerdir={self.overlay}/rootfsbase,upperdir={self.overlay}/overlayfs/rw,"
                  f"workdir={self.overlay}/overlayfs/work")
        run("mount", "-t", "overlay", "-o", layers, "LiveOS_rootfs", sysroot)
        return sysroot

    def check(self, image):
        self.assertEqual(self.live_root(self.device(image)).returncode, 0)
        sysroot = self.mount_sysroot()
        self.assertEqual(self.user(sysroot / "etc/id"), "0")
        (sysroot / "etc/null").write_bytes(b"x")
        os.mknod(sysroot / "etc/zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        self.assertEqual((sysroot / "etc/zero").open("rb").read(1), b"\0")
        (sysroot / "etc/copied").write_bytes((sysroot / "etc/id").read_bytes())
        (sysroot / "etc/copied").chmod(0o4755)
        self.assertEqual(self.user(sysroot / "etc/copied"), "0")
        for folder in (self.overlay / "rootfsbase", self.overlay / "squashfs_container", self.overlay / "live"):
            if (folder / "etc/id").exists():
                self.assertEqual(self.user(folder / "etc/id"), "65534", folder)
                with self.assertRaises(PermissionError, msg=folder):
                    (folder / "etc/null").open("rb")
        self.assertEqual(self.user(self.overlay / "overlayfs/rw/etc/copied"), "65534")
        with self.assertRaises(PermissionError):
            (self.overlay / "overlayfs/rw/etc/zero").open("rb")

    def test_root_tree_in_squashfs(self):
        self.check(squashfs(self.armed, self.path / "alone.img"))

    def test_rootfs_in_squashfs_on_a_medium(self):
        rootfs = ext4(self.armed, self.path / "armed.img")
        self.check(self.medium({"LiveOS/squashfs.img": self.container(rootfs)}))

    def test_each_layer_is_nosuid_and_nodev(self):
        image = self.medium({"LiveOS/squashfs.img": self.container()})
        self.assertEqual(self.live_root(self.device(image)).returncode, 0)
        for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
            words = line.split()
            if words[4].startswith(f"{self.overlay}/"):
                self.assertLessEqual({"nosuid", "nodev"}, set(words[5].split(",")), line)


class Termination(LiveRootCase):
    def test_at_any_moment_all_is_mounted_or_nothing(self):
        image = self.medium({"LiveOS/squashfs.img": self.container()})
        device = self.device(image)
        dice = random.Random(3)
        seen = set()
        for attempt in range(24):
            process = subprocess.Popen([os.environ["BOOTFERRY_LIVE_ROOT"], f"--run-dir={self.overlay}", device],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            time.sleep(dice.uniform(0, 0.08))  # any moment will do
            process.send_signal(dice.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)))
            messages = process.communicate(timeout=60)[1]
            if process.returncode == 0:
                self.assertEqual(len(self.kinds()), 4, messages)
            else:
                self.assertEqual(mounts_below(self.overlay), {}, messages)
                self.assertEqual(loops_below(self.overlay), {}, messages)
            seen.add(process.returncode)
            self.unmount_everything()
        print(f"# ended with {sorted(seen)}", file=sys.stderr)


class KeptChanges(LiveRootCase):
    """If the partition for changes cannot be used, changes are lost, but the boot succeeds."""

    def setUp(self):
        super().setUp()
        self.disk_image = self.path / "disk"
        run("mkfs.erofs", "--quiet", self.disk_image, self.tree)
        os.truncate(self.disk_image, 512 * MIB)
        subprocess.run(["sfdisk", "-q", "--wipe", "never", "--no-reread", self.disk_image], check=True, text=True,
                       input="label: dos\n2M,340M,83\n", stdout=subprocess.DEVNULL)

    def place(self, cow):
        run("dd", f"if={cow}", f"of={self.disk_image}", "bs=1M", "seek=2", "conv=notrunc,sparse", "status=none")

    def attach_disk(self):
        loop = LoopDevice(self.disk_image, "--partscan")
        self.addCleanup(loop.detach)
        self.addCleanup(subprocess.run, ["partx", "--delete", loop.path], check=False, stderr=subprocess.DEVNULL)
        return loop.path

    def cow(self, **files):
        """An ext4 with rw and work as given: a folder for None, a link, or a file with text."""
        seed = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        for name, what in files.items():
            if what is None:
                (seed / name).mkdir()
            elif isinstance(what, pathlib.Path):
                (seed / name).symlink_to(what)
            else:
                (seed / name).write_text(what)
        return ext4(seed, self.path / f"cow{len(os.listdir(self.path))}", 128 * MIB, "-L", "cow")

    def boot(self, device):
        result = self.live_root("--persistent", device)
        self.assertEqual(result.returncode, 0, result.stderr)
        sysroot = self.path / "sysroot"
        sysroot.mkdir(exist_ok=True)
        layers = (f"lowerdir={self.overlay}/rootfsbase,upperdir={self.overlay}/overlayfs/rw,"
                  f"workdir={self.overlay}/overlayfs/work")
        run("mount", "-t", "overlay", "-o", layers, "LiveOS_rootfs", sysroot)
        (sysroot / "etc/new").write_text("new")
        self.assertFalse((self.overlay / "trial").exists())
        kind = self.kinds()["overlayfs"]
        run("umount", sysroot)
        return kind, result.stderr

    def assert_lost(self, device, *words):
        kind, messages = self.boot(device)
        self.assertEqual(kind, "tmpfs", messages)
        for word in ("CHANGES WILL BE LOST AT THE NEXT BOOT", *words):
            self.assertIn(word, messages)
        self.unmount_everything()

    def test_one_that_can_be_written_is_used(self):
        self.place(self.cow())
        device = self.attach_disk()
        self.assertEqual(self.boot(device)[0], "ext4")
        self.unmount_everything()
        self.assertEqual(self.boot(device)[0], "ext4")
        self.assertEqual((self.overlay / "overlayfs/rw/etc/new").read_text(), "new")
        self.assertEqual(sorted(os.listdir(self.overlay / "overlayfs/rw")), ["etc"])

    def test_a_disk_that_is_behind_a_loop_device_already(self):
        """The page caches of two devices would not know of each other; a read-only one of the whole disk is shared."""
        self.place(self.cow())
        device = self.attach_disk()
        for options in ((), ("--read-only", "--offset", str(MIB))):
            with self.subTest(options=options):
                other = LoopDevice(device, *options)
                result = self.live_root(device)
                self.assertNotEqual(result.returncode, 0, result.stderr)
                self.assertIn(f"it is behind '{other.path}' already", result.stderr)
                self.assertEqual(mounts_below(self.overlay), {})
                other.detach()
        other = LoopDevice(device, "--read-only")
        self.addCleanup(other.detach)
        self.assertEqual(self.live_root(device).returncode, 0)
        self.assertIn(other.path, [source for _, source, _ in mounts_below(self.overlay).values()])

    def test_read_only_feature(self):
        cow = self.cow()
        run("tune2fs", "-O", "read-only", cow)
        self.place(cow)
        self.assert_lost(self.attach_disk(), "read-only")

    def test_links_are_not_followed(self):
        secret = self.path / "secret"
        secret.mkdir(mode=0o700)
        for name in ("rw", "work"):
            for target in (secret, pathlib.Path("/nonexistent/x"), pathlib.Path("work")):
                with self.subTest(name=name, target=target):
                    self.place(self.cow(**{name: target}))
                    self.assert_lost(self.attach_disk(), f"overlayfs/{name}' is not a folder")
                    self.assertEqual(secret.stat().st_mode & 0o777, 0o700)
                    self.assertEqual(os.listdir(secret), [])

    def test_files(self):
        for name in ("rw", "work"):
            self.place(self.cow(**{name: "text"}))
            self.assert_lost(self.attach_disk(), f"overlayfs/{name}' is not a folder")

    def test_immutable(self):
        for name in ("rw", "work", "."):
            with self.subTest(name):
                cow = self.cow(**({"rw": None, "work": None} if name != "." else {}))
                with self.written(cow) as point:
                    run("chattr", "+i", point / name)
                self.place(cow)
                self.assert_lost(self.attach_disk())

    def test_full(self):
        cow = self.cow(rw=None, work=None)
        with self.written(cow) as point:
            with open(point / "rw/full", "wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(MIB))
            with contextlib.suppress(OSError):
                for number in range(1 << 20):
                    (point / f"rw/{number}").touch()
        self.place(cow)
        self.assertIn(self.boot(self.attach_disk())[0], ("tmpfs", "ext4"))

    def test_write_protected_partition(self):
        for kind in ("ext4", "xfs"):
            with self.subTest(kind):
                cow = sparse(self.path / f"{kind}.cow", 340 * MIB)
                run(f"mkfs.{kind}", "-q", "-L", "cow", cow)
                self.place(cow)
                device = self.attach_disk()
                subprocess.run(["partx", "--add", "--nr", "1", device], check=False, stderr=subprocess.DEVNULL)
                run("blockdev", "--setro", f"{device}p1")
                self.assert_lost(device)
                run("blockdev", "--setrw", f"{device}p1")

    def test_btrfs_seed(self):
        cow = sparse(self.path / "btrfs.cow", 340 * MIB)
        run("mkfs.btrfs", "-q", "-L", "cow", cow)
        run("btrfstune", "-S", "1", cow)
        self.place(cow)
        self.assert_lost(self.attach_disk())

    def read_only(self, device):
        """Boots with --overlay-readonly; returns the mounted root and the messages."""
        result = self.live_root("--persistent", "--overlay-readonly", device)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["overlayfs"], "tmpfs")
        sysroot = self.path / "sysroot"
        sysroot.mkdir(exist_ok=True)
        layers = (f"lowerdir={self.overlay}/kept/rw:{self.overlay}/rootfsbase,upperdir={self.overlay}/overlayfs/rw,"
                  f"workdir={self.overlay}/overlayfs/work")
        run("mount", "-t", "overlay", "-o", layers, "LiveOS_rootfs", sysroot)
        self.addCleanup(subprocess.run, ["umount", "-q", sysroot], check=False)
        self.assertFalse((self.overlay / "trial").exists())
        return sysroot, result.stderr

    def test_reset(self):
        self.place(self.cow())
        device = self.attach_disk()
        self.boot(device)
        self.unmount_everything()
        result = self.live_root("--persistent", "--overlay-reset", device)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("are discarded", result.stderr)
        self.assertEqual(self.kinds()["overlayfs"], "ext4")
        self.assertEqual(sorted(os.listdir(self.overlay / "overlayfs")), ["lost+found", "rw", "work"])
        self.assertEqual(os.listdir(self.overlay / "overlayfs/rw"), [])
        self.unmount_everything()
        self.assertEqual(self.boot(device)[0], "ext4")

    def test_terminated_at_any_moment(self):
        self.place(self.cow())
        device = self.attach_disk()
        dice = random.Random(5)
        for attempt in range(24):
            option = ("--overlay-reset", "--overlay-readonly")[attempt % 2]
            process = subprocess.Popen([os.environ["BOOTFERRY_LIVE_ROOT"], f"--run-dir={self.overlay}", "--persistent",
                                        option, device], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            time.sleep(dice.uniform(0, 0.12))  # any moment will do
            process.terminate()
            messages = process.communicate(timeout=60)[1]
            if process.returncode == 0:
                self.assertIn("overlayfs", self.kinds())
            else:
                self.assertEqual(mounts_below(self.overlay), {}, messages)
            self.unmount_everything()
        self.assertEqual(self.boot(device)[0], "ext4")

    def test_reset_of_a_new_partition(self):
        subprocess.run(["sfdisk", "-q", "--delete", self.disk_image], check=True)
        result = self.live_root("--persistent", "--overlay-reset", self.attach_disk())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["overlayfs"], "ext4", result.stderr)

    def test_reset_that_was_interrupted(self):
        cow = self.cow(**{".bootferry-discarded": None, "rw": None})
        with self.written(cow) as point:
            (point / ".bootferry-discarded/rw").mkdir()
            (point / ".bootferry-discarded/rw/old").write_text("old")
            (point / "rw/kept").write_text("kept")
        self.place(cow)
        device = self.attach_disk()
        self.assertEqual(self.boot(device)[0], "ext4")
        self.assertFalse((self.overlay / "overlayfs/.bootferry-discarded").exists())
        self.assertEqual((self.overlay / "overlayfs/rw/kept").read_text(), "kept")

    def test_reset_follows_no_links(self):
        secret = self.path / "secret"
        (secret / "folder").mkdir(parents=True)
        self.place(self.cow(**{"rw": secret, "work": secret}))
        result = self.live_root("--persistent", "--overlay-reset", self.attach_disk())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["overlayfs"], "ext4", result.stderr)
        self.assertEqual(os.listdir(secret), ["folder"])
        self.unmount_everything()
        for what in (secret, "a file"):
            self.place(self.cow(**{".bootferry-discarded": what}))
            result = self.live_root("--persistent", "--overlay-reset", self.attach_disk())
            self.assertEqual(self.kinds()["overlayfs"], "ext4", result.stderr)
            self.assertEqual(os.listdir(secret), ["folder"])
            self.unmount_everything()

    def test_reset_that_is_not_possible_shows_none_of_the_changes(self):
        cow = self.cow(rw=None, work=None)
        with self.written(cow) as point:
            (point / "rw/old").write_text("old")
            run("chattr", "+i", point / "rw")
        self.place(cow)
        result = self.live_root("--persistent", "--overlay-reset", self.attach_disk())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.kinds()["overlayfs"], "tmpfs")
        self.assertIn("CHANGES WILL BE LOST", result.stderr)
        self.assertIn("discarding the changes", result.stderr)

    def test_an_immutable_file_does_not_prevent_a_reset(self):
        cow = self.cow(rw=None)
        with self.written(cow) as point:
            (point / "rw/old").write_text("old")
            run("chattr", "+i", point / "rw/old")
        self.place(cow)
        device = self.attach_disk()
        for _ in range(2):
            result = self.live_root("--persistent", "--overlay-reset", device)
            self.assertEqual(self.kinds()["overlayfs"], "ext4", result.stderr)
            self.assertIn("ignoring", result.stderr)
            self.assertEqual(os.listdir(self.overlay / "overlayfs/rw"), [])
            self.unmount_everything()

    def test_read_only(self):
        self.place(self.cow())
        device = self.attach_disk()
        self.boot(device)
        self.unmount_everything()
        before = hashlib.sha256(self.disk_image.read_bytes()).hexdigest()
        for _ in range(2):
            sysroot, messages = self.read_only(device)
            self.assertIn("the kept changes are shown", messages)
            self.assertEqual((sysroot / "etc/new").read_text(), "new")
            self.assertFalse((sysroot / "etc/newer").exists())
            (sysroot / "etc/newer").write_text("newer")
            (sysroot / "etc/new").unlink()
            flags = os.statvfs(self.overlay / "kept").f_flag
            self.assertTrue(flags & os.ST_RDONLY and flags & os.ST_NOSUID and flags & os.ST_NODEV, flags)
            run("umount", sysroot)
            self.unmount_everything()
        self.assertEqual(hashlib.sha256(self.disk_image.read_bytes()).hexdigest(), before)

    def test_read_only_without_a_partition(self):
        subprocess.run(["sfdisk", "-q", "--delete", self.disk_image], check=True)
        before = hashlib.sha256(self.disk_image.read_bytes()).hexdigest()
        sysroot, messages = self.read_only(self.attach_disk())
        self.assertIn("there are no kept changes", messages)
        (sysroot / "etc/new").write_text("new")
        run("umount", sysroot)
        self.assertEqual(hashlib.sha256(self.disk_image.read_bytes()).hexdigest(), before)

    def test_read_only_with_links(self):
        secret = self.path / "secret"
        secret.mkdir()
        (secret / "stolen").write_text("stolen")
        self.place(self.cow(rw=secret))
        sysroot, messages = self.read_only(self.attach_disk())
        self.assertIn("kept/rw' is not a folder", messages)
        self.assertFalse((sysroot / "stolen").exists())


class Refusals(LiveRootCase):
    def refused_device(self, image, *texts):
        return self.assert_refused([self.device(image)], *texts)

    def test_html(self):
        page = sparse(self.path / "page", 8 * MIB)
        with open(page, "r+") as file:
            file.write("<!DOCTYPE html>\n<title>Log in</title>\n")
        text = self.refused_device(page, "it holds no file system (it begins with '<!DOCTYPE html>')")
        self.assertIn(f"'{self.device_name}' is not a live image", text)

    def test_empty(self):
        self.refused_device(sparse(self.path / "empty", 8 * MIB), "it begins with zeros")

    def test_what_cannot_be_read_is_not_taken_for_nothing(self):
        """Reading beyond the end of a loop device's file is an I/O error."""
        disk = sparse(self.path / "disk", 8 * MIB)
        device = self.device(disk)
        os.truncate(disk, 8 * MIB - 65536)
        text = self.assert_refused([device], f"looking for a file system on '{device}': Input/output error")
        self.assertNotIn("no file system", text)
        self.assertNotIn("overwrites", text)

    def test_partition_table_only(self):
        disk = sparse(self.path / "disk", 8 * MIB)
        with open(disk, "r+b") as file:
            file.seek(446)  # one active partition of 4096 sectors from sector 64, and the end of the MBR
            file.write(struct.pack("<B3xB3xII", 0x80, 0x83, 64, 4096) + bytes(48) + b"\x55\xaa")
        self.refused_device(disk, "a partition table (dos, partitions: 1)")

    def test_another_medium(self):
        image = self.medium({"boot/a": "x", "EFI/b": "x", "casper/c": "x", "bad\x1b[2J": "x"})
        text = self.refused_device(image, "not a live image: the ext4 file system 'CDROM' on '/dev/loop",
                                   "has no 'LiveOS/squashfs.img': its top folder contains 'EFI', 'bad?[2J', 'boot', "
                                   "'casper', 'lost+found'; set its place with rd.live.dir=")
        self.assertNotIn("\x1b", text)

    def test_a_known_layout_is_named(self):
        """In the words of `bootferryctl check`, which has the same table."""
        for image, text in (("live/filesystem.squashfs", "its root image is live/filesystem.squashfs (live-build: Debian and others): "
                             "set rd.live.dir=live rd.live.squashimg=filesystem.squashfs"),
                            ("casper/a\x1b[2J.squashfs", "its root image is casper/a?[2J.squashfs (casper: Ubuntu and others): "
                             "bootferry does not serve this layout")):
            self.refused_device(self.medium({image: "x"}), text)

    def test_another_name_in_the_folder(self):
        self.refused_device(self.medium({"LiveOS/root.erofs": "x"}), "its folder 'LiveOS' contains 'root.erofs'")

    def test_container_with_something_else(self):
        image = self.medium({"LiveOS/squashfs.img": squashfs(self.folder({"README": "x"}), self.path / "other.img")})
        self.refused_device(image, "'LiveOS/squashfs.img' holds neither 'LiveOS/rootfs.img' nor a root tree",
                            "'README'")

    def test_file_that_is_not_an_image(self):
        self.refused_device(self.medium({"LiveOS/squashfs.img": "<html>"}),
                            "'LiveOS/squashfs.img' on '/dev/loop", "it begins with '<html>'")

    def test_rootfs_that_is_not_a_file_system(self):
        text = self.folder({"rootfs": "not found"}) / "rootfs"
        self.refused_device(self.medium({"LiveOS/squashfs.img": self.container(text)}),
                            "'LiveOS/rootfs.img' in 'LiveOS/squashfs.img' is not a root image")

    def test_truncated_container(self):
        image = self.container()
        os.truncate(image, image.stat().st_size // 2)
        self.refused_device(self.medium({"LiveOS/squashfs.img": image}), "mounting '", "LiveOS/squashfs.img' (squashfs)",
                            "is it damaged or incomplete?")

    def test_a_compression_that_the_kernel_does_not_have(self):
        image = self.path / "lzma.img"
        run("mksquashfs", self.tree, image, "-comp", "lzma", "-quiet", "-no-progress")
        self.assert_refused([self.device(image)], "mounting '", "compressed with lzma, which this kernel may not support")
        self.refused_device(self.medium({"LiveOS/squashfs.img": image}), "compressed with lzma")

    def test_link_that_leads_out(self):
        medium = self.folder({"LiveOS/other": "x"})
        outside = shutil.copyfile(self.container(), self.path / "outside.img")
        for target in (outside, os.path.relpath(outside, self.overlay / "live/LiveOS")):
            with self.subTest(target=target):
                (medium / "LiveOS/squashfs.img").unlink(missing_ok=True)
                (medium / "LiveOS/squashfs.img").symlink_to(target)
                self.refused_device(ext4(medium, self.path / "links.img"), "which is not in the image")

    def test_link_that_leads_out_of_the_container(self):
        inner = self.folder({"LiveOS/other": "x"})
        (inner / "LiveOS/rootfs.img").symlink_to(self.rootfs)
        self.refused_device(self.medium({"LiveOS/squashfs.img": squashfs(inner, self.path / "links.img")}),
                            "which is not in the image")

    def test_failure_at_the_last_step(self):
        image = self.medium({"LiveOS/squashfs.img": self.container()})
        self.overlay.mkdir()
        (self.overlay / "overlayfs").write_text("in the way")
        self.refused_device(image, f"creating the folder '{self.overlay}/overlayfs'")

    def test_second_run(self):
        device = self.device(self.rootfs)
        self.assertEqual(self.live_root(device).returncode, 0)
        before = mounts_below(self.overlay)
        result = self.live_root(device)
        self.assertEqual(result.returncode, 1)
        self.assertIn("a live root is mounted already", result.stderr)
        self.assertEqual(mounts_below(self.overlay), before)

    def test_no_device(self):
        self.assert_refused(["/dev/bootferry-nothing"], "the medium '/dev/bootferry-nothing' does not exist")
        self.assert_refused([self.rootfs], "is not a block device")
        self.assert_refused([], "DEVICE")
        self.assert_refused(["--frobnicate", "/dev/ram0"], "--frobnicate: unknown option")


class Words(unittest.TestCase):
    def test_help_and_version(self):
        for option, text in (("--help", "--overlay-size=SIZE"), ("--version", "bootferry-live-root ")):
            result = subprocess.run([os.environ["BOOTFERRY_LIVE_ROOT"], option], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(text, result.stdout)


if __name__ == "__main__":
    if os.geteuid() == 0 and IN_NAMESPACE not in os.environ:
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    tap.main()
