# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferry-plugin-check over our own plugins, each against a real server, and over one that is wrong on
purpose: every fault it can have must be found, by the check that is there for it."""

import concurrent.futures
import contextlib
import functools
import hashlib
import os
import pathlib
import platform
import random
import re
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import network  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from nginx import Nginx  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

CHECK = os.environ["BOOTFERRY_PLUGIN_CHECK"]
MODULES = pathlib.Path(os.environ["BOOTFERRY_PLUGIN_DIR"])
BAD = os.environ["BAD_PLUGIN"]
CARELESS = os.environ["CARELESS_PLUGIN"]
DEAF = os.environ["DEAF_PLUGIN"]
SILENT_SERVER = "stops in a read when the server is silent"
FETCH = "fetches only what is wanted"
PIECES = "takes an answer in small pieces"
FLOW = "delivers what there is before its buffer is full"
NO_BLOCK = "does not block where it must not"
CUT = "delivers no wrong bytes when the connection is cut"
REFUSED_CONNECTION = "reports a refused connection as Unreachable"
HELD_UP = "is not held up by a session that waits"
RESOLVING = "stops while it resolves a name when cancelled"
OPTIONS = "keeps options and credentials to their session"
LOGIN = "keeps its login from other servers"
CONNECTING = "stops while it connects when cancelled"
NETWORK_CHECKS = {21: REFUSED_CONNECTION, 26: CONNECTING, 27: SILENT_SERVER, 28: FLOW, 29: FETCH, 30: CUT, 31: PIECES}
SIZE = 1_500_007
# Not found in the sanitizers' build, which enters no sandbox and has an allocator of its own.
NOT_SANITIZED = {"crashes-at-the-end", "hangs-at-the-end", "leaks-memory", "creates-a-file", "locks-memory"}

# Fault → a word of the check that must find it.
FAULTS = {
    "refuses-to-load": "whole", "short-table": "whole", "no-read": "whole", "other-name": "whole",
    "other-scheme": "whole", "crashes": "whole", "hangs": "whole", "claims-too-much": "whole",
    "writes-too-much": "whole", "reads-behind-host": "whole", "writes-behind-info": "whole", "wrong-size": "whole",
    "long-validator": "whole", "fails-to-finish": "whole",
    "bad-option-key": "describes", "starts-anew-after-the-end": "stays at the end",
    "wrong-when-read-singly": "one byte", "loses-a-byte-in-odd-reads": "odd sizes", "shares-state": "sessions apart",
    "works-once": "sessions apart", "wants-one-thread": "one thread after the other", "ignores-offset": "resumes at an",
    "size-behind-offset": "resumes at an", "hides-resuming": "resumes at an", "refuses-the-end": "very end",
    "opens-behind-the-end": "behind the end", "ignores-validator": "another version", "takes-longer-validators": "another version", "takes-shorter-validators": "another version",
    "takes-any-option": "does not know", "silent-failure": "does not know", "two-failures": "does not know",
    "direction-mark-in-message": "does not know", "control-in-message": "does not know", "latin-in-message": "does not know",
    "retry-after-too-late": "does not know", "fails-with-another-number": "does not know",
    "opens-with-another-number": "whole", "ignores-validator-of-letters": "another version",
    "shares-state-late": "sessions apart",
    "no-reason": "does not know", "unknown-code": "does not know", "wrong-code": "does not know",
    "failure-reported-as-success": "does not know", "missing-is-protocol": "missing resource as NotFound",
    "opens-when-cancelled": "before it connects", "slow-cancel": "before it connects",
    "reads-when-cancelled": "between reads", "ignores-cancel-while-waiting": "while it waits",
    "leaks-descriptor": "leaves no", "leaks-thread": "leaves no", "leaks-memory": "leaves no",
    "leaks-descriptor-on-cancel": "after failures", "leaks-thread-on-failure": "after failures",
    "constant-validator": "other bytes", "halves-large-offsets": "32 bits", "ends-before-length": "a part",
    "length-is-the-size": "a part", "splice-without-function": "whole", "ranges-without-resuming": "whole",
    "clears-what-it-does-not-know": "newest host", "wants-its-own-version": "newest host",
    "splices-other-bytes": "through splice", "uses-url-after-open": "whole", "closes-cancel-fd": "does not block",
    "reads-cancel-fd": "before it connects", "changes-sigpipe": "whole", "blocks-signals": "whole",
    "newline-in-log": "whole", "escape-in-status": "whole", "escape-in-message": "does not know",
    "secret-in-log": "whole", "session-new-blocks": "does not block", "session-free-blocks": "does not block",
    "validator-changes": "whole", "validator-of-the-offset": "resumes at an", "escape-in-validator": "whole",
    "fails-to-finish-early": "one byte", "changes-sigchld": "whole", "changes-locale": "whole", "escape-in-help": "describes",
    "creates-a-file": "whole", "locks-memory": "whole", "crashes-in-a-thread": "whole", "hangs-with-signals-blocked": "whole",
    "closes-stdin": "whole", "closes-stderr": "whole", "replaces-stdout": "whole", "prints": "whole",
    "sets-flags-of-stdin": "whole", "sets-flags-of-cancel-fd": "whole", "changes-environment": "whole",
    "changes-thread-locale": "whole", "changes-a-limit": "whole", "changes-rounding": "whole", "rounds-by-sse": "whole", "flushes-to-zero": "whole", "takes-denormals-for-zero": "whole",
    "renames-the-thread": "whole",
    "disables-cancelling": "whole", "changes-locale-early": "whole", "ignores-sigterm-early": "whole",
    "starts-a-thread-at-once": "whole", "starts-a-thread-early": "whole", "crashes-at-once": "whole", "next-abi": "whole",
    "uses-an-old-host": "leaves no", "thread-outlives-session": "leaves no", "leaks-descriptor-in-finish": "leaves no",
    "size-is-too-large-at-first": "whole", "unknown-flag": "whole", "fills-unasked-fields": "whole", "keeps-info": "whole",
    "takes-longer-keys": "does not know", "takes-shorter-keys": "does not know",
    "shares-a-buffer": "in several threads", "wants-a-validator": "without a validator", "strong-without-validator": "whole",
    "modified-in-milliseconds": "newest host", "escape-in-location": "newest host", "refuses-unknown-flags": "newest host",
    "lists-an-option-twice": "describes", "lists-a-scheme-twice": "whole", "scheme-in-capitals": "whole",
    "empty-version": "whole", "unknown-needs": "whole", "shares-its-validator": "other bytes", "wants-the-environment": "whole",
    "refuses-its-own-option": "does not know",
    "encoded-secret-in-log": "whole", "basic-login-in-log": "whole", "thread-takes-signals": "blocks signals",
    "crashes-at-the-end": "process end", "hangs-at-the-end": "process end",
    "changes-umask": "whole", "changes-directory": "whole", "changes-priority": "whole", "starts-a-timer": "whole",
}
# They take instructions of one architecture.
NOT_PLANTED = {"rounds-by-sse", "flushes-to-zero", "takes-denormals-for-zero"} if platform.machine() != "x86_64" else set()
# The sandbox refuses these; they are found without it.
REFUSED = {"changes-umask", "changes-directory", "changes-priority", "starts-a-timer"}

# Their check ends only when its time is over; that of the others may take as long as a busy machine needs.
HANGING = {"hangs", "hangs-at-the-end", "hangs-with-signals-blocked", "slow-cancel", "ignores-cancel-while-waiting", "session-new-blocks", "session-free-blocks"}
HANGING_LIMITS = [5, 20, 80]  # s; a longer one where a busy machine needs it
BUSY_LIMIT = 90  # s


def check(*arguments, fault=None, deaf="", careless=""):
    environment = {**os.environ, "BOOTFERRY_BAD_FAULT": fault or "", "BOOTFERRY_DEAF": deaf, "BOOTFERRY_CARELESS": careless}
    result = subprocess.run([CHECK, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=600)
    return result.returncode, result.stdout + result.stderr


@contextlib.contextmanager
def silent_server():
    """Accepts connections (the kernel does) and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


