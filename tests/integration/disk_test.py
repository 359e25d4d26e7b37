# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a disk: each cell of the table of a disk's states and what is asked, on loop devices.

Needs root throughout.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from nginx import Nginx  # noqa: E402

MIB = 1 << 20


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@unittest.skipUnless(os.geteuid() == 0, "needs root: sets up loop devices")
class DiskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-disk-")
        cls.addClassCleanup(folder.cleanup)
        cls.shared = pathlib.Path(folder.name)
        cls.shared.chmod(0o755)
        tree = cls.shared / "tree"
        (tree / "LiveOS").mkdir(parents=True)
        (tree / "LiveOS/squashfs.img").write_bytes(random.Random(3).randbytes(6 * MIB))
        shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", tree)
        (cls.shared / "served").mkdir()
        cls.image = cls.shared / "served/live.iso"
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "CDROM", "-R", "-partition_offset", "16", "-o", cls.image,
            "-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin", "-b", "isolinux.bin", "-c", "boot.cat",
            "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree)
        cls.bytes = cls.image.read_bytes()
        cls.server = Nginx(cls.shared / "served", extra="location /slow/ { alias %s/; limit_rate 1m; }"
                           % (cls.shared / "served"))
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-disk-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.backing = self.path / "disk"
        with open(self.backing, "wb") as disk:
            disk.truncate(64 * MIB)
        self.device = self.attach()
        self.daemon = self.start_daemon()

    def start_daemon(self):
        daemon = Daemon(self.path / "run", disks=True)
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    def attach(self, *options):
        device = run("losetup", "--find", "--show", "--partscan", *options, self.backing).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "--detach", device], check=False)
        return device

    def partition(self, number):
        """The node of a partition; not every kernel reads partition tables by itself."""
        node = f"{self.device}p{number}"
        if not os.path.exists(node):
            run("partx", "--add", "--nr", str(number), self.device)
            self.addCleanup(subprocess.run, ["partx", "--delete", "--nr", str(number), self.device], check=False)
        return node

    def url(self, folder=""):
        return f"http://127.0.0.1:{self.server.port}/{folder}live.iso"

    def deploy(self, *options, url=None, device=None):
        return self.daemon.ctl("deploy", *options, url or self.url(), device or self.device)

    def assert_deployed(self, result=None):
        if result is not None:
            self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.device, "rb") as disk:
            self.assertEqual(disk.read(len(self.bytes)), self.bytes)

    def assert_refused(self, result, *words):
        self.assertEqual(result.returncode, 1, result.stderr)
        reason = result.stderr.strip().splitlines()[-1]
        for word in words:
            self.assertIn(word, reason)

    def read_until_it_moves(self, client):
        while not re.search(r"[1-9] % ", line := client.stdout.readline()):
            self.assertTrue(line)

    def contents(self):
        return self.backing.read_bytes()

    def requests(self):
        return self.server.access_log().count("GET")


class States(DiskTest):
    def test_blank(self):
        self.assert_deployed(self.deploy())
        self.assertEqual(os.readlink(self.daemon.folder / "image"), self.device)

    def test_deployed_is_used_without_a_network(self):
        self.deploy()
        before, requests = self.contents(), self.requests()
        result = self.deploy(url="http://127.0.0.1:1/live.iso")
        self.assert_deployed(result)
        self.assertIn("holds an image already", result.stderr)
        self.assertEqual((self.contents(), self.requests()), (before, requests))
        self.assertIn('"reused": true', (self.daemon.folder / "result.json").read_text())

    def test_deployed_and_reset(self):
        self.deploy()
        requests = self.requests()
        self.assert_deployed(self.deploy("--reset"))
        self.assertGreater(self.requests(), requests)

    def test_incomplete(self):
        with self.daemon.ctl_running("deploy", self.url("slow/"), self.device) as client:
            self.read_until_it_moves(client)
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
        self.assertTrue(self.contents().startswith(b"bootferry: the image on this device is not complete\n"))
        self.daemon.stop()
        self.daemon = self.start_daemon()
        self.assert_deployed(self.deploy())

    def test_foreign_is_named_and_kept(self):
        run("sfdisk", self.device, input="label: gpt\nsize=8MiB\nsize=16MiB\n")
        run("mkfs.ext4", "-q", "-L", "rootfs", self.partition(2))
        before = self.contents()
        self.assert_refused(self.deploy(), "gpt with 2 partitions", "ext4 'rootfs' on partition 2",
                            "rd.kiwi.live.reset")
        self.assertEqual(self.contents(), before)

    def test_foreign_and_reset(self):
        run("sfdisk", self.device, input="label: gpt\nsize=8MiB\n")
        self.assertIn(b"EFI PART", self.contents()[-34 * 512:])
        self.assert_deployed(self.deploy("--reset"))
        self.assertNotIn(b"EFI PART", self.contents()[-34 * 512:])

    def test_signatures_at_the_far_end_go(self):
        run("mkfs.ext4", "-q", self.device)
        superblock = bytearray(256)
        superblock[0:4] = (0xa92b4efc).to_bytes(4, "little")  # an mdraid 0.90 superblock, 64 KiB from the end
        with open(self.device, "r+b") as disk:
            disk.seek(64 * MIB - 65536)
            disk.write(superblock)
        self.assert_deployed(self.deploy("--reset"))
        signatures = run("wipefs", "--noheadings", "--output", "TYPE", self.device).stdout.split()
        self.assertLessEqual(set(signatures), {"iso9660", "dos"})

    def test_an_image_that_is_cut_off_by_the_disk_is_foreign(self):
        with open(self.device, "r+b") as disk:
            disk.write(self.bytes[:MIB])
        run("losetup", "--detach", self.device)
        with open(self.backing, "r+b") as disk:
            disk.truncate(4 * MIB)
        self.device = self.attach()
        self.assert_refused(self.deploy(), "iso9660 'CDROM'", "larger than the disk")


