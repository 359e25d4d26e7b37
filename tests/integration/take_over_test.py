# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the curl plugin reads a body past libcurl, and where not: real servers and proxies, and an attacker on the path
who puts bytes of his own into the TCP connection. What a whole session does with every length of a head is
curl_session_test.cpp's to show; here the one length that agrees is computed, as an attacker would."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402

SIZE = 8_000_003  # more than libcurl takes before it hands over
RECORD = 16384  # bytes of plain text in a full TLS record
INJECTED = b"X" * SIZE


class Listener:
    """Context manager. serve() gets each connection to `port`, in one thread."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.serve(self._listener.accept()[0])


class Injector(Listener):
    """A relay to a TLS port. The first connection is relayed up to the first full record, then the attacker's bytes
    follow, which are not TLS. `passed`: the number of bytes before them. Further connections are relayed unchanged."""

    def __init__(self, port, attacks=True):
        super().__init__()
        self.passed = None
        self._target, self._attacks = port, attacks

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self._target))
        attacks, self._attacks = self._attacks, False
        threading.Thread(target=self._copy, args=(client, server), daemon=True).start()
        threading.Thread(target=self._inject if attacks else self._copy, args=(server, client), daemon=True).start()

    @staticmethod
    def _copy(source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _inject(self, server, client):
        passed = 0
        with server, client, server.makefile("rb") as records, contextlib.suppress(OSError):
            while head := records.read(5):
                record = head + records.read(int.from_bytes(head[3:], "big"))
                client.sendall(record)
                passed += len(record)
                if len(record) > RECORD // 2:
                    break
            self.passed = passed
            client.sendall(INJECTED)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass


class Redirector(Listener):
    """Plain HTTP: redirects to `target` by a head of exactly `length` bytes."""

    def __init__(self, target, length):
        super().__init__()
        head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nX-Padding: \r\n\r\n"
        self._answer = head.replace("g: \r\n\r\n", "g: " + "p" * (length - len(head)) + "\r\n\r\n").encode()
        assert len(self._answer) == length
        self.url = f"http://127.0.0.1:{self.port}/image"

    def serve(self, client):
        with contextlib.suppress(OSError):  # the client may have closed the connection
            client.recv(1 << 16)  # a request comes in one piece
            client.sendall(self._answer)
            client.shutdown(socket.SHUT_WR)


class TakeOverCase(FetchCase):
    size = SIZE

    def setUp(self):
        super().setUp()
        self.enterContext(unittest.mock.patch.dict(os.environ, {"BOOTFERRY_LOG_LEVEL": "debug"}))

    def serve(self, http=""):
        """nginx on a plain port and on one with TLS."""
        authority = Authority(self.path / "authority")
        self.certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        self.tls_port = processes.free_port()
        self.server = self.enterContext(Nginx(self.served, http=http, extra=(
            f"listen 127.0.0.1:{self.tls_port} ssl http2; ssl_certificate {self.certificate}; ssl_certificate_key {key};"
            "location = /moved { return 302 http://$http_host/image; }")))
        self.trust = f"cacert={authority.certificate}"
        self.pin = f"pinnedpubkey={authority.pin(self.certificate)}"
        self.plain = f"http://127.0.0.1:{self.server.port}"
        self.encrypted = f"https://127.0.0.1:{self.tls_port}"

    def how(self, url, *options):
        """The plugin's log lines about how it reads the body."""
        messages = self.assert_fetched(self.fetch(url, *(f"--option=curl:{option}" for option in options)))
        return re.findall(r"curl: the body is read (.*)", messages)

    def assert_past_libcurl(self, url, *options):
        self.assertEqual(self.how(url, *options), ["past libcurl"], (url, options))

    def assert_by_libcurl(self, url, *options):
        self.assertRegex(" ".join(self.how(url, *options)), "^by libcurl", (url, options))


