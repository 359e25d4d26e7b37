# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl fetch to targets that cannot be rewound: standard output, pipes, FIFOs, character devices."""

import contextlib
import fcntl
import gzip
import hashlib
import os
import pathlib
import pty
import signal
import stat
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402

WRONG = "--checksum=sha256:" + "0" * 64


class StreamCase(FetchCase):
    size = 3_000_017

    def serve(self, faults=(), **options):
        server = FaultServer(self.image, faults, **options)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return f"http://127.0.0.1:{server.port}/image"

    def start_to(self, target, url, *options, stdout=subprocess.PIPE):
        client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", *options, url, target], stdout=stdout,
                                 stderr=subprocess.PIPE)
        self.addCleanup(processes.stop, client)
        return client

    def to(self, target, url, *options, **streams):
        client = self.start_to(target, url, *options, **streams)
        output, messages = client.communicate(timeout=120)
        return client.returncode, output, messages.decode()

    def assert_streamed(self, outcome, expected=None):
        status, output, messages = outcome
        self.assertEqual(status, 0, messages)
        self.assertTrue(output == (self.image.read_bytes() if expected is None else expected), "the bytes differ")
        return messages


class StreamTest(StreamCase):
    def test_messages_are_not_mixed_into_the_image(self):
        log = self.path / "log"
        for target, streams in (("/dev/stderr", "2>"), ("-", ">"), ("/dev/stdout", "2>&1 >>")):
            log.write_text("")
            redirect = {"2>": f"2>{log}", ">": f">{log} 2>&1", "2>&1 >>": f">>{log} 2>&1"}[streams]
            script = f'exec "$0" fetch http://127.0.0.1:9/never-asked {target} {redirect}'
            with self.subTest(redirect=redirect):
                result = subprocess.run(["sh", "-c", script, os.environ["BOOTFERRYCTL"]], timeout=120)
                self.assertEqual(result.returncode, exit_status.TARGET_REFUSED)
                self.assertIn("standard error is the same file", log.read_text())
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", self.serve(), "-"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120)
        self.assertEqual(result.returncode, exit_status.TARGET_REFUSED, result.stdout)
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", self.serve(), "/dev/null"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, timeout=120)
        self.assertEqual(result.returncode, 0)

    def test_standard_output_by_its_names(self):
        for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            self.assert_streamed(self.to(name, self.serve()))
        self.assertTrue(os.path.islink("/dev/stdout"))

    def test_what_was_written_to_standard_output_before_is_kept(self):
        for name in ("-", "/dev/stdout"):
            with open(self.output, "w+b") as file:
                file.write(b"first")
                file.flush()
                status, _, messages = self.to(name, self.serve(), stdout=file)
                self.assertEqual(status, 0, messages)
                file.seek(0)
                self.assertTrue(file.read() == b"first" + self.image.read_bytes(), "the bytes differ")

    @unittest.skipUnless(os.geteuid() == 0, "needs root: mounts")
    def test_room_for_a_file_that_the_shell_has_opened(self):
        folder = self.path / "small"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "none", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        file = folder / "file"
        file.write_bytes(bytes(3 << 20))
        for name in ("-", "/dev/stdout"):
            with open(file, "ab") as appended:
                status, _, messages = self.to(name, self.serve(), stdout=appended)
            self.assertEqual(status, exit_status.NO_ROOM, messages)
            self.assertIn("there is no room", messages)
            self.assertEqual(file.stat().st_size, 3 << 20)
        with open(file, "r+b") as replaced:  # these bytes have their room already
            status, _, messages = self.to("-", self.serve(), stdout=replaced)
        self.assertEqual(status, 0, messages)
        (folder / "other").write_bytes(bytes(1 << 20))
        with open(file, "wb") as emptied:
            (folder / "another").write_bytes(bytes(2 << 20))
            self.assertEqual(self.to("-", self.serve(), stdout=emptied)[0], exit_status.NO_ROOM)
        self.assertEqual(file.stat().st_size, 0)

    def test_the_shells_limit_for_a_file(self):
        limited = ["prlimit", "--fsize=2000000", os.environ["BOOTFERRYCTL"], "fetch", self.serve()]
        for target in ("-", str(self.output)):
            with open(self.path / "other", "wb") as file:
                outcome = subprocess.run([*limited, target], stdout=file, stderr=subprocess.PIPE, text=True, timeout=120)
            self.assertEqual(outcome.returncode, exit_status.NO_ROOM, outcome.stderr)
            self.assertIn("ulimit -f", outcome.stderr)

    def test_what_is_small_and_what_is_empty(self):
        for size in (0, 1, 1 << 20, (1 << 20) + 1):
            self.image.write_bytes(os.urandom(size))
            self.assert_streamed(self.to("-", self.serve()))

    def test_a_fifo(self):
        os.mkfifo(self.output)
        client = self.start_to(str(self.output), self.serve())
        received = self.output.read_bytes()
        self.assertEqual(client.wait(timeout=60), 0)
        self.assertTrue(received == self.image.read_bytes())
        self.assertTrue(stat.S_ISFIFO(self.output.stat().st_mode))

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a FIFO of somebody else's")
    def test_a_fifo_that_another_user_may_have_planted(self):
        """It is refused at once, with a reader and without, by its name and through a link."""
        folder = self.path / "sticky"
        folder.mkdir()
        fifo = folder / "output"
        os.mkfifo(fifo)
        link = self.path / "link"
        link.symlink_to(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.chown(fifo, 65534, 65534)
            for mode in (0o1777, 0o1770, 0o1773):
                folder.chmod(mode)
                for name in (fifo, link):
                    status, _, messages = self.to(str(name), "http://127.0.0.1:9/never-asked")
                    self.assertEqual(status, exit_status.NOT_PERMITTED, messages)
                    self.assertIn(f"'{name}' is a FIFO of another user, in a sticky folder", messages.splitlines()[-1])
        finally:
            os.close(reader)
        folder.chmod(0o1777)
        self.assertEqual(self.to(str(fifo), "http://127.0.0.1:9/never-asked")[0], exit_status.NOT_PERMITTED)

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a FIFO of somebody else's")
    def test_a_fifo_that_nobody_else_can_have_planted(self):
        folder = self.path / "folder"
        folder.mkdir()
        self.output = folder / "output"
        os.mkfifo(self.output)
        for mode, owner, folders in ((0o1777, 0, 1234), (0o1777, 65534, 65534), (0o755, 65534, 0), (0o1755, 65534, 0)):
            folder.chmod(mode)
            os.chown(folder, folders, folders)
            os.chown(self.output, owner, owner)
            client = self.start_to(str(self.output), self.serve())
            reader = processes.start(["cat", self.output], stdout=subprocess.PIPE)
            self.addCleanup(processes.stop, reader)
            received = reader.communicate(timeout=60)[0]
            self.assertEqual(client.wait(timeout=60), 0)
            self.assertTrue(received == self.image.read_bytes(), "the bytes differ")

    def test_a_signal_ends_the_wait_for_a_reader_of_the_fifo(self):
        os.mkfifo(self.output)
        openat = {"x86_64": "257 ", "aarch64": "56 "}[os.uname().machine]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for options in ([], ["--timeout=0"], ["--json=short"]):
                client = self.start_to(str(self.output), self.serve(), *options)
                call = pathlib.Path(f"/proc/{client.pid}/syscall")
                processes.wait_for(client, lambda: call.read_text().startswith(openat))
                client.send_signal(number)
                events, messages = client.communicate(timeout=60)
                self.assertEqual(client.returncode, exit_status.INTERRUPTED, messages)
                self.assertIn(f"interrupted while nobody had opened '{self.output}' for reading",
                              messages.decode().splitlines()[-1])
                self.assertEqual(b'"cancelled"' in events, "--json=short" in options, events)

    def test_a_signal_that_is_ignored_does_not_end_the_wait_for_a_reader_of_the_fifo(self):
        os.mkfifo(self.output)
        command = ["nohup", os.environ["BOOTFERRYCTL"], "fetch", self.serve(), str(self.output)]
        client = processes.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(processes.stop, client)
        openat = {"x86_64": "257 ", "aarch64": "56 "}[os.uname().machine]
        call = pathlib.Path(f"/proc/{client.pid}/syscall")
        processes.wait_for(client, lambda: call.read_text().startswith(openat))
        client.send_signal(signal.SIGHUP)
        received = self.output.read_bytes()
        self.assertEqual(client.wait(timeout=60), 0)
        self.assertTrue(received == self.image.read_bytes())

    def test_the_time_limit_bounds_the_wait_for_a_reader_of_the_fifo(self):
        os.mkfifo(self.output)
        alarm = {signal.SIGALRM}
        for change in (signal.SIG_UNBLOCK, signal.SIG_BLOCK):  # children inherit the mask
            signal.pthread_sigmask(change, alarm)
            self.addCleanup(signal.pthread_sigmask, signal.SIG_UNBLOCK, alarm)
            status, _, messages = self.to(str(self.output), self.serve(), "--timeout=1")
            self.assertEqual(status, exit_status.TIMEOUT, messages)
            self.assertIn(f"nobody has opened '{self.output}' for reading within 1 s", messages.splitlines()[-1])

    def test_a_character_device(self):
        link = self.path / "link"
        link.symlink_to("/dev/null")
        for name in ("/dev/null", str(link)):
            status, _, messages = self.to(name, self.serve())
            self.assertEqual(status, 0, messages)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertTrue(link.is_symlink())
        status, _, messages = self.to("/dev/full", self.serve())
        self.assertEqual(status, exit_status.NO_ROOM)
        self.assertIn("No space left on device", messages.splitlines()[-1])

    def test_a_pipe_that_does_not_block(self):
        our_end, client_end = os.pipe()
        fcntl.fcntl(client_end, fcntl.F_SETFL, os.O_NONBLOCK)
        client = self.start_to("-", self.serve(), stdout=client_end)
        os.close(client_end)
        with open(our_end, "rb") as pipe:
            received = pipe.read()
        self.assertEqual(client.wait(timeout=60), 0, client.stderr.read())
        self.assertTrue(received == self.image.read_bytes())

    def test_decoded_on_the_way(self):
        plain = self.image.read_bytes()
        self.image.write_bytes(gzip.compress(plain, 1))
        self.assert_streamed(self.to("-", self.serve()))
        self.assert_streamed(self.to("-", self.serve(), "--decode"), plain)

    def test_a_terminal_is_spared(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        status, _, messages = self.to("-", self.serve(), stdout=theirs)
        os.close(theirs)
        self.assertEqual(status, exit_status.TARGET_REFUSED)
        self.assertIn("is a terminal", messages)

    def test_a_wrong_checksum(self):
        status, output, messages = self.to("-", self.serve(), WRONG)
        self.assertEqual(status, exit_status.CHECKSUM)
        self.assertIn("checksum does not match", messages.splitlines()[-1])
        self.assertGreater(len(output), 0)  # what a stream has cannot be taken back
        self.image.write_bytes(bytes(1 << 20))  # but so much is held back until it is verified
        status, output, messages = self.to("-", self.serve(), WRONG)
        self.assertEqual((status, output), (exit_status.CHECKSUM, b""), messages)

    def test_another_version_is_not_put_behind_the_first(self):
        outcome = self.to("-", self.serve([Fault(cut=2_500_000), *[Fault(ignore_range=True)] * 3]))
        self.assertEqual(outcome[0], exit_status.RANGE)
        self.assertIn("cannot be taken back", outcome[2].splitlines()[-1])
        self.assertTrue(self.image.read_bytes().startswith(outcome[1]))
        self.assert_streamed(self.to("-", self.serve([Fault(cut=500_000), Fault(ignore_range=True)])))

    def test_one_unusable_answer_does_not_end_it(self):
        """With a checksum, the process that resumes is not the one that has the pipe."""
        digest = hashlib.sha256(self.image.read_bytes()).hexdigest()
        for options in ([], [f"--checksum=sha256:{digest}"]):
            with self.subTest(options=options):
                faults = [Fault(cut=2_500_000), Fault(ignore_range=True)]
                self.assert_streamed(self.to("-", self.serve(faults), *options))

    def test_cuts_are_resumed(self):
        self.assert_streamed(self.to("-", self.serve([Fault(cut=700_000), Fault(cut=900_000)])))


class ReaderTest(StreamCase):
    def test_a_reader_that_goes_is_a_failure_without_words(self):
        client = self.start_to("-", self.serve())
        client.stdout.read(1)
        client.stdout.close()
        self.assertEqual(client.wait(timeout=60), exit_status.IO)
        self.assertNotIn("bootferryctl:", client.stderr.read().decode())

    def test_a_reader_that_does_not_read_is_waited_for_until_a_signal(self):
        client = self.start_to("-", self.serve())
        client.stdout.read(1)  # there is more than the pipe holds
        client.terminate()
        self.assertEqual(client.wait(timeout=60), 130)

    def test_the_time_limit_ends_the_wait_for_a_reader_that_does_not_read(self):
        """Whichever process writes to the pipe; a small image is written only at the end."""
        os.mkfifo(self.output)
        reader = os.open(self.output, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        for size in (self.size, 1 << 20):
            self.image.write_bytes(os.urandom(size))
            right = "--checksum=" + hashlib.sha256(self.image.read_bytes()).hexdigest()
            for options in ([], [right]):
                for target in ("-", str(self.output)):
                    with self.subTest(size=size, options=options, target=target):
                        client = self.start_to(target, self.serve(), "--timeout=2", *options)
                        messages = client.stderr.read().decode()
                        self.assertEqual(client.wait(timeout=60), exit_status.TIMEOUT, messages)
                        self.assertIn("gave up after 2 s: ", messages.splitlines()[-1])

    def test_a_slow_reader(self):
        client = self.start_to("-", self.serve())
        messages = []
        listener = threading.Thread(target=lambda: messages.append(client.stderr.read()))
        listener.start()
        received = b""
        with contextlib.suppress(EOFError):
            while piece := os.read(client.stdout.fileno(), 10_007):
                received += piece
        listener.join()
        self.assertEqual(client.wait(timeout=60), 0, messages)
        self.assertTrue(received == self.image.read_bytes())

    def test_standard_output_that_is_closed(self):
        client = processes.start(["sh", "-c", 'exec "$@" >&-', "sh", os.environ["BOOTFERRYCTL"], "fetch", self.serve(),
                                  "-"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        messages = client.stderr.read()
        self.assertEqual(client.wait(timeout=60), exit_status.TARGET_REFUSED, messages)
        self.assertIn("bootferryctl: '-'", messages)


if __name__ == "__main__":
    tap.main()
