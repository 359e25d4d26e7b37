# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile plugin can do inside the real worker, in the service and in bootferryctl fetch, and what the same
attempts can do in the sandbox of the verifying process. The results must equal the table in docs/security.md."""

import contextlib
import ctypes
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import loop_device  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from service_case import NOBODY, needs_root  # noqa: E402

CTL = os.environ["BOOTFERRYCTL"]
PAGE = pathlib.Path(os.environ["BOOTFERRY_DOCS"]) / "security.md"
MODULE = os.environ["BREAKOUT_PLUGIN"]


LANDLOCK_CREATE_RULESET = 444  # except on alpha and MIPS
WITHOUT_LANDLOCK = pathlib.Path(__file__).resolve().parent.parent / "support" / "without_call.py"


def kernel_has_landlock():
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) >= 1


def result(cell, landlock):
    """What a cell of the table says for a kernel: "allowed", "denied", or "either" where another setting decides."""
    plain, _, rest = cell.partition(" (no Landlock")
    if landlock or not rest:
        return plain
    return "either" if "Yama" in rest else rest.removeprefix(": ").removesuffix(")")


def documented(column, landlock):
    """The expected result of each attempt: a column of the table in docs/security.md."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in PAGE.read_text().split("## What a plugin can reach\n")[1].split("\n## ")[0].splitlines()
            if line.startswith("| ")]
    header, *rows = [row for row in rows if row[1] and not row[1].startswith("---")]
    place = header.index(column)
    return {row[0].replace("`", ""): result(row[place].replace("*", ""), landlock) for row in rows}


def reported(text):
    """The actual result of each attempt: "allowed", or the name of an errno."""
    outcomes = {}
    for line in re.findall(r"break-out: (.*)", text):
        outcomes.update(part.rsplit("=", 1) for part in line.split("|"))
    return outcomes


