# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixture of tests that disturb a running `bootferryctl fetch`: the image, a folder for a server, the client as a
process, and its output."""

import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import exit_status
import processes


# Runs a command, as root, in a mount namespace whose /proc is empty but for the link that the dynamic linker goes by.
WITHOUT_PROC = ("unshare", "--mount", "sh", "-c",
                'mount -t tmpfs none /proc && mkdir /proc/self && ln -s "$1" /proc/self/exe && exec "$@"', "sh")


class FetchCase(unittest.TestCase):
    size = 0  # of the image, bytes
    prefix = ()  # of the client's command
    parent = None  # of the folder of all files; by default, that of temporary ones

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-fetch-", dir=self.parent)
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        self.image = self.served / "image"
        self.image.write_bytes(random.Random(1).randbytes(self.size))
        self.output = self.path / "output"

    def start(self, url, *options):
        client = processes.start([*self.prefix, os.environ["BOOTFERRYCTL"], "fetch", *options, url, str(self.output)],
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        return client

    def ended(self, client):
        """Its output and exit status."""
        messages = client.stderr.read()
        return client.wait(timeout=60), messages

    def fetch(self, url, *options):
        return self.ended(self.start(url, *options))

    def assert_fetched(self, outcome, image=None):
        status, messages = outcome
        self.assertEqual(status, 0, messages)
        # Not assertEqual: what it would print of two images that differ is of no use to anyone.
        self.assertTrue(self.output.read_bytes() == (image or self.image).read_bytes(), "the bytes differ")
        return messages

    def assert_failed(self, outcome, *words):
        status, messages = outcome
        self.assertIn(status, exit_status.FAILURES, messages)
        for word in words:
            self.assertIn(word, messages.splitlines()[-1])
        self.assertFalse(self.output.exists())
        return messages
