# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exit status shows the class of a failure, and is the same for fetch, deploy and monitor. With real servers, real
devices and a full file system."""

import gzip
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from loop_device import LoopDevice  # noqa: E402
from nginx import Nginx  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402

PROGRAM = os.environ["BOOTFERRYCTL"]
WRONG = "--checksum=sha256:" + "0" * 64
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def is_heeded(process, number):
    """Whether the process with this number has a handler for this signal, or has blocked it to receive it."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigBlk:", "SigCgt:"))]
    return any(mask & 1 << (number - 1) for mask in masks)


def has_open(process, name):
    links = [os.readlink(link) for link in pathlib.Path(f"/proc/{process}/fd").iterdir()]
    return any(link.startswith(name) for link in links)


class ExitStatusCase(ServiceTest):
    def run_alone(self, *words, more=(), **options):
        """`more`: of the environment."""
        environment = {key: value for key, value in os.environ.items() if key != "BOOTFERRY_ADDRESS"}
        environment.update(more)
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.path}/no-bus"
        return subprocess.run([PROGRAM, *words], env=environment, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, **options)

    def fetch(self, *words):
        """Runs fetch with these words and a FILE."""
        return self.run_alone("fetch", *words, str(self.path / "output"))

    def assert_status(self, result, status, *words):
        self.assertEqual(result.returncode, status, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.splitlines()[-1])


class SourceTest(ExitStatusCase):
    """Failures of the source, in fetch, deploy and monitor."""

    def check(self, status, *words, deploys=True):
        self.assert_status(self.fetch(*words), status)
        if not deploys or os.geteuid() != 0:
            return
        with self.daemon() as daemon:
            self.assert_status(daemon.ctl("deploy", *words, "/dev/ram0"), status)
            self.assert_status(daemon.ctl("monitor", "1"), status)
            self.assert_status(daemon.ctl("status", "1"), 0)  # the question was answered

    def test_not_found(self):
        self.check(exit_status.NOT_FOUND, self.url("nothing"))

    def test_a_login_that_is_refused(self):
        (self.path / "htpasswd").write_text("someone:{PLAIN}geheim\n")
        extra = f'auth_basic "closed"; auth_basic_user_file {self.path}/htpasswd;'
        with Nginx(self.path / "served", extra=extra) as server:
            url = f"http://127.0.0.1:{server.port}/live.squashfs"
            self.check(exit_status.AUTH, url)
            self.assert_status(self.fetch(url.replace("http://", "http://someone:falsch@")), exit_status.AUTH)
            self.assert_status(self.fetch(url.replace("http://", "http://someone:geheim@")), 0)

    def test_a_certificate_of_a_stranger(self):
        authority = Authority(self.path / "ca")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        extra = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
        with Nginx(self.path / "served", extra=extra):
            url = f"https://127.0.0.1:{port}/live.squashfs"
            self.check(exit_status.TLS, url)
            self.assert_status(self.fetch(f"--option=curl:cacert={authority.certificate}", url), 0)

    def test_a_wrong_checksum(self):
        self.check(exit_status.CHECKSUM, WRONG, self.url())

    def test_a_time_limit(self):
        """The status is the class of the last failure before the limit; 14 if there was none, and it just took too long."""
        with FaultServer(self.path / "served/live.squashfs", pace=1 << 20) as slow, socket.create_server(("127.0.0.1", 0)) as silent, \
                FaultServer(self.path / "served/live.squashfs", [Fault(status=503)] * 100) as busy:
            for status, port in ((exit_status.UNREACHABLE, 1), (exit_status.UNREACHABLE, busy.port),
                                 (exit_status.TIMEOUT, slow.port), (exit_status.TIMEOUT, silent.getsockname()[1])):
                self.check(status, "--timeout=2", f"http://127.0.0.1:{port}/image")

    def test_a_server_that_answers_nonsense(self):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.rfile.readline()
                self.wfile.write(b"220 this is the mail server\r\n")

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.check(exit_status.PROTOCOL, f"http://127.0.0.1:{server.server_address[1]}/image")
            server.shutdown()

    def test_no_live_image(self):
        (self.path / "served/page.html").write_text("<html>log in to the hotel's network</html>")
        with self.daemon() as daemon:
            result = daemon.ctl("deploy", self.url("page.html"), "/dev/ram0")
        self.assert_status(result, exit_status.NOT_LIVE)

    def test_what_cannot_be_decoded(self):
        packed = bytearray(gzip.compress(os.urandom(100_000)))
        packed[50_000:50_010] = b"\xff" * 10
        (self.path / "served/image.gz").write_bytes(packed)
        self.assert_status(self.fetch("--decode", self.url("image.gz")), exit_status.CORRUPT)

    def test_a_scheme_of_nobody(self):
        self.check(exit_status.UNSUPPORTED, "gopher://127.0.0.1/image")

    def test_a_host_that_does_not_resolve(self):
        for url in ("http://no-such-host.invalid/image", "sftp://no-such-host.invalid/image"):
            self.assert_status(self.run_alone("check", url), exit_status.UNREACHABLE)

    def test_a_sender_without_hosts_that_listen(self):
        for words, status in ((["no-such-host.invalid"], exit_status.UNREACHABLE),
                              (["--timeout=1", "--data-port=1", "127.0.0.1"], exit_status.UNREACHABLE)):
            self.assert_status(self.run_alone("dolly-send", str(self.image), *words), status)


