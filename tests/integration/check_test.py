# SPDX-License-Identifier: LGPL-2.1-or-later
"""`bootferryctl check`: its reports on images, mirrors and servers, and that it fails if a boot would fail."""

import gzip
import json
import lzma
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from nginx import Nginx  # noqa: E402
from squashfs import make_squashfs  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 8_000_000
MIB = 1 << 20
EXTRA = """location /unranged/ {{ alias {0}/; max_ranges 0; }} location /unmarked/ {{ alias {0}/; etag off; if_modified_since off;
add_header Last-Modified ""; }} location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
location /locked/ {{ alias {0}/; auth_basic "locked"; auth_basic_user_file {1}; }}"""


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-check-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        self.image = self.served / "live.squashfs"
        make_squashfs(self.image, SIZE)
        self.size = self.image.stat().st_size
        (self.path / "passwords").write_text("someone:{PLAIN}geheim\n")
        self.server = Nginx(self.served, extra=EXTRA.format(self.served, self.path / "passwords")).start()
        self.addCleanup(self.server.stop)

    def url(self, name="live.squashfs"):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def check(self, url, *options):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "check", *options, url], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)

    def checked(self, url, *options):
        """The objects of a check that succeeds."""
        result = self.check(url, "--json=short", *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def assert_fails(self, url, *options, reason):
        result = self.check(url, *options)
        self.assertIn(result.returncode, exit_status.FAILURES, result.stdout)
        self.assertIn(reason, result.stderr.splitlines()[-1])
        return result

    def sums(self, name="SHA256SUMS"):
        text = subprocess.run(["sha256sum", *sorted(f.name for f in self.served.iterdir())], cwd=self.served, check=True,
                              capture_output=True).stdout
        (self.served / name).write_bytes(text)
        return self.url(name)

    def test_a_good_image(self):
        sums = self.sums()
        answer, = self.checked(self.url(), f"--checksum={sums}")
        self.assertEqual({key: answer[key] for key in ("url", "usable", "error", "size", "resumable", "compression",
                                                       "format", "image_size", "warnings")},
                         {"url": self.url(), "usable": True, "error": None, "size": self.size, "resumable": True,
                          "compression": None, "format": "squashfs", "image_size": self.size, "warnings": []})
        self.assertTrue(self.size - 4096 < answer["declared_size"] <= self.size)
        self.assertTrue(self.size + 64 * MIB <= answer["memory"] < self.size + 64 * MIB + 4096)
        self.assertTrue(answer["validator"])
        self.assertIn(answer["checksum"].removeprefix("sha256:"), (self.served / "SHA256SUMS").read_text())
        result = self.check(self.url(), f"--checksum={sums}")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for words in (self.url(), f"({self.size} bytes)", "Ranges: yes", "Image: squashfs, ", "Compression: none", "RAM disk",
                      "Plugin: curl ", answer["validator"], f"{answer['checksum']} (from {sums})"):
            self.assertIn(words, result.stdout)

    def test_objects_have_the_members_of_the_manual(self):
        page = (pathlib.Path(os.environ["BOOTFERRY_DOCS"]) / "bootferryctl.1").read_text()
        section = page.split(".Sh JSON OUTPUT OF CHECK\n")[1].split(".Sh ")[0]
        documented = {word for line in section.splitlines() if line.startswith(".It Li ")
                      for word in line.removeprefix(".It Li ").split(" , ")}
        for url in (self.url(), self.url("nothing")):
            answer, = json.loads(self.check(url, "--json=short").stdout)
            self.assertEqual(set(answer), documented)

    def test_only_the_beginning_is_read(self):
        os.truncate(self.image, 256 * MIB)  # much more than the sockets' buffers hold
        with FaultServer(self.image) as server:
            self.checked(f"http://127.0.0.1:{server.port}/x")
            self.assertLess(sum(request.body_bytes for request in server.requests), 64 * MIB)
            self.assertLessEqual(len(server.requests), 2)

    def test_compressed_images(self):
        data = self.image.read_bytes()
        (self.served / "live.gz").write_bytes(gzip.compress(data, 1))
        (self.served / "live.xz").write_bytes(lzma.compress(data, preset=0))
        subprocess.run(["zstd", "-q", self.image, "-o", self.served / "live.zst"], check=True)
        for name, codec in (("live.gz", "gzip"), ("live.xz", "xz"), ("live.zst", "zstd")):
            answer, = self.checked(self.url(name))
            self.assertEqual((answer["compression"], answer["format"]), (codec, "squashfs"))
            self.assertEqual(answer["size"], (self.served / name).stat().st_size)
            self.assertTrue(self.size - 4096 < answer["image_size"] <= self.size, name)
        (self.served / "twice.gz").write_bytes(gzip.compress(gzip.compress(data, 1), 1))
        self.assert_fails(self.url("twice.gz"), reason="which bootferry cannot decode")
        (self.served / "broken.gz").write_bytes(gzip.compress(data, 1)[:100] + bytes(100000))
        self.assert_fails(self.url("broken.gz"), reason="gzip")
        # Only the data decoded from the first MiB is examined.
        (self.served / "bomb.gz").write_bytes(gzip.compress(bytes(50 * MIB)))
        self.assert_fails(self.url("bomb.gz"), reason="not a live image")

    def test_what_is_no_image(self):
        (self.served / "page").write_text("<html>log in here</html>")
        (self.served / "empty").write_bytes(b"")
        (self.served / "short").write_bytes(b"hsqs")
        (self.served / "cut").write_bytes(self.image.read_bytes()[:SIZE // 2])
        (self.served / "ansi").write_bytes(b"\x1b]0;gotcha\x07\x1b[31mred" + bytes(100))
        for name, reason in (("page", "it begins with '<html>log in here</html>', an HTML page: check the URL"),
                             ("empty", "it is empty"), ("cut", "the image is incomplete: its header says"),
                             ("ansi", "not a live image"), ("nothing", "404")):
            result = self.assert_fails(self.url(name), reason=reason)
            self.assertTrue(result.stderr.splitlines()[-1].startswith(f"bootferryctl: a boot from {self.url(name)} would fail: "))
            self.assertNotIn("\x1b", result.stdout + result.stderr)
        answer, = json.loads(self.check(self.url("nothing"), "--json=short").stdout)
        self.assertEqual((answer["usable"], answer["error"], answer["size"]),
                         (False, "org.bootferry1.Error.NotFound", None))
        self.assertIn("404", answer["message"])
        nobody = f"http://127.0.0.1:{processes.free_port()}/x"
        for url in (self.url("nothing"), nobody):
            answer, = json.loads(self.check(url, "--json=short").stdout)
            self.assertEqual((answer["resumable"], answer["ranges"]), (None, None))

    def test_nothing_is_retried(self):
        with FaultServer(self.image, faults=[Fault(status=503)]) as server:
            result = self.assert_fails(f"http://127.0.0.1:{server.port}/x", reason="503")
            self.assertIn("would wait, and try again until it succeeds: ", result.stderr.splitlines()[-1])
            self.assertEqual(len(server.requests), 1)
        self.assert_fails(f"http://127.0.0.1:{processes.free_port()}/x", reason="Connection refused")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.assert_fails(f"http://127.0.0.1:{silent.getsockname()[1]}/x", "--stall-timeout=1", reason="nothing arrived for 1 s")

    def test_it_ends_in_time(self):
        with FaultServer(self.image, faults=[Fault(crawl=0)]) as server:
            self.assert_fails(f"http://127.0.0.1:{server.port}/x", "--timeout=1", reason="gave up after 1 s: ")

    def test_ranges_are_asked_for(self):
        self.assertTrue(self.checked(self.url())[0]["resumable"])
        self.assertFalse(self.checked(self.url("unranged/live.squashfs"))[0]["resumable"])
        unmarked, = self.checked(self.url("unmarked/live.squashfs"))
        self.assertIsNone(unmarked["validator"])
        with FaultServer(self.image, faults=[Fault(), Fault(ignore_range=True)]) as server:
            result = self.check(f"http://127.0.0.1:{server.port}/x")
            self.assertIn("Ranges: no", result.stdout)

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            url = f"ftp://127.0.0.1:{server.port}/live.squashfs"
            answer, = self.checked(url, f"--checksum={self.sums()}")
            self.assertEqual((answer["size"], answer["format"], answer["resumable"]), (self.size, "squashfs", True))
            self.assertTrue(answer["validator"] and answer["checksum"])
            self.assert_fails(url + "x", reason="550")

    def test_sftp(self):
        if reason := Sshd.missing():
            self.skipTest(reason)
        if not (pathlib.Path(os.environ["BOOTFERRY_PLUGIN_DIR"]) / "scheme-sftp.so").exists():
            self.skipTest("built without sftp")
        with Sshd() as server:
            url = f"sftp://{server.user}@127.0.0.1:{server.port}{self.image}"
            options = (f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")
            answer, = self.checked(url, *options)
            self.assertEqual((answer["size"], answer["format"], answer["resumable"]), (self.size, "squashfs", True))
            self.assert_fails(url + "x", *options, reason="has no file")
            self.assert_fails(url, reason="host key")

    def test_mirrors_are_compared(self):
        (self.served / "copy").write_bytes(self.image.read_bytes())
        os.utime(self.served / "copy", ns=(self.image.stat().st_mtime_ns,) * 2)
        make_squashfs(self.served / "other", SIZE // 2)
        first, same = self.checked(self.url(), f"--mirror={self.url('copy')}")
        self.assertEqual((first["warnings"], same["warnings"]), ([], []))
        result = self.check(self.url(), f"--mirror={self.url('other')}", f"--mirror={self.url('gone')}", "--json=short")
        self.assertEqual(result.returncode, 0, result.stderr)
        _, other, gone = json.loads(result.stdout)
        self.assertIn("it is another image", other["warnings"][0])
        self.assertIn("starts over", other["warnings"][1])
        self.assertFalse(gone["usable"])
        self.assertIn(f"bootferryctl: {self.url('other')}: it is another image: its size is ", result.stderr)
        self.assertIn(f"bootferryctl: {self.url('gone')}: ", result.stderr)
        # A boot would use the mirror.
        result = self.check(self.url("gone"), f"--mirror={self.url()}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"bootferryctl: {self.url('gone')}: ", result.stderr)
        self.assertIn("Memory: ", result.stdout)
        self.assert_fails(self.url("gone"), f"--mirror={self.url('gone2')}", reason="would fail: ")

    def test_the_checksum_list(self):
        sums = self.sums()
        (self.served / "new").write_bytes(self.image.read_bytes())
        self.assert_fails(self.url("new"), f"--checksum={sums}", reason="it has no checksum for 'new'")
        self.assert_fails(self.url(), f"--checksum={self.url('NOSUMS')}", reason="404")
        self.assert_fails(self.url(), f"--checksum={self.url()}", reason="not a checksum list")
        result = self.check(self.url(), "--json=short", f"--mirror={self.url('gone')}", f"--checksum={self.url('NOSUMS')}")
        image, mirror = json.loads(result.stdout)
        self.assertEqual((image["usable"], image["error"]), (False, "org.bootferry1.Error.NotFound"))
        self.assertIn(f"the checksum list '{self.url('NOSUMS')}'", image["message"])
        self.assertNotIn("NOSUMS", mirror["message"])
        given = "sha512:" + "a" * 128
        self.assertEqual(self.checked(self.url(), f"--checksum={given}")[0]["checksum"], given)

    def test_credentials_and_options_are_used_and_not_shown(self):
        locked = self.url("locked/live.squashfs")
        self.assert_fails(locked, reason="401")
        (self.path / "userinfo").write_text("someone:geheim\n")
        for url, options in ((locked.replace("//", "//someone:geheim@"), ()), (locked, (f"--userinfo-file={self.path}/userinfo",)),
                             (locked, ("--option=curl:user=someone:geheim",))):
            result = self.check(url, *options)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertNotIn("geheim", result.stdout + result.stderr)
        self.assert_fails(self.url(), "--option=curl:frob=1", reason="frob")
    def test_redirects_are_shown(self):
        self.assertIsNone(self.checked(self.url())[0]["location"])
        for name in ("moved/live.squashfs", "moved/moved/live.squashfs"):
            moved, = self.checked(self.url(name))
            self.assertEqual((moved["url"], moved["location"], moved["size"]), (self.url(name), self.url(), self.size))
        self.assertIn(f"Redirected: to {self.url()}\n", self.check(self.url("moved/live.squashfs")).stdout)
        self.assertIsNone(self.checked(self.url("moved/live.squashfs?a=geheim"))[0]["error"])
        result = self.check(self.url("moved/live.squashfs?a=geheim"), "--json=short")
        self.assertEqual(json.loads(result.stdout)[0]["location"], self.url() + "?...")
        self.assert_fails(self.url("moved/nothing"), reason="404")

    def test_a_chain_is_not_broken(self):
        for words in (["dolly://127.0.0.1/x"], [self.url(), "--mirror=dolly://127.0.0.1/x"]):
            self.assert_fails(*words, reason="a dolly server cannot be checked")

    def test_its_arguments(self):
        for words, reason in (([], "check: an argument is missing"), (["a", "b"], "'b'"), (["nonsense"], "nonsense"),
                              ([self.url(), "--frob"], "no option '--frob'"), ([self.url(), "--reset"], "no option '--reset'"),
                              ([self.url(), "--json=xml"], "--json=xml")):
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "check", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, result.stdout), (exit_status.USAGE, ""), words)
            self.assertIn(reason, result.stderr)

    def test_an_interrupt_ends_it(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            client = processes.start([os.environ["BOOTFERRYCTL"], "check", f"http://127.0.0.1:{silent.getsockname()[1]}/x"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(processes.stop, client)
            connection, _ = silent.accept()
            with connection:
                client.send_signal(signal.SIGINT)
                self.assertEqual(client.wait(timeout=60), 130)
            self.assertEqual((client.stdout.read(), client.stderr.read()), ("", "bootferryctl: cancelled\n"))

    def test_the_proxies_of_the_environment_are_used(self):
        """check uses the proxies of the environment, as fetch does, and warns that a boot does not."""
        with FaultServer(self.image, []) as proxy:
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "check", "http://no-such-host.invalid/live.squashfs"],
                                    env=dict(os.environ, http_proxy=f"http://127.0.0.1:{proxy.port}"), capture_output=True,
                                    stdin=subprocess.DEVNULL, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("http_proxy is set, which a boot does not read", result.stderr)

    def test_a_proxy_that_fails_says_nothing_of_a_boot(self):
        for proxy, reason, status in ((f"http://127.0.0.1:{processes.free_port()}", "connecting to the proxy", exit_status.UNREACHABLE),
                                      ("http://127.0.0.1:99999", "the environment variable http_proxy", exit_status.USAGE)):
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "check", self.url("live.squashfs")],
                                    env=dict(os.environ, http_proxy=proxy), capture_output=True, stdin=subprocess.DEVNULL, text=True,
                                    timeout=120)
            self.assertEqual(result.returncode, status, result.stderr)
            last = result.stderr.splitlines()[-1]
            self.assertIn("with http_proxy, which a boot does not read, ", last)
            self.assertIn(reason, last)
            self.assertNotIn("a boot from", last)

    def test_ranges_are_not_claimed_without_a_try(self):
        """Without a validator none is requested."""
        answer, = self.checked(self.url("unmarked/live.squashfs"))
        self.assertEqual((answer["validator"], answer["resumable"]), (None, None))
        result = self.check(self.url("unmarked/live.squashfs"))
        self.assertIn("Ranges: not tried", result.stdout)

    def test_two_places_on_one_server_are_told_apart(self):
        result = self.check(self.url(), f"--mirror={self.url('none')}", f"--mirror={self.url('nothing')}")
        for name in ("none", "nothing"):
            self.assertIn(f"bootferryctl: {self.url(name)}: ", result.stderr)


if __name__ == "__main__":
    tap.main()
