# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs whose standard output and standard error cannot be written to do their work all the same."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from bad_streams import CLOSED, FULL_DISK, GONE, KINDS, UNREAD, bad_stream, closing  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402


class Started:
    """A program whose standard streams are bad."""

    def __init__(self, command, stdout=None, stderr=None, stdin=None, **options):
        with contextlib.ExitStack() as stack:
            closed = [str(number) for number, kind in ((0, stdin), (1, stdout), (2, stderr)) if kind == CLOSED]
            streams = {}
            self.kept = stack.enter_context(contextlib.ExitStack())  # a pipe's other end lives as long as the program
            for name, kind in (("stdout", stdout), ("stderr", stderr)):
                streams[name] = subprocess.PIPE if kind is None else self.kept.enter_context(bad_stream(kind))
            self.kept = self.kept.pop_all()
            self.process = processes.start(closing(closed, command), **streams, **options)

    def ended(self):
        """Exit status, standard output and standard error; a bad stream is an empty text."""
        try:
            output, messages = self.process.communicate(timeout=120)
            return self.process.returncode, (output or b"").decode(), (messages or b"").decode()
        finally:
            processes.stop(self.process)
            self.kept.close()


def outcome(command, **streams):
    return Started(command, **streams).ended()


class FetchTest(FetchCase):
    size = 2_000_003

    def command(self, server, *options):
        return [os.environ["BOOTFERRYCTL"], "fetch", *options, f"http://127.0.0.1:{server.port}/image", str(self.output)]

    def test_a_fetch_is_what_it_would_be(self):
        for streams in ([{"stderr": kind} for kind in KINDS] + [{"stdout": kind} for kind in KINDS]
                        + [{"stdin": CLOSED, "stdout": CLOSED, "stderr": CLOSED}, {"stdout": UNREAD, "stderr": UNREAD}]):
            with self.subTest(streams), FaultServer(self.image, [Fault(cut=1_500_000)]) as server:
                status, _, messages = outcome(self.command(server), **streams)
                self.assert_fetched((status, messages))
                self.output.unlink()

    def test_a_failure_is_one_status(self):
        for kind in KINDS:
            with self.subTest(kind), FaultServer(self.image, [Fault(status=404)]) as server:
                self.assertEqual(outcome(self.command(server), stderr=kind)[0], exit_status.NOT_FOUND)

    def test_an_interrupt_ends_it(self):
        with FaultServer(self.image, pace=200_000) as server:
            client = Started(self.command(server), stderr=UNREAD)
            processes.wait_for(client.process, lambda: processes.unnamed_file(client.process.pid))
            client.process.send_signal(signal.SIGINT)
            self.assertEqual(client.ended()[0], 130)

    def test_no_file_gets_the_number_of_a_closed_stream(self):
        with FaultServer(self.image, pace=200_000) as server:
            client = Started(self.command(server), stdin=CLOSED, stdout=CLOSED, stderr=CLOSED)
            processes.wait_for(client.process, lambda: processes.unnamed_file(client.process.pid))
            for number in range(3):
                self.assertEqual(os.readlink(f"/proc/{client.process.pid}/fd/{number}"), "/dev/null")
            client.process.terminate()
            self.assertEqual(client.ended()[0], 130)


class OutputTest(unittest.TestCase):
    """Requested output that cannot be written is a failure."""

    def commands(self):
        help_of = ("BOOTFERRYCTL", "BOOTFERRYD", "BOOTFERRY_LIVE_ROOT", "BOOTFERRY_PLYMOUTH", "BOOTFERRY_PLUGIN_CHECK")
        yield from ([os.environ[program], "--help"] for program in help_of)
        yield [os.environ["BOOTFERRYCTL"], "--version"]
        yield [os.environ["BOOTFERRY_WORKER"], "--list-plugins"]

    def test_lost_output(self):
        for command in self.commands():
            name = os.path.basename(command[0])
            for kind, words in ((CLOSED, f"{name}: writing to standard output: Bad file descriptor\n"),
                                (FULL_DISK, f"{name}: writing to standard output: No space left on device\n"),
                                (GONE, "")):
                with self.subTest(command=command, kind=kind):
                    self.assertEqual(outcome(command, stdout=kind), (1, "", words))

    def test_output_that_nobody_reads(self):
        command = next(self.commands())
        self.assertEqual(outcome(command, stdout=UNREAD), (1, "", "bootferryctl: nobody reads standard output\n"))
        self.assertEqual(outcome(command, stdout=UNREAD, stderr=UNREAD)[0], 1)

    def test_good_output_and_bad_words(self):
        for command in self.commands():
            for kind in KINDS:
                status, output, _ = outcome(command, stderr=kind)
                self.assertEqual(status, 0)
                self.assertTrue(output)

    def test_a_slow_reader_gets_all_of_it(self):
        command = next(self.commands())
        reading = ["sh", "-c", '"$@" | { read -r line; echo "$line"; cat; }', "sh", *command]
        self.assertEqual(outcome(reading)[1], outcome(command)[1])


