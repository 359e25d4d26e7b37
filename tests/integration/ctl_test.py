# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl as a client of bootferryd: JSON, both buses, and what works without a service."""

import hashlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import message_bus  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from service_case import MANAGER, NOBODY, ServiceTest, documented_members, needs_root  # noqa: E402

PROGRAM = os.environ["BOOTFERRYCTL"]


class Json(ServiceTest):
    def test_objects_have_the_members_of_the_manual(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        documented = documented_members()
        listed = json.loads(daemon.ctl("list", "--json=short").stdout)
        self.assertEqual(set(listed[0]), documented - {"initrd", "medium"})
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
    def test_quiet(self):
        daemon = self.daemon()
        result = daemon.ctl("deploy", "-q", self.url(), "/dev/ram0")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        result = daemon.ctl("deploy", "-q", self.url("nothing"), "/dev/ram0")
        self.assert_refused(result, "404")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    @needs_root
    def test_how_it_went(self):
        daemon = self.daemon()
        digest = "sha512:" + subprocess.run(["sha512sum", self.image], capture_output=True, text=True,
                                            check=True).stdout.split()[0]
        messages = daemon.ctl("deploy", f"--checksum={digest}", self.url(), "/dev/ram0").stderr
        self.assertRegex(messages.splitlines()[-1], rf"^/dev/\w+: 5\.\d MiB from {self.url()} in [\d.]+ m?s, .* [KMG]iB/s, verified {digest}$")
        self.assertRegex(daemon.log_text(), rf"(?m)^bootferryd: /dev/\w+: 5\.\d MiB from .*, verified {digest}$")
        status, = json.loads(daemon.ctl("status", "--json=short").stdout)
        self.assertEqual((status["digest"], status["reused"], status["attempts"]), (digest, False, 1))
        self.assertEqual(status["bytes"], self.image.stat().st_size)
        self.assertGreater(status["seconds"], 0)
        self.assertIn(digest, daemon.ctl("status").stdout)


class Views(ServiceTest):
    """The output of list, status and monitor for a running transfer and for one that has ended."""

    def shown(self, daemon, pattern, *words):
        """The output of a verb, once it matches: the rate is known after half a second."""
        found = []

        def matches():
            found.append(daemon.ctl(*words).stdout)
            return re.search(pattern, found[-1])

        processes.wait_for(daemon.process, matches)
        return found[-1]

    @needs_root
    def test_what_runs_has_percent_bytes_rate_and_time_left(self):
        daemon = self.daemon()
        url = self.url("slow/live.squashfs")
        with daemon.ctl_running("deploy", url, "/dev/ram0"):
            listed = self.shown(daemon, "KiB/s", "list").splitlines()
            self.assertEqual(re.split("  +", listed[0]),
                             ["ID", "STATE", "DONE", "RECEIVED", "RATE", "LEFT", "TARGET", "URL"])
            self.assertRegex(listed[1], r"^1   transferring +\d+ %  [\d.]+ [KM]iB of 5\.\d MiB  \S+ KiB/s +\d+ s  /dev/ram0  "
                             + re.escape(url) + "$")
            self.assertEqual(listed[0].index("TARGET"), listed[1].index("/dev/ram0"))
            self.assertEqual(len(listed), 2)
            status = self.shown(daemon, "Rate:", "status", "1")
            self.assertRegex(status, r"(?m)^ +Received: \d+ %, [\d.]+ [KM]iB of 5\.\d MiB$")
            self.assertRegex(status, r"(?m)^ +Rate: \S+ KiB/s, \d+ s left$")
            self.assertRegex(status, rf"(?m)^ +Source: {re.escape(url)}$")
            view = json.loads(daemon.ctl("status", "1", "--json=short").stdout)
            self.assertGreater(view["rate"], 0)
            self.assertGreater(view["remaining_usec"], 0)
            with daemon.ctl_running("monitor", "1") as monitor:
                self.assertRegex(monitor.stdout.readline(), r"^1  transferring +\d+ %  .* of 5\.\d MiB  \S+ KiB/s  \d+ s left$")

    @needs_root
    def test_a_rate_falls_to_nothing_while_a_connection_is_silent(self):
        daemon = self.daemon()
        with FaultServer(self.image, [Fault(stop=4_000_000)], pace=2_000_000) as server, \
                daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0"):
            self.shown(daemon, r"[KM]iB/s", "list")
            silent = self.shown(daemon, r"(?m)^1 +transferring +\d+ %  \S+ MiB of \S+ MiB +- +- ", "list")
            self.assertRegex(silent, r"3\.\d MiB of 5\.\d MiB")
            self.assertEqual(daemon.busctl("get-property", "org.bootferry1", "/org/bootferry1/transfer/_1",
                                           "org.bootferry1.Transfer", "Rate").stdout, "t 0\n")

    @needs_root
    def test_the_mirror_that_served_is_named_everywhere(self):
        daemon = self.daemon()
        requested = "http://127.0.0.1:1/live.squashfs"
        digest = "sha256:" + hashlib.sha256(self.image.read_bytes()).hexdigest()
        with daemon.ctl_running("monitor") as monitor:
            deploy = daemon.ctl("deploy", f"--mirror={self.url()}", f"--checksum={digest}", requested, "/dev/ram0")
            self.assertEqual(deploy.returncode, 0, deploy.stderr)
            while "  done  " not in (watched := monitor.stdout.readline()):
                self.assertTrue(watched)
                self.assertNotRegex(watched, r"^1  (\w+)  \1$")
        summary = rf"/dev/\w+: 5\.\d MiB from {re.escape(self.url())} in [\d.]+ m?s, \S+ MiB/s, verified {digest}$"
        self.assertRegex(deploy.stderr.splitlines()[-1], "^" + summary)
        self.assertRegex(watched, "^1  done  " + summary)
        again = daemon.ctl("monitor", "1")
        self.assertRegex(again.stdout, "^1  done  " + summary)
        self.assertRegex(daemon.log_text(), "(?m)^bootferryd: " + summary)
        status = daemon.ctl("status", "1").stdout
        for line in (f"URL: {requested}", f"Source: {self.url()}", f"Verified: {digest}"):
            self.assertRegex(status, rf"(?m)^ +{re.escape(line)}$")
        self.assertRegex(status, r"(?m)^ +Took: [\d.]+ m?s, \S+ MiB/s$")
        view = json.loads(daemon.ctl("status", "1", "--json=short").stdout)
        self.assertEqual((view["url"], view["sources"], view["verified"]), (requested, [self.url()], True))
        self.assertEqual(daemon.busctl("get-property", "org.bootferry1", "/org/bootferry1/transfer/_1",
                                       "org.bootferry1.Transfer", "Sources").stdout, f'as 1 "{self.url()}"\n')
        self.assertEqual(json.loads((daemon.folder / "result.json").read_text())["sources"], [self.url()])

    def test_what_failed_at_once_has_no_empty_numbers(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        status = daemon.ctl("status", "1").stdout
        self.assertRegex(status, "(?m)^ +State: failed$")
        self.assertRegex(status, "(?m)^ +Received: nothing$")
        self.assertNotRegex(status, "unknown|Source:|Rate:|Verified:")
        self.assertRegex(daemon.ctl("list").stdout.splitlines()[1], "^1 +failed +- +- +- +-  /dev/ram0  ")

    def test_monitor_does_not_replay(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        with daemon.ctl_running("monitor") as monitor, daemon.ctl_running("monitor", "--json=short") as objects:
            while daemon.ctl("deploy", self.url("nothing"), "/dev/ram0"):  # until both have come
                lines = [client.stdout.readline() for client in (monitor, objects)
                         if select.select([client.stdout], [], [], 0)[0]]
                if len(lines) == 2:
                    break
        self.assertFalse(lines[0].startswith("1 "), lines)
        self.assertGreater(json.loads(lines[1])["id"], 1)

    def test_monitor_of_what_has_ended_says_how_at_once(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        for words in ([], ["--json=short"]):
            monitor = daemon.ctl("monitor", "1", *words)
            self.assertEqual((monitor.returncode, monitor.stdout.count("\n")), (exit_status.NOT_FOUND, 1))
            self.assertIn("404", monitor.stdout)

    def test_control_characters_stay_in_their_cell(self):
        daemon = self.daemon()
        self.assertNotIn("\x1b", daemon.ctl("deploy", self.url(), "/dev/no\n\x1b[2J").stderr)
        with daemon.ctl_running("deploy", self.url(), "/dev/no\u202e") as client:
            self.assertIn(r"/dev/no\u202e", client.stdout.readline())
            self.assertIn(r"'/dev/no\u202e'", client.stdout.readline())
            self.assertIn(r"/dev/no\u202e  http", daemon.ctl("list").stdout)
            self.assertIn(r"Target: /dev/no\u202e", daemon.ctl("status").stdout)
            with daemon.ctl_running("monitor") as monitor:
                self.assertIn(r"'/dev/no\u202e'", monitor.stdout.readline())

    def test_without_transfers_list_is_its_header(self):
        self.assertRegex(self.daemon().ctl("list").stdout, r"\AID .* URL\n\Z")


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


class TwoServices(ServiceTest):
    """An image arrives after the switch of root: the initrd's bootferryd goes on, and the booted system has its own, which has
    taken the name of the private socket."""

    def begin(self, bus):
        variables = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
        booted = Daemon(self.path / "run", environment=variables)
        self.addCleanup(booted.stop)
        lasting = self.daemon(arguments=["--outlive-initrd"], environment=variables)
        bus.start()
        self.addCleanup(bus.stop)
        processes.wait_for(lasting.process, lambda: self.on_bus(bus) is not None, 30)
        waiting = processes.start([PROGRAM, "deploy", "http://127.0.0.1:1/live", "/dev/ram0"], env=lasting.environment(),
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(processes.stop, waiting)
        processes.wait_for(lasting.process, lambda: "/live" in lasting.ctl("list").stdout)
        self.assertEqual(self.ids(), [1])  # it is the same service at both sockets
        booted.start()
        return lasting, booted

    @staticmethod
    def on_bus(bus):
        """The transfers of the service that has the name; None if there is none."""
        reply = subprocess.run(["busctl", f"--address={bus.address}", "--no-pager", "call", *MANAGER, "ListTransfers"],
                               text=True, capture_output=True, timeout=60)
        return reply.stdout if reply.returncode == 0 else None

    def run_both(self, *words):
        return subprocess.run([PROGRAM, *words], text=True, capture_output=True, timeout=60, env={
            **os.environ, "BOOTFERRY_RUNTIME_DIRECTORY": str(self.path / "run"),
            "BOOTFERRY_ADDRESS": f"unix:path={self.path}/run/private"})

    def ids(self):
        return [view["id"] for view in json.loads(self.run_both("list", "--json=short").stdout)]

    def test_both_are_shown(self):
        lasting, booted = self.begin(message_bus.MessageBus(self.path))
        self.assertEqual(booted.ctl("deploy", self.url("nothing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
        self.assertEqual(self.ids(), [1, 2])
        status = self.run_both("status").stdout
        self.assertIn("Transfer 1\n         URL: http://127.0.0.1:1/live\n", status)
        self.assertIn("Transfer 2\n", status)
        self.assertIn("http://127.0.0.1:1/live", self.run_both("status", "1").stdout)
        self.assertEqual(self.run_both("cancel", "1").returncode, exit_status.NOT_FOUND)
        with processes.running([PROGRAM, "monitor", "1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "BOOTFERRY_RUNTIME_DIRECTORY": str(self.path / "run"),
                                    "BOOTFERRY_ADDRESS": booted.address}) as monitor:
            self.assertIn("1  ", monitor.stdout.readline())
            lasting.stop()
            self.assertIn("bootferryd was stopped", monitor.stdout.read())
        self.assertEqual(self.ids(), [2])
        self.assertFalse((self.path / "run/ondemand").exists())

    def test_one_that_was_killed_is_not_waited_for(self):
        lasting, _ = self.begin(message_bus.MessageBus(self.path))
        lasting.kill()
        self.assertTrue((self.path / "run/ondemand").is_socket())
        self.assertEqual(self.ids(), [])

    def test_the_name_on_the_bus_is_the_first_ones(self):
        bus = message_bus.MessageBus(self.path)
        lasting, _ = self.begin(bus)
        self.assertIn("http://127.0.0.1:1/live", self.on_bus(bus))
        lasting.stop()
        processes.wait_for(bus.process, lambda: "127.0.0.1" not in (self.on_bus(bus) or "127.0.0.1"), 30)  # the other's turn


class WithoutService(ServiceTest):
    def run_alone(self, *words, **environment):
        variables = {key: value for key, value in os.environ.items() if key != "BOOTFERRY_ADDRESS"}
        variables |= {"BOOTFERRY_RUNTIME_DIRECTORY": str(self.path / "run"),
                      "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.path}/bus", **environment}
        return subprocess.run([PROGRAM, *words], env=variables, text=True, capture_output=True, timeout=60)

    def test_status_says_that_there_is_nothing(self):
        daemon = self.daemon()
        alone = {"BOOTFERRY_ADDRESS": daemon.address, "BOOTFERRY_RUNTIME_DIRECTORY": "/nonexistent"}
        result = self.run_alone("status", **alone)
        self.assertEqual((result.returncode, result.stdout),
                         (0, "No transfer runs, and none is recorded in /nonexistent/result.json.\n"))
        self.assertEqual(json.loads(self.run_alone("status", "--json=short", **alone).stdout), [])

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

    def booted(self, **members):
        """As the initrd has left it."""
        folder = self.path / "run"
        folder.mkdir(exist_ok=True)
        record = {"state": "done", "url": "http://10.0.0.1/a%20live.iso?...", "target": "/dev/ram0",
                  "device": "/dev/mapper/bootferry-image", "bytes": 65541, "started_usec": 1, "initrd": True, **members}
        (folder / "result.json").write_text(json.dumps(record))
        return folder

    def profile_in(self, folder, *words):
        return subprocess.run([PROGRAM, "profile", *words], cwd=folder, text=True, capture_output=True, timeout=60,
                              env={**os.environ, "BOOTFERRY_RUNTIME_DIRECTORY": str(self.path / "run")})

    def test_profile_writes_what_the_boot_has_read(self):
        text = "bootferry-profile 1\n65541\n65536 5\n0 65536\n"
        (self.booted() / "boot-profile").write_text(text)
        here = self.path / "here"
        here.mkdir()
        written = self.profile_in(here)
        self.assertEqual((written.returncode, written.stderr), (0, ""))
        self.assertIn("'a live.iso.profile' names 2 parts of the image", written.stdout)
        self.assertEqual((here / "a live.iso.profile").read_text(), text)
        self.assertEqual(self.profile_in(here, "-").stdout, text)
        (here / "old").write_text("an older one")
        self.assertEqual(self.profile_in(here, "old").returncode, 0)
        self.assertEqual((here / "old").read_text(), text)
        self.assertEqual(sorted(path.name for path in here.iterdir()), ["a live.iso.profile", "old"])

    def test_profile_says_where_it_cannot_write(self):
        (self.booted(url="http://10.0.0.1/") / "boot-profile").write_text("bootferry-profile 1\n65541\n")
        for words, reason, status in (([], "name a FILE", exit_status.USAGE),
                                      (["missing/file"], "there is no folder 'missing'", exit_status.NOT_FOUND),
                                      (["/dev/null"], "'/dev/null' is not a file", exit_status.TARGET_REFUSED),
                                      (["."], "'.' is not a file", exit_status.TARGET_REFUSED)):
            with self.subTest(words=words):
                refused = self.profile_in(self.path, *words)
                self.assert_refused(refused, reason)
                self.assertEqual(refused.returncode, status)
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())

    def test_profile_says_why_nothing_is_known(self):
        refused = self.profile_in(self.path)
        self.assert_refused(refused, "was not booted by bootferry", "boot it with rd.bootferry.ondemand")
        self.assertEqual(refused.returncode, exit_status.NOT_FOUND)
        self.booted()
        self.assert_refused(self.profile_in(self.path), "fetched as a whole", "boot it with rd.bootferry.ondemand")
        self.booted(state="transferring")
        self.assert_refused(self.profile_in(self.path), "still arriving: try again when it is complete")

    @needs_root
    def test_profile_is_for_root(self):
        kept = self.booted() / "boot-profile"
        kept.write_text("bootferry-profile 1\n65541\n")
        kept.chmod(0o600)
        refused = subprocess.run([*NOBODY, PROGRAM, "profile", "-"], text=True, capture_output=True, timeout=60,
                                 env={**os.environ, "BOOTFERRY_RUNTIME_DIRECTORY": str(kept.parent)})
        self.assert_refused(refused, "only root may know what the boot has read")
        self.assertEqual(refused.returncode, exit_status.NOT_PERMITTED)

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

    def test_a_plugin_is_described_without_a_service(self):
        module = os.path.realpath(f"{os.environ['BOOTFERRY_PLUGIN_DIR']}/example.so")
        by_file = self.run_alone("plugins", "--describe", module)
        self.assertEqual(by_file.returncode, 0, by_file.stderr)
        for words in ("Name: example\n", "Schemes: example\n", f"File: {module}\n", "ABI: 1, with a table of 112 bytes\n",
                      "Needs: -\n", "  delay=  wait so many milliseconds before each read; default 0\n"):
            self.assertIn(words, by_file.stdout)
        self.assertEqual(self.run_alone("plugins", "--describe=example").stdout, by_file.stdout)
        described = json.loads(self.run_alone("plugins", "--describe=dolly", "--json=pretty").stdout)
        self.assertEqual((described["name"], described["abi"], described["needs"]), ("dolly", 1, ["listening"]))
        self.assertIn("password", [option["key"] for option in described["options"]])
        self.assertTrue(all(option["plugin"] == "dolly" and option["help"] for option in described["options"]))
        described = json.loads(self.run_alone("plugins", "--describe=curl", "--json=short").stdout)
        self.assertEqual(described["offers"], ["splice"] if "splice" in described["offers"] else [])
        self.assertIn("https", described["schemes"])

    def assert_not_described(self, *modules):
        folder = self.path / "modules"
        folder.mkdir()
        folder.chmod(0o755)
        self.path.chmod(0o755)
        for name, source, words in modules:
            with self.subTest(name=name):
                (folder / f"{name}.c").write_text(source)
                subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / f"{name}.so", folder / f"{name}.c"], check=True)
                done = self.run_alone("plugins", "--describe", str(folder / f"{name}.so"))
                self.assert_refused(done, words)
                self.assertEqual(done.stdout, "")
                self.assertNotIn("\033", done.stderr)

    @processes.without_sanitizers
    def test_a_module_that_starts_a_program(self):
        self.assert_not_described(("spawner", "#include <unistd.h>\nconst void* bootferry_plugin_entry(void) {"
                                   ' execl("/bin/true", "true", (char*)0); return 0; }', "its entry returned NULL"))

    def test_a_module_that_cannot_be_described(self):
        self.assert_not_described(
                ("stranger", "int x;", "it does not export bootferry_plugin_entry"),
                ("crasher", "__attribute__((constructor)) static void f(void) { *(volatile int*)0 = 1; }", "crashed"),
                ("forger", """#include <unistd.h>
                     #include <string.h>
                     #include <stdlib.h>
                     const void* bootferry_plugin_entry(void) {
                         const char* text = "plugin\\tforger\\033[2J\\t1\\t1\\t1\\nend\\n";
                         return (void)!write(1, text, strlen(text)), _exit(3), (void*)0;
                     }""", "crashed"))
        self.assert_refused(self.run_alone("plugins", "--describe=nothing"), "No such file or directory")
        self.assert_refused(self.run_alone("plugins", "--describe=curl", "--options"), "exclude each other")

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
