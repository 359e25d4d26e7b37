# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferry-report between a real bootferryd and receivers: one that answers, one that hangs, one that is not there."""

import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from report_receiver import Receiver  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402


def state(report):
    return report["transfers"][-1]["state"] if report["transfers"] else None


@needs_root
class ReportTest(ServiceTest):
    def setUp(self):
        super().setUp()
        self.disks = itertools.count()

    def reporter(self, daemon, url):
        environment = dict(daemon.environment(), BOOTFERRY_RUNTIME_DIRECTORY=str(self.path / "run"))
        process = processes.start([os.environ["BOOTFERRY_REPORT"], url], env=environment, stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, process)
        return process

    def deploy(self, daemon, name):
        disk = self.path / f"disk{next(self.disks)}"
        with open(disk, "wb") as file:
            file.truncate(64 << 20)
        device = LoopDevice(disk)
        self.addCleanup(device.detach)
        return subprocess.run([os.environ["BOOTFERRYCTL"], "deploy", self.url(name), device.path],
                              env=daemon.environment(), capture_output=True, text=True, timeout=120)

    def test_a_transfer_from_its_beginning_to_its_end(self):
        daemon = self.daemon()
        with Receiver() as receiver:
            self.reporter(daemon, receiver.url)
            result = self.deploy(daemon, "slow/live.squashfs?geheim")
            self.assertEqual(result.returncode, 0, result.stderr)
            last, before = receiver.until(lambda report: state(report) == "done")
            self.assertIn("transferring", [state(report) for report in before])
            self.assertNotIn("geheim", json.dumps([last, *before]))
            self.assertEqual(last["transfers"][0]["bytes"], self.image.stat().st_size)
            self.assertIsNone(last["failure"])
            self.assertEqual(last["boot_id"], pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip())
            self.assertEqual(receiver.types, {"application/json"})

    def test_a_failed_boot_has_its_reason(self):
        daemon = self.daemon()
        with Receiver() as receiver:
            self.reporter(daemon, receiver.url)
            (self.path / "run").mkdir(exist_ok=True)
            (self.path / "run" / "failure").write_text("the medium LABEL=x is not there\n")
            last, _ = receiver.until(lambda report: report["failure"] is not None)
            self.assertEqual(last["failure"], "the medium LABEL=x is not there")

    def test_a_receiver_that_fails_gets_the_newest_report_later(self):
        daemon = self.daemon()
        with Receiver(failures=[500, 404]) as receiver:
            reporter = self.reporter(daemon, receiver.url)
            self.assertEqual(self.deploy(daemon, "live.squashfs").returncode, 0)
            last, _ = receiver.until(lambda report: state(report) == "done")
            self.assertEqual(last["transfers"][0]["state"], "done")
            reporter.terminate()
            messages = reporter.stderr.read()
            self.assertEqual(messages.count("a report was not delivered"), 1, messages)
            self.assertIn("the receiver answered 500", messages)
            self.assertIn("answers again", messages)

    def test_nobody_waits_for_a_receiver_that_hangs_or_is_not_there(self):
        daemon = self.daemon()
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            for port in (deaf.getsockname()[1], processes.free_port()):
                reporter = self.reporter(daemon, f"http://127.0.0.1:{port}/")
                self.assertEqual(self.deploy(daemon, "live.squashfs").returncode, 0)
                reporter.terminate()
                self.assertEqual(reporter.wait(timeout=60), 0, reporter.stderr.read())

    def test_what_is_posted_last_is_the_end(self):
        """The switch of root stops the program; it posts what is left."""
        daemon = self.daemon()
        with Receiver() as receiver:
            reporter = self.reporter(daemon, receiver.url)
            self.assertEqual(self.deploy(daemon, "live.squashfs").returncode, 0)
            receiver.until(lambda report: state(report) is not None)
            reporter.terminate()
            self.assertEqual(reporter.wait(timeout=60), 0)
            reports = receiver.all()
            self.assertTrue(not reports or state(reports[-1]) == "done", reports)

    def test_a_service_that_starts_later_and_again(self):
        daemon = self.daemon()
        daemon.stop()
        with Receiver() as receiver:
            self.reporter(daemon, receiver.url)
            for _ in range(2):
                daemon.start()
                self.assertEqual(self.deploy(daemon, "live.squashfs").returncode, 0)
                receiver.until(lambda report: state(report) == "done")
                daemon.stop()

    def test_the_receiver_of_the_manual_page(self):
        page = pathlib.Path(os.environ["BOOTFERRY_DOCS"], "bootferry-report.8").read_text()
        port = processes.free_port()
        program = re.search(r"\.Bd -literal -offset indent\n(import .*?)\.Ed", page, re.DOTALL)[1].replace("8080", str(port))
        receiver = processes.start([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, receiver)
        processes.wait_for_port(receiver, port)
        daemon = self.daemon()
        self.reporter(daemon, f"http://127.0.0.1:{port}/")
        self.assertEqual(self.deploy(daemon, "missing").returncode, 10)
        line = receiver.stdout.readline()
        while line and "failed" not in line:
            line = receiver.stdout.readline()
        self.assertIn("failed None", line)


class ArgumentsTest(unittest.TestCase):
    def test_wrong_ones(self):
        for words in ([], ["ftp://10.0.0.1/"], ["nonsense"], ["http://a/", "http://b/"], ["--frob"]):
            result = subprocess.run([os.environ["BOOTFERRY_REPORT"], *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 1, words)
            self.assertIn("bootferry-report: ", result.stderr)


if __name__ == "__main__":
    tap.main()