class AttackTest(TakeOverCase):
    def head_length(self):
        """The length of the head of the answer with the image."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(b"GET /image HTTP/1.1\r\nHost: server\r\n\r\n")
            messages = b""
            while b"\r\n\r\n" not in messages:
                messages += client.recv(1 << 16)
        return messages.index(b"\r\n\r\n") + 4

    def assert_survived(self, url, *options):
        """The attacked attempt fails, and the next one receives the server's file."""
        messages = self.assert_fetched(self.fetch(url, *(f"--option=curl:{option}" for option in options)))
        self.assertRegex(messages, "(?i)retrying|trying again")
        self.assertNotIn("past libcurl", messages)

    def test_bytes_injected_behind_a_redirect(self):
        self.serve()
        with Injector(self.tls_port) as relay:
            self.assert_survived(f"https://127.0.0.1:{relay.port}/image", self.trust, self.pin)
        # The redirect's head makes up for what TLS adds. Signatures, and so handshakes, differ by some bytes.
        added = relay.passed - RECORD
        lengths = {added - variant + delta for variant in (0, self.head_length()) for delta in range(-3, 4)}
        for length in sorted(lengths):
            with self.subTest(length=length), Injector(self.tls_port) as relay, \
                    Redirector(f"https://127.0.0.1:{relay.port}/image", length) as redirector:
                self.assert_survived(redirector.url, self.trust, self.pin)


class TakeOverTest(TakeOverCase):
    def test_http(self):
        self.serve("gzip off;")
        self.assert_past_libcurl(f"{self.plain}/image")
        self.assert_past_libcurl(f"{self.plain}/image", "http1.0")
        self.assert_past_libcurl(f"{self.plain}/moved")  # over the same connection, with a page before it
        with Redirector(f"{self.plain}/image", 300) as redirector:
            self.assert_past_libcurl(redirector.url)
        for option in ("max-time=60", "limit-rate=100M", "speed-limit=1"):
            self.assert_by_libcurl(f"{self.plain}/image", option)

    def test_https(self):
        self.serve()
        for option in ("http1.1", "http2"):
            self.assert_by_libcurl(f"{self.encrypted}/image", self.trust, option)
        with Redirector(f"{self.encrypted}/image", 300) as redirector:
            self.assert_by_libcurl(redirector.url, self.trust)

    def test_http_that_is_not_sent_as_it_is(self):
        self.serve()
        with Nginx(self.served, extra="add_header Content-Encoding x-none always;") as server:
            self.assert_by_libcurl(f"http://127.0.0.1:{server.port}/image")

    def test_proxies(self):
        self.serve()
        for program in ("tinyproxy", "microsocks"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        port, socks_port = processes.free_port(), processes.free_port()
        configuration = self.path / "tinyproxy.conf"
        configuration.write_text(f"Port {port}\nListen 127.0.0.1\nLogFile \"{self.path}/log\"\n")
        for command, at in ((["tinyproxy", "-d", "-c", configuration], port),
                            (["microsocks", "-i", "127.0.0.1", "-p", str(socks_port)], socks_port)):
            proxy = processes.start(command, stderr=subprocess.DEVNULL)
            self.addCleanup(processes.stop, proxy)
            processes.wait_for_port(proxy, at)
        self.assert_past_libcurl(f"{self.plain}/image", f"proxy=127.0.0.1:{port}")
        self.assert_by_libcurl(f"{self.plain}/image", f"proxy=127.0.0.1:{port}", "proxytunnel")
        self.assert_by_libcurl(f"{self.encrypted}/image", self.trust, f"proxy=127.0.0.1:{port}")
        self.assert_by_libcurl(f"{self.plain}/image", f"socks5=127.0.0.1:{socks_port}")
        self.assert_by_libcurl(f"{self.encrypted}/image", self.trust, f"socks5=127.0.0.1:{socks_port}")

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        with Vsftpd(self.served, settings=("ssl_enable=YES", "allow_anon_ssl=YES", f"rsa_cert_file={certificate}",
                                           f"rsa_private_key_file={key}", "ssl_ciphers=HIGH")) as server:
            url, trust = f"ftp://127.0.0.1:{server.port}/image", f"cacert={authority.certificate}"
            self.assert_past_libcurl(url)
            self.assert_past_libcurl(url, "disable-epsv")
            for option in ("ssl", "ssl-reqd", "ftp-ssl", "ftp-ssl-reqd", "ftp-ssl-control"):
                self.assert_by_libcurl(url, trust, option)
            self.assert_by_libcurl(url, "ftp-port=-")  # the socket that the server connects to is not libcurl's to show


if __name__ == "__main__":
    tap.main()
