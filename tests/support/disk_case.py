# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixture of the disk tests: an ISO on a server, a loop device as the disk, a daemon, and data that other tools
write to disks. Needs root."""

import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest
import zlib

import exit_status
from daemon import Daemon
from loop_device import LoopDevice
from nginx import Nginx

MIB = 1 << 20


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def put(device, *pieces):
    """Writes (offset, bytes) pieces; a negative offset counts from the end."""
    with open(device, "r+b") as disk:
        for offset, data in pieces:
            disk.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            disk.write(data)


def table(device, text, **contents):
    run("sfdisk", device, input=text)
    starts = [int(line.split("start=")[1].split(",")[0]) * 512
              for line in run("sfdisk", "--dump", device).stdout.splitlines() if "start=" in line]
    for number, pieces in contents.items():
        put(device, *[(starts[int(number.removeprefix("p")) - 1] + offset, data) for offset, data in pieces])


# As their own tools leave them on a disk; those that are not at hand here, by the documents of their formats.
MDRAID_090 = bytes.fromhex("fc4e2ba9") + bytes(252)
LVM_LABEL = (32).to_bytes(4, "little") + b"LVM2 001" + bytes(480)  # and its checksum in front of it
LVM = [(512, b"LABELONE" + (1).to_bytes(8, "little") +
        (zlib.crc32(LVM_LABEL, 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff).to_bytes(4, "little") + LVM_LABEL)]
LUKS = [(0, b"LUKS\xba\xbe\x00\x01" + bytes(504))]
MARK = b"bootferry: the image on this device is not complete\n"


def fill_mark(size, version=0):
    """Of a disk with a map of what has arrived of an image (core/image/fill_mark.h)."""
    text = MARK + b"map 1 %016x %016x" % (size, version)
    check = 0xcbf29ce484222325
    for byte in text:
        check = (check ^ byte) * 0x100000001b3 % 2**64
    return text + b" %016x\n" % check


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

    def start_daemon(self, **options):
        daemon = Daemon(self.path / "run", **options)
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    def attach(self, *options):
        self.loop = LoopDevice(self.backing, "--partscan", *options)
        self.addCleanup(self.loop.detach)
        return self.loop.path

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
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        reason = result.stderr.strip().splitlines()[-1]
        for word in words:
            self.assertIn(word, reason)

    def read_until_it_moves(self, client):
        while not re.search(r" [1-9]\d? % ", line := client.stdout.readline()):
            self.assertTrue(line)

    def contents(self):
        return self.loop.contents()

    def requests(self):
        return self.server.access_log().count("GET")