@processes.without_sanitizers
class BreakOutTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-break-out-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.plugins = self.path / "plugins"
        self.plugins.mkdir()
        shutil.copy(MODULE, self.plugins / "breakout.so")
        (self.plugins / "scheme-breakout.so").symlink_to("breakout.so")
        self.written = self.path / "written"
        self.written.mkdir()
        self.written.chmod(0o777)
        self.secret = self.path / "secret"
        self.secret.write_text("secret")
        self.secret.chmod(0o600)
        self.public = self.path / "public"
        self.public.write_text("public")

    def environment(self):
        return {**os.environ, "BOOTFERRY_PLUGIN_DIR": str(self.plugins)}

    def listening(self, name):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(name)
        listener.listen(16)
        return listener

    def options(self, other):
        """Objects for the plugin's attempts. other: a process ID."""
        name = f"{self.path}/socket"
        abstract = f"bootferry-break-out-{os.getpid()}"
        with contextlib.suppress(OSError):
            self.listening(name)
            pathlib.Path(name).chmod(0o777)
            self.listening("\0" + abstract)
        device = self.path / "no-device"
        if os.geteuid() == 0:
            (self.path / "image").write_bytes(bytes(1 << 20))
            loop = loop_device.LoopDevice(self.path / "image")
            self.addCleanup(loop.detach)
            device = loop.path
        values = {"secret": self.secret, "public": self.public, "device": device, "socket": name, "abstract": abstract,
                  "folder": self.written, "other": other}
        return [f"--option=breakout:{key}={value}" for key, value in values.items()]

    def fetch(self, act, *options, prefix=()):
        return subprocess.run([*prefix, CTL, "fetch", *options, f"breakout://x/{act}", self.written / "image"], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, env=self.environment(), timeout=120)

    def another_worker(self, prefix=()):
        """A running worker of the same user."""
        client = processes.start([*prefix, CTL, "fetch", "breakout://x/wait", self.written / "other"],
                                 env=self.environment(), stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        for line in client.stderr:
            if "waiting to be looked at" in line:
                break
        worker, = processes.children(client.pid)
        return worker

    def assert_as_documented(self, text, column, *, landlock=None):
        outcomes = reported(text)
        expected = documented(column, kernel_has_landlock() if landlock is None else landlock)
        self.assertGreater(len(outcomes), 90, text)
        self.assertEqual(set(outcomes), set(expected))
        self.assertLessEqual(set(expected.values()), {"allowed", "denied", "either"})
        actual = {name: "either" if expected[name] == "either" else "allowed" if outcome == "allowed" else "denied"
                  for name, outcome in outcomes.items()}
        self.assertEqual({name: outcome for name, outcome in actual.items() if outcome != expected[name]}, {}, outcomes)

    @needs_root
    def test_in_the_service(self):
        daemon = Daemon(self.path / "run", environment=self.environment())
        self.addCleanup(daemon.stop)
        daemon.start()
        done = daemon.ctl("deploy", *self.options(self.another_worker()), "breakout://x/attempts", "/dev/ram0")
        self.assertIn("that is all", done.stderr)
        self.assert_as_documented(daemon.log_text(), "service, root's fetch")

    @needs_root
    def test_in_fetch_by_root(self):
        done = self.fetch("attempts", *self.options(self.another_worker()))
        self.assertIn("that is all", done.stderr)
        self.assert_as_documented(done.stderr, "service, root's fetch")

    def test_in_fetch_by_a_user(self):
        prefix = ()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.secret, nobody.pw_uid, nobody.pw_gid)
            prefix = NOBODY
        done = self.fetch("attempts", *self.options(self.another_worker(prefix)), prefix=prefix)
        self.assertIn("that is all", done.stderr)
        self.assert_as_documented(done.stderr, "a user's fetch")

    @needs_root
    def test_a_kernel_without_landlock(self):
        prefix = [sys.executable, WITHOUT_LANDLOCK, str(LANDLOCK_CREATE_RULESET)]
        done = self.fetch("attempts", *self.options(self.another_worker()), prefix=prefix)
        self.assertIn("that is all", done.stderr)
        self.assert_as_documented(done.stderr, "service, root's fetch", landlock=False)

    @needs_root
    def test_in_the_verifying_process(self):
        values = [option.removeprefix("--option=breakout:") for option in self.options(self.another_worker())]
        done = subprocess.run([*NOBODY, "setpriv", "--no-new-privs",
                               os.environ["BOOTFERRY_VERIFIER_SANDBOX"], str(self.plugins / "breakout.so"), *values],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertIn("that is all", done.stdout, done.stderr)
        self.assert_as_documented(done.stdout, "verifying process")

    def test_what_a_plugin_declares_is_allowed(self):
        unix = {"connect to a Unix socket", "connect to an abstract Unix socket", "pass a descriptor to another process"}
        if not kernel_has_landlock():
            unix.add("create the file of a Unix socket (bind)")
        listen = {"listen on a TCP port"}
        options = self.options(os.getpid())
        for needs, more in (((), set()), (("unix",), unix), (("listen",), listen), (("unix", "listen"), unix | listen)):
            with self.subTest(needs=needs):
                (self.written / "break-out").unlink(missing_ok=True)
                done = self.fetch("attempts", *options, *(f"--option=breakout:needs-{name}" for name in needs))
                outcomes = reported(done.stderr)
                asked = unix | listen | {"create the file of a Unix socket (bind)"}
                self.assertEqual({name for name in asked if outcomes[name] == "allowed"}, more)

    def test_a_refused_call_is_named(self):
        done = self.fetch("denied")
        self.assertIn("starting a helper (the sandbox refused plugin 'breakout' the system call execve): Operation not permitted",
                      done.stderr)
        self.assertNotIn("sandbox", self.fetch("denied-before").stderr, "the reason is another one")

    @unittest.skipUnless(kernel_has_landlock(), "this kernel has no Landlock")
    def test_a_refused_file_is_explained(self):
        done = self.fetch("denied-file", f"--option=breakout:public={self.public}")
        self.assertIn("reading its settings (the sandbox lets plugin 'breakout' read only files of the system, and those "
                      "that its options name): Permission denied", done.stderr)

    def test_the_channel_is_no_way_out(self):
        """The plugin sends packets to the supervisor, bypassing the host's code."""
        for act in ("forge-finished", "forge-staged"):
            with self.subTest(act=act):
                done = self.fetch(act)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr.splitlines()[-1], "the transfer process (broke the rules|violated the protocol)")
                self.assertEqual(list(self.written.iterdir()), [])

    def test_the_calls_of_another_architecture_end_it(self):
        done = self.fetch("call-as-32-bit")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the transfer process crashed", done.stderr.splitlines()[-1])
        if os.uname().machine == "x86_64":
            self.assertRegex(done.stderr.splitlines()[-1], r"signal (31|11)\b")  # 11: a kernel without such calls


if __name__ == "__main__":
    tap.main()
