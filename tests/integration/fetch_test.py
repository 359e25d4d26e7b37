# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl fetch as a person runs it: real nginx and vsftpd, and a server that misbehaves by order."""

import fcntl
import hashlib
import os
import pathlib
import pty
import random
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from nginx import Nginx  # noqa: E402
from odd_ftp_server import OddFtpServer  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 5_000_003


class FetchCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bootferry-fetch-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.path.chmod(0o755)
        (self.path / "served").mkdir()
        self.image = self.path / "served" / "image"
        self.image.write_bytes(random.Random(1).randbytes(SIZE))
        self.output = self.path / "output"

    def fetch(self, url, *options, output=None):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *options, url, output or str(self.output)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def assert_fetched(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), self.image.read_bytes())
        self.assertEqual(sorted(path.name for path in self.path.iterdir()), ["output", "served"])

    def assert_failed(self, result, *words, left=("served",)):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        reason = result.stderr.strip().splitlines()[-1]
        self.assertTrue(reason.startswith("bootferryctl: "), reason)
        for word in words:
            self.assertIn(word, reason)
        self.assertEqual(sorted(path.name for path in self.path.iterdir()), list(left))


class FetchTest(FetchCase):
    def test_http_from_nginx(self):
        with Nginx(self.path / "served") as server:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))

    def test_the_file_has_the_time_of_the_one_on_the_server(self):
        os.utime(self.path / "served" / "image", (1_400_000_000, 1_500_000_000))
        with Nginx(self.path / "served") as server, Vsftpd(self.path / "served") as ftp:
            for url in (f"http://127.0.0.1:{server.port}/image", f"ftp://127.0.0.1:{ftp.port}/image"):
                for options in ([], ["--connections=1"]):
                    self.assert_fetched(self.fetch(url, *options))
                    self.assertEqual(self.output.stat().st_mtime, 1_500_000_000, url)
        with FaultServer(self.path / "served" / "image") as server:  # sends no Last-Modified
            self.output.unlink()
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))
            self.assertGreater(self.output.stat().st_mtime, 1_600_000_000)

    def test_404_is_final_and_keeps_what_was_there(self):
        self.output.write_text("precious")
        with Nginx(self.path / "served") as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/nothing")
        self.assertEqual(result.returncode, exit_status.NOT_FOUND)
        self.assertIn("server answered 404 Not Found", result.stderr.splitlines()[-1])
        self.assertEqual(self.output.read_text(), "precious")

    def test_a_server_that_comes_up_late(self):
        server = Nginx(self.path / "served")
        command = [os.environ["BOOTFERRYCTL"], "fetch", f"http://127.0.0.1:{server.port}/image", str(self.output)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
            seen = processes.read_until(client.stderr, "Connection refused")
            with server:
                seen += client.stderr.read()
                self.assertEqual(client.wait(timeout=60), 0, seen)
        self.assertEqual(self.output.read_bytes(), self.image.read_bytes())

    def test_a_name_that_does_not_resolve_is_waited_for(self):
        command = [os.environ["BOOTFERRYCTL"], "fetch", "http://no-such-host.invalid/image", str(self.output)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
            line = client.stderr.readline()
            while line and "'no-such-host.invalid' does not resolve" not in line:
                line = client.stderr.readline()
            client.terminate()
            self.assertTrue(line, "it ended without that reason")

    def test_the_overall_timeout_gives_up_with_the_last_reason(self):
        port = processes.free_port()
        self.assert_failed(self.fetch(f"http://127.0.0.1:{port}/image", "--timeout=1"), "gave up after 1 s",
                           "Connection refused")

    def test_cuts_are_resumed_where_they_happened(self):
        cuts = random.Random(2)
        faults = [Fault(cut=cuts.randrange(1, 190_000)) for _ in range(50)]
        with FaultServer(self.image, faults) as server:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))
            self.assertEqual(len(server.requests), 51)
            fetched = sum(request.body_bytes for request in server.requests)
        self.assertLessEqual(fetched, SIZE + len(faults) * (64 << 10))  # which are compared

    def test_a_server_that_ignores_ranges_is_started_over(self):
        with FaultServer(self.image, [Fault(cut=1_000_000), Fault(ignore_range=True)]) as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/image")
        self.assert_fetched(result)
        self.assertIn("starting over", result.stderr)

    def test_busy_servers_are_retried(self):
        faults = [Fault(status=503, headers=[("Retry-After", "1")]), Fault(status=429)]
        with FaultServer(self.image, faults) as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/image")
        self.assert_fetched(result)
        self.assertIn("server answered 503", result.stderr)

    def test_a_mirror_steps_in(self):
        with FaultServer(self.image, [Fault(cut=1_000_000)] + [Fault(status=404)] * 3) as first, \
                FaultServer(self.image) as second:
            result = self.fetch(f"http://127.0.0.1:{first.port}/image",
                                f"--mirror=http://127.0.0.1:{second.port}/image")
            self.assert_fetched(result)
            self.assertEqual(len(second.requests), 1)
            self.assertNotIn("retr", result.stderr.splitlines()[-1], "another server is no retry")

    def test_checksums(self):
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        with Nginx(self.path / "served") as server:
            url = f"http://127.0.0.1:{server.port}/image"
            self.assert_failed(self.fetch(url, "--checksum=sha256:" + "0" * 64), "checksum does not match", digest,
                               left=("output.bootferry", "output.part", "served"))
            for text in (f"sha256:{digest}", f"SHA256:{digest.upper()}"):
                result = self.fetch(url, f"--checksum={text}")
                self.assert_fetched(result)
                self.assertIn("verifying", result.stderr.splitlines())
            self.assertNotIn("verifying", self.fetch(url).stderr.splitlines(), "there is nothing to compare")

    def test_secrets_are_not_shown(self):
        with FaultServer(self.image, [Fault(status=401)]) as server:
            result = self.fetch(f"http://someone:hidden@127.0.0.1:{server.port}/image")
            self.assertIn("Authorization", server.requests[0].headers)
        self.assert_failed(result, "credentials")
        self.assertNotIn("hidden", result.stderr)
        self.assertNotIn("someone", result.stderr)

    def test_a_killed_worker_is_a_failure_in_words(self):
        with FaultServer(self.image, [Fault(status=503, headers=[("Retry-After", "60")])]) as server:
            command = [os.environ["BOOTFERRYCTL"], "fetch", f"http://127.0.0.1:{server.port}/image", str(self.output)]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
                processes.read_until(client.stderr, "503")
                children = pathlib.Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text().split()
                os.kill(int(children[0]), 9)
                self.assertIn("crashed (signal 9", client.stderr.read())
                self.assertEqual(client.wait(timeout=120), exit_status.OTHER)

    def shown_on_a_terminal(self, **environment):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
        with Nginx(self.image.parent, extra="limit_rate 4m;") as server:
            client = subprocess.Popen([os.environ["BOOTFERRYCTL"], "fetch", f"http://127.0.0.1:{server.port}/image",
                                       str(self.output)], stderr=theirs, env={**os.environ, **environment})
            os.close(theirs)
            shown = b""
            try:
                while piece := os.read(ours, 4096):
                    shown += piece
            except OSError:  # the client was the last to have the terminal open
                pass
            self.assertEqual(client.wait(timeout=120), 0)
        return shown.decode()

    def test_a_dumb_terminal_gets_lines(self):
        shown = self.shown_on_a_terminal(TERM="dumb")
        self.assertNotIn("\x1b", shown)
        self.assertIn("4.8 MiB from http://", shown)

    def test_a_terminal_shows_a_bar_that_fits_it(self):
        *drawn, last = re.split(r"\r\x1b\[K", self.shown_on_a_terminal())
        self.assertRegex("\n".join(drawn), r"\[#+\.+\] +\d+ %")
        self.assertLess(max(map(len, drawn)), 72)
        self.assertRegex(last, r"4\.8 MiB from http://")

    def test_the_worker_of_root_is_not_root(self):
        if os.geteuid() != 0:
            self.skipTest("it is about root")
        with FaultServer(self.image, [Fault(status=503, headers=[("Retry-After", "60")])]) as server:
            command = [os.environ["BOOTFERRYCTL"], "fetch", f"http://127.0.0.1:{server.port}/image", str(self.output)]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
                processes.read_until(client.stderr, "503")
                worker, = pathlib.Path(f"/proc/{client.pid}/task/{client.pid}/children").read_text().split()
                status = pathlib.Path(f"/proc/{worker}/status").read_text()
                client.terminate()
        for line in ("CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
                     "NoNewPrivs:\t1"):
            self.assertIn(line, status)
        self.assertNotIn("\nUid:\t0", status)
        self.assertNotIn("\nGid:\t0", status)
        self.assertIn("\nGroups:\t \n", status)

    def test_a_worker_user_that_does_not_exist(self):
        if os.geteuid() != 0:
            self.skipTest("it is about root")
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "http://127.0.0.1:1/image", self.output],
                                env={**os.environ, "BOOTFERRY_WORKER_USER": "no-such-user"}, capture_output=True,
                                text=True, timeout=120)
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertIn("the transfer process's user 'no-such-user' does not exist", result.stderr.splitlines()[-1])
        self.assertIn("systemd-sysusers", result.stderr.splitlines()[-1])

    def test_an_interrupt_ends_it_at_once(self):
        with FaultServer(self.image, [Fault(status=503, headers=[("Retry-After", "60")])]) as server:
            command = [os.environ["BOOTFERRYCTL"], "fetch", f"http://127.0.0.1:{server.port}/image", str(self.output)]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
                processes.read_until(client.stderr, "503")
                client.terminate()
                self.assertEqual(client.wait(timeout=120), 130)
                self.assertIn("cancelled", client.stderr.read())

    def test_bad_words_on_the_command_line(self):
        for arguments, words in (
                ([], "an argument is missing"),
                (["image"], "is not a usable URL"),
                (["gopher://x/y", str(self.output)], "no plugin serves 'gopher'"),
                (["http://", str(self.output)], ""),
                (["--checksum=md5:12", "http://x/y", str(self.output)], "expected sha256:HEX"),
                (["--frob", "http://x/y", str(self.output)], "fetch has no option '--frob'"),
                (["--option=curl:frob=1", "http://x/y", str(self.output)], "'frob'"),
                (["http://x/y", "/dev"], "is a folder")):
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *arguments], capture_output=True, text=True,
                                    timeout=120)
            self.assertIn(result.returncode, exit_status.FAILURES, arguments)
            self.assertIn(words, result.stderr.splitlines()[-1])

    def test_the_worker_is_not_for_hands(self):
        result = subprocess.run([os.environ["BOOTFERRY_WORKER"]], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("bootferryctl fetch", result.stderr)
        listing = subprocess.run([os.environ["BOOTFERRY_WORKER"], "--list-plugins"], capture_output=True, text=True,
                                 timeout=120)
        self.assertIn("curl\t0.1.0\tftp http https tftp", listing.stdout)


class FtpTest(FetchCase):
    def setUp(self):
        super().setUp()
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        server = Vsftpd(self.path / "served")
        self.addCleanup(server.stop)
        self.port = server.start().port

    def test_ftp_from_vsftpd(self):
        self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{self.port}/image"))

    def test_a_missing_file_is_final(self):
        self.assert_failed(self.fetch(f"ftp://127.0.0.1:{self.port}/nothing"), "server answered 550")

    def test_the_list_of_a_folder_is_no_image(self):
        (self.path / "served/folder").mkdir(exist_ok=True)
        (self.path / "served/folder/file").write_text("x")
        for path in ("/", "/folder/", "/folder%2F", "/folder/#x", "/folder;type=d", "/folder/;type=i", ""):
            with self.subTest(path=path):
                result = self.fetch(f"ftp://127.0.0.1:{self.port}{path}")
                self.assertEqual(result.returncode, exit_status.NOT_FOUND, result.stderr)
                self.assertIn("is a folder, not a file", result.stderr)
        self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{self.port}/image;type=i"))

    def test_a_conversion_is_refused(self):
        for letter in "aA":
            self.assert_failed(self.fetch(f"ftp://127.0.0.1:{self.port}/image;type={letter}"),
                               f"would be converted: remove ';type={letter}'")


class OddFtpTest(FetchCase):
    def test_a_size_that_no_file_has(self):
        content = self.image.read_bytes()
        huge = 2**64 + SIZE
        for size, opening in ((f"213 {huge}", "150 here it comes"), (None, f"150 here it comes ({huge} bytes)")):
            with self.subTest(size=size), OddFtpServer(content, size, opening) as server:
                self.assert_failed(self.fetch(f"ftp://127.0.0.1:{server.port}/image", "--timeout=10"), "server sent an impossible size")
        for size in (f"213 {SIZE}", None):
            with OddFtpServer(content, size) as server:
                self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))


    def test_a_server_that_is_silent_after_the_data(self):
        """libcurl waits a minute for its word, in one call, where it reads the data itself."""
        with OddFtpServer(self.image.read_bytes(), mute=True) as server:
            outcome = self.fetch(f"ftp://127.0.0.1:{server.port}/image", "--timeout=4")
            self.assertEqual(outcome.returncode, exit_status.TIMEOUT, outcome.stderr)
            self.assertNotIn("react", outcome.stderr)


