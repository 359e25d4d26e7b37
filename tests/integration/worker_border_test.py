# SPDX-License-Identifier: LGPL-2.1-or-later
"""The border between a worker and its supervisor: a hostile worker sends and does anything, and the
supervisor neither trusts it nor is harmed by it; and what a real worker can reach besides its two descriptors."""

import base64
import contextlib
import hashlib
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import stand_in_worker  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402


class StandInCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-border-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.output = self.path / "output"

    def environment(self, code):
        return {**os.environ, "BOOTFERRY_WORKER": str(stand_in_worker.write(self.path, textwrap.dedent(code)))}

    def fetch(self, code, *options):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", *options, "http://127.0.0.1:1/image", self.output],
                              stdin=subprocess.DEVNULL, capture_output=True, env=self.environment(code), timeout=120)

    def assert_ended(self, result, *words):
        messages = result.stderr.decode()
        self.assertIn(result.returncode, exit_status.FAILURES, messages)
        for word in ("the transfer process violated the protocol", *words):
            self.assertIn(word, messages.splitlines()[-1])
        self.assertFalse(self.output.exists())
        self.assertFalse(pathlib.Path(f"{self.output}.part").exists())


class HostileWorkerTest(StandInCase):
    def test_the_stand_in_can_carry_an_image(self):
        result = self.fetch("""
            job(); plugin()
            _, (file,) = target(5)
            os.pwrite(file, b"image", 0)
            progress(received=5, total=5, written=5)
            staged(5, 5); finished(5, 5)
        """)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), b"image")

    def test_a_message_that_is_too_long(self):
        self.assert_ended(self.fetch("job(); plugin(); progress(detail='x' * 5000); time.sleep(100)"), "too long")

    def test_unexpected_descriptors(self):
        self.assert_ended(self.fetch("""
            job()
            channel.sendmsg([struct.pack("=I", PLUGIN) + text("x")],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 200).tobytes())])
            time.sleep(100)
        """), "descriptors")

    def test_what_is_no_message(self):
        self.assert_ended(self.fetch("job(); channel.send(os.urandom(3)); time.sleep(100)"), "is truncated")
        self.assert_ended(self.fetch("job(); send(99); time.sleep(100)"), "no call 99")

    def test_calls_out_of_turn(self):
        for code, call in (("plugin()", "Plugin"), ("job(); job()", "Job"), ("job(); target()", "Target"),
                           ("job(); plugin(); staged(1, 1)", "Staged"), ("job(); plugin(); finished(1, 1)", "Finished"),
                           ("job(); plugin(); target(); finished(1, 1)", "Finished")):
            self.assert_ended(self.fetch(code + "; time.sleep(100)"), f"called {call} out of turn")

    def test_numbers_no_file_has(self):
        for code in ("progress(received=2**63)", "target(2**64 - 2)", "progress(written=1)",
                     "progress(attempt=0)", "progress(received=9); progress(received=8)"):
            self.assert_ended(self.fetch(f"job(); plugin(); {code}; time.sleep(100)"))

    def test_key_files_are_copies_and_end_where_the_network_begins(self):
        secret = self.path / "secret"
        secret.write_text("key")
        secret.chmod(0o600)
        (self.path / "large").write_bytes(bytes((4 << 20) + 1))
        os.mkfifo(self.path / "fifo")
        result = self.fetch(f"""
            job()
            send(FILE, text("{secret}")); _, (fd,) = answer()
            found = [os.read(fd, 9)]
            for flags in (os.O_RDONLY, os.O_WRONLY):
                try:
                    os.open(f"/proc/self/fd/{{fd}}", flags)
                    found.append(b"opened")
                except OSError:
                    found.append(b"refused")
            try:
                os.write(fd, b"x")
            except OSError:
                found.append(b"sealed")
            for path in ("{self.path}/nothing", "{self.path}", "/dev/zero", "{self.path}/large", "{self.path}/fifo"):
                found.append(b"none" if len(file(path)) < 200 else b"some")
            plugin()
            failed(4, b" ".join(found))
        """)
        words = "key opened refused sealed none none none none none" if os.geteuid() == 0 else "key opened"
        self.assertIn(words, result.stderr.decode())
        self.assert_ended(self.fetch("job(); plugin(); file('/etc/passwd'); time.sleep(100)"), "File out of turn")
        self.assert_ended(self.fetch("file('/etc/passwd'); time.sleep(100)"), "File out of turn")
        self.assert_ended(self.fetch("job()\nfor n in range(100): file('/etc/passwd')\ntime.sleep(100)"), "File out of turn")

    def test_a_digest_of_the_process_that_uses_the_network_is_not_accepted(self):
        """It writes other bytes than those that have the digest it reports."""
        digest = "sha256:" + hashlib.sha256(b"image").hexdigest()
        for options in ((f"--checksum={digest}",), ("--checksum=http://127.0.0.1:1/SHA256SUMS",)):
            self.assert_ended(self.fetch(f"""
                job(); plugin()
                _, (file,) = target(5)
                os.pwrite(file, b"other", 0)
                staged(5, 5, "{digest}"); finished(5, 5, "{digest}")
            """, *options), "called Target out of turn")

    def test_a_checksum_that_was_not_requested(self):
        code = "job(); plugin(); target(); staged(5, 5, '{0}'); finished(5, 5, '{0}')"
        for digest in ("sha256:anything", "sha256:" + "b" * 64):
            self.assert_ended(self.fetch(code.format(digest)), "checksum")

    def test_a_flood_costs_no_memory(self):
        client = subprocess.Popen([os.environ["BOOTFERRYCTL"], "fetch", "http://127.0.0.1:1/image", self.output],
                                  stderr=subprocess.PIPE, env=self.environment("""
            job(); plugin()
            for n in range(30_000):
                os.write(2, b"x" * 2000)
            try:
                for n in range(60_000):
                    progress(detail=str(n) + "x" * 1000)
            except OSError:
                pass
            time.sleep(100)
        """))
        self.addCleanup(processes.stop, client)
        messages = client.stderr.read().decode()
        _, status, usage = os.wait4(client.pid, 0)  # of the larger of the two
        client.returncode = os.waitstatus_to_exitcode(status)
        self.assertIn("it sends too many messages", messages.splitlines()[-1])
        self.assertLess(usage.ru_maxrss, 64 * 1024, "KiB")
        self.assertLess(len(messages), 1_000_000)

    def test_a_closed_channel_ends_it(self):
        result = self.fetch("job(); channel.close(); time.sleep(1000)")
        self.assertIn(result.returncode, exit_status.FAILURES)

    def test_texts_are_plain(self):
        result = self.fetch(r"""
            job(); plugin("a\x1b[2Jb\n")
            progress("waiting", "c\x1b]0;title\x07\u202ed\u2028e\x9bf" + "\x7f")
            print("g\x1b[1mh\x9b\nsecond\r\x00line\xff", flush=True)
            failed(4, b"i\r\nbootferryctl: all is well\xff\x1b[m")
        """)
        messages = result.stderr.decode()
        for line in messages.splitlines():
            self.assertTrue(line.isprintable(), line)
        self.assertIn("c ]0;title  d e f", messages)
        self.assertIn("transfer process: g [1mh", messages)
        self.assertTrue(messages.splitlines()[-1].endswith("i  bootferryctl: all is well? [m"), messages)

    def test_it_has_no_terminal_and_no_descriptor_but_its_own(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        secret = os.open(self.path, os.O_RDONLY)  # one that would be inherited
        os.set_inheritable(secret, True)
        self.addCleanup(os.close, secret)
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "http://127.0.0.1:1/image", self.output],
                                stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, close_fds=False, timeout=120,
                                env=self.environment("""
            found = []
            for fd in range(1024):
                try:
                    found.append(f"{fd}={os.readlink(f'/proc/self/fd/{fd}').split(':')[0]}")
                except OSError:
                    pass
            for fd in (1, 2):
                try:
                    os.read(fd, 1)
                    found.append(f"{fd} can be read")
                except OSError:
                    pass
            try:
                os.open("/dev/tty", os.O_RDWR)
                found.append("a terminal")
            except OSError:
                pass
            job(); plugin(); failed(4, " ".join(found))
        """))
        os.close(theirs)
        self.assertTrue(result.stderr.decode().rstrip().endswith(
            "0=/dev/null 1=pipe 2=pipe 3=socket 4=pipe"), result.stderr)


