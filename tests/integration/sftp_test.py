# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryctl fetch over sftp from a real sshd, straight and through a proxy that cuts and stalls."""

import contextlib
import ctypes
import os
import pathlib
import pwd
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import accounts  # noqa: E402
import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from sshd import Sshd  # noqa: E402
from tcp_proxy import Cut, Stall, TcpProxy  # noqa: E402

SIZE = 5_000_003


def libssh2_has_sha2_and_gcm():
    """RSA with SHA-2, AES-GCM and ChaCha20 come with libssh2 1.11."""
    library = ctypes.CDLL("libssh2.so.1")
    library.libssh2_version.restype = ctypes.c_char_p
    return library.libssh2_version(0x010b00) is not None


def write_random(path, size):
    content = random.Random(1)
    with open(path, "wb") as file:
        while size > 0:
            file.write(content.randbytes(min(size, 1 << 24)))
            size -= 1 << 24


class SftpTest(unittest.TestCase):
    def setUp(self):
        if reason := Sshd.missing():
            self.skipTest(reason)
        folder = tempfile.TemporaryDirectory(prefix="bootferry-sftp-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.image = self.path / "an image"
        write_random(self.image, SIZE)
        self.output = self.path / "output"

    def server(self, start=True, **how):
        server = Sshd(**how)
        self.addCleanup(server.__exit__)
        return server.start() if start else server

    def url(self, server, path=None, port=None, address=None):
        address = f"[{server.address}]" if ":" in server.address else server.address
        return f"sftp://{server.user}@{address}:{port or server.port}{path or self.image}".replace(" ", "%20")

    def command(self, url, server, *options, trust=None, key=True):
        trusted = [f"hostkey={server.fingerprint()}"] if trust is None else trust
        keys = [f"key={server.key}"] if key is True else [f"key={key}"] if key else []
        return [os.environ["BOOTFERRYCTL"], "fetch", *(f"--option=sftp:{text}" for text in trusted + keys), *options,
                url, str(self.output)]

    def fetch(self, url, server, *options, **how):
        return subprocess.run(self.command(url, server, *options, **how), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=240)

    def assert_fetched(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        # Not assertEqual: what it would print of two images that differ is of no use to anyone.
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes(), "the bytes differ")

    def assert_failed(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        reason = result.stderr.strip().splitlines()[-1]
        self.assertTrue(reason.startswith("bootferryctl: "), reason)
        for word in words:
            self.assertIn(word, reason)
        self.assertFalse(self.output.exists())

    def write(self, name, text):
        path = self.path / name
        path.write_text(text)
        return path


class FetchTest(SftpTest):
    def test_a_whole_file(self):
        server = self.server()
        self.assert_fetched(self.fetch(self.url(server), server))

    def test_the_file_has_the_time_of_the_one_on_the_server(self):
        os.utime(self.image, (1_400_000_000, 1_500_000_000))
        server = self.server()
        self.assert_fetched(self.fetch(self.url(server), server))
        self.assertEqual(self.output.stat().st_mtime, 1_500_000_000)

    def test_an_empty_file_and_one_of_a_byte(self):
        server = self.server()
        for content in (b"", b"x"):
            self.image.write_bytes(content)
            self.assert_fetched(self.fetch(self.url(server), server))

    def test_over_ipv6(self):
        try:
            processes.free_port("::1")
        except OSError:
            self.skipTest("this machine has no ::1")
        server = self.server(address="::1")
        self.assert_fetched(self.fetch(self.url(server), server))

    def test_a_path_from_the_home_folder(self):
        home = pathlib.Path(pwd.getpwuid(os.geteuid()).pw_dir)  # as sshd sees it
        if not home.is_dir():
            self.skipTest("this user has no home folder")
        server = self.server()
        relative = os.path.relpath(self.image, home)
        self.assert_fetched(self.fetch(self.url(server, f"/~/{relative}"), server))

    def test_keys_of_other_kinds(self):
        server = self.server()
        for kind in ("ecdsa", "ed25519", "rsa"):
            key = server.new_key(kind, passphrase="open sesame")
            server.authorize(key)
            with self.subTest(kind=kind):
                result = self.fetch(self.url(server), server, "--option=sftp:pass=open sesame", key=key)
                if kind == "rsa" and not libssh2_has_sha2_and_gcm():
                    self.assert_failed(result, "refused the key", "RSA and SHA-1", "use an Ed25519 or ECDSA key")
                else:
                    self.assert_fetched(result)
                    self.output.unlink()
                result = self.fetch(self.url(server), server, "--option=sftp:pass=wrong", key=key)
                self.assert_failed(result, "passphrase")
                self.assertNotIn("open sesame", result.stderr)

    def test_every_cipher(self):
        for cipher in ("aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr", "aes128-ctr"):
            server = self.server(config=f"Ciphers {cipher}")
            with self.subTest(cipher=cipher):
                result = self.fetch(self.url(server), server)
                if cipher.endswith("openssh.com") and not libssh2_has_sha2_and_gcm():
                    self.assert_failed(result, "no SSH algorithms in common", "neither AES-GCM", "aes256-ctr")
                else:
                    self.assert_fetched(result)
                    self.output.unlink()

    def test_a_server_without_a_cipher_in_common(self):
        server = self.server(config="Ciphers aes256-cbc")
        self.assert_failed(self.fetch(self.url(server), server), "no SSH algorithms in common")

    def test_keys_are_exchanged_anew_on_the_way(self):
        server = self.server(config="RekeyLimit 1M")
        self.assert_fetched(self.fetch(self.url(server), server))

    def test_a_server_that_comes_up_late(self):
        server = self.server(start=False)
        with subprocess.Popen(self.command(self.url(server), server), stderr=subprocess.PIPE, text=True) as client:
            seen = processes.read_until(client.stderr, "Connection refused")
            server.start()
            seen += client.stderr.read()
            self.assertEqual(client.wait(timeout=60), 0, seen)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())

    def test_a_missing_file_is_final(self):
        server = self.server()
        self.assert_failed(self.fetch(self.url(server, self.path / "nothing"), server), "has no file", "nothing'")

    def test_a_folder_is_no_file(self):
        server = self.server()
        self.assert_failed(self.fetch(self.url(server, self.path), server), "is a folder, not a file")

    def test_what_is_no_regular_file_is_refused_and_leaves_the_output_alone(self):
        server = self.server()
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        self.output.write_text("a good image")
        for special in (fifo, "/dev/null", "/dev/zero"):
            with self.subTest(special=special):
                result = self.fetch(self.url(server, special), server)
                self.assertEqual(result.returncode, exit_status.NOT_FOUND, result.stderr)
                self.assertIn(f"'{special}' is a device, FIFO or socket on the server, not a file", result.stderr)
                self.assertEqual(self.output.read_text(), "a good image")

    def test_a_file_with_a_size_of_0_is_read_to_its_end(self):
        server = self.server()
        result = self.fetch(self.url(server, "/proc/version"), server)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.output.read_bytes(), pathlib.Path("/proc/version").read_bytes())

    def test_a_server_that_does_not_tell_what_the_file_is(self):
        for denied in ("stat", "stat,lstat,fstat"):
            with self.subTest(denied=denied):
                server = self.server(subsystem=f"sftp internal-sftp -P {denied}")
                result = self.fetch(self.url(server), server)
                self.assert_fetched(result)
                self.assertEqual("does not tell the file's size" in result.stderr, "fstat" in denied, result.stderr)
                self.output.unlink()
                self.assert_failed(self.fetch(self.url(server, "/nothing"), server), "has no file '/nothing'")
        server = self.server(subsystem="sftp internal-sftp -P open")
        self.assert_failed(self.fetch(self.url(server), server), "may not read")

    def test_a_file_that_may_not_be_read(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        self.image.chmod(0)
        server = self.server()
        self.assert_failed(self.fetch(self.url(server), server), "may not read")

    @contextlib.contextmanager
    def talker(self, talk):
        """A server, not started, in whose place talk(connection) speaks to each client."""
        server = self.server(start=False)

        def serve(listener):
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as connection, contextlib.suppress(OSError):
                        talk(connection)
        with socket.create_server((server.address, server.port)) as listener:
            threading.Thread(target=serve, args=(listener,), daemon=True).start()
            yield server
            listener.shutdown(socket.SHUT_RDWR)

    def test_a_server_without_ssh(self):
        def answer(connection):
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        def lines_without_an_end(connection):
            while True:
                connection.sendall(b"\0220 hello\r\n" * 1000)
        for talk in (answer, lines_without_an_end):
            with self.subTest(talk=talk.__name__), self.talker(talk) as server:
                self.assert_failed(self.fetch(self.url(server), server), "is not an SSH server")

    def test_a_server_that_speaks_ssh_and_then_nonsense(self):
        for nonsense in (bytes(range(256)) * 400, b"\x7f\xff\xff\xff\x04" + bytes(100_000)):
            with self.talker(lambda connection: connection.sendall(b"SSH-2.0-x\r\n" + nonsense)) as server:
                result = self.fetch(self.url(server), server, "--timeout=3")
                self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
                self.assertFalse(self.output.exists())

    def test_a_server_that_sends_without_an_end_is_left(self):
        ignored = b"\0\0\0\x0c\x06\x02" + bytes(10)

        def talk(connection):
            connection.sendall(b"SSH-2.0-x\r\n")
            while True:
                connection.sendall(ignored * 1000)
        with self.talker(talk) as server:
            result = self.fetch(self.url(server), server, "--timeout=20")
            self.assertIn("an answer without a request", result.stderr)

    @staticmethod
    def only_place(server):
        while True:  # earlier connections, whose end sshd has not noticed yet, may occupy its places
            connection = socket.create_connection((server.address, server.port))
            if connection.recv(100).startswith(b"SSH-"):
                return connection
            connection.close()
            time.sleep(0.1)  # newer versions reject a client that connects too often

    def test_a_busy_server_is_waited_for(self):
        server = self.server(max_startups=1)
        with self.only_place(server) as first:
            with subprocess.Popen(self.command(self.url(server), server), stderr=subprocess.PIPE, text=True) as client:
                seen = processes.read_until(client.stderr, " busy")
                first.close()
                seen += client.stderr.read()
                self.assertEqual(client.wait(timeout=60), 0, seen)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())

    def test_a_server_without_sftp(self):
        server = self.server(subsystem=None)
        self.assert_failed(self.fetch(self.url(server), server), "does not offer sftp")

    def test_a_server_whose_sftp_ends_at_once(self):
        server = self.server(config="ForceCommand /bin/false")
        self.assert_failed(self.fetch(self.url(server), server), "does not offer sftp, or ended it")

    def test_a_server_that_prints_text_before_sftp(self):
        for text in ("echo Welcome to this machine", "head -c 100 /dev/zero"):
            with self.subTest(text):
                server = self.server(config=f"ForceCommand {text}; exec /usr/lib/openssh/sftp-server")
                self.assert_failed(self.fetch(self.url(server), server), "sent something else than sftp", ".bashrc")

    def test_bad_words(self):
        server = self.server(start=False)
        for option, words in (("hostkey=MD5:aa:bb", "MD5 fingerprints are too weak"), ("hostkey=abc", "this is not a fingerprint"),
                              ("insecure=1", "takes no value"), ("connect-timeout=0", "number of seconds"),
                              ("user", "takes a value"), ("frob=1", "'frob'")):
            with self.subTest(option=option):
                self.assert_failed(self.fetch(self.url(server), server, trust=[option]), words)
        self.assert_failed(self.fetch(self.url(server), server, key=self.path / "no-key"), "no-key",
                           "No such file or directory")
        self.assert_failed(self.fetch("sftp://127.0.0.1/a%00b", server), "the URL cannot be used")


