# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixture of the tests of bootferryd and its clients: a small live image, a server that has it, a daemon."""

import os
import pathlib
import random
import re
import subprocess
import tempfile
import unittest

import exit_status
from daemon import Daemon
from nginx import Nginx

MANAGER = ("org.bootferry1", "/org/bootferry1", "org.bootferry1.Manager")
NOBODY = ("setpriv", "--reuid=nobody", "--clear-groups")
needs_root = unittest.skipUnless(os.geteuid() == 0, "needs root")


def documented_members():
    """The members of a transfer's JSON object, according to bootferryctl(1)."""
    text = (pathlib.Path(os.environ["BOOTFERRY_DOCS"]) / "bootferryctl.1").read_text()
    section = text[text.index(".Sh JSON OUTPUT"):text.index(".Sh EXIT STATUS")]
    return {name for line in section.splitlines() if line.startswith(".It Li") for name in re.findall(r"[a-z_]{2,}", line)}


class ServiceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-service-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        (self.path / "served").mkdir()
        self.image = self.path / "served" / "live.squashfs"
        tree = self.path / "tree"
        (tree / "etc").mkdir(parents=True)
        (tree / "noise").write_bytes(random.Random(1).randbytes(6_000_000))
        subprocess.run(["mksquashfs", tree, self.image, "-quiet", "-no-progress"], check=True,
                       stdout=subprocess.DEVNULL)
        self.server = Nginx(self.path / "served", extra="location /slow/ { alias %s/; limit_rate 500k; }"
                            % (self.path / "served"))
        self.server.start()
        self.addCleanup(self.server.stop)

    def url(self, name="live.squashfs"):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def daemon(self, **options):
        daemon = Daemon(self.path / "run", **options)
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    def assert_refused(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        reason = result.stderr.strip().splitlines()[-1]
        self.assertTrue(reason.startswith("bootferryctl: "), reason)
        for word in words:
            self.assertIn(word, reason)