class HostileListTest(StandInCase):
    """A checksum that is in a list is decided by a process that ends before the image's server is connected to."""

    DIGEST = "sha256:" + hashlib.sha256(b"image").hexdigest()
    OTHER = "sha256:" + hashlib.sha256(b"other").hexdigest()

    def listed(self, *, reader="checksum(DIGEST); done()", receiver, url="http://127.0.0.1:1/image"):
        code = f"""
            DIGEST, OTHER = {self.DIGEST!r}, {self.OTHER!r}
            JOB_BYTES = job(); plugin()
            if purpose_of(JOB_BYTES) == OPTION_CHECK:
                done()
            if purpose_of(JOB_BYTES) == LIST_OF_TRANSFER:
                {reader}
                time.sleep(100)
            {receiver}
        """
        return subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "--checksum=http://127.0.0.1:2/SHA256SUMS", url,
                               self.output], stdin=subprocess.DEVNULL, capture_output=True, env=self.environment(code),
                              timeout=120)

    def test_the_list_decides(self):
        for content, succeeds in ((b"image", True), (b"other", False)):
            with self.subTest(content):
                result = self.listed(receiver=f"relay = Relay(); relay.put({content}); relay.say(END); "
                                              f"relay.heard({'FINISH' if succeeds else 'AGAIN'}); relayed()")
                self.assertEqual(result.returncode == 0, succeeds, result.stderr)
                self.assertEqual(self.output.exists(), succeeds)
                self.output.unlink(missing_ok=True)

    def test_who_receives_the_image_cannot_change_it(self):
        self.assert_ended(self.listed(receiver="checksum(OTHER); relay = Relay(); time.sleep(100)"), "called Checksum out of turn")

    def test_who_reads_the_list_is_gone_and_knows_no_credentials_of_the_image(self):
        result = self.listed(reader='assert b"geheim" not in JOB_BYTES; checksum(DIGEST); done()', receiver="""
            assert b"geheim" in JOB_BYTES
            children = f"/proc/{os.getppid()}/task/{os.getppid()}/children"
            assert open(children).read().split() == [str(os.getpid())]
            relay = Relay(); relay.put(b"image"); relay.say(END); relay.heard(FINISH); relayed()
        """, url="http://someone:geheim@127.0.0.1:1/image")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_who_reads_the_list_reports_no_bytes_of_the_image(self):
        result = self.listed(reader="progress(received=2**62, total=2**62); checksum(DIGEST); done()",
                             receiver="relay = Relay(); relay.put(b'image'); relay.say(END); relay.heard(FINISH); relayed()")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn(b"EiB", result.stderr)

    def test_who_reads_the_list_can_do_nothing_else(self):
        for reader, word in (("done()", "Done out of turn"), ("target(5)", "Target out of turn"),
                             ("Relay()", "Relay out of turn"), ("checksum('no', 3)", "it continued without a checksum"),
                             ("checksum('sha256:1')", "it reported an invalid checksum"),
                             ("checksum(DIGEST); checksum(OTHER)", "Checksum out of turn"),
                             ("checksum(DIGEST); file('/etc/passwd')", "File out of turn")):
            with self.subTest(reader):
                self.assert_ended(self.listed(reader=reader, receiver="failed(4, 'it was started')"), word)
        for reader, word in (("os._exit(0)", "ended early with status 0"), ("checksum(DIGEST); os._exit(0)", "ended early"),
                             ("checksum(DIGEST); failed(4, 'not there')", "not there")):
            with self.subTest(reader):
                result = self.listed(reader=reader, receiver="failed(4, 'it was started')")
                self.assertIn(result.returncode, exit_status.FAILURES)
                self.assertIn(word, result.stderr.decode().splitlines()[-1])