class OddServerTest(SftpTest):
    def fetch_from(self, how, *options):
        script = pathlib.Path(__file__).resolve().parent.parent / "support/odd_sftp_server.py"
        server = self.server(subsystem=f"sftp {sys.executable} {script} {how}")
        return self.fetch(self.url(server), server, *options)

    def test_the_order_and_the_length_of_answers_are_the_servers(self):
        for how in ("short", "backwards"):
            with self.subTest(how=how):
                self.assert_fetched(self.fetch_from(how))
                self.output.unlink()

    def test_a_file_of_unknown_size_ends_where_it_ends(self):
        for size in (0, 1, 32768, SIZE):
            with self.subTest(size=size):
                write_random(self.image, size)
                self.assert_fetched(self.fetch_from("sizeless"))
                self.output.unlink()

    def test_answers_to_no_question_are_refused(self):
        self.assert_failed(self.fetch_from("more"), " bytes instead of ")
        self.assert_failed(self.fetch_from("unasked"), "an answer without a request")
        self.assert_failed(self.fetch_from("endless"), "packet too large")


    def test_a_file_that_grows_meanwhile_is_fetched_as_it_was_announced(self):
        self.assert_fetched(self.fetch_from("grows"))

    def test_a_file_that_shrinks_meanwhile_is_not_taken_for_whole(self):
        result = self.fetch_from("shrinks", "--timeout=2")
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        self.assertIn(f"the file ended after {SIZE // 2} of {SIZE} bytes", result.stderr)
        self.assertFalse(self.output.exists())

    def test_a_server_that_fails_in_the_middle(self):
        self.assert_failed(self.fetch_from("fails"), "without a reason (status 4)")
        self.assert_failed(self.fetch_from("garbage"), "packet too large")
        self.assert_failed(self.fetch_from("empty"), "with nothing")


