# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/bench runs and measures what it names: small images, one round, no figure is checked."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import tap  # noqa: E402


class BenchTest(unittest.TestCase):
    @staticmethod
    def build():
        return pathlib.Path(os.environ["BOOTFERRYCTL"]).parents[2]

    def bench(self, rows):
        with tempfile.TemporaryDirectory(prefix="bootferry-bench-test-") as folder:
            samples = pathlib.Path(folder, "samples")
            done = subprocess.run(
                [ROOT / "tests/bench/run", "--quick", f"--build={self.build()}", f"--rows={rows}", f"--json={samples}"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return json.loads(samples.read_text())

    def assert_measured(self, row, contestants):
        self.assertLessEqual(contestants, set(row["samples"]))
        for name, samples in row["samples"].items():
            self.assertEqual(len(samples), 1, name)
            self.assertGreater(samples[0]["wall"], 0, name)
            self.assertGreater(samples[0]["rss"], 1 << 20, name)
            self.assertGreaterEqual(samples[0]["wire"], row["bytes"], name)

    def test_http_to_a_file(self):
        row = self.bench("http")["http"]
        self.assert_measured(row, {"curl | dd bs=32k", "curl -o", "bootferryctl fetch", "bootferryctl fetch, sha256"})

    def test_growth_with_the_image(self):
        samples = self.bench("growth")["growth"]["samples"]
        wires = {name: taken[0]["wire"] for name, taken in samples.items()}
        self.assertEqual(set(wires), {"1 MB", "8 MB"})
        self.assertGreater(wires["1 MB"], 1_000_000)
        self.assertLess(wires["1 MB"], 2_000_000)
        self.assertGreater(wires["8 MB"], 8_000_000)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a loop device")
    def test_memory_of_the_service(self):
        samples = self.bench("memory")["memory"]["samples"]
        self.assertLessEqual({"http", "https", "http, gz"}, set(samples))
        for name, (sample,) in samples.items():
            self.assertGreater(sample["private"], 1 << 20, name)
            self.assertLess(sample["private"], sample["rss"], name)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces, a loop device")
    def test_chains_and_clients(self):
        rows = self.bench("dolly,clients,clients-slow")
        self.assert_measured(rows["dolly"], {"bootferryctl, 1 node", "bootferryctl, 8 nodes"})
        for clients in (rows["clients"], rows["clients-slow"]):
            self.assert_measured(clients, {"service and worker", "of it the service", "the same with 10 clients"})
            for name in ("of it the service", "the same with 10 clients"):
                self.assertGreater(clients["samples"][name][0]["cpu"], 0, name)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a loop device, a slowed loopback")
    def test_the_service_and_a_slow_line(self):
        rows = self.bench("http-loop,http-slow")
        self.assert_measured(rows["http-loop"], {"bootferryctl deploy"})
        self.assert_measured(rows["http-slow"], {"bootferryctl fetch"})

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a slowed loopback")
    def test_what_is_read_while_it_arrives(self):
        rows = self.bench("on-demand,on-demand-far")
        self.assertLessEqual({"bootferryctl fetch", "on demand, all of it", "with a profile, all of it", "on demand, until read",
                              "with a profile, until read", "a quarter as large, until read"}, set(rows["on-demand"]["samples"]))
        self.assertGreaterEqual(rows["on-demand"]["samples"]["on demand, all of it"][0]["wire"], rows["on-demand"]["bytes"])
        self.assertEqual(len(rows["on-demand-far"]["samples"]), 4)

    def test_a_row_that_there_is_not(self):
        done = subprocess.run([ROOT / "tests/bench/run", f"--build={self.build()}", "--rows=gopher"], capture_output=True,
                              text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("gopher", done.stderr)


if __name__ == "__main__":
    tap.main()