class HostileReceiverTest(StandInCase):
    """With a checksum, the process that uses the network has only a pipe to the one that verifies and writes."""

    IMAGE = b"image" * 50_000
    DIGEST = "sha256:" + hashlib.sha256(IMAGE).hexdigest()

    def relay(self, code, *options):
        return self.fetch(f"IMAGE = b'image' * 50_000\njob(); plugin(); relay = Relay()\n{textwrap.dedent(code)}",
                          f"--checksum={self.DIGEST}", *options)

    def assert_failed(self, result, *words):
        messages = result.stderr.decode()
        self.assertIn(result.returncode, exit_status.FAILURES, messages)
        for word in words:
            self.assertIn(word, messages.splitlines()[-1])
        self.assertEqual([path.name for path in self.path.iterdir()], ["stand-in-worker"], messages)

    def test_the_stand_in_can_carry_an_image(self):
        result = self.relay("relay.source(250_000, 'v'); relay.put(IMAGE); relay.say(END); relay.heard(FINISH); relayed()")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), self.IMAGE)
        self.assertIn(self.DIGEST, result.stderr.decode())

    def test_other_bytes_than_those_with_the_digest(self):
        for end in ("relayed()", "send(RELAYED)", "os._exit(0)", "os.kill(os.getpid(), 9)",
                    "relay.socket.close(); os.close(relay.pipe); relayed(); time.sleep(100)"):
            with self.subTest(end=end):
                result = self.relay(f"relay.put(IMAGE[:-1] + b'!'); relay.say(END); relay.heard(AGAIN); {end}")
                self.assert_failed(result, "the checksum does not match", self.DIGEST)

    def test_what_is_committed_is_not_lost_by_a_crash_after_it(self):
        for end in ("os.kill(os.getpid(), 9)", "failed(22, 'no')", "channel.send(b'?')"):
            with self.subTest(end=end):
                result = self.relay(f"relay.put(IMAGE); relay.say(END); relay.heard(FINISH); {end}")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.output.read_bytes(), self.IMAGE)
                self.output.unlink()

    def test_one_that_hangs_after_the_commit_delays_the_end_by_seconds(self):
        result = self.relay("relay.put(IMAGE); relay.say(END); relay.heard(FINISH); time.sleep(1000)")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), self.IMAGE)
        self.assertIn("the image is complete, but the transfer process reported nothing for 20 s after that, and was killed",
                      result.stderr.decode())

    def test_one_that_waits_for_others_after_the_commit_has_time(self):
        result = self.relay("""
            relay.put(IMAGE); relay.say(END); relay.heard(FINISH)
            for second in range(25):
                progress(state="waiting", detail="waiting for the nodes behind"); time.sleep(1)
            relayed()
        """)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("killed", result.stderr.decode())

    def test_what_the_supervisor_has_killed_is_not_a_crash(self):
        for code in ("channel.close(); time.sleep(1000)", "os.close(3); os.close(4); time.sleep(1000)"):
            with self.subTest(code=code):
                self.assert_failed(self.relay(f"relay.put(b'x'); {code}"),
                                   "the transfer process did not end within 2 s after it had closed its channel, and was killed")
        self.assert_failed(self.relay("relay.socket.close(); os.close(relay.pipe); time.sleep(1000)"),
                           "the transfer process did not end within 10 s after the other process had ended, and was killed")

    def test_a_failure_before_the_verdict_is_one(self):
        self.assert_failed(self.relay("relay.put(IMAGE); failed(4, 'cannot go on'); relay.say(END); time.sleep(100)"),
                           "cannot go on")

    def test_success_is_claimed_too_early(self):
        for code in ("", "relay.put(IMAGE)", "relay.put(IMAGE[:-1])"):
            with self.subTest(code=code):
                self.assert_failed(self.relay(f"{code}\nsend(RELAYED); os._exit(0)"))

    def test_bytes_that_nobody_announced_and_announced_ones_that_never_come(self):
        self.assert_failed(self.relay("os.write(relay.pipe, IMAGE[:9000]); relay.say(END); relay.heard(AGAIN)"),
                           "the checksum does not match")
        self.assert_failed(self.relay("relay.say(BYTES, struct.pack('=Q', 250_000)); os._exit(0)"), "ended early")
        result = self.relay("os.write(relay.pipe, IMAGE[:50_000] + b'more'); relay.say(BYTES, struct.pack('=Q', 50_000))\n"
                            "relay.say(END); relay.heard(AGAIN)")
        self.assert_failed(result, "the checksum does not match")

    def test_lies_about_the_bytes(self):
        rest = "\ntry: relay.socket.recv(100)\nexcept OSError: pass"  # until the verifying one has ended
        for code, word in (("relay.say(BYTES, struct.pack('=Q', 0))", "announced 0 bytes"),
                           ("relay.say(BYTES, struct.pack('=Q', 2**63))", "announced 9223372036854775808 bytes"),
                           ("relay.put(b'x'); relay.say(BYTES, struct.pack('=Q', 2**63 - 1))", "bytes after 1"),
                           ("relay.say(BYTES)", "truncated"),
                           ("relay.say(END, b'more')", "trailing bytes"),
                           ("relay.say(RESTARTED)", "started over without being asked"),
                           ("relay.say(99)", "no message 99"),
                           ("relay.socket.send(b'xy')", "truncated"),
                           ("relay.say(SOURCE, b'x' * 5000)", "too long"),
                           ("relay.say(SOURCE, struct.pack('=QI', 1, 2**32 - 1))", "truncated"),
                           ("relay.say(LAST_BYTES, struct.pack('=Q', 1))", "the last 1 of 0 bytes"),
                           ("relay.put(b'x' * 4); relay.say(LAST_BYTES, struct.pack('=Q', 2**40))", "the last 1099511627776"),
                           ("relay.socket.sendmsg([struct.pack('=I', END)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, "
                            "array.array('i', [0, 1]).tobytes())])", "descriptors")):
            with self.subTest(code=code):
                self.assert_failed(self.relay(code + rest), "the transfer process violated the protocol", word)

    def test_something_after_the_end(self):
        self.assert_failed(self.relay("""
            relay.put(b"x"); relay.say(END); relay.heard(AGAIN); relay.say(RESTARTED)
            relay.say(RESTARTED); time.sleep(100)
        """), "started over without being asked")

    def test_an_honest_second_try_is_accepted(self):
        result = self.relay("""
            relay.put(b"?" * 70_000); relay.say(CHANGED, text("it changed")); relay.heard(AGAIN)
            relay.put(b"late"); relay.say(END); relay.say(LAST_BYTES, struct.pack("=Q", 5))
            assert relay.heard(3) == b""
            relay.say(RESTARTED); relay.put(b"x" * 70_000)
            relay.say(LAST_BYTES, struct.pack("=Q", 9)); assert relay.heard(3) == b"x" * 9
            relay.say(CHANGED, text("again\x1b[2J")); relay.heard(AGAIN); relay.say(RESTARTED)
            relay.put(IMAGE); relay.say(END); relay.heard(FINISH); relayed()
        """)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), self.IMAGE)

    def test_what_a_file_has_can_be_discarded(self):
        result = self.relay("""
            for content in (b"", b"x" * 70_000):
                if content:
                    relay.put(content)
                relay.say(CAN_DISCARD); assert relay.heard(5) == struct.pack("=I", 1)
            relay.say(CHANGED, text("it changed")); relay.heard(AGAIN)
            relay.say(CAN_DISCARD); assert relay.heard(5) == struct.pack("=I", 1)
            relay.say(RESTARTED); relay.put(IMAGE); relay.say(END); relay.heard(FINISH); relayed()
        """)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), self.IMAGE)

    def test_a_silent_one_can_be_cancelled(self):
        for code in ("time.sleep(1000)", "relay.say(BYTES, struct.pack('=Q', 99)); time.sleep(1000)",
                     "relay.put(IMAGE[:9]); relay.say(END); time.sleep(1000)"):
            with self.subTest(code=code):
                worker = f"job(); plugin(); progress(detail='ready'); relay = Relay(); IMAGE = b'image'\n{code}"
                client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", f"--checksum={self.DIGEST}",
                                          "http://127.0.0.1:1/image", str(self.output)], env=self.environment(worker),
                                         stderr=subprocess.PIPE, text=True)
                self.addCleanup(processes.stop, client)
                processes.wait_for(client, lambda: len(processes.children(client.pid)) == 2)
                client.send_signal(signal.SIGTERM)
                self.assertIn("cancelled", client.communicate(timeout=60)[1])
                self.assertNotEqual(client.returncode, 0)
                self.assertEqual([path.name for path in self.path.iterdir()], ["stand-in-worker"])

    def test_its_descriptors(self):
        """Neither of the two processes has more than it needs; the target is the verifying one's alone."""
        result = self.relay("""
            relay.put(IMAGE)
            time.sleep(1)
            links = [os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in (3, 4, relay.pipe, relay.socket.fileno())]
            failed(4, " ".join(links) + (" target" if any("output" in os.readlink(f"/proc/self/fd/{fd}") for fd in
                                                          range(relay.socket.fileno() + 1)) else ""))
        """)
        self.assert_failed(result, "socket pipe pipe socket")
        self.assertNotIn("target", result.stderr.decode())