class OtherProgramsTest(unittest.TestCase):
    def test_a_generator_writes_its_units(self):
        for kind in KINDS:
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder)
                for name in ("normal", "early", "late"):
                    (path / name).mkdir()
                (path / "cmdline").write_text("root=live:nonsense\n")
                environment = dict(os.environ, BOOTFERRY_PROC_CMDLINE=str(path / "cmdline"),
                                   BOOTFERRY_RUNTIME_DIRECTORY=str(path / "run"))
                command = [os.environ["BOOTFERRY_GENERATOR"], *(str(path / name) for name in ("normal", "early", "late"))]
                self.assertEqual(outcome(command, stdout=kind, stderr=kind, env=environment)[0], 0)
                self.assertTrue(any(path.glob("*/bootferry-deploy.service")))

    def test_a_splash_and_a_live_root_fail_as_they_would(self):
        for command in ([os.environ["BOOTFERRY_PLYMOUTH"], "--frob"], [os.environ["BOOTFERRY_LIVE_ROOT"], "--frob"],
                        [os.environ["BOOTFERRY_PLUGIN_CHECK"], "/nothing", "http://x/y"], [os.environ["BOOTFERRYD"], "--frob"]):
            expected, _, messages = outcome(command)
            self.assertTrue(messages)
            for kind in KINDS:
                self.assertEqual(outcome(command, stderr=kind)[0], expected, (command, kind))

    def test_nothing_else_writes_to_the_standard_streams(self):
        source = pathlib.Path(os.environ["BOOTFERRY_SOURCE"])
        stdio = re.compile(r"\b(fmt::print|std::cout|std::cerr|f?printf|puts|fputs|perror|putchar)\b *[(<]|\bwrite\(STD")
        for folder in ("core", "initrd-generator"):
            for file in (source / folder).rglob("*.cpp"):
                # The second is run by the build and is not installed.
                if file.name not in ("standard_streams.cpp", "transfer_interface_main.cpp"):
                    self.assertIsNone(stdio.search(file.read_text()), file)


@needs_root
class ServiceStreamsTest(ServiceTest):
    def test_a_service_whose_log_nobody_reads(self):
        for kind in KINDS:
            with self.subTest(kind), bad_stream(kind) as stream:
                daemon = self.daemon_with(stream)
                result = daemon.ctl("deploy", self.url(), "/dev/ram0")
                self.assertEqual(result.returncode, 0, result.stderr)
                daemon.stop()

    def daemon_with(self, stream):
        """Its standard error is its log."""
        to = "&-" if stream is None else f"/proc/{os.getpid()}/fd/{stream}"
        return self.daemon(prefix=["sh", "-c", f'exec "$@" >{to} 2>{to}', "sh"])

    def test_a_client_whose_output_nobody_reads(self):
        daemon = self.daemon()
        for kind in KINDS:
            with self.subTest(kind):
                command = [os.environ["BOOTFERRYCTL"], "deploy", self.url(), "/dev/ram0"]
                self.assertEqual(outcome(command, stderr=kind, env=daemon.environment())[0], 0, daemon.log_text())

    def test_a_monitor_ends_when_its_reader_has_gone(self):
        daemon = self.daemon()
        monitor = Started([os.environ["BOOTFERRYCTL"], "monitor"], stdout=GONE, env=daemon.environment())
        self.assertEqual(daemon.ctl("deploy", self.url(), "/dev/ram0").returncode, 0)
        self.assertEqual(monitor.ended(), (1, "", ""))

    def test_a_monitor_that_waits_for_its_reader_can_be_interrupted(self):
        daemon = self.daemon()
        monitor = Started([os.environ["BOOTFERRYCTL"], "monitor"], stdout=UNREAD, env=daemon.environment())
        self.assertEqual(daemon.ctl("deploy", self.url(), "/dev/ram0").returncode, 0)
        monitor.process.send_signal(signal.SIGINT)
        self.assertIn(monitor.ended()[0], (1, 0, exit_status.INTERRUPTED))


if __name__ == "__main__":
    tap.main()
