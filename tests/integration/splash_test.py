# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferry-plymouth between a real bootferryd and a real plymouthd that starts, ends and hangs."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from nginx import Nginx  # noqa: E402
from plymouth import Plymouth, Stage  # noqa: E402

PROGRESS = r"\d+ %  \d+\.\d [KM]iB of 5\.7 MiB  \d+\.\d [KM]iB/s  \d+ s left  from 127\.0\.0\.1"


@unittest.skipUnless(os.geteuid() == 0, "needs root: plymouthd listens to nobody else")
class SplashTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-served-")
        cls.addClassCleanup(folder.cleanup)
        tree = pathlib.Path(folder.name) / "tree"
        tree.mkdir()
        (tree / "noise").write_bytes(random.Random(1).randbytes(6_000_000))
        cls.served = pathlib.Path(folder.name) / "served"
        cls.served.mkdir()
        subprocess.run(["mksquashfs", tree, cls.served / "live.squashfs", "-quiet", "-no-progress"], check=True,
                       stdout=subprocess.DEVNULL)
        cls.server = cls.enterClassContext(Nginx(cls.served, extra="limit_rate 2m; "
                                               f"location /slow/ {{ alias {cls.served}/; limit_rate 100k; }}"))

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-splash-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.stage = self.enterContext(Stage())

    def url(self, name="live.squashfs", user=""):
        return f"http://{user}127.0.0.1:{self.server.port}/{name}"

    def daemon(self, **options):
        return self.enterContext(Daemon(self.path / "run", **options))

    def splash(self, daemon, *words):
        """bootferry-plymouth, running."""
        process = processes.start([*self.stage.prefix, os.environ["BOOTFERRY_PLYMOUTH"], *words],
                                  env=daemon.environment(), stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, process)
        return process

    def assert_ends(self, splash):
        self.assertEqual(splash.wait(timeout=60), 0, splash.stderr.read())


