# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compressed images from real servers, packed by the real tools, to files, loop devices and by the service."""

import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from nginx import Nginx  # noqa: E402
from squashfs import make_squashfs  # noqa: E402

SIZE = 12_000_000
TOOLS = {
    "gz": "gzip -1", "pigz": "pigz -1 -p 2", "xz": "xz -0", "blocks.xz": "xz -0 -T2 --block-size=1MiB",
    "zst": "zstd -q", "frames.zst": "split --bytes=1M --filter='zstd -q'",
}
needs_root = unittest.skipUnless(os.geteuid() == 0, "needs root: sets up loop devices")


class DecodeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-decode-")
        cls.addClassCleanup(folder.cleanup)
        cls.served = pathlib.Path(folder.name)
        cls.served.chmod(0o755)
        make_squashfs(cls.served / "image", SIZE)
        cls.image = (cls.served / "image").read_bytes()
        for name, tool in TOOLS.items():
            subprocess.run(f"{tool} < image > image.{name}", shell=True, check=True, cwd=cls.served)
        whole = (cls.served / "image.zst").read_bytes()
        (cls.served / "truncated").write_bytes(whole[:len(whole) // 2])
        (cls.served / "flipped").write_bytes(whole[:1000] + bytes([whole[1000] ^ 8]) + whole[1001:])

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-decode-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.output = self.path / "output"
        self.server = Nginx(self.served).start()
        self.addCleanup(self.server.stop)

    def url(self, name):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def fetch(self, url, *options, output=None):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *options, url, output or str(self.output)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def device(self, size):
        backing = self.path / "backing"
        with open(backing, "wb") as file:
            file.truncate(size)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        return loop.path

    def assert_holds_image(self, path):
        with open(path, "rb") as file:
            self.assertTrue(file.read(len(self.image)) == self.image)

    def assert_failed(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.strip().splitlines()[-1])

    def test_a_file_is_decoded_on_request(self):
        for name in ("", *TOOLS):
            with self.subTest(name):
                self.output.unlink(missing_ok=True)
                result = self.fetch(self.url(f"image.{name}".rstrip(".")), "--decode")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assert_holds_image(self.output)
                self.assertEqual(self.output.stat().st_size, len(self.image))

    def test_a_file_is_kept_as_served_otherwise(self):
        result = self.fetch(self.url("image.zst"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.output.read_bytes() == (self.served / "image.zst").read_bytes())

    def test_cuts_do_not_disturb_the_decoder(self):
        for name, count in (("gz", 5), ("blocks.xz", 20), ("zst", 5)):
            with self.subTest(name):
                self.output.unlink(missing_ok=True)
                packed = self.served / f"image.{name}"
                size = packed.stat().st_size
                cuts = random.Random(2)
                faults = [Fault(cut=cuts.randrange(1, size // count)) for _ in range(count)]
                with FaultServer(packed, faults) as server:
                    result = self.fetch(f"http://127.0.0.1:{server.port}/image", "--decode")
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(len(server.requests), count + 1)
                    self.assertLessEqual(sum(request.body_bytes for request in server.requests), size * 1.1 + count * (1 << 16))
                self.assert_holds_image(self.output)

    def test_damage_ends_it_though_the_server_falls_silent(self):
        """With a checksum, the process that decodes is not the one that waits for the server."""
        packed = self.served / "flipped"
        stop = packed.stat().st_size // 2
        for options in ([], ["--checksum=sha256:" + "0" * 64]):
            with self.subTest(options=options), FaultServer(packed, [Fault(stop=stop)] * 100) as server:
                result = self.fetch(f"http://127.0.0.1:{server.port}/image", "--decode", "--stall-timeout=1", *options)
                self.assertEqual(result.returncode, exit_status.CORRUPT, result.stderr)

    def test_damage_is_named_and_leaves_no_file(self):
        self.assert_failed(self.fetch(self.url("truncated"), "--decode"), "the zstd data is damaged at byte",
                           "ends in the middle")
        self.assert_failed(self.fetch(self.url("flipped"), "--decode"), "the zstd data is damaged at byte")
        self.assertEqual(list(self.path.iterdir()), [])

    @needs_root
    def test_a_device_gets_the_decoded_image(self):
        device = self.device(len(self.image))
        for name in ("gz", "blocks.xz", "frames.zst"):
            with self.subTest(name):
                result = self.fetch(self.url(f"image.{name}"), "--reset", output=device)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assert_holds_image(device)

    @needs_root
    def test_what_does_not_fit_the_device_decoded(self):
        device = self.device(8 << 20)
        for name in ("gz", "xz", "zst"):
            with self.subTest(name):
                self.assert_failed(self.fetch(self.url(f"image.{name}"), "--reset", output=device),
                                   "larger than the target", "8.0 MiB")
                with open(device, "rb") as file:
                    self.assertNotEqual(file.read(4), b"hsqs")

    @needs_root
    def test_a_reset_is_refused_before_the_wipe(self):
        """The size is taken from the frame's header, or from the image itself."""
        head = bytearray(1 << 20)
        head[1024:1028] = b"\xe2\xe1\xf5\xe0"
        frame = b"\x28\xb5\x2f\xfd\xc0\x50" + (1 << 40).to_bytes(8, "little") + b"".join(
            (len(head[i:i + 65536]) << 3).to_bytes(3, "little") + head[i:i + 65536] for i in range(0, len(head), 65536))
        (self.served / "huge.zst").write_bytes(frame)
        (self.served / "nothing.zst").write_bytes(bytes.fromhex("502a4d1804000000") + b"abcd")
        head[1024 + 12] = 12  # blocks of 4096 bytes, and 2^28 of them
        head[1024 + 36:1024 + 40] = (1 << 28).to_bytes(4, "little")
        (self.served / "declared.gz").write_bytes(gzip.compress(bytes(head)))
        device = self.device(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", device], check=True)
        with open(device, "rb") as disk:
            before = disk.read()
        with Daemon(self.path / "run") as daemon:
            for name, words in (("huge.zst", "the image has 1.0 TiB"), ("declared.gz", "the image has 1.0 TiB"),
                                ("nothing.zst", "empty")):
                result = daemon.ctl("deploy", "--reset", self.url(name), device)
                self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
                self.assertIn(words, result.stderr)
        for name, words in (("huge.zst", "the image has 1.0 TiB"), ("nothing.zst", "decodes to nothing")):
            self.assert_failed(self.fetch(self.url(name), "--reset", output=device), words)
        with open(device, "rb") as disk:
            self.assertEqual(disk.read(), before)

    @needs_root
    def test_the_service_decodes_and_counts_both_sides(self):
        with Daemon(self.path / "run") as daemon:
            device = self.device(16 << 20)
            result = daemon.ctl("deploy", self.url("image.blocks.xz"), device)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assert_holds_image(device)
            shown = daemon.busctl("--json=short", "get-property", "org.bootferry1",
                                  "/org/bootferry1/transfer/_1", "org.bootferry1.Transfer", "BytesTransferred",
                                  "BytesTotal", "BytesWritten", "Progress")
        received, total, written, progress = (json.loads(line)["data"] for line in shown.stdout.splitlines())
        self.assertEqual(received, (self.served / "image.blocks.xz").stat().st_size)
        self.assertEqual((total, written, progress), (received, len(self.image), 1))


if __name__ == "__main__":
    tap.main()
