# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image's checksum from a list on a server, as sha256sum writes it, looked up before the image is fetched."""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from nginx import Nginx  # noqa: E402
from squashfs import make_squashfs  # noqa: E402

SIZE = 3_000_000
LOCKED = """location /locked/ { alias %s/; auth_basic "locked"; auth_basic_user_file %s; }"""


class ChecksumListTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-checksum-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        self.image = self.served / "live image.squashfs"
        make_squashfs(self.image, SIZE)
        (self.served / "other").write_bytes(b"other")
        self.output = self.path / "output"
        (self.path / "passwords").write_text("someone:{PLAIN}geheim\n")
        self.server = Nginx(self.served, extra=LOCKED % (self.served, self.path / "passwords")).start()
        self.addCleanup(self.server.stop)

    def url(self, name="live%20image.squashfs"):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def write_list(self, *options, name="SHA256SUMS", tool="sha256sum"):
        files = sorted(file.name for file in self.served.iterdir())
        text = subprocess.run([tool, *options, *files], check=True, capture_output=True, cwd=self.served).stdout
        (self.served / name).write_bytes(text)
        return self.url(name)

    def fetch(self, checksum, *options, url=None):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", f"--checksum={checksum}", *options,
                               url or self.url(), str(self.output)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def assert_fetched(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())
        self.output.unlink()

    def assert_failed(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.strip().splitlines()[-1])
        self.assertFalse(self.output.exists())

    def test_lists_of_every_format(self):
        for options in ((), ("--binary",), ("--tag",)):
            with self.subTest(options):
                self.assert_fetched(self.fetch(self.write_list(*options)))
        self.assert_fetched(self.fetch(self.write_list(name="SHA512SUMS", tool="sha512sum")))

    def test_whatever_sha256sum_accepts(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        name = self.image.name
        signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}\n-----BEGIN PGP SIGNATURE-----\n\niQ0/\n"
        for text in (f"{digest} {name}\n", f"{digest}\t{name}\n", f"  {digest}  {name}", f"{digest.upper()} *{name}\n",
                     f"SHA256 ({name}) = {digest}\n", f"SHA256({name})= {digest}\n", f"SHA256 ({name})\t=\t{digest}\n",
                     signed.format(f"{digest}  {name}"), f"\\{digest}  {name}\n"):
            with self.subTest(text):
                (self.served / "list").write_text(text)
                subprocess.run(["sha256sum", "--check", "--status", "list"], check=True, cwd=self.served)
                self.assert_fetched(self.fetch(self.url("list")))
                (self.served / "list").write_text(text.replace("\n", "\r\n"))  # newer ones accept that, too
                self.assert_fetched(self.fetch(self.url("list")))

    def test_a_damaged_digest_is_named(self):
        (self.served / "list").write_text("a" * 63 + f"  {self.image.name}\n")
        result = self.fetch(self.url("list"))
        self.assert_failed(result, f"its checksum for '{self.image.name}' has 63 digits")
        self.assertEqual(result.returncode, exit_status.CHECKSUM)
        result = self.fetch(str(self.served / "list"))  # a local list is the user's own
        self.assert_failed(result, f"its checksum for '{self.image.name}' has 63 digits")
        self.assertEqual(result.returncode, exit_status.USAGE)

    def test_another_image_is_refused_with_both_sums_and_the_list(self):
        checksums = self.write_list()
        expected = subprocess.run(["sha256sum"], input=self.image.read_bytes(), check=True,
                                  capture_output=True).stdout.decode().split()[0]
        with open(self.image, "r+b") as file:
            file.write(b"HSQS")
        received = subprocess.run(["sha256sum"], input=self.image.read_bytes(), check=True,
                                  capture_output=True).stdout.decode().split()[0]
        self.assert_failed(self.fetch(checksums), "checksum does not match", f"sha256:{expected}",
                           f"(from {checksums})", f"sha256:{received}")

    def test_a_file_that_is_not_a_list_is_reported(self):
        (self.served / "page.html").write_text("<!DOCTYPE html>\n<p>Please log in</p>\n")
        (self.served / "empty").write_text("")
        self.assert_failed(self.fetch(self.url("nothing")), f"the checksum list '{self.url('nothing')}'", "404")
        for name, words in (("page.html", ("HTML page", "not a checksum list")), ("empty", ("empty",)),
                            ("live%20image.squashfs", ("larger than 1 MiB",))):
            result = self.fetch(self.url(name))
            self.assert_failed(result, *words)
            self.assertEqual(result.returncode, exit_status.CHECKSUM)
        self.assert_failed(self.fetch(self.write_list(), url=self.url("nobody")), "no checksum for 'nobody'")
        self.assertNotIn("GET /nobody", self.server.access_log())
        self.assert_failed(self.fetch("gopher://x/y"), "no plugin serves 'gopher'")

    def test_a_list_is_tried_again_as_an_image_is(self):
        self.write_list()
        faults = [Fault(status=503, headers=[("Retry-After", "1")]), Fault(cut=10)]
        with FaultServer(self.served / "SHA256SUMS", faults) as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/SHA256SUMS")
            self.assertEqual(len(server.requests), 3)
        self.assertIn("503", result.stderr)
        self.assert_fetched(result)

    def test_the_overall_timeout_is_for_both(self):
        self.assert_failed(self.fetch(f"http://127.0.0.1:{processes.free_port()}/SHA256SUMS", "--timeout=1"),
                           "the checksum list", "gave up after 1 s")

    def test_the_images_credentials_are_for_its_server_only(self):
        self.write_list()
        with_secrets = self.url("locked/live%20image.squashfs").replace("//", "//someone:geheim@")
        result = self.fetch(self.url("locked/SHA256SUMS"), url=with_secrets)
        self.assertNotIn("geheim", result.stderr)
        self.assert_fetched(result)
        with FaultServer(self.served / "SHA256SUMS") as elsewhere:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{elsewhere.port}/SHA256SUMS", url=with_secrets))
            self.assertNotIn("Authorization", elsewhere.requests[0].headers)
        refused = self.fetch(self.url("locked/SHA256SUMS").replace("//", "//someone:geheim@"))
        self.assert_failed(refused, "cannot have a user name or password")
        self.assertNotIn("geheim", refused.stderr)

    def test_compressed_images_have_the_checksum_of_what_is_served(self):
        subprocess.run(["zstd", "-q", self.image], check=True)
        result = self.fetch(self.write_list(), "--decode", url=self.url("live%20image.squashfs.zst"))
        self.assert_fetched(result)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: sets up a loop device")
    def test_the_service_looks_it_up(self):
        backing = self.path / "backing"
        with open(backing, "wb") as file:
            file.truncate(8 << 20)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        device = loop.path
        checksums = self.write_list()
        with Daemon(self.path / "run") as daemon:
            result = daemon.ctl("deploy", f"--checksum={checksums}", self.url(), device)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(self.image, "r+b") as file:
                file.seek(SIZE)
                file.write(b"changed")
            result = daemon.ctl("deploy", "--reset", f"--checksum={checksums}", self.url(), device)
            self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
            self.assertIn(f"(from {checksums})", result.stderr.splitlines()[-1])
            with open(device, "rb") as file:
                self.assertNotEqual(file.read(4), b"hsqs")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: sets up a loop device")
    def test_the_service_moves_on_from_wrong_bytes(self):
        backing = self.path / "backing"
        with open(backing, "wb") as file:
            file.truncate(8 << 20)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        image = self.image.read_bytes()
        page, half, changed = (self.path / name for name in ("page", "half", "changed"))
        page.write_text("<!DOCTYPE html>\n<p>Please log in</p>\n")
        half.write_bytes(image[:SIZE // 2])
        changed.write_bytes(image[:SIZE - 100] + bytes(100) + image[SIZE:])
        checksums = self.write_list()
        with Daemon(self.path / "run") as daemon, FaultServer(page) as first, FaultServer(half) as second, \
                FaultServer(changed) as third:
            wrong = [f"http://127.0.0.1:{server.port}/live%20image.squashfs" for server in (first, second, third)]
            mirrors = [f"--mirror={url}" for url in wrong[1:]]
            result = daemon.ctl("deploy", f"--checksum={checksums}", *mirrors, wrong[0], loop.path)
            self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
            for words in ("an HTML page", "the image is incomplete", "the checksum does not match"):
                self.assertIn(words, result.stderr.splitlines()[-1])
            with open(loop.path, "rb") as file:
                self.assertNotEqual(file.read(4), b"hsqs")
            result = daemon.ctl("deploy", f"--checksum={checksums}", *mirrors, f"--mirror={self.url()}", wrong[0],
                                loop.path)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(loop.path, "rb") as file:
                self.assertTrue(file.read(len(image)) == image, "the bytes differ")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: sets up a loop device")
    def test_a_body_without_a_length_that_ends_early_was_cut(self):
        backing = self.path / "backing"
        with open(backing, "wb") as file:
            file.truncate(8 << 20)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        cut = Fault(cut=SIZE // 2, unmeasured=True)
        with Daemon(self.path / "run") as daemon:
            for faults, status in (([cut, Fault(unmeasured=True)], 0), ([cut] * 9, exit_status.NOT_LIVE)):
                with FaultServer(self.image, faults) as server:
                    result = daemon.ctl("deploy", "--reset", f"http://127.0.0.1:{server.port}/image", loop.path)
                    self.assertEqual(result.returncode, status, result.stderr)
                    self.assertEqual(len(server.requests), 2 if status == 0 else 3)
                    self.assertIn("retrying in 1 s: the image is incomplete", result.stderr)
            self.assertIn("the image is incomplete", result.stderr.splitlines()[-1])
            half = self.path / "half"
            half.write_bytes(self.image.read_bytes()[:SIZE // 2])
            with FaultServer(half, [Fault(chunked=True)] * 9) as server:
                result = daemon.ctl("deploy", "--reset", f"http://127.0.0.1:{server.port}/image", loop.path)
                self.assertIn("the image is incomplete", result.stderr.splitlines()[-1])
                self.assertEqual(len(server.requests), 1)  # the last chunk has come: it is no cut


if __name__ == "__main__":
    tap.main()