SENT = bytes(p % 251 for p in range(1_000_003))


class Sends(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            self.request.sendall(SENT)


class SendsLittle(socketserver.BaseRequestHandler):
    def __init__(self, size, *more):
        self.size = size
        super().__init__(*more)

    def handle(self):
        with contextlib.suppress(OSError):
            self.request.sendall(SENT[:self.size])


class SendsAndWaits(Sends):
    def handle(self):
        super().handle()
        with contextlib.suppress(OSError):
            self.request.recv(1)


class TakesLogin(socketserver.StreamRequestHandler):
    """Sends to those who know the password."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.request.sendall(b"y" + SENT if self.rfile.readline() == b"someone:hunter22\n" else b"n")
            self.request.recv(1)


@contextlib.contextmanager
def sending_server(handler=Sends):
    """Sends the same bytes to everyone who connects, and closes the connection."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def always_sending(host, image):
    """A dolly server for the one node on `host` that is started again whenever it has ended."""
    sender = processes.start(host.command("sh", "-c", 'while :; do "$0" dolly-send "$1" 127.0.0.1; done',
                                          os.environ["BOOTFERRYCTL"], str(image)), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        os.killpg(sender.pid, signal.SIGKILL)
        processes.stop(sender)


class PluginCheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-check-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        content = random.Random(3).randbytes(SIZE)
        self.sha256 = hashlib.sha256(content).hexdigest()
        (self.served / "image").write_bytes(content)
        (self.served / "changed").write_bytes(content[7:])

    def assert_good(self, *arguments, silent_may_skip=True):
        status, output = check(*arguments)
        self.assertEqual(status, 0, output)
        self.assertNotIn("not ok", output)
        skipped = re.findall("^ok [0-9]+ - (.*) # SKIP", output, re.MULTILINE)
        # FTP's bytes take another connection than the URL's, and known hosts go by the port.
        may_be_skipped = {"delivers the same through splice", "keeps sessions in several threads apart", OPTIONS, LOGIN, *(NETWORK_CHECKS.values() if silent_may_skip else [])}
        self.assertLessEqual(set(skipped), may_be_skipped, output)

    def check_curl(self, scheme, port, *arguments):
        with silent_server() as silent:
            self.assert_good(MODULES / "curl.so", f"{scheme}://127.0.0.1:{port}/image", "--expect-sha256", self.sha256,
                             "--missing-url", f"{scheme}://127.0.0.1:{port}/nothing",
                             "--waiting-url", f"{scheme}://127.0.0.1:{silent}/image",
                             "--changed-url", f"{scheme}://127.0.0.1:{port}/changed", *arguments,
                             silent_may_skip=scheme == "ftp")

    def test_http(self):
        with Nginx(self.served) as server:
            self.check_curl("http", server.port)

    def test_https(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        extra = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
        with Nginx(self.served, extra=extra):
            self.check_curl("https", port, "--option", f"cacert={authority.certificate}")
            self.check_curl("https", port, f"--credential=cacert={authority.certificate.read_text()}")
            status, output = check(MODULES / "curl.so", f"https://127.0.0.1:{port}/image")
            self.assertEqual(status, 1)
            self.assertRegex(output, "failed with Tls: the certificate of 127.0.0.1:[0-9]+ was not accepted")

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            self.check_curl("ftp", server.port)

    def test_sftp(self):
        module = MODULES / "sftp.so"
        if reason := Sshd.missing() if module.exists() else "it is built without the sftp plugin":
            self.skipTest(reason)
        with Sshd() as server, silent_server() as silent:
            url = f"sftp://{server.user}@127.0.0.1"
            image = self.served / "image"
            for trust in (f"--credential=known_hosts={server.known_hosts()}",
                          # The second kind of key, which takes a second connection.
                          f"--option=hostkey={server.fingerprint('ecdsa')}"):
                self.assert_good(module, f"{url}:{server.port}{image}", "--expect-sha256", self.sha256,
                                 "--missing-url", f"{url}:{server.port}{image}.not", "--waiting-url",
                                 f"{url}:{silent}{image}", "--changed-url", f"{url}:{server.port}{self.served}/changed", trust, f"--credential=sshkey={server.key.read_text()}")

    def test_dolly(self):
        # A server pushes when it likes: one that starts anew stands for one that would be asked. Nothing can be
        # resumed and nothing can be missing, so those checks do not apply, and say so. Sessions cannot live side
        # by side: a machine has one pair of ports, and the server is busy until its node is done.
        if reason := network.missing():
            self.skipTest(reason)
        (self.path / "small").write_bytes(content := random.Random(4).randbytes(150_007))
        with network.Network(1) as net, always_sending(net.hosts[0], self.path / "small"):
            result = subprocess.run(
                net.hosts[0].command(CHECK, str(MODULES / "dolly.so"), "dolly://127.0.0.1/", "--time-limit", str(BUSY_LIMIT),
                                     "--expect-sha256", hashlib.sha256(content).hexdigest()),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        verdicts = re.findall(r"^(ok|not ok) \d+ - (.*)$", result.stdout, re.MULTILINE)
        self.assertGreater(len(verdicts), 15, result.stdout + result.stderr)
        self.assertEqual([name for verdict, name in verdicts if verdict != "ok"], ["keeps sessions apart"], result.stdout)

    def test_the_example(self):
        status, output = check(MODULES / "example.so", f"example://here/{SIZE}", "--option=delay=0")
        self.assertEqual(status, 0, output)

    def test_a_wrong_checksum_is_found(self):
        status, output = check(MODULES / "example.so", "example://here/10", "--expect-sha256", "0" * 64)
        self.assertEqual(status, 1)
        self.assertIn("the bytes have the SHA-256", output)

    def test_a_library_that_is_not_named_is_found(self):
        """The checker has it loaded for itself."""
        source = self.path / "unlinked.c"
        source.write_text(pathlib.Path(os.environ["SOURCE_ROOT"], "tests/conformance/bad.c").read_text().replace(
            "static int has(", "extern int SHA256_Init(void*);\n"
            "void* const used[] = {(void*)&SHA256_Init};\nstatic int has(", 1))
        module = self.path / "bad.so"
        include = pathlib.Path(os.environ["SOURCE_ROOT"], "core/include")
        for libraries, verdict in (([], 1), (["-Wl,--no-as-needed", "-lcrypto"], 0)):
            built = subprocess.run(["cc", "-shared", "-fPIC", "-pthread", f"-I{include}", "-o", module, source, *libraries],
                                   capture_output=True, text=True)
            self.assertEqual(built.returncode, 0, built.stderr)
            status, output = check(module, "bad://here/5003", "--check", "libraries")
            self.assertEqual(status, verdict, output)
            self.assertEqual("it uses SHA256_Init of a library that it is not linked with" in output, bool(verdict), output)

    def test_what_cannot_be_tried(self):
        for arguments in (["nothing.so", "example://here/1"], [MODULES / "example.so"],
                          [MODULES / "example.so", "example://here/1", "--frob=1"]):
            self.assertEqual(check(*arguments)[0], 2)
        for arguments in (["--frob"], ["--frob", "1"], ["--frob=1"]):
            status, output = check(*arguments)
            self.assertEqual(status, 2)
            self.assertIn("unknown option '--frob'", output)

    def check_bad(self, fault):
        """Without a fault all the checks, else the one that must find it."""
        chosen = ["--check", FAULTS[fault]] if fault else []
        if fault in REFUSED:
            chosen.append("--no-sandbox")
        for limit in HANGING_LIMITS if fault in HANGING else [BUSY_LIMIT]:
            status, output = check(BAD, "bad://here/2500003", *chosen, "--missing-url", "bad://here/missing", "--waiting-url",
                                   "bad://here/waiting", "--changed-url", "bad://here/changed", "--credential",
                                   "user=someone", "--credential", "password=hunter22", "--time-limit", str(limit), fault=fault)
            if "though no call hung" not in output:
                break
        return status, output

    def test_without_a_fault_the_bad_one_passes(self):
        status, output = self.check_bad(None)
        self.assertEqual(status, 0, output)
        self.assertEqual(re.findall("^ok.* SKIP.*$", output, re.MULTILINE),
                         ["ok 6 - delivers the same through splice # SKIP the plugin does not offer it for this resource",
                          *(f"ok {number} - {name} # SKIP the URL names no port, so that no proxy can stand before the server"
                            for number, name in NETWORK_CHECKS.items()),
                          f"ok 33 - {RESOLVING} # SKIP it does not look up the URL's host by getaddrinfo(3)",
                          f"ok 34 - {OPTIONS} # SKIP the resource can be read without the options and credentials that were given",
                          f"ok 35 - {LOGIN} # SKIP no --login-option was given"])

    def assert_reasons(self, reasons):
        for fault, words in reasons.items():
            with self.subTest(fault=fault):
                self.assertIn(words, self.check_bad(fault)[1])

    def test_the_reason_is_the_real_one(self):
        self.assert_reasons({
            "encoded-secret-in-log": "contains the credential 'password', in its percent-encoded form",
            "basic-login-in-log": "contains the credential 'password', in its Base64 form",
            "thread-takes-signals": "# after open, a thread of the plugin does not block SIGHUP",
            "crashes": "# open crashed (signal 6, SIGABRT)",
            "hangs": "# read did not return within",
            "hangs-with-signals-blocked": "# read did not return within",
            "closes-cancel-fd": "# session_free closed cancel_fd",
            "changes-sigpipe": "# open changed what SIGPIPE does",
            "closes-stdin": "# session_free closed or replaced descriptor 0 (standard input)",
            "prints": r"# open wrote to standard output instead of to host->log: reading\x0a",
            "sets-flags-of-cancel-fd": "# open changed the flags of cancel_fd",
            "changes-umask": "# open changed the umask: 0",
            "ignores-sigterm-early": "# loading the module (constructors, bootferry_plugin_entry) changed what SIGTERM does",
            "starts-a-thread-at-once": "# loading the module (constructors, bootferry_plugin_entry) started a thread",
            "crashes-at-once": "# loading the module (constructors, bootferry_plugin_entry) crashed (signal 6, SIGABRT)",
            "other-scheme": "# the URL's scheme is 'bad', and the module's table lists: worse",
            "takes-longer-keys": "# setting the option 'portx', which it does not describe, succeeds",
            "takes-shorter-keys": "# setting the option 'por', a shorter form of 'port', succeeds",
            "refuses-its-own-option": "# it describes the option 'port', but refuses it as unknown"})

    @processes.without_sanitizers
    def test_the_reasons_that_sanitizers_change(self):
        self.assert_reasons({
            "crashes-at-the-end": "# the end of the process (atexit handlers, destructors of the module) crashed (signal 6",
            "hangs-at-the-end": "# the end of the process (atexit handlers, destructors of the module) did not return within",
            "creates-a-file": "creating a file: Operation not permitted; the sandbox refused the system call openat",
            "locks-memory": "locking memory: Operation not permitted; the sandbox may have refused the call: compare with --no-sandbox",
            "fills-unasked-fields": "# info crashed (signal 11, SIGSEGV): it accessed a field of bootferry_info beyond its struct_size",
            "keeps-info": "# read crashed (signal 11, SIGSEGV): it used bootferry_info after info had returned",
            "uses-an-old-host": "# session_new crashed (signal 11, SIGSEGV): it used the host after session_free",
            "writes-too-much": "# read crashed (signal 11, SIGSEGV): it accessed its buffer beyond the end",
            "uses-url-after-open": "# read crashed (signal 11, SIGSEGV): it used a text after the call"})

    def test_a_read_that_waits_for_the_server_alone_is_found(self):
        with sending_server() as port:
            for deaf, words in {"": None, "to-the-cancel": "# read did not return within",
                                "to-the-code": "# the call that waited fails with Timeout instead of Cancelled"}.items():
                with self.subTest(deaf=deaf):
                    status, output = check(DEAF, f"deaf://127.0.0.1:{port}/", "--check", SILENT_SERVER, "--time-limit",
                                           30 if deaf == "to-the-cancel" else BUSY_LIMIT, deaf=deaf)
                    good, verdict = ("ok", 0) if words is None else ("not ok", 1)
                    self.assertRegex(output, f"(?m)^{good} [0-9]+ - {SILENT_SERVER}$")
                    self.assertEqual(status, verdict, output)
                    self.assertIn(words or "", output)

    def test_an_end_before_the_silence_is_no_reason_to_skip(self):
        with sending_server(SendsAndWaits) as port:
            status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", SILENT_SERVER, "--time-limit",
                                   BUSY_LIMIT, deaf="for-no-time")
        self.assertIn("read returned 0, as at the end, after", output)
        self.assertEqual(status, 1)

    def test_what_goes_wrong_in_a_splice_alone_is_found(self):
        with sending_server(SendsAndWaits) as port:
            for deaf, name, words in (
                    ("", SILENT_SERVER, None), ("", CUT, None),
                    ("-to-the-cancel", SILENT_SERVER, "# splice did not return within"),
                    ("-to-the-silence", SILENT_SERVER, "# it computes all the time while it waits"),
                    ("-for-a-while-then-end", SILENT_SERVER, "ms of silence splice returned 0, as at the end"),
                    ("-to-the-rest", CUT, "when the connection is closed .*, splice returns 0, as at the end, after [0-9]+ of"),
                    ("-to-the-loss", CUT, "when the connection is closed .*, splices of .* bytes: the byte at [0-9]+ differs"),
                    ("-to-the-cause", CUT, "when the connection is closed .*, splice fails with Io instead of Unreachable"),
                    ("-to-the-brim", "delivers the same through splice", "# splice did not return within"),
                    ("-to-the-pipe", CUT, "splice failed with Unreachable, but left 1 bytes in the pipe")):
                with self.subTest(deaf=deaf, check=name):
                    for limit in HANGING_LIMITS[1:] if "did not return" in (words or "") else [BUSY_LIMIT]:
                        status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", name,
                                               "--time-limit", limit, deaf=f"splice{deaf}")
                        if "though no call hung" not in output:
                            break
                    self.assertEqual(re.findall("(?m)^not ok [0-9]+ - (.*)$", output), [name] if words else [], output)
                    self.assertRegex(output, words or f"(?m)^ok [0-9]+ - {name}$")
                    self.assertEqual(status, 1 if words else 0, output)

    def test_an_early_end_of_an_unknown_size_is_remarked(self):
        with sending_server() as port:
            status, output = check(DEAF, f"deaf://127.0.0.1:{port}/", "--check", CUT, "--time-limit", BUSY_LIMIT)
        self.assertEqual(status, 0, output)
        self.assertRegex(output, f"(?m)^ok 2 - {CUT}\n# when the connection is closed .*, read returns 0 after [0-9]+ of "
                                 f"{len(SENT)} bytes, and info knows no size: can the protocol tell?")

    def test_a_short_patience_is_found(self):
        with sending_server(SendsAndWaits) as port:
            for deaf, words in {"io": "ms of silence read failed with Io, so that a boot fails: no answer",
                                "unreachable": "ms of silence read failed with Unreachable: the host has the patience",
                                "end": f"ms of silence read returned 0, as at the end, after {len(SENT) // 2} of"}.items():
                with self.subTest(deaf=deaf):
                    status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", SILENT_SERVER,
                                           "--time-limit", BUSY_LIMIT, deaf=f"for-a-while-then-{deaf}")
                    # On a busy machine, 300 ms may last as long as the checker's patience.
                    if deaf != "unreachable" or "SKIP after" not in output:
                        self.assertIn(words, output)
                        self.assertEqual(status, 1)

    def test_what_goes_wrong_while_it_connects_is_found(self):
        with sending_server(SendsAndWaits) as port:
            for deaf, name, words in (("to-the-cancel-of-a-connection", CONNECTING, "# open did not return within"),
                                      ("to-a-refusal", REFUSED_CONNECTION, "where the connection is refused, it fails with Invalid"),
                                      ("to-the-host", REFUSED_CONNECTION, "# open did not return within"),
                                      ("to-the-host-for-a-while", REFUSED_CONNECTION, "ms: trying again is the host's task"),
                                      ("to-the-reason", REFUSED_CONNECTION, "fails with Timeout instead of Unreachable"),
                                      ("to-the-silence", SILENT_SERVER, "# it computes all the time while it waits")):
                with self.subTest(deaf=deaf):
                    for limit in HANGING_LIMITS if "did not return" in words else [BUSY_LIMIT]:
                        status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", name,
                                               "--time-limit", limit, deaf=deaf)
                        if "though no call hung" not in output:
                            break
                    self.assertEqual(re.findall("(?m)^not ok [0-9]+ - (.*)$", output), [name], output)
                    self.assertIn(words, output)
                    self.assertEqual(status, 1)

    def test_a_server_that_is_gone_is_not_a_fault_of_the_plugin(self):
        with socket.socket() as bound:  # and not listened on
            bound.bind(("127.0.0.1", 0))
            status, output = check(DEAF, f"deaf://127.0.0.1:{bound.getsockname()[1]}/5")
        self.assertEqual(status, 2, output)
        self.assertIn("# undecided: in each of 3 tries, open at 0 failed with Unreachable: connecting to 127.0.0.1, port", output)

    def test_small_resources(self):
        for size in range(3):
            with self.subTest(size=size), sending_server(functools.partial(SendsLittle, size)) as port:
                status, output = check(DEAF, f"deaf://127.0.0.1:{port}/")
                self.assertEqual(status, 0)
                self.assertIn(f"ok 1 - reads the whole resource\n# the resource has {size} bytes: too few", output)

    def test_what_the_first_check_found_is_not_said_of_the_resource(self):
        output = check(BAD, "bad://here/5003", fault="prints")[1]
        self.assertIn("Bail out! the other checks compare with what the first one reads, and it did not pass\n", output)

    def test_chosen_checks(self):
        status, output = check(BAD, "bad://here/5003", "--check=very end", "--check", "parts of")
        self.assertEqual((status, output), (2, "bootferry-plugin-check: --check: no check has 'parts of' in its name\n"))
        status, output = check(BAD, "bad://here/5003", "--check=very end", "--check", "a part")
        self.assertEqual((status, output), (0, "1..3\nok 1 - reads the whole resource\nok 2 - resumes at the very end\n"
                                               "ok 3 - delivers a part of the resource\n"))

    def test_wrong_bytes_after_a_lost_connection_are_found(self):
        # Whole and with a connection that stays, each of these delivers the right bytes.
        with sending_server(SendsAndWaits) as port:
            for deaf, words in {"": None, "to-the-loss": "when the connection is closed .*, reads of .* bytes: the byte at [0-9]+ differs",
                                "to-the-rest": "when the connection is closed .*, read returns 0, as at the end, after [0-9]+ of 1000003",
                                "to-the-cause": "when the connection is closed .*, read fails with Io instead of Unreachable",
                                "to-the-end": "when the connection is closed at the end, .* the plugin delivered more than"}.items():
                with self.subTest(deaf=deaf):
                    status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--time-limit", BUSY_LIMIT,
                                           *(["--check", CUT] if deaf else []), deaf=deaf)
                    self.assertEqual(re.findall("(?m)^not ok [0-9]+ - (.*)$", output), [CUT] if words else [], output)
                    self.assertRegex(output, words or f"(?m)^ok [0-9]+ - {CUT}$")
                    self.assertEqual(status, 1 if words else 0, output)

    def check_deaf(self, handler, name, faults):
        """Each of these passes where the server behaves; `words` of None: this one is no fault."""
        with sending_server(handler) as port:
            for deaf, words in faults.items():
                with self.subTest(deaf=deaf):
                    status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", name,
                                           "--time-limit", BUSY_LIMIT, deaf=deaf)
                    self.assertEqual(re.findall("(?m)^not ok [0-9]+ - (.*)$", output), [name] if words else [], output)
                    self.assertRegex(output, words or f"(?m)^ok [0-9]+ - {name}$")
                    self.assertEqual(status, 1 if words else 0, output)

    def test_what_a_cut_or_a_reset_is_taken_for_is_found(self):
        self.check_deaf(SendsAndWaits, CUT, {
            "for-an-answer": None,
            "to-the-last-rest": "# when the connection is closed [0-9]+ bytes before the end, read returns 0, as at the end",
            "to-half-an-answer": "# when the connection is closed after [0-9]+ bytes of the server, open fails with NotFound",
            "to-a-reset": "# when the connection is reset .*, read fails with Io instead of Unreachable"})

    def test_an_answer_that_must_come_at_once_is_found(self):
        self.check_deaf(SendsAndWaits, PIECES, {
            "": None, "to-pieces": "# where the server's bytes arrive a few at a time, open failed with Protocol: half an answer"})

    def test_a_read_that_fills_its_buffer_is_found(self):
        self.check_deaf(SendsAndWaits, FLOW, {
            "": None, "to-the-half-full": "# a read of 1048576 bytes returned nothing while the server was silent"})

    def test_a_session_free_that_waits_for_the_server_is_found(self):
        self.check_deaf(SendsAndWaits, NO_BLOCK, {"": None, "to-nobody": "# session_free while the server is silent returned only after"})

    def test_what_goes_wrong_beside_other_sessions_and_servers_is_found(self):
        with sending_server(TakesLogin) as port:
            for careless, name, words in (
                    ("", None, None),
                    ("with-its-login", LOGIN, "it sends the value of the option 'login' to another server too"),
                    ("with-logins", OPTIONS, "without options and credentials a session failed with Auth, but works after"),
                    ("with-a-lock", HELD_UP, "beside one that waits for its server, returned only after [0-9]+ ms"),
                    ("with-names", RESOLVING, "open, which was cancelled while a name server did not answer .* returned only"),
                    ("with-threads", RESOLVING, "a thread of the plugin's, .* crashed")):
                if processes.sanitized and careless == "with-threads":
                    continue
                with self.subTest(careless=careless):
                    status, output = check(CARELESS, f"careless://127.0.0.1:{port}/{len(SENT)}", "--login-option=login=someone:hunter22",
                                           "--time-limit", BUSY_LIMIT, *(["--check", name] if name else []), careless=careless)
                    self.assertEqual(re.findall("(?m)^not ok [0-9]+ - (.*)$", output), [name] if name else [], output)
                    self.assertEqual(status, 1 if name else 0, output)
                    if name:
                        self.assertRegex(output, words)
                    else:
                        for passed in (LOGIN, OPTIONS, HELD_UP, RESOLVING):
                            self.assertRegex(output, f"(?m)^ok [0-9]+ - {passed}$")

    def test_a_login_that_stands_in_the_url_is_not_looked_for(self):
        with sending_server(TakesLogin) as port:
            status, output = check(CARELESS, f"careless://127.0.0.1:{port}/{len(SENT)}?someone:hunter22",
                                   "--login-option=login=someone:hunter22", "--check", LOGIN, careless="with-its-login")
            self.assertEqual(status, 0, output)
            self.assertRegex(output, f"{LOGIN} # SKIP the values of the options .* or stand in the URL")

    def test_hiding_a_stall_is_found(self):
        self.check_deaf(SendsAndWaits, SILENT_SERVER, {
            "to-the-stall": "# read called host->status [0-9]+ times while the server was silent in the middle"})

    def test_fetching_what_lies_before_the_offset_is_found(self):
        self.check_deaf(SendsAndWaits, FETCH, {
            "": None, "to-the-beginning": "# opened at 750000, it fetches [0-9]+ bytes: those before the offset"})

    def test_what_may_be_wrong_is_remarked(self):
        with sending_server(SendsAndWaits) as port:
            for deaf, name, words in (("to-all-at-once", FETCH, "the whole resource had been fetched after the first read"),
                                      ("to-the-end-of-a-connection", CUT, "it connects again by itself")):
                with self.subTest(deaf=deaf):
                    status, output = check(DEAF, f"deaf://127.0.0.1:{port}/{len(SENT)}", "--check", name,
                                           "--time-limit", BUSY_LIMIT, deaf=deaf)
                    self.assertEqual(status, 0, output)
                    self.assertRegex(output, f"(?m)^ok 2 - {name}\n# .*{words}")

    def test_a_finish_without_a_sign_of_life_is_found(self):
        self.check_deaf(SendsAndWaits, "reads the whole resource", {
            "at-the-end-aloud": None, "at-the-end": "# finish took 1[0-9] s without a call of host->status"})

    def test_a_slow_source_is_not_a_fault_of_the_plugin(self):
        status, output = check(MODULES / "example.so", "example://here/30000", "--option=delay=1", "--time-limit=4")
        self.assertEqual(status, 2, output)
        self.assertIn("the check did not end within 4 s, though no call hung", output)

    def test_a_debugger_or_sanitizer_needs_no_sandbox(self):
        status, output = check(BAD, "bad://here/5003", "--no-sandbox", fault="creates-a-file")
        pathlib.Path("/tmp/bootferry-bad").unlink(missing_ok=True)
        self.assertEqual(status, 0, output)

    def assert_found(self, faults):
        # Most of the time nothing is computed: the checks wait.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = dict(zip(faults, pool.map(self.check_bad, faults)))
        for fault in faults:
            with self.subTest(fault=fault):
                status, output = results[fault]
                self.assertEqual(status, 1, output)
                failed = [line for line in output.splitlines() if line.startswith("not ok")]
                self.assertTrue(any(FAULTS[fault] in line for line in failed), output)

    def test_every_fault_is_found(self):
        self.assert_found(sorted(FAULTS.keys() - NOT_SANITIZED - NOT_PLANTED))

    @processes.without_sanitizers
    def test_the_faults_that_sanitizers_hide(self):
        self.assert_found(sorted(NOT_SANITIZED))

    def test_every_fault_is_listed(self):
        source = pathlib.Path(__file__).with_name("bad.c").read_text()
        self.assertEqual(set(re.findall(r'has\("([a-z-]+)"\)', source)), set(FAULTS))


if __name__ == "__main__":
    tap.main()