class TargetTest(ExitStatusCase):
    @needs_root
    def test_a_device_with_data(self):
        backing = self.path / "disk"
        backing.write_bytes(os.urandom(16 << 20))
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        self.assert_status(self.run_alone("fetch", self.url(), loop.path), exit_status.TARGET_REFUSED)
        daemon = self.daemon()
        self.assert_status(daemon.ctl("deploy", self.url(), loop.path), exit_status.TARGET_REFUSED)
        self.assert_status(daemon.ctl("monitor", "1"), exit_status.TARGET_REFUSED)

    @needs_root
    def test_a_device_that_is_too_small(self):
        backing = self.path / "disk"
        backing.write_bytes(bytes(2 << 20))
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        self.assert_status(self.run_alone("fetch", self.url(), loop.path), exit_status.NO_ROOM)
        daemon = self.daemon()
        self.assert_status(daemon.ctl("deploy", self.url(), loop.path), exit_status.NO_ROOM)
        self.assert_status(daemon.ctl("monitor", "1"), exit_status.NO_ROOM)

    def test_a_folder(self):
        self.assert_status(self.run_alone("fetch", self.url(), str(self.path)), exit_status.TARGET_REFUSED)

    @needs_root
    def test_a_full_file_system(self):
        """Noticed before the download where the size is known, and in the middle of it where it is not."""
        (self.path / "small").mkdir()
        plain = self.path / "served/zeros.gz"
        plain.write_bytes(gzip.compress(bytes(8 << 20)))
        for words in ([self.url()], ["--decode", self.url("zeros.gz")]):
            script = f'mount -t tmpfs -o size=2m none {self.path}/small && exec "$0" "$@"'
            result = subprocess.run(["unshare", "--mount", "sh", "-c", script, PROGRAM, "fetch", *words,
                                     f"{self.path}/small/output"], text=True, capture_output=True, timeout=120)
            self.assert_status(result, exit_status.NO_ROOM)


