# SPDX-License-Identifier: LGPL-2.1-or-later
"""The two real processes of a transfer with a checksum: each of them dies or hangs, and nothing that is half written is
believed; and what the verifying one has in its hands."""

import hashlib
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402


def verifies(process):
    try:
        return b"--verify" in pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


class PairTest(ServiceTest):
    def checksum(self):
        return f"--checksum=sha256:{hashlib.sha256(self.image.read_bytes()).hexdigest()}"

    def pair(self, supervisor):
        """The numbers of the receiving and of the verifying process."""
        workers = processes.children(supervisor)
        return next(process for process in workers if not verifies(process)), next(filter(verifies, workers))

    def moving(self, client):
        processes.read_until(client, "%")


@needs_root
class ServicePairTest(PairTest):
    def image_in(self, daemon):
        with open(os.readlink(daemon.folder / "image"), "rb") as device:
            return device.read(self.image.stat().st_size)

    def test_the_death_of_either_is_one_failed_attempt(self):
        for index, name in ((0, "the transfer process"), (1, "the verifying process")):
            with self.subTest(name), Daemon(self.path / f"run{index}") as daemon:
                with daemon.ctl_running("deploy", self.checksum(), self.url("slow/live.squashfs"), "/dev/ram0") as client:
                    self.moving(client.stdout)
                    os.kill(self.pair(daemon.process.pid)[index], signal.SIGKILL)
                    messages = client.stdout.read()
                    self.assertEqual(client.wait(timeout=120), 0, messages)
                self.assertIn(f"{name} crashed (signal 9", messages)
                self.assertRegex(daemon.ctl("status", "1").stdout, "Attempt: 2")
                self.assertEqual(self.image_in(daemon), self.image.read_bytes())


class FetchPairTest(PairTest):
    def start(self):
        output = self.path / "output"
        client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", self.checksum(), self.url("slow/live.squashfs"),
                                  str(output)], stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        self.moving(client.stderr)
        return client

    def assert_nothing_is_left(self):
        self.assertFalse([path.name for path in self.path.iterdir() if "output" in path.name])

    def test_the_death_of_either_is_named(self):
        for index, name in ((0, "the transfer process"), (1, "the verifying process")):
            with self.subTest(name):
                client = self.start()
                os.kill(self.pair(client.pid)[index], signal.SIGKILL)
                self.assertIn(f"{name} crashed (signal 9", client.stderr.read().splitlines()[-1])
                self.assertIn(client.wait(timeout=120), exit_status.FAILURES)
                self.assert_nothing_is_left()

    def test_a_hung_one_does_not_delay_a_cancel(self):
        for index in (0, 1):
            with self.subTest(index=index):
                client = self.start()
                os.kill(self.pair(client.pid)[index], signal.SIGSTOP)
                client.send_signal(signal.SIGINT)
                self.assertIn("cancelled", client.stderr.read())
                client.wait(timeout=120)
                self.assertEqual(processes.children(client.pid), [])

    @processes.without_sanitizers
    def test_what_the_verifying_one_has(self):
        client = self.start()
        receiving, verifying = self.pair(client.pid)
        processes.wait_for(client, lambda: processes.unnamed_file(verifying))
        links = sorted(re.sub(r":.*|/#\d+ \(deleted\)", "", os.readlink(path)) for path in
                       pathlib.Path(f"/proc/{verifying}/fd").iterdir())
        targets = [link for link in links if link not in ("/dev/null", "pipe", "socket")]
        self.assertEqual(len(targets), 1, links)
        self.assertEqual((links.count("/dev/null"), links.count("pipe"), links.count("socket")), (1, 4, 2), links)
        self.assertIsNone(processes.unnamed_file(receiving))
        status = pathlib.Path(f"/proc/{verifying}/status").read_text()
        for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"):
            self.assertIn(line, status)
        if os.geteuid() == 0:
            for what in ("mem", "environ", "maps", "fd/3", "auxv"):
                result = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "head", "-c1",
                                         f"/proc/{verifying}/{what}"], capture_output=True, text=True)
                self.assertIn("Permission denied", result.stderr, what)


if __name__ == "__main__":
    tap.main()
