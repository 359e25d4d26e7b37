# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fetch that begins before there is a name server finds it when it comes, wherever resolv.conf is then: the worker's
sandbox has been closed long before. The test runs in namespaces of its own, with a copy of /etc and an empty /run."""

import functools
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from dns import NameServer  # noqa: E402

SETUP = """
cp -a /etc "$0/etc"
mount --bind "$0/etc" /etc
mount -t tmpfs tmpfs /run
ip link set lo up
exec "$@"
"""
BEFORE = "nameserver 127.0.66.1\n"  # where nobody answers


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


def replace(path, text):
    """As programs do that write name servers: a new file takes the old one's name."""
    new = path.with_name("new")
    new.write_text(text)
    new.rename(path)


@unittest.skipUnless(os.geteuid() == 0, "needs root: namespaces of its own")
class NameServers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-names-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        (self.path / "image").write_bytes(os.urandom(5000))
        self.settings = pathlib.Path("/etc/resolv.conf")
        self.settings.unlink(missing_ok=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder.name))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.port = server.server_port

    def assert_found_later(self, come):
        output = self.path / "output"
        client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", f"http://image.test:{self.port}/image", output],
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        processes.read_until(client.stderr, "does not resolve")
        with NameServer({"image.test": ["127.0.0.1"]}) as names:
            come(f"nameserver {names.address}\n")
            messages = client.communicate(timeout=120)[1]
        self.assertEqual(client.returncode, 0, messages)
        self.assertEqual(output.read_bytes(), (self.path / "image").read_bytes())

    def test_a_file_that_comes(self):
        self.assert_found_later(functools.partial(replace, self.settings))

    def test_a_file_that_is_replaced(self):
        self.settings.write_text(BEFORE)
        self.assert_found_later(functools.partial(replace, self.settings))

    def test_a_link_whose_target_comes(self):
        folder = pathlib.Path("/run/of-some-program")
        self.settings.symlink_to(folder / "resolv.conf")

        def come(text):
            folder.mkdir()
            replace(folder / "resolv.conf", text)
        self.assert_found_later(come)

    def test_a_link_whose_target_is_replaced(self):
        folder = pathlib.Path("/run/another")
        folder.mkdir()
        (folder / "resolv.conf").write_text(BEFORE)
        self.settings.symlink_to(folder / "resolv.conf")
        self.assert_found_later(functools.partial(replace, folder / "resolv.conf"))


if __name__ == "__main__":
    if os.geteuid() == 0 and "BOOTFERRY_IN_NAMESPACE" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="bootferry-etc-") as copies:
            sys.exit(subprocess.run(["unshare", "--mount", "--net", "sh", "-ec", SETUP, copies, sys.executable, *sys.argv],
                                    env={**os.environ, "BOOTFERRY_IN_NAMESPACE": "1"}, check=False).returncode)
    tap.main()