class StartTest(StandInCase):
    """Each step of starting a worker that fails is reported with its own reason."""

    def refused(self, worker, *words):
        result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch", "http://127.0.0.1:1/image", self.output],
                                capture_output=True, text=True, env={**os.environ, "BOOTFERRY_WORKER": str(worker)},
                                timeout=120)
        self.assertIn(result.returncode, exit_status.FAILURES)
        for word in (f"starting the transfer process '{worker}'", *words):
            self.assertIn(word, result.stderr.splitlines()[-1])

    def test_no_program(self):
        self.refused(self.path / "nothing", "executing it", "No such file")

    def test_a_file_that_is_not_a_program(self):
        worker = self.path / "worker"
        worker.write_bytes(b"\0" * 100)
        worker.chmod(0o755)
        self.refused(worker, "executing it", "Exec format error")

    def test_an_interpreter_that_is_not_there(self):
        worker = self.path / "worker"
        worker.write_text("#!/no/such/interpreter\n")
        worker.chmod(0o755)
        self.refused(worker, "executing it", "No such file")

    def test_a_program_that_may_not_be_run(self):
        worker = self.path / "worker"
        worker.write_text("#!/bin/sh\n")
        worker.chmod(0o644)
        self.refused(worker, "executing it", "Permission denied")


