# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl fetch --json: one object per line on standard output; and the summary without --json."""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import exit_status  # noqa: E402
import tap  # noqa: E402
from bad_streams import FULL_DISK, GONE, UNREAD, bad_stream  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from service_case import documented_members  # noqa: E402


def at(server):
    return f"http://127.0.0.1:{server.port}/image"


CLOSED_PORT = "http://127.0.0.1:1/image"


class Events(FetchCase):
    size = 3_000_003

    def run_fetch(self, url, *options, target=None, **streams):
        command = [os.environ["BOOTFERRYCTL"], "fetch", "--json=short", *options, url, target or str(self.output)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, timeout=120, check=False, **streams)

    def events(self, result):
        return [json.loads(line) for line in result.stdout.splitlines()]

    def checksum(self):
        return "sha256:" + hashlib.sha256(self.image.read_bytes()).hexdigest()

    def test_a_fetch_is_told_from_begin_to_end(self):
        with FaultServer(self.image, pace=2_000_000) as server:
            result = self.run_fetch(at(server), f"--checksum={self.checksum()}")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        events = self.events(result)
        for event in events:
            self.assertEqual(set(event), documented_members() - {"initrd", "medium"})
            self.assertEqual((event["url"], event["target"]), (at(server), str(self.output)))
        states = [event["state"] for event in events]
        self.assertEqual(states[0], "connecting")
        self.assertEqual(states[-1], "done")
        self.assertNotIn("done", states[:-1])
        middle = [event for event in events if event["state"] == "transferring" and event["rate"]]
        self.assertTrue(middle, result.stdout)
        self.assertGreater(middle[-1]["remaining_usec"], 0)
        self.assertEqual(middle[-1]["total"], self.size)
        self.assertEqual(middle[-1]["sources"], [at(server)])
        self.assertEqual([event["verified"] for event in events].count(True), 1)
        last = events[-1]
        self.assertEqual((last["bytes"], last["progress"], last["digest"], last["verified"], last["error"]),
                         (self.size, 1, self.checksum(), True, None))
        self.assertAlmostEqual(last["mean_rate"] * last["seconds"], self.size, delta=self.size / 100)

    def test_without_a_checksum_nothing_is_verified(self):
        with FaultServer(self.image) as server:
            last = self.events(self.run_fetch(at(server)))[-1]
        self.assertEqual((last["state"], last["digest"], last["verified"]), ("done", None, False))

    def test_a_failure_has_its_class_and_its_words(self):
        with FaultServer(self.image, [Fault(status=404)]) as server:
            result = self.run_fetch(at(server))
        last = self.events(result)[-1]
        self.assertEqual((result.returncode, last["state"], last["error"]), (exit_status.NOT_FOUND, "failed", "org.bootferry1.Error.NotFound"))
        self.assertIn("404", last["message"])
        self.assertRegex(result.stderr, "^bootferryctl: fetching .*404.*\n$")
        self.assertIsNone(last["mean_rate"])

    def test_a_mismatch_has_both_checksums_and_the_final_numbers(self):
        wanted = "sha256:" + 64 * "a"
        listed = self.path / "SHA256SUMS"
        listed.write_text(64 * "a" + "  image\n")
        for option in (wanted, str(listed)):
            with FaultServer(self.image) as server:
                events = self.events(self.run_fetch(at(server), f"--checksum={option}", "--no-continue"))
            last = events[-1]
            self.assertEqual((last["state"], last["error"]), ("failed", "org.bootferry1.Error.Checksum"))
            self.assertEqual((last["checksum"], last["digest"], last["verified"]), (wanted, self.checksum(), False))
            self.assertEqual((last["bytes"], last["written"], last["total"]), (self.size, self.size, self.size))
            # Whichever of the two processes is heard last.
            for _ in range(4):
                with FaultServer(self.image) as server:
                    last = self.events(self.run_fetch(at(server), f"--checksum={option}", "--no-continue"))[-1]
                self.assertEqual(last["written"], self.size)
            self.assertEqual({event["digest"] for event in events[:-1]}, {None})

    def test_the_last_event_of_a_failure_has_all_bytes(self):
        """Also those that arrived since the last report, and the beginning of the file."""
        for options in ((), (f"--checksum={self.checksum()}",)):
            with FaultServer(self.image, [Fault(cut=2_500_000)] + [Fault(status=404)] * 9) as server:
                last = self.events(self.run_fetch(at(server), "--no-continue", *options))[-1]
            self.assertEqual((last["state"], last["bytes"]), ("failed", 2_500_000), options)
            part = (self.path / "output.part").stat().st_size
            self.assertEqual(last["written"], part, options)

    def test_a_target_that_is_refused_is_an_event(self):
        result = self.run_fetch(CLOSED_PORT, target=str(self.path / "no/folder"))
        last, = self.events(result)
        self.assertEqual((result.returncode, last["state"]), (exit_status.NOT_FOUND, "failed"))
        self.assertTrue(result.stderr.startswith("bootferryctl: "), result.stderr)
        self.assertIn(last["message"], result.stderr)

    def test_an_interrupted_fetch_says_what_it_keeps_and_the_next_goes_on(self):
        with FaultServer(self.image, [Fault(crawl=2_000_000)]) as server:
            command = [os.environ["BOOTFERRYCTL"], "fetch", "--json=short", at(server), str(self.output)]
            with processes.running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
                while json.loads(client.stdout.readline())["bytes"] < 2_000_000:
                    pass
                client.send_signal(signal.SIGINT)
                last = json.loads(client.stdout.read().splitlines()[-1])
                self.assertEqual(client.wait(timeout=60), 130)
            self.assertEqual((last["state"], last["error"]), ("cancelled", "org.bootferry1.Error.Cancelled"))
            self.assertIn(f"are kept in '{self.output}.part'", last["message"])
            events = self.events(self.run_fetch(at(server)))
        kept = events[0]["bytes"]
        self.assertGreaterEqual(kept, 2_000_000)
        self.assertIn("resuming after", events[0]["detail"])
        last = events[-1]
        self.assertEqual((last["state"], last["bytes"], last["sources"]), ("done", self.size, [at(server)]))
        # The mean rate does not count the bytes of the earlier fetch.
        self.assertAlmostEqual(last["mean_rate"] * last["seconds"], self.size - kept, delta=self.size / 100)

    def test_the_image_and_the_events_do_not_mix(self):
        for target in ("-", "/dev/stdout", "/proc/self/fd/1"):
            with self.subTest(target):
                result = self.run_fetch(CLOSED_PORT, target=target)
                self.assertEqual((result.returncode, result.stdout), (exit_status.USAGE, ""))
                self.assertIn("--json= cannot be used while the image is written to standard output", result.stderr)

    def test_a_name_that_is_not_text_is_told_in_text(self):
        target = os.fsencode(self.path) + b"/\xff\n"
        command = [os.environ["BOOTFERRYCTL"], "fetch", "--json=short"]
        with FaultServer(self.image) as server:
            result = subprocess.run([*command, at(server), target], capture_output=True, timeout=120, check=True)
        last = json.loads(result.stdout.decode().splitlines()[-1])  # decode() fails if this is not UTF-8
        self.assertEqual((last["state"], last["target"]), ("done", f"{self.path}/\ufffd\n"))

    def test_a_fifo_takes_the_image_beside_the_events(self):
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        with FaultServer(self.image) as server, \
                processes.running(["sha256sum", fifo], stdout=subprocess.PIPE, text=True) as reader:
            last = self.events(self.run_fetch(at(server), target=str(fifo)))[-1]
            self.assertEqual(last["state"], "done")
            self.assertEqual("sha256:" + reader.stdout.read().split()[0], self.checksum())

    def test_events_that_nobody_reads_cost_the_status_alone(self):
        for kind in (GONE, FULL_DISK, UNREAD):
            with self.subTest(kind), FaultServer(self.image) as server, bad_stream(kind) as stream:
                result = self.run_fetch(at(server), stdout=stream)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(self.output.read_bytes(), self.image.read_bytes())
                self.output.unlink()
            if kind == GONE:
                self.assertEqual(result.stderr, "")

    def test_pretty_and_off(self):
        with FaultServer(self.image) as server:
            result = self.run_fetch(at(server), "--json=pretty")
            self.assertTrue(result.stdout.startswith("{\n"), result.stdout)
            result = self.run_fetch(at(server), "--json=off")
            self.assertEqual(result.stdout, "")
            self.assertIn("from " + at(server), result.stderr)
            result = self.run_fetch(at(server), "--json=xml")
            self.assertEqual(result.returncode, exit_status.USAGE)
            self.assertIn("--json=xml", result.stderr)