@unittest.skipUnless(os.geteuid() == 0, "needs root: sets up loop devices")
class DeviceTest(FetchCase):
    def device(self, size, contents=None):
        backing = self.path / "backing"
        with open(backing, "wb") as file:
            file.truncate(size)
        if contents:
            subprocess.run([*contents, backing], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        return loop.path

    def read(self, device, size=SIZE):
        with open(device, "rb") as file:
            return file.read(size)

    def refused(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES)
        for word in words:
            self.assertIn(word, result.stderr.splitlines()[-1])

    def test_a_blank_device(self):
        device = self.device(SIZE // 4096 * 4096 + 8192)
        with Nginx(self.path / "served") as server:
            result = self.fetch(f"http://127.0.0.1:{server.port}/image", output=device)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read(device), self.image.read_bytes())

    def test_what_lies_there_is_named_and_kept(self):
        device = self.device(16 << 20, ["mkfs.ext4", "-q", "-L", "precious"])
        before = self.read(device, 16 << 20)
        with Nginx(self.path / "served") as server:
            url = f"http://127.0.0.1:{server.port}/image"
            self.refused(self.fetch(url, output=device), "ext4 'precious'", "--reset")
            self.assertEqual(self.read(device, 16 << 20), before)
            self.assertEqual(self.fetch(url, "--reset", output=device).returncode, 0)
        self.assertEqual(self.read(device), self.image.read_bytes())

    def test_too_small(self):
        device = self.device(1 << 20)
        with Nginx(self.path / "served") as server:
            self.refused(self.fetch(f"http://127.0.0.1:{server.port}/image", output=device),
                         "the image has 4.8 MiB", "only 1.0 MiB")

    def test_in_use(self):
        device = self.device(16 << 20, ["mkfs.ext4", "-q"])
        folder = self.path / "mounted"
        folder.mkdir()
        subprocess.run(["mount", device, folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        self.refused(self.fetch("http://127.0.0.1:1/image", "--reset", output=device), "is in use")

    def test_read_only(self):
        device = self.device(16 << 20)
        subprocess.run(["blockdev", "--setro", device], check=True)
        self.addCleanup(subprocess.run, ["blockdev", "--setrw", device], check=True)  # it outlives the file
        self.refused(self.fetch("http://127.0.0.1:1/image", output=device), "is read-only")


if __name__ == "__main__":
    tap.main()