@needs_root
class ReportedDefectTest(ServiceTest):
    def deploy(self, **environment):
        daemon = self.daemon(environment=environment)
        result = daemon.ctl("deploy", self.url(), "/dev/ram0")
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertIn('"attempts":1', (daemon.folder / "result.json").read_text().replace(" ", ""))
        return result.stderr

    def test_a_broken_installation_is_no_crash(self):
        plugins = self.path / "plugins"
        plugins.mkdir()
        (plugins / "curl.so").write_text("not a shared object")
        (plugins / "scheme-http.so").symlink_to("curl.so")
        self.assertIn("curl.so' cannot be used", self.deploy(BOOTFERRY_PLUGIN_DIR=str(plugins)))

    def test_a_breach_is_no_crash(self):
        worker = stand_in_worker.write(self.path, "job(); job(); time.sleep(100)")
        self.assertIn("violated the protocol", self.deploy(BOOTFERRY_WORKER=str(worker)))

    def test_a_worker_that_cannot_be_started_is_no_crash(self):
        worker = self.path / "worker"
        worker.write_text("#!/no/such/interpreter\n")
        worker.chmod(0o755)
        result = self.daemon(environment={"BOOTFERRY_WORKER": str(worker)}).ctl("deploy", self.url(), "/dev/ram0")
        self.assertIn(result.returncode, exit_status.FAILURES)
        self.assertIn("executing it: No such file", result.stderr)