class Shown(SplashTest):
    def test_progress_on_every_text_theme(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"):
            for theme in ("details", "text", "tribar"):
                with self.subTest(theme=theme), Plymouth(self.stage, self.path, theme) as plymouth:
                    splash = self.splash(daemon)
                    first = plymouth.expect(PROGRESS)
                    later = plymouth.expect(r"(?s)" + first.group() + ".*(?:" + PROGRESS + ")")
                    self.assertGreater(later.end(), first.end())
                    processes.stop(splash)
                    self.assertTrue(plymouth.listens())

    def test_a_transfer_beside_one_that_has_ended(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", self.url("missing"), "/dev/ram0") as failed:
            failed.wait(timeout=60)
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"), Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(daemon)
            plymouth.expect(PROGRESS)
            self.assertIsNone(splash.poll())

    def test_the_splash_is_left_as_it_was_found(self):
        daemon = self.daemon()
        with Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(daemon)
            with daemon.ctl_running("deploy", self.url(), "/dev/ram0"):
                self.assert_ends(splash)
            trace = plymouth.trace()
        shown = trace.count("got show message request")
        self.assertEqual(trace.count("hiding message"), shown)
        self.assertGreater(shown, 1)
        self.assertLess(trace.index("pausing progress"), trace.index("unpausing progress"))
        self.assertIn("setting system update to", trace)
        self.assertNotIn("updating mode", trace)

    def test_a_mode_with_a_bar_while_there_is_a_percentage(self):
        daemon = self.daemon()
        with Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(daemon, "--bar-mode=system-upgrade")
            with daemon.ctl_running("deploy", self.url(), "/dev/ram0"):
                self.assert_ends(splash)
            trace = plymouth.trace()
        self.assertLess(trace.index("updating mode to 'system-upgrade'"), trace.index("updating mode to 'boot-up'"))

    def test_the_reason_of_a_failure_stays(self):
        daemon = self.daemon()
        userinfo = self.path / "userinfo"
        userinfo.write_text("anna:geheim\n")
        with Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(daemon)
            with daemon.ctl_running("deploy", f"--userinfo-file={userinfo}", self.url("nothing"), "/dev/ram0"):
                plymouth.expect(r"Cannot fetch the live system: server answered 404 Not Found\n"
                                rf"\({self.url('nothing')}\)\n")
                self.assert_ends(splash)
            trace = plymouth.trace()
        self.assertNotIn("hiding message The live system", trace)
        self.assertIn("unpausing progress", trace)
        self.assertNotRegex(trace, "anna|geheim")

    def test_what_it_waits_for(self):
        daemon = self.daemon()
        with Plymouth(self.stage, self.path) as plymouth, \
                daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0"):
            self.splash(daemon)
            plymouth.expect(r"Retrying in \d+ s: connecting to 127\.0\.0\.1:1: Connection refused")

    def test_no_network(self):
        daemon = self.daemon(prefix=["unshare", "--net"])
        with Plymouth(self.stage, self.path) as plymouth, \
                daemon.ctl_running("deploy", self.url(), "/dev/ram0"):
            self.splash(daemon)
            plymouth.expect(r"Waiting for the network\n\(connecting to 127\.0\.0\.1:\d+: Network is unreachable\)")


class Undisturbed(SplashTest):
    def test_no_plymouth(self):
        daemon = self.daemon()
        splash = self.splash(daemon)
        with daemon.ctl_running("deploy", self.url(), "/dev/ram0") as client:
            self.assertEqual(client.wait(timeout=60), 0)
            self.assert_ends(splash)

    def test_a_plymouth_that_comes_late_and_again(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"):
            splash = self.splash(daemon)
            for _ in range(2):
                with Plymouth(self.stage, self.path) as plymouth:
                    plymouth.expect(PROGRESS)
                    self.assertIn("pausing progress", plymouth.trace())
            daemon.ctl("cancel", "1")
            self.assert_ends(splash)

    def test_a_plymouth_that_stands_still(self):
        daemon = self.daemon()
        with Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(daemon)
            with daemon.ctl_running("deploy", self.url(), "/dev/ram0") as client:
                plymouth.expect("MiB")
                plymouth.send_signal(signal.SIGSTOP)
                self.assertEqual(client.wait(timeout=60), 0)
                self.assert_ends(splash)
            plymouth.send_signal(signal.SIGCONT)

    def test_a_service_that_comes_late_and_again(self):
        late = Daemon(self.path / "run")
        with Plymouth(self.stage, self.path) as plymouth:
            splash = self.splash(late)
            daemon = self.enterContext(late)
            with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"):
                plymouth.expect("MiB")
                daemon.kill()
                daemon.stop()
                daemon.start()
                processes.wait_for(daemon.process, lambda: "slow" in daemon.ctl("list").stdout)
                daemon.ctl("cancel", "2")
                plymouth.expect("The transfer of the live system was cancelled")
                self.assert_ends(splash)

    def test_it_ends_on_a_signal(self):
        daemon = self.daemon()
        with Plymouth(self.stage, self.path) as plymouth, \
                daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0"):
            splash = self.splash(daemon)
            plymouth.expect("Retrying in")
            splash.terminate()
            self.assert_ends(splash)
            trace = plymouth.trace()
        self.assertIn("unpausing progress", trace)
        self.assertEqual(trace.count("hiding message"), trace.count("got show message request"))


class CommandLine(unittest.TestCase):
    def run_with(self, *words):
        return subprocess.run([os.environ["BOOTFERRY_PLYMOUTH"], *words], capture_output=True, text=True, timeout=120)

    def test_unknown_arguments(self):
        for word, reason in (("--bar-mode=shutdown", "cannot show this progress in mode 'shutdown'"),
                             ("--bar", "unknown argument '--bar'")):
            result = self.run_with(word)
            self.assertEqual(result.returncode, 1)
            self.assertIn(reason, result.stderr)


if __name__ == "__main__":
    tap.main()