class DocumentationTest(unittest.TestCase):
    def test_the_options_are_those_of_the_plugin(self):
        root = pathlib.Path(__file__).resolve().parent.parent.parent
        source = (root / "plugins/sftp/sftp_options.cpp").read_text()
        text = r'"((?:[^"\\]|\\.)*)"'
        rows = re.findall(rf'\{{{text},((?:\s*{text})+)\}}', source)
        described = {key: "".join(re.findall(text, words)) for key, words, _ in rows}
        documented = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", (root / "docs/sftp.md").read_text(), re.M))
        self.assertGreaterEqual(len(described), 8)
        self.assertEqual(documented, described)


class HostKeyTest(SftpTest):
    def test_an_unknown_one_is_refused_with_its_fingerprint(self):
        server = self.server()
        self.assert_failed(self.fetch(self.url(server), server, trust=[]), server.fingerprint(),
                           f"set the option sftp:hostkey={server.fingerprint()} ", "rd.bootferry.option=", "--option=")
        self.assertNotIn("Accepted", server.log())

    def test_a_pinned_one_of_any_kind(self):
        server = self.server(host_key_kinds=("ed25519", "ecdsa", "rsa"))
        for kind in ("ed25519", "ecdsa", "rsa"):
            with self.subTest(kind=kind):
                result = self.fetch(self.url(server), server, trust=[f"hostkey={server.fingerprint(kind)}"])
                if kind == "rsa" and not libssh2_has_sha2_and_gcm():
                    self.assert_failed(result, "not the one that the option hostkey names", "RSA key", "Ed25519 or ECDSA")
                else:
                    self.assert_fetched(result)
                    self.output.unlink()

    def test_a_server_with_nothing_but_an_rsa_key(self):
        server = self.server(host_key_kinds=("rsa",))
        result = self.fetch(self.url(server), server, trust=[f"hostkey={server.fingerprint('rsa')}"])
        if libssh2_has_sha2_and_gcm():
            self.assert_fetched(result)
        else:
            self.assert_failed(result, "no SSH algorithms in common", "RSA with SHA-2", "Ed25519 or ECDSA host key")

    def test_one_that_is_not_the_pinned_one(self):
        server, other = self.server(), self.server(start=False)
        self.assert_failed(self.fetch(self.url(server), server, trust=[f"hostkey={other.fingerprint()}"]),
                           server.fingerprint(), "not the one that the option hostkey names")
        self.assertNotIn("Accepted", server.log())

    def test_known_hosts(self):
        server, other = self.server(), self.server(start=False)
        known = self.write("known", server.known_hosts())
        self.assert_fetched(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]))
        self.output.unlink()
        self.write("known", server.known_hosts(kinds=["ecdsa"]))
        self.assert_fetched(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]))
        self.output.unlink()
        self.write("known", server.known_hosts(name="other.example"))
        self.assert_failed(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]),
                           "is not among the known hosts", server.fingerprint())
        self.write("known", other.known_hosts(port=server.port))
        self.assert_failed(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]),
                           "not the one among the known hosts", server.fingerprint())
        self.write("known", server.known_hosts() + f"@revoked * {server.public_host_key()}\n")
        self.assert_failed(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]), "marked as revoked")

    def test_known_hosts_with_wildcards(self):
        server = self.server()
        known = self.write("known", f"[127.0.0.*]:{server.port},![127.0.0.2]:* {server.public_host_key()}\n")
        self.assert_fetched(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]))
        self.output.unlink()
        self.write("known", f"[127.0.0.*]:{server.port},![127.0.0.1]:* {server.public_host_key()}\n")
        self.assert_failed(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]),
                           "is not among the known hosts")

    def test_a_revoked_one_beside_a_pin(self):
        server = self.server()
        known = self.write("known", f"@revoked * {server.public_host_key()}\n")
        for trust in (f"hostkey={server.fingerprint()}", "insecure"):
            with self.subTest(trust=trust):
                self.assert_failed(self.fetch(self.url(server), server, trust=[f"known-hosts={known}", trust]),
                                   "marked as revoked")

    def test_hashed_known_hosts(self):
        server = self.server()
        known = self.write("known", server.known_hosts())
        subprocess.run(["ssh-keygen", "-H", "-f", known], check=True, capture_output=True)
        self.assertIn("|1|", known.read_text())
        self.assert_fetched(self.fetch(self.url(server), server, trust=[f"known-hosts={known}"]))

    def test_any_where_that_is_wanted(self):
        server = self.server()
        self.assert_fetched(self.fetch(self.url(server), server, trust=["insecure"]))


