# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl as a client of bootferryd: JSON, both buses, and what works without a service."""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import message_bus  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from service_case import ServiceTest, documented_members, needs_root  # noqa: E402

PROGRAM = os.environ["BOOTFERRYCTL"]


class Json(ServiceTest):
    def test_objects_have_the_members_of_the_manual(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        documented = documented_members()
        listed = json.loads(daemon.ctl("list", "--json=short").stdout)
        self.assertEqual(set(listed[0]), documented - {"initrd"})
        self.assertEqual(set(json.loads((daemon.folder / "result.json").read_text())), documented)
        self.assertEqual(listed[0]["error"], "org.bootferry1.Error.NotFound")
        self.assertIsNone(listed[0]["total"])

    def test_short_is_one_line_and_pretty_is_many(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        for words in (["list"], ["status"], ["status", "1"], ["plugins"]):
            short = daemon.ctl(*words, "--json=short", "--no-pager").stdout
            pretty = daemon.ctl(*words, "--json=pretty").stdout
            self.assertEqual(short.count("\n"), 1)
            self.assertGreater(pretty.count("\n"), 3)
            self.assertEqual(json.loads(short), json.loads(pretty))
            self.assertEqual(daemon.ctl(*words, "--json=off").stdout, daemon.ctl(*words).stdout)
        self.assert_refused(daemon.ctl("list", "--json=xml"), "--json=xml: expected short, pretty or off")
        self.assert_refused(daemon.ctl("list", "--jsn"), "list has no option '--jsn', did you mean '--json'?")

    def test_monitor_is_one_object_a_line(self):
        daemon = self.daemon()
        with daemon.ctl_running("monitor", "--json=short") as monitor:
            daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
            states = []
            for line in monitor.stdout:
                states.append(json.loads(line)["state"])
                if states[-1] == "failed":
                    break
        self.assertIn("connecting", states)

    @needs_root
    def test_how_it_went(self):
        daemon = self.daemon()
        digest = "sha512:" + subprocess.run(["sha512sum", self.image], capture_output=True, text=True,
                                            check=True).stdout.split()[0]
        said = daemon.ctl("deploy", f"--checksum={digest}", self.url(), "/dev/ram0").stderr
        self.assertRegex(said.splitlines()[-1], rf"^/dev/\w+: 5\.\d MiB from {self.url()} in [\d.]+ m?s, .* [KMG]iB/s, verified {digest}$")
        self.assertRegex(daemon.said(), rf"(?m)^bootferryd: /dev/\w+: 5\.\d MiB from .*, verified {digest}$")
        status, = json.loads(daemon.ctl("status", "--json=short").stdout)
        self.assertEqual((status["digest"], status["reused"], status["attempts"]), (digest, False, 1))
        self.assertEqual(status["bytes"], self.image.stat().st_size)
        self.assertGreater(status["seconds"], 0)
        self.assertIn(digest, daemon.ctl("status").stdout)


class Terminal(ServiceTest):
    def test_monitor_redraws_one_line(self):
        daemon = self.daemon()
        controller, terminal = pty.openpty()
        with processes.running([PROGRAM, "monitor"], env=daemon.environment(), stdout=terminal), \
                daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"):
            os.close(terminal)
            seen = b""
            while seen.count(b"\r\x1b[K") < 2 and b"failed" not in seen:
                seen += os.read(controller, 4096)
        os.close(controller)
        if os.geteuid() == 0:
            self.assertRegex(seen.decode(), r"\r\x1b\[K(\[[#.]+\] )?1  transferring +\d+ % ")


class WithoutService(ServiceTest):
    def run_alone(self, *words, **environment):
        variables = {key: value for key, value in os.environ.items() if key != "BOOTFERRY_ADDRESS"}
        variables |= {"BOOTFERRY_RUNTIME_DIRECTORY": str(self.path / "run"),
                      "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.path}/bus", **environment}
        return subprocess.run([PROGRAM, *words], env=variables, text=True, capture_output=True, timeout=60)

    def test_status_shows_what_was_recorded(self):
        with self.daemon() as daemon:
            daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        status = self.run_alone("status")
        self.assertEqual(status.returncode, 0, status.stderr)
        self.assertIn("Recorded in", status.stdout)
        self.assertIn(self.url("nothing"), status.stdout)
        recorded, = json.loads(self.run_alone("status", "--json=short").stdout)
        self.assertEqual(recorded["error"], "org.bootferry1.Error.NotFound")

    def test_what_was_booted_stays_recorded(self):
        record = {"state": "done", "url": "http://10.0.0.1/booted.iso", "target": "/dev/ram0", "device": "/dev/ram0",
                  "bytes": 1, "started_usec": 1, "initrd": True}
        (self.path / "run").mkdir()
        (self.path / "run/result.json").write_text(json.dumps(record))
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        self.assertEqual(json.loads((daemon.folder / "result.json").read_text()), record)
        urls = [view["url"] for view in json.loads(
            self.run_alone("status", "--json=short", BOOTFERRY_ADDRESS=daemon.address).stdout)]
        self.assertEqual(urls, [record["url"], self.url("nothing")])

    def test_options_of_plugins_need_no_service(self):
        done = self.run_alone("plugins", "--options")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("curl:cacert=  ", done.stdout)
        self.assertIn("\ncurl:insecure  accept any certificate\n", done.stdout)
        rows = json.loads(self.run_alone("plugins", "--options", "--json=short").stdout)
        self.assertEqual(done.stdout, "".join(f"{row['plugin']}:{row['key']}{'' if row['flag'] else '='}  {row['help']}\n"
                                              for row in rows))
        self.assertEqual({row["plugin"] for row in rows} & {"curl", "dolly", "example"}, {"curl", "dolly", "example"})
        (self.path / "empty").mkdir()
        self.assertEqual(self.run_alone("plugins", "--options", BOOTFERRY_PLUGIN_DIR=f"{self.path}/empty").stdout, "")
        self.assert_refused(self.run_alone("plugins", "--options", BOOTFERRY_WORKER="/bin/false"),
                            "the plugins' options could not be listed")
        self.assert_refused(self.run_alone("plugins", "--options", BOOTFERRY_WORKER=f"{self.path}/none"),
                            "starting the transfer process", "No such file")

    def test_without_a_service_the_error_names_the_remedy(self):
        for words in (["status"], ["list"], ["monitor"], ["plugins"], ["cancel", "1"]):
            self.assert_refused(self.run_alone(*words), "bootferryd is not running", "systemctl start bootferryd.socket")
        with message_bus.MessageBus(self.path):
            self.assert_refused(self.run_alone("list"), "bootferryd is not running", "systemctl start bootferryd.socket")

    def test_the_system_bus_serves_as_well(self):
        with message_bus.MessageBus(self.path) as bus:
            daemon = self.daemon(environment={"DBUS_SYSTEM_BUS_ADDRESS": bus.address})
            processes.wait_for(daemon.process, lambda: self.run_alone("list").returncode == 0)
            variables = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.address}
            with processes.running([PROGRAM, "monitor", "--json=short"], env=variables, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True) as monitor:
                self.assertEqual(self.run_alone("deploy", self.url("nothing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
                self.assertTrue(any('"state":"failed"' in line for line in iter(monitor.stdout.readline, "")))
                daemon.stop()
                self.assertIn("bootferryd exited", monitor.stdout.read())


if __name__ == "__main__":
    tap.main()