class Summary(FetchCase):
    size = 3_000_003

    def last_line(self, outcome):
        return self.assert_fetched(outcome).splitlines()[-1]

    def test_names_the_mirror_that_served(self):
        with FaultServer(self.image) as server:
            messages = self.last_line(self.fetch(CLOSED_PORT, f"--mirror={at(server)}"))
        self.assertRegex(messages, rf"^{self.output}: 2\.9 MiB from {re.escape(at(server))} in [\d.]+ m?s, .*[KMG]iB/s$")

    def test_names_both_where_one_took_over(self):
        with FaultServer(self.image, [Fault(cut=1_000_000)] + [Fault(status=503)] * 50) as first, \
                FaultServer(self.image) as second:
            messages = self.last_line(self.fetch(at(first), f"--mirror={at(second)}"))
        self.assertIn(f"from {at(first)} and {at(second)} in", messages)

    def test_a_server_whose_bytes_were_discarded_did_not_serve(self):
        with FaultServer(self.image, [Fault(cut=1_000_000)] + [Fault(status=404)] * 50) as first, \
                FaultServer(self.image) as second:
            second.etag = '"other"'
            messages = self.last_line(self.fetch(at(first), f"--mirror={at(second)}"))
        self.assertIn(f"from {at(second)} in", messages)

    def test_names_the_checksum(self):
        digest = "sha256:" + hashlib.sha256(self.image.read_bytes()).hexdigest()
        with FaultServer(self.image) as server:
            messages = self.last_line(self.fetch(at(server), f"--checksum={digest}"))
        self.assertTrue(messages.endswith(f", verified {digest}"), messages)


if __name__ == "__main__":
    tap.main()