class LoginTest(SftpTest):
    def test_an_unknown_key(self):
        server = self.server()
        result = self.fetch(self.url(server), server, key=server.new_key())
        self.assert_failed(result, "refused the key", "accepts publickey")

    def test_a_server_that_has_seen_enough_attempts(self):
        server = self.server(config="MaxAuthTries 1")
        self.assert_failed(self.fetch(self.url(server), server, key=server.new_key()), "refused the login",
                           "Too many authentication failures")

    def test_no_credential_at_all(self):
        server = self.server()
        self.assert_failed(self.fetch(self.url(server), server, key=None), "bootferry.sshkey")


@unittest.skipUnless(os.geteuid() == 0, "needs root: a user of its own")
class PasswordTest(SftpTest):
    def password_server(self, config, **how):
        prefix = accounts.prefix(self.path / "accounts", "sshd", **how)
        return self.server(prefix=prefix, config=f"AuthenticationMethods {config}\nLogLevel VERBOSE")

    def url(self, server, password=accounts.PASSWORD, **how):
        return super().url(server, **how).replace(
            f"{server.user}@", f"{accounts.NAME}:{urllib.parse.quote(password)}@", 1)

    def test_a_password(self):
        server = self.password_server("password\nPasswordAuthentication yes")
        self.assert_fetched(self.fetch(self.url(server), server, key=None))
        self.assertIn("Accepted password", server.log())

    def test_several_factors(self):
        server = self.password_server("publickey,password\nPasswordAuthentication yes")
        self.assert_fetched(self.fetch(self.url(server), server))
        self.assertIn("Partial publickey", server.log())
        self.assertIn("Accepted password", server.log())
        self.output.unlink()
        self.assert_failed(self.fetch(self.url(server, password="hidden"), server), "accepted the key, but refused the password")
        self.assert_failed(self.fetch(self.url(server), server, key=None), "requires a login", "accepts publickey")
        self.assert_failed(self.fetch(f"sftp://{accounts.NAME}@127.0.0.1:{server.port}{self.image}".replace(" ", "%20"),
                                      server), "accepted the key and requires more", "accepts password")

    def test_several_factors_the_last_of_them_a_question(self):
        server = self.password_server(
            "publickey,keyboard-interactive\nKbdInteractiveAuthentication yes\nUsePAM yes")
        self.assert_fetched(self.fetch(self.url(server), server))
        self.assertIn("Accepted keyboard-interactive", server.log())

    def test_a_wrong_password_is_final_and_not_shown(self):
        server = self.password_server("password\nPasswordAuthentication yes")
        result = self.fetch(self.url(server, password="hidden"), server, key=None)
        self.assert_failed(result, "refused the password", "accepts password")
        self.assertNotIn("hidden", result.stderr)

    def test_a_password_over_keyboard_interactive(self):
        server = self.password_server("keyboard-interactive\nKbdInteractiveAuthentication yes\nUsePAM yes")
        self.assert_fetched(self.fetch(self.url(server), server, key=None))
        self.assertIn("Accepted keyboard-interactive", server.log())

    def test_more_than_a_password_is_refused_in_words(self):
        server = self.password_server(
            "keyboard-interactive\nKbdInteractiveAuthentication yes\nUsePAM yes", expired=True)
        result = self.fetch(self.url(server), server, key=None)
        self.assert_failed(result, "asks for more than a password", "use a key")
        self.assertNotIn(accounts.PASSWORD, result.stderr)


