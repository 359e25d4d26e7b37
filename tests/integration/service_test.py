# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryd's transfers from a real nginx, started and watched by bootferryctl.

What needs root (a RAM disk) is skipped without it.
"""

import base64
import json
import os
import pathlib
import pwd
import random
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from service_case import MANAGER, ServiceTest, needs_root  # noqa: E402


class OnDemand(ServiceTest):
    """A boot shows what it is for: tests/boot/on_demand_boot_test.py."""

    def test_what_is_read_first_cannot_be_verified(self):
        daemon = self.daemon()
        for option in ("--checksum=sha256:" + "0" * 64, "--checksum=" + self.url("SHA256SUMS"), "--timeout=1h"):
            with self.subTest(option=option):
                self.assert_refused(daemon.ctl("deploy", "--on-demand", option, self.url(), "/dev/ram0"), "--on-demand")

    @needs_root
    @unittest.skipIf(any(pathlib.Path("/lib/modules", os.uname().release).rglob("nbd.ko*")), "this kernel has nbd")
    def test_where_the_kernel_cannot_the_image_is_fetched_as_a_whole(self):
        daemon = self.daemon()
        result = daemon.ctl("deploy", "--on-demand", self.url(), "/dev/ram0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("arrives meanwhile", result.stderr)
        self.assertIn("not on demand", daemon.log_text())
        status = json.loads(daemon.ctl("status", "--json=short", "1").stdout)
        self.assertEqual((status["state"], status["bytes"]), ("done", self.image.stat().st_size))


class PrivateSocket(ServiceTest):
    def test_plugins(self):
        daemon = self.daemon()
        self.assertIn("http", daemon.busctl("call", *MANAGER, "ListPlugins").stdout)
        listed = daemon.ctl("plugins")
        self.assertRegex(listed.stdout, r"(?m)\ANAME +VERSION +SCHEMES$[^$]*^curl  +\S+  +ftp http https tftp$")

    def test_what_does_not_exist_is_reported(self):
        daemon = self.daemon()
        self.assert_refused(daemon.ctl("status", "7"), "there is no transfer 7")
        self.assert_refused(daemon.ctl("cancel", "7"), "there is no transfer 7")
        self.assert_refused(daemon.ctl("cancel", "seven"), "bootferryctl list")

    def test_no_service(self):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "list"], text=True, capture_output=True,
                                env={**os.environ, "BOOTFERRY_ADDRESS": f"unix:path={self.path}/nobody"})
        self.assert_refused(result, "no bootferryd listens at")

    def test_a_service_that_does_not_answer(self):
        daemon = self.daemon()
        os.kill(daemon.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, daemon.process.pid, signal.SIGCONT)
        result = daemon.ctl("list")
        self.assertEqual(result.returncode, exit_status.NO_SERVICE)
        self.assert_refused(result, "bootferryd does not answer: nothing arrived for 25 s")

    @needs_root
    def test_the_end_of_the_service_is_the_end_of_its_transfers(self):
        with FaultServer(pathlib.Path(__file__), pace=1) as server:
            daemon = self.daemon()
            url = f"http://127.0.0.1:{server.port}/x"
            with daemon.ctl_running("deploy", url, "/dev/ram0") as client:
                processes.wait_for(client, lambda: server.requests)
                with daemon.ctl_running("monitor", "1") as monitor:
                    processes.read_until(monitor.stdout, "1  ")
                    os.kill(daemon.process.pid, signal.SIGTERM)
                    for process in (client, monitor):
                        self.assertIn("bootferryd was stopped", process.stdout.read())
                        self.assertEqual(process.wait(timeout=60), exit_status.NO_SERVICE)

    def test_garbage_ends_only_its_own_connection(self):
        daemon = self.daemon()
        garbage = random.Random(2)
        sockets = []
        for number in range(100):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(daemon.folder / "private"))
            try:
                client.sendall(b"\0AUTH EXTERNAL\r\nBEGIN\r\n"[:number % 24] + garbage.randbytes(200))
            except OSError:
                pass  # refused already
            sockets.append(client)
        for client in sockets:
            client.close()
        self.assertEqual(daemon.ctl("plugins").returncode, 0)
        self.assertIsNone(daemon.process.poll())


class Refusals(ServiceTest):
    def test_not_found(self):
        self.assert_refused(self.daemon().ctl("deploy", self.url("nothing"), "/dev/ram0"),
                            "server answered 404 Not Found")

    def test_a_page_instead_of_an_image(self):
        (self.path / "served" / "page").write_text("<html><body>Please log in</body></html>" * 3000)
        self.assert_refused(self.daemon().ctl("deploy", self.url("page"), "/dev/ram0"), "not a live image", "<html>")

    def test_unknown_scheme(self):
        self.assert_refused(self.daemon().ctl("deploy", "gopher://127.0.0.1/x", "/dev/ram0"),
                            "no plugin serves 'gopher' URLs", "http")

    def test_larger_than_ramdisk_size(self):
        self.assert_refused(self.daemon().ctl("deploy", "--ramdisk-size=1048576", self.url(), "/dev/ram0"),
                            "more than the 1024 KiB of the RAM disk: raise ramdisk_size= (in KiB)")

    def test_larger_than_the_memory(self):
        with open(self.image, "ab") as file:
            file.truncate(1 << 42)
        self.assert_refused(self.daemon().ctl("deploy", self.url(), "/dev/ram0"),
                            "not enough memory: the image has 4.0 TiB")

    def test_no_device(self):
        self.assert_refused(self.daemon().ctl("deploy", self.url(), "ram0"), "ram0")

    def test_refuse(self):
        self.assert_refused(self.daemon().ctl("refuse", "root=live: has no URL"), "root=live: has no URL")


class Running(ServiceTest):
    def test_a_cancelled_transfer_ends_everywhere(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0") as client:
            processes.read_until(client.stdout, "Connection refused")
            self.assertEqual(daemon.ctl("cancel", "1").returncode, 0)
            self.assertIn("cancelled", client.stdout.read())
            self.assertEqual(client.wait(timeout=60), 130)
        self.assertRegex(daemon.ctl("list").stdout, r"(?m)^1 +cancelled ")
        self.assertEqual(daemon.workers(), [])

    def test_an_interrupted_deploy_cancels(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0") as client:
            processes.read_until(client.stdout, "Connection refused")
            client.send_signal(signal.SIGTERM)
            self.assertEqual(client.wait(timeout=60), 130)
        self.assertRegex(daemon.ctl("list").stdout, r"(?m)^1 +cancelled ")

    def test_the_service_ends_its_transfers_when_it_is_stopped(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0") as client:
            processes.read_until(client.stdout, "Connection refused")
            worker, = daemon.workers()
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(timeout=60), 0)
            self.assertFalse(pathlib.Path(f"/proc/{worker}").exists())
            self.assertIn("bootferryd was stopped", client.stdout.read())
            self.assertEqual(client.wait(timeout=60), exit_status.NO_SERVICE)

    def test_the_plugin_is_reported_from_the_beginning(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0") as client:
            processes.read_until(client.stdout, "Connection refused")
            self.assertRegex(daemon.ctl("status", "1").stdout, r"(?m)^ *Plugin: curl \d")

    def test_a_target_is_written_by_one(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0") as client:
            processes.read_until(client.stdout, "Connection refused")
            self.assert_refused(daemon.ctl("deploy", self.url(), "/dev/ram0"), "is being written by transfer 1")

    def test_secrets_are_shown_nowhere(self):
        userinfo = self.path / "userinfo"
        userinfo.write_text("anna:geh%65im\n")
        daemon = self.daemon()
        mirror = f"--mirror={self.url('nothing')}?geheim"
        messages = daemon.ctl("deploy", f"--userinfo-file={userinfo}", mirror, self.url("nothing?geheim"), "/dev/ram0").stderr
        for words in (["list"], ["status"], ["status", "1", "--json=short"], ["monitor", "1"]):
            messages += daemon.ctl(*words).stdout
        messages += daemon.busctl("introspect", "org.bootferry1", "/org/bootferry1/transfer/_1").stdout + daemon.log_text()
        messages += (daemon.folder / "result.json").read_text()
        self.assertNotRegex(messages, "geheim|geh%65im|anna")
        self.assertIn("nothing?...", (daemon.folder / "result.json").read_text())


    def test_credentials_of_the_system_and_of_the_unit_reach_the_server(self):
        folders = {}
        for variable, user in (("BOOTFERRY_SYSTEM_CREDENTIALS", "systems"), ("CREDENTIALS_DIRECTORY", "units")):
            folder = self.path / user
            folder.mkdir()
            (folder / "bootferry.user").write_text(f"{user}\n")
            (folder / "bootferry.password").write_text("geheim")
            folders[variable] = str(folder)
            with self.subTest(user=user), FaultServer(self.image, [Fault(status=404)]) as server:
                daemon = self.daemon(environment=folders)
                daemon.ctl("deploy", f"http://127.0.0.1:{server.port}/live", "/dev/ram0")
                daemon.stop()
                self.assertEqual(server.requests[0].headers.get("Authorization"),
                                 "Basic " + base64.b64encode(f"{user}:geheim".encode()).decode())
                self.assertNotIn("geheim", daemon.log_text())


class SystemdsView(ServiceTest):
    def test_it_notifies_systemd_of_readiness_and_status(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(self.path / "notify"))
            notified.settimeout(30)
            daemon = self.daemon(environment={"NOTIFY_SOCKET": str(self.path / "notify")})
            with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0"):
                status = ""
                while "STATUS=http://127.0.0.1:1/live to /dev/ram0: " not in status or "refused" not in status:
                    status += notified.recv(4096).decode() + "\n"
        self.assertIn("READY=1", status)


    @needs_root
    def test_the_status_has_a_percentage(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(self.path / "notify"))
            notified.settimeout(60)
            daemon = self.daemon(environment={"NOTIFY_SOCKET": str(self.path / "notify")})
            with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0"):
                status = ""
                while not re.search(r"STATUS=http://[^ ]*/slow/live.squashfs to /dev/ram0: transferring, [1-9]\d* %", status):
                    status += notified.recv(4096).decode() + "\n"


class Numbers(ServiceTest):
    def test_a_number_is_not_used_again(self):
        """A client that has noted the number 1 must not cancel another transfer with it."""
        daemon = self.daemon()
        self.assertEqual(daemon.ctl("deploy", self.url("missing"), "/dev/ram0").returncode, exit_status.NOT_FOUND)
        daemon.kill()
        daemon.start()
        with daemon.ctl_running("deploy", "http://127.0.0.1:1/live", "/dev/ram0"):
            processes.wait_for(daemon.process, lambda: "/live" in daemon.ctl("list").stdout)
            listed = daemon.ctl("list").stdout
            self.assertEqual(listed.splitlines()[-1].split()[0], "2", listed)
            self.assertEqual(daemon.ctl("cancel", "1").returncode, exit_status.NOT_FOUND)


class Idle(ServiceTest):
    def test_it_exits_when_idle(self):
        daemon = self.daemon(arguments=["--idle-exit=1s"])
        self.assertEqual(daemon.process.wait(timeout=60), 0)
        self.assertIn("the service is idle: exiting", daemon.log_text())

    def test_it_stays_while_a_client_is_connected_or_a_transfer_runs(self):
        daemon = self.daemon(arguments=["--idle-exit=1s"])
        with daemon.ctl_running("monitor") as monitor:
            self.assertEqual(daemon.ctl("deploy", "--timeout=4", "http://127.0.0.1:1/x", "/dev/ram0").returncode, exit_status.UNREACHABLE)
            self.assertTrue(any("failed" in line for line in iter(monitor.stdout.readline, "")))
            self.assertIsNone(daemon.process.poll())
        self.assertEqual(daemon.process.wait(timeout=60), 0)


@needs_root
class RamDisk(ServiceTest):
    def image_in(self, daemon):
        """The bytes of the device, read in the service's mount namespace."""
        device = os.readlink(daemon.folder / "image")
        size = self.image.stat().st_size
        with open(device, "rb") as file:
            return file.read(size)

    def test_deploy(self):
        daemon = self.daemon()
        result = daemon.ctl("deploy", self.url(), "/dev/ram0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.image_in(daemon), self.image.read_bytes())
        outcome = json.loads((daemon.folder / "result.json").read_text())
        self.assertEqual(outcome["state"], "done")
        self.assertEqual(outcome["bytes"], self.image.stat().st_size)
        status = daemon.ctl("status", "1").stdout
        self.assertIn("State: done\n", status)
        self.assertIn(f"Source: {self.url()}\n", status)
        self.assertEqual(daemon.workers(), [])

    def test_signals_report_the_whole_transfer(self):
        daemon = self.daemon()
        with daemon.ctl_running("monitor") as monitor:
            self.assertEqual(daemon.ctl("deploy", self.url("slow/live.squashfs"), "/dev/ram0").returncode, 0)
            seen = processes.read_until(monitor.stdout, "1  done")
        states = [line.split()[1] for line in seen.splitlines()]
        self.assertGreater(states.count("transferring"), 3)
        order = list(dict.fromkeys(states))
        self.assertEqual([state for state in order if state != "waiting"],
                         ["connecting", "transferring", "verifying", "committing", "done"])
        self.assertRegex(seen, r"transferring +[1-9][0-9]? % .* [KM]iB/s")

    def test_the_worker_may_do_nothing(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0") as client:
            processes.read_until(client.stdout, "%")
            worker, = daemon.workers()
            status = pathlib.Path(f"/proc/{worker}/status").read_text()
        nobody = pwd.getpwnam("nobody")
        self.assertRegex(status, rf"(?m)^Uid:(\t{nobody.pw_uid}){{4}}$")
        self.assertRegex(status, rf"(?m)^Gid:(\t{nobody.pw_gid}){{4}}$")
        self.assertRegex(status, r"(?m)^Groups:\s*$")
        for line in ("CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, status)
        # AddressSanitizer's own needs are not ours to list: such a build has no filter (sandbox.cpp).
        if b"__asan_init" not in pathlib.Path(os.environ["BOOTFERRY_WORKER"]).read_bytes():
            self.assertIn("Seccomp:\t2", status)

    def test_a_crashed_worker_is_one_failed_attempt(self):
        daemon = self.daemon()
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0") as client:
            processes.read_until(client.stdout, "%")
            worker, = daemon.workers()
            os.kill(worker, signal.SIGKILL)
            messages = client.stdout.read()
            self.assertEqual(client.wait(timeout=60), 0, messages)
        self.assertIn("crashed (signal 9", messages)
        self.assertRegex(daemon.ctl("status", "1").stdout, "Attempt: 2")
        self.assertEqual(self.image_in(daemon), self.image.read_bytes())

    def in_one_namespace(self):
        """Arguments for daemons that share their mounts, as on one machine."""
        keeper = processes.start(["unshare", "--mount", "sleep", "infinity"])
        self.addCleanup(processes.stop, keeper)
        processes.wait_for(keeper, lambda: pathlib.Path(f"/proc/{keeper.pid}/comm").read_text() == "sleep\n")
        return {"prefix": ["nsenter", f"--mount=/proc/{keeper.pid}/ns/mnt"]}

    def test_what_a_killed_service_left_is_replaced(self):
        namespace = self.in_one_namespace()
        daemon = self.daemon(**namespace)
        with daemon.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0") as client:
            processes.read_until(client.stdout, "%")
            daemon.kill(clean=False)
        daemon = self.daemon(**namespace)
        result = daemon.ctl("deploy", self.url(), "/dev/ram0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.image_in(daemon), self.image.read_bytes())

    def test_an_earlier_image_is_replaced_but_not_while_it_is_mounted(self):
        namespace = self.in_one_namespace()
        daemon = self.daemon(**namespace)
        self.assertEqual(daemon.ctl("deploy", self.url(), "/dev/ram0").returncode, 0)
        mounting = [*namespace["prefix"], "mount", "-o", "ro", os.readlink(daemon.folder / "image"), "/mnt"]
        subprocess.run(mounting, check=True)
        self.assert_refused(daemon.ctl("deploy", self.url(), "/dev/ram0"), "in use")
        subprocess.run([*namespace["prefix"], "umount", "/mnt"], check=True)
        result = daemon.ctl("deploy", self.url(), "/dev/ram0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.image_in(daemon), self.image.read_bytes())

    def test_the_image_of_a_service_in_another_mount_namespace_stays(self):
        """The two tmpfs files have one path; only the files tell whose a loop device is."""
        daemon = self.daemon()
        with Daemon(self.path / "other") as other:
            for service in (other, daemon, daemon, other):
                result = service.ctl("deploy", self.url(), "/dev/ram0")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.image_in(other), self.image.read_bytes())
                self.assertNotEqual(os.path.realpath(other.folder / "image"), os.path.realpath(daemon.folder / "image"))
            self.assertEqual(self.image_in(daemon), self.image.read_bytes())

    def test_a_failed_transfer_gives_the_memory_back(self):
        daemon = self.daemon()
        wrong = "--checksum=sha256:" + "0" * 64
        self.assert_refused(daemon.ctl("deploy", wrong, self.url(), "/dev/ram0"), "sha256")
        self.assertFalse((daemon.folder / "image").is_symlink())
        self.assertFalse(daemon.holds_memory())
        self.assertEqual(daemon.ctl("deploy", self.url(), "/dev/ram0").returncode, 0)


if __name__ == "__main__":
    tap.main()