class BytesTest(StandInCase):
    def test_secrets_need_not_be_utf8(self):
        image = self.path / "image"
        image.write_bytes(b"image")
        with FaultServer(image) as server:
            result = subprocess.run([os.environ["BOOTFERRYCTL"], "fetch",
                                     f"http://%FF%C0user:pass%FE@127.0.0.1:{server.port}/image", self.output],
                                    capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(server.requests[0].headers["Authorization"],
                         "Basic " + base64.b64encode(b"\xff\xc0user:pass\xfe").decode())


@needs_root
class BusTextTest(ServiceTest):
    def test_what_the_bus_does_not_carry_is_named(self):
        (self.path / "userinfo").write_text("%FF:x\n")
        result = self.daemon().ctl("deploy", f"--userinfo-file={self.path}/userinfo", self.url(), "/dev/ram0")
        self.assertEqual(result.returncode, exit_status.USAGE)
        self.assertIn("the user name is not UTF-8", result.stderr)


@needs_root
class RealWorkerTest(ServiceTest):
    def worker(self):
        """A worker that waits, and another process that it might try to inspect."""
        server = FaultServer(self.image, [Fault(status=503, headers=[("Retry-After", "60")])] * 2)
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        daemon = self.daemon()
        client = daemon.ctl_running("deploy", f"http://127.0.0.1:{server.port}/image", "/dev/ram0")
        client.__enter__()
        self.addCleanup(client.__exit__, None, None, None)
        processes.wait_for(daemon.process, lambda: len(server.requests) > 0)
        worker, = processes.children(daemon.process.pid)
        return worker

    @processes.without_sanitizers
    def test_another_process_of_its_user_cannot_look_into_it(self):
        worker = self.worker()
        for what in ("mem", "environ", "maps", "fd/3", "auxv"):
            result = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "head", "-c1",
                                     f"/proc/{worker}/{what}"], capture_output=True, text=True)
            self.assertNotEqual(result.returncode, 0, what)
            self.assertIn("Permission denied", result.stderr, what)

    def test_it_has_two_descriptors_and_what_it_made(self):
        worker = self.worker()
        links = {}
        for fd in pathlib.Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it is at work, and closes some meanwhile
                links[fd.name] = os.readlink(fd)
        self.assertEqual(links["0"], "/dev/null")
        self.assertRegex(links["1"], "^pipe:")
        self.assertEqual(links["1"], links["2"])
        self.assertRegex(links["3"], "^socket:")
        self.assertRegex(links["4"], "^pipe:")
        for name, link in links.items():
            self.assertTrue(re.match(r"^(socket:|pipe:|anon_inode:|/dev/null$)", link), f"{name} → {link}")


if __name__ == "__main__":
    tap.main()
