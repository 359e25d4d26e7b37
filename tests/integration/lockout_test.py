# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users other than root cannot exhaust the service: each can use only a share of the private socket's connections, and
cannot make the service start many processes or fill the journal."""

import contextlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from service_case import MANAGER, ServiceTest, needs_root  # noqa: E402

CROWD = """
import socket, sys
held = []
for _ in range(200):
    client = socket.socket(socket.AF_UNIX)
    client.connect(sys.argv[1])
    held.append(client)
print("here", flush=True)
sys.stdin.read()
"""


@needs_root
class LockoutTest(ServiceTest):
    @contextlib.contextmanager
    def crowd(self, daemon, users):
        """Each of these users opens as many connections as the service allows."""
        with contextlib.ExitStack() as stack:
            for user in users:
                client = processes.start(["setpriv", f"--reuid={user}", "--regid=65534", "--clear-groups",
                                          "/usr/bin/env", "PATH=/usr/bin:/bin", "python3", "-c", CROWD,
                                          str(daemon.folder / "private")],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                stack.callback(processes.stop, client)
                self.assertEqual(client.stdout.readline(), "here\n")
            yield

    def test_root_finds_a_place(self):
        daemon = self.daemon()
        with self.crowd(daemon, range(23_001, 23_007)):
            for _ in range(5):
                result = daemon.ctl("list")
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_refusals_are_counted_and_not_logged_one_by_one(self):
        daemon = self.daemon()
        with self.crowd(daemon, range(23_001, 23_004)):
            self.assertEqual(daemon.ctl("list").returncode, 0)
        counts = [line for line in daemon.log_text().splitlines() if "too many clients" in line]
        self.assertEqual(len(counts), 1, counts)

    def test_plugins_are_listed_from_memory(self):
        runs = self.path / "runs"
        runs.touch()
        runs.chmod(0o666)
        worker = self.path / "worker"
        worker.write_text(f"#!/bin/sh\necho run >> {runs}\nexec {os.environ['BOOTFERRY_WORKER']} \"$@\"\n")
        worker.chmod(0o755)
        plugins = self.path / "plugins"
        subprocess.run(["cp", "-a", os.environ["BOOTFERRY_PLUGIN_DIR"], plugins], check=True)
        daemon = self.daemon(environment={"BOOTFERRY_WORKER": str(worker), "BOOTFERRY_PLUGIN_DIR": str(plugins)})
        callers = [processes.start(["busctl", f"--address={daemon.address}", "call", *MANAGER, "ListPlugins"],
                                   stdout=subprocess.PIPE, text=True) for _ in range(10)]
        for caller in callers:
            self.addCleanup(processes.stop, caller)
            self.assertIn('"http"', caller.stdout.read())
        for _ in range(10):
            self.assertIn('"http"', daemon.busctl("call", *MANAGER, "ListPlugins").stdout)
        self.assertEqual(runs.read_text().count("run"), 1)
        (plugins / "scheme-http.so").unlink()
        self.assertNotIn('"http"', daemon.busctl("call", *MANAGER, "ListPlugins").stdout)
        self.assertEqual(runs.read_text().count("run"), 2)

    def test_plugins_that_cannot_be_listed(self):
        worker = self.path / "worker"
        worker.write_text("#!/bin/sh\nexit 1\n")
        worker.chmod(0o755)
        daemon = self.daemon(environment={"BOOTFERRY_WORKER": str(worker)})
        for _ in range(3):
            self.assertIn("could not be listed", daemon.busctl("call", *MANAGER, "ListPlugins").stderr)


if __name__ == "__main__":
    tap.main()