class Unusable(DiskTest):
    def test_mounted(self):
        run("mkfs.ext4", "-q", self.device)
        folder = self.path / "mounted"
        folder.mkdir()
        run("mount", self.device, folder)
        self.addCleanup(run, "umount", folder)
        for options in ([], ["--reset"]):
            self.assert_refused(self.deploy(*options), "is in use")

    def test_a_partition_of_it_is_mounted(self):
        run("sfdisk", self.device, input="label: dos\nsize=32MiB\n")
        partition = self.partition(1)
        run("mkfs.ext4", "-q", partition)
        folder = self.path / "mounted"
        folder.mkdir()
        run("mount", partition, folder)
        self.addCleanup(run, "umount", folder)
        self.assert_refused(self.deploy("--reset"), "is in use")

    def test_read_only(self):
        run("losetup", "--detach", self.device)
        self.device = self.attach("--read-only")
        for options in ([], ["--reset"]):
            self.assert_refused(self.deploy(*options), "is read-only")

    def test_read_only_but_deployed(self):
        self.deploy()
        run("losetup", "--detach", self.device)
        self.device = self.attach("--read-only")
        self.assert_deployed(self.deploy(url="http://127.0.0.1:1/live.iso"))

    def test_too_small(self):
        run("losetup", "--detach", self.device)
        with open(self.backing, "r+b") as disk:
            disk.truncate(4 * MIB)
        self.device = self.attach()
        before = self.contents()
        self.assert_refused(self.deploy(), "the image has 7.0 MiB", "only 4.0 MiB")
        self.assertEqual(self.contents(), before)

    def test_no_block_device(self):
        self.assert_refused(self.deploy(device="/dev/null"), "'/dev/null' is no block device")

    def test_a_device_that_comes_late(self):
        link = pathlib.Path(f"/dev/bootferry-test-{os.getpid()}")
        self.addCleanup(link.unlink, missing_ok=True)
        with self.daemon.ctl_running("deploy", self.url(), str(link)) as client:
            while "waiting for the device" not in (line := client.stdout.readline()):
                self.assertTrue(line)
            link.symlink_to(self.device)
            said = client.stdout.read()
            self.assertEqual(client.wait(timeout=60), 0, said)
        self.assert_deployed()


class Failures(DiskTest):
    def test_what_is_refused_before_the_target_leaves_the_disk_alone(self):
        run("mkfs.ext4", "-q", self.device)
        before = self.contents()
        self.assert_refused(self.deploy("--reset", url=self.url() + "x"), "404")
        (self.shared / "served/page").write_text("<html>" * 20000)
        self.assert_refused(self.deploy("--reset", url=self.url().replace("live.iso", "page")), "not a live image")
        self.assertEqual(self.contents(), before)

    def test_a_wrong_checksum_leaves_it_incomplete(self):
        self.assert_refused(self.deploy("--checksum=sha256:" + "0" * 64), "checksum")
        self.assertTrue(self.contents().startswith(b"bootferry: "))
        self.assert_deployed(self.deploy())

    def test_old_data_does_not_shine_through_holes(self):
        with open(self.device, "r+b") as disk:
            disk.write(b"\xee" * (64 * MIB))
        self.assert_deployed(self.deploy("--reset"))

    def test_killed_workers(self):
        with self.daemon.ctl_running("deploy", self.url("slow/"), self.device) as client:
            for _ in range(2):
                self.read_until_it_moves(client)
                worker, = self.daemon.workers()
                os.kill(worker, signal.SIGKILL)
            said = client.stdout.read()
            self.assertEqual(client.wait(timeout=120), 0, said)
        self.assert_deployed()


if __name__ == "__main__":
    tap.main()