class BrokenConnectionTest(SftpTest):
    def test_fifty_cuts_are_resumed_where_they_happened(self):
        size = 80_000_000
        write_random(self.image, size)
        server = self.server()
        cuts = random.Random(2)
        with TcpProxy(server.port, [Cut(cuts.randrange(5_000, size // 26)) for _ in range(50)]) as proxy:
            self.assert_fetched(self.fetch(self.url(server, port=proxy.port), server))
            self.assertEqual(len(proxy.to_client), 51)
            self.assertLessEqual(sum(proxy.to_client), size * 1.1)

    def stall_and(self, server, action, size):
        """The output of a client that is stalled in the middle while `action` changes something at the server."""
        write_random(self.image, size)
        with TcpProxy(server.port, [Stall(size // 4)]) as proxy:
            # A stall timeout would hide it if the end of the connection were not noticed.
            command = self.command(self.url(server, port=proxy.port), server, "--stall-timeout=600")
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as client:
                self.assertTrue(proxy.stalled.wait(60))
                action()
                proxy.resume()
                seen = client.stderr.read()
                self.assertEqual(client.wait(timeout=60), 0, seen)
            self.assertGreaterEqual(len(proxy.to_client), 2)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes(), "the bytes differ")
        return seen

    def test_a_killed_server_process(self):
        server = self.server()
        self.assertIn("was cut after", self.stall_and(server, server.kill_sessions, 40_000_000))

    def test_a_killed_sftp_process_whose_connection_stays(self):
        server = self.server()
        self.assertIn("was cut after", self.stall_and(server, server.kill_sftp, 40_000_000))

    def test_a_file_that_changed_is_started_over(self):
        server = self.server()

        def change():
            server.kill_sessions()
            self.image.write_bytes(random.Random(7).randbytes(SIZE))
            os.utime(self.image, (1, 1))
        self.assertIn("starting over", self.stall_and(server, change, 40_000_000))

    def test_a_file_that_is_rewritten_while_it_is_read_is_started_over(self):
        server = self.server()

        def rewrite():
            with open(self.image, "r+b") as file: # the same file, of the same size
                file.write(random.Random(7).randbytes(20_000_000))
            os.utime(self.image, (1, 1))

        def append():
            with open(self.image, "ab") as file:
                file.write(b"more")
        for change in (rewrite, append):
            with self.subTest(change=change.__name__):
                self.assertIn("changed while it was read", self.stall_and(server, change, 20_000_000))

    STAGES = (0, 30, 1_000, 1_700, 2_400, 3_000, 3_600, 4_300)  # bytes from the server: from the greeting to the file

    def test_a_cut_at_each_stage(self):
        server = self.server()
        with TcpProxy(server.port, [Cut(after) for after in self.STAGES]) as proxy:
            self.assert_fetched(self.fetch(self.url(server, port=proxy.port), server))
            self.assertEqual(len(proxy.to_client), 1 + len(self.STAGES))

    def test_an_interrupt_at_each_stage(self):
        server = self.server()
        for after in self.STAGES:
            with self.subTest(after=after), TcpProxy(server.port, [Stall(after)]) as proxy:
                with subprocess.Popen(self.command(self.url(server, port=proxy.port), server), stderr=subprocess.PIPE,
                                      text=True) as client:
                    self.assertTrue(proxy.stalled.wait(60))
                    client.send_signal(signal.SIGINT)
                    self.assertEqual(client.wait(timeout=10), 130)
                    self.assertIn("cancelled", client.stderr.read())

    def test_an_interrupt_in_a_stalled_transfer(self):
        server = self.server()
        with TcpProxy(server.port, [Stall(1_000_000)]) as proxy:
            with subprocess.Popen(self.command(self.url(server, port=proxy.port), server), stderr=subprocess.PIPE,
                                  text=True) as client:
                self.assertTrue(proxy.stalled.wait(60))
                client.send_signal(signal.SIGINT)
                self.assertEqual(client.wait(timeout=120), 130)
                self.assertIn("cancelled", client.stderr.read())

    def test_a_stalled_transfer_is_resumed(self):
        server = self.server()
        with TcpProxy(server.port, [Stall(1_000_000)]) as proxy:
            self.assert_fetched(self.fetch(self.url(server, port=proxy.port), server, "--stall-timeout=1"))
            self.assertGreaterEqual(len(proxy.to_client), 2)


if __name__ == "__main__":
    tap.main()