class NamedFileTest(ExitStatusCase):
    """One reason has one class, whichever verb or option names the file."""

    URL = "http://127.0.0.1:1/image"

    def setUp(self):
        super().setUp()
        self.secret = self.path / "secret"
        self.secret.write_text("someone:geheim\n")

    def uses(self, path):
        """Each way to name a file or device."""
        output = str(self.path / "output")
        for option in ("options-file", "userinfo-file", "checksum"):
            for verb in ("fetch", "check"):
                yield [verb, f"--{option}={path}", self.URL, *([output] if verb == "fetch" else [])]
        yield ["dolly-send", str(path), "127.0.0.1"]
        yield ["dolly-send", f"--password-file={path}", str(self.secret), "127.0.0.1"]
        yield ["verify", str(path)]
        yield ["verify", f"--checksum={path}", str(self.secret)]

    def files_of_plugins(self, path):
        """Options of the plugins that name a file."""
        place = self.url().removeprefix("http")
        for scheme, option in (("https", "curl:cacert"), ("https", "curl:cert"), ("https", "curl:crlfile"),
                               ("https", "curl:key"), ("http", "curl:netrc-file"), ("http", "curl:cookie"),
                               ("sftp", "sftp:key"), ("sftp", "sftp:known-hosts")):
            yield ["fetch", f"--option={option}={path}", scheme + place, "-"]

    def check(self, uses, status, **options):
        for words in uses:
            with self.subTest(words=words):
                self.assert_status(self.run_alone(*words, **options), status)

    def test_it_does_not_exist(self):
        nothing = self.path / "nothing"
        self.check([*self.uses(nothing), *self.uses(self.secret / "below"), *self.files_of_plugins(nothing), ["fetch", self.URL, f"{nothing}/output"],
                    ["fetch", self.URL, f"{self.secret}/output"], ["fetch", self.URL, "/dev/no-such-device"]],
                   exit_status.NOT_FOUND)

    def test_options_are_looked_at_before_the_network(self):
        for option in ("curl:cacert", "curl:cert", "curl:key", "curl:crlfile", "curl:capath", "curl:pinnedpubkey",
                       "curl:proxy-cacert", "curl:netrc-file"):
            for verb in ("fetch", "check"):
                with self.subTest(verb, option=option):
                    place = str(self.path / "output") if verb == "fetch" else None
                    result = self.run_alone(verb, f"--option={option}={self.path}/nothing", "https://127.0.0.1:9/x",
                                            *([place] if place else []))
                    self.assert_status(result, exit_status.NOT_FOUND)
                    self.assertIn(f"{option.removeprefix('curl:')}: '{self.path}/nothing' cannot be read", result.stderr)

    def test_a_netrc_file_that_is_required(self):
        home = {"HOME": str(self.path)}
        result = self.run_alone("fetch", "--option=curl:netrc", self.url(), str(self.path / "output"), more=home)
        self.assert_status(result, exit_status.NOT_FOUND)
        self.assertIn("'~/.netrc' cannot be read", result.stderr)
        result = self.run_alone("fetch", "--option=curl:netrc-optional", self.url(), str(self.path / "output"), more=home)
        self.assert_status(result, 0)

    def test_it_is_of_another_kind(self):
        self.check([*self.uses(self.path), *self.files_of_plugins(self.path), ["dolly-send", "/dev/null", "127.0.0.1"], ["verify", "/dev/null"],
                    ["fetch", self.URL, str(self.path)]], exit_status.TARGET_REFUSED)

    @processes.without_sanitizers  # which have no Landlock: a plugin opens the pipe itself, and waits
    def test_a_fifo_that_nobody_writes_to(self):
        """A pipe is refused where it makes no sense, and otherwise waited for, within a limit: base/files_test.cpp."""
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        self.check([*self.files_of_plugins(fifo), ["dolly-send", str(fifo), "127.0.0.1"], ["verify", str(fifo)]],
                   exit_status.TARGET_REFUSED)
        self.check([["plugins", "--describe", str(fifo)], ["plugins", "--describe", "/dev/zero"]], exit_status.UNSUPPORTED)
        self.check([["fetch", "--options-file=/dev/zero", self.URL, "-"], ["verify", "--checksum=/dev/zero", str(self.secret)]],
                   exit_status.TARGET_REFUSED)

    def test_secrets_come_through_a_pipe(self):
        """A pipe as from a shell's process substitution."""
        for option, text in (("userinfo-file", "someone:geheim\n"), ("options-file", "curl:user-agent=x\n")):
            fifo = self.path / option
            os.mkfifo(fifo)
            writer = threading.Thread(target=fifo.write_text, args=(text,))
            writer.start()
            self.assert_status(self.run_alone("fetch", f"--{option}={fifo}", self.url(), str(self.path / "output")), 0)
            writer.join()

    def test_a_target_of_another_kind(self):
        """No service is asked."""
        for target in (str(self.path), str(self.secret)):
            self.assert_status(self.run_alone("deploy", self.URL, target), exit_status.TARGET_REFUSED, "is not a block device")

    def test_a_descriptor_that_is_not_open(self):
        for name in ("/dev/fd/99", "/proc/self/fd/99"):
            self.assert_status(self.run_alone("fetch", self.URL, name), exit_status.NOT_FOUND, f"'{name}' is not an open descriptor")
        self.assert_status(self.run_alone("fetch", self.URL, "/proc/nothing"), exit_status.NOT_FOUND, "not created in /proc")

    @needs_root
    def test_a_device_of_another_kind(self):
        daemon = self.daemon()
        for target in ("/dev/null", "/dev/fd"):
            self.assert_status(daemon.ctl("deploy", self.url(), target), exit_status.TARGET_REFUSED, "not a block device")

    @needs_root
    def test_permission_is_denied(self):
        self.secret.chmod(0o600)
        closed = self.path / "closed"
        closed.mkdir(mode=0o700)
        uses = [words for words in self.uses(self.secret) if str(self.secret) not in words or words[:-1] == ["verify"]]
        uses += [*self.files_of_plugins(self.secret), ["dolly-send", str(self.secret), "127.0.0.1"], ["fetch", self.URL, str(self.secret)],
                 ["fetch", self.URL, f"{closed}/output"], ["fetch", self.URL, str(self.path / "output")]]
        self.check([[*AS_NOBODY, PROGRAM, *words] for words in uses], exit_status.NOT_PERMITTED)

    def run_alone(self, *words, **options):
        if words[0] == AS_NOBODY[0]:
            return subprocess.run(words, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, **options)
        return super().run_alone(*words, **options)

    @needs_root
    def test_a_root_that_may_not_change_its_user(self):
        result = subprocess.run(["setpriv", "--bounding-set=-setuid", PROGRAM, "fetch", self.url(), self.path / "output"],
                                capture_output=True, text=True, timeout=120)
        self.assert_status(result, exit_status.NOT_PERMITTED, "root needs CAP_SETUID")

    def test_a_limit_of_the_file_size(self):
        """SIGXFSZ does not crash bootferryctl or the worker."""
        for limit in (0, 1):  # in blocks
            script = f'ulimit -f {limit} && exec "$0" "$@"'
            output = self.path / "output"
            result = subprocess.run(["sh", "-c", script, PROGRAM, "fetch", self.url(), output], text=True,
                                    stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            self.assert_status(result, exit_status.NO_ROOM, "ulimit -f" if limit else "File too large")
            self.assertFalse(output.exists())


class ServiceStatusTest(ExitStatusCase):
    def test_no_service(self):
        for words in (["list"], ["status"], ["status", "1"], ["monitor"], ["monitor", "1"], ["cancel", "1"], ["plugins"],
                      ["deploy", self.url(), "/dev/ram0"]):
            self.assert_status(self.run_alone(*words), exit_status.NO_SERVICE, "bootferryd is not running")

    def test_a_service_that_ends(self):
        daemon = self.daemon()
        with daemon.ctl_running("monitor") as monitor:
            daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
            monitor.stdout.readline()
            daemon.stop()
            self.assertEqual(monitor.wait(timeout=60), exit_status.NO_SERVICE)

    def test_no_such_transfer(self):
        daemon = self.daemon()
        for verb in ("status", "monitor", "cancel"):
            self.assert_status(daemon.ctl(verb, "99"), exit_status.NOT_FOUND)

    @needs_root
    def test_cancelling_what_has_ended(self):
        daemon = self.daemon()
        daemon.ctl("deploy", self.url("nothing"), "/dev/ram0")
        daemon.ctl("deploy", self.url(), "/dev/ram0")
        for number, state in (("1", "failed"), ("2", "done")):
            self.assert_status(daemon.ctl("cancel", number), exit_status.NOT_FOUND, "has ended already", state)
            result = subprocess.run([*AS_NOBODY, PROGRAM, "cancel", number], env=daemon.environment(), text=True,
                                    capture_output=True, timeout=120)
            self.assert_status(result, exit_status.NOT_PERMITTED)

    @needs_root
    def test_who_may_not(self):
        daemon = self.daemon()
        for words, remedy in ((["deploy", self.url(), "/dev/ram0"], "only root may start a transfer: sudo bootferryctl deploy ..."),
                              (["cancel", "1"], "only root may cancel a transfer: sudo bootferryctl cancel ...")):
            result = subprocess.run([*AS_NOBODY, PROGRAM, *words], env=daemon.environment(), text=True,
                                    capture_output=True, timeout=120)
            self.assert_status(result, exit_status.NOT_PERMITTED, remedy)

    def test_a_cancelled_transfer(self):
        daemon = self.daemon()
        with FaultServer(self.image, [Fault(status=503)] * 1000) as server, \
                daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0") as deploy:
            processes.wait_for(daemon.process, lambda: daemon.ctl("status", "1").returncode == 0)
            with daemon.ctl_running("monitor", "1") as monitor:
                monitor.stdout.readline()
                self.assert_status(daemon.ctl("cancel", "1"), 0)
                self.assertEqual(monitor.wait(timeout=60), exit_status.INTERRUPTED)
            self.assertEqual(deploy.wait(timeout=60), exit_status.INTERRUPTED)


class InterruptTest(ExitStatusCase):
    def test_each_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with FaultServer(self.image, [Fault(status=503)] * 1000) as server:
                with processes.running([PROGRAM, "fetch", f"http://127.0.0.1:{server.port}/image", self.path / "output"],
                                       stderr=subprocess.PIPE, text=True) as client:
                    processes.read_until(client.stderr, "503")
                    client.send_signal(number)
                    self.assertEqual(client.wait(timeout=60), exit_status.INTERRUPTED)

    def test_a_monitor_of_one_transfer(self):
        daemon = self.daemon()
        with FaultServer(self.image, [Fault(status=503)] * 1000) as server, \
                daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0"):
            processes.wait_for(daemon.process, lambda: daemon.ctl("status", "1").returncode == 0)
            for words, status in ((["1"], exit_status.INTERRUPTED), ([], 0)):
                for number in SIGNALS:
                    with daemon.ctl_running("monitor", *words) as monitor:
                        monitor.stdout.readline()
                        monitor.send_signal(number)
                        self.assertEqual(monitor.wait(timeout=60), status, words)

    def test_a_deployment_is_cancelled(self):
        daemon = self.daemon()
        with FaultServer(self.image, [Fault(status=503)] * 1000) as server:
            for transfer, number in enumerate(SIGNALS, 1):
                with daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0") as deploy:
                    processes.read_until(deploy.stdout, "Service Unavailable")
                    deploy.send_signal(number)
                    self.assertEqual(deploy.wait(timeout=60), exit_status.INTERRUPTED)
                    self.assertIn("cancelled", daemon.ctl("status", str(transfer)).stdout)

    def assert_ended(self, words, waits, environment=None):
        """Sends each signal once waits(number of the process) is true."""
        for number in SIGNALS:
            with self.subTest(words=words, number=number), \
                    processes.running([PROGRAM, *map(str, words)], env=environment, stderr=subprocess.PIPE, text=True) as client:
                processes.wait_for(client, lambda: is_heeded(client.pid, number) and waits(client.pid))
                client.send_signal(number)
                messages = client.stderr.read()
                self.assertEqual(client.wait(timeout=60), exit_status.INTERRUPTED, messages)
                self.assertEqual(messages.splitlines()[-1:], ["bootferryctl: interrupted"])

    def test_a_wait_for_a_file(self):
        pipe = self.path / "pipe"
        os.mkfifo(pipe)
        writer = os.open(pipe, os.O_RDWR)
        self.addCleanup(os.close, writer)
        for words in (["fetch", f"--userinfo-file={pipe}", self.url(), self.path / "output"],
                      ["check", f"--options-file={pipe}", self.url()],
                      ["dolly-send", f"--password-file={pipe}", self.path / "image", "host"]):
            self.assert_ended(words, lambda process: has_open(process, str(pipe)))

    def test_a_service_that_does_not_answer(self):
        daemon = self.daemon()
        self.assert_status(daemon.ctl("list"), 0)
        self.addCleanup(daemon.process.send_signal, signal.SIGCONT)
        daemon.process.send_signal(signal.SIGSTOP)
        for words in (["deploy", self.url(), "/dev/ram0"], ["monitor"], ["monitor", "1"], ["list"], ["status"],
                      ["cancel", "1"], ["plugins"]):
            self.assert_ended(words, lambda process: has_open(process, "socket:"), daemon.environment())

    def test_a_deployment_whose_service_does_not_answer_any_more(self):
        for number in SIGNALS:
            daemon = self.daemon()
            with FaultServer(self.image, [Fault(status=503)] * 1000) as server, \
                    daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0") as deploy:
                processes.read_until(deploy.stdout, "Service Unavailable")
                daemon.process.send_signal(signal.SIGSTOP)
                deploy.send_signal(number)
                rest = deploy.stdout.read()
                daemon.process.send_signal(signal.SIGCONT)
                self.assertEqual(deploy.wait(timeout=60), exit_status.INTERRUPTED)
                self.assertIn("bootferryd does not answer: the transfer may go on", rest)
            daemon.stop()

    def test_a_signal_that_is_ignored_stays_so(self):
        with FaultServer(self.image, [Fault(silent=True)]) as server:
            for words in (["fetch", f"http://127.0.0.1:{server.port}/image", self.path / "output"],
                          ["check", f"http://127.0.0.1:{server.port}/image"]):
                with processes.running(["nohup", PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
                    processes.wait_for(client, lambda: is_heeded(client.pid, signal.SIGTERM) and processes.children(client.pid))
                    client.send_signal(signal.SIGHUP)
                    client.send_signal(signal.SIGTERM)
                    self.assertEqual(client.wait(timeout=60), exit_status.INTERRUPTED)


class UsageTest(ExitStatusCase):
    def test_wrong_words(self):
        for words in ([], ["frob"], ["--frob"], ["fetch"], ["fetch", "--frob", self.url(), "x"],
                      ["fetch", "--checksum=md5:1", self.url(), "x"], ["fetch", "no-url", "x"], ["status", "x"],
                      ["list", "--json=xml"], ["list", "1"], ["cancel"], ["cancel", "x"], ["dolly-send", "image"],
                      ["dolly-send", "--fanout=x", "image", "host"], ["help", "frob"],
                      ["deploy", "--timeout=soon", self.url(), "/dev/ram0"]):
            with self.subTest(words=words):
                self.assert_status(self.run_alone(*words), exit_status.USAGE)

    def test_help_is_a_success(self):
        for words in (["--help"], ["-h"], ["help"], ["help", "fetch"], ["fetch", "--help"], ["--version"]):
            result = self.run_alone(*words)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertNotEqual(result.stdout, "")


if __name__ == "__main__":
    tap.main()
