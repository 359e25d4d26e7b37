# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers of servers that are not the file: each is told as what it is, in words that help, and with the code that it
deserves."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402
from raw_server import RawServer, answer  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402


class AnswerCase(FetchCase):
    size = 300_000

    def assert_told(self, rows, *options):
        """rows: URL, status, words. The clients run at the same time."""
        clients = [self.start_to(self.path / f"output-{number}", url, *options) for number, (url, _, _) in enumerate(rows)]
        for client, (url, expected, words) in zip(clients, rows):
            status, messages = self.ended(client)
            with self.subTest(url):
                self.assertIn(words, messages.splitlines()[-1])
                self.assertEqual(status, expected, messages)
        self.assertFalse(list(self.path.glob("output*")))

    def start_to(self, output, url, *options):
        client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", "--timeout=60", *options, url, str(output)],
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(processes.stop, client)
        return client


class HttpTest(AnswerCase):
    def test_answers_without_the_file(self):
        answers = {
            "/300": (answer("300 Multiple Choices"), exit_status.PROTOCOL, "it sent no Location"),
            "/302": (answer("302 Found"), exit_status.PROTOCOL, "it sent no Location"),
            "/304": (answer("304 Not Modified"), exit_status.PROTOCOL, "as if this machine had the file already"),
            "/malformed": (answer("302 Found", "Location: http://user:secret@[::1/x"), exit_status.PROTOCOL,
                           "redirects to 'http://[::1/x', which is not a URL"),
            "/file": (answer("302 Found", "Location: file:///image"), exit_status.PROTOCOL,
                      "redirects to file:///image, but only redirects to http and https are followed"),
            "/long": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3_000_000 + b"\r\n\r\nimage", exit_status.PROTOCOL,
                      "sent a header of more than 100 KB"),
            "/many": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\nimage", exit_status.PROTOCOL, "header"),
            "/br": (answer("200 OK", "Content-Encoding: br", body=b"image"), exit_status.PROTOCOL,
                    "compressed with 'br', which was not requested"),
            "/chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nimage\r\n", exit_status.PROTOCOL, "chunk"),
            "/digest": (answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="y", qop="auth"'),
                        exit_status.AUTH, "it accepts Digest (curl's option digest)"),
            "/negotiate": (answer("401 Unauthorized", "WWW-Authenticate: Negotiate"), exit_status.AUTH,
                           "curl's option negotiate"),
            "/vnc": (b"RFB 003.008\n", exit_status.PROTOCOL, "does not answer in HTTP ('RFB 003.008')"),
            "/tls": (bytes.fromhex("15030100020228"), exit_status.PROTOCOL, "but in TLS: the URL must begin with https://"),
            "/binary": (b"\x00\x01\x02\xff" * 9, exit_status.PROTOCOL, "does not answer in HTTP: check the port"),
        }
        with RawServer({path: row[0] for path, row in answers.items()}) as server:
            self.assert_told([(f"http://127.0.0.1:{server.port}{path}", status, words)
                              for path, (_, status, words) in answers.items()])

    def test_chunks_decide_about_the_length(self):
        """RFC 9112, section 6.3: Transfer-Encoding overrides Content-Length."""
        content = self.image.read_bytes()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                          for piece in (content[at:at + 50_000] for at in range(0, len(content), 50_000)))
        for length in (b"1", b"%d" % (len(content) // 2), b"9" * 30):
            head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
            with RawServer({"/image": head + chunks + b"0\r\n\r\n"}) as server:
                self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))

    def test_a_refused_redirect_names_who_redirects(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("localhost", ["IP:127.0.0.1"])
        port = processes.free_port()
        with Nginx(self.served, extra=f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; "
                                      f"ssl_certificate_key {key}; return 302 http://mirror.example/image;"):
            status, messages = self.fetch(f"https://127.0.0.1:{port}/image", f"--option=curl:cacert={authority.certificate}")
        self.assertEqual(status, exit_status.PROTOCOL, messages)
        self.assertIn(f"127.0.0.1:{port} redirects to http://mirror.example/image, which is not encrypted (curl's option "
                      "proto-redir", messages.splitlines()[-1])


class WrongPortTest(AnswerCase):
    """Real servers of one protocol, asked in another."""

    def test_tls_and_plain(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("localhost", ["IP:127.0.0.1"])
        port = processes.free_port()
        with Nginx(self.served, extra=f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; "
                                      f"ssl_certificate_key {key};") as server:
            self.assert_told([
                (f"http://127.0.0.1:{port}/image", exit_status.PROTOCOL, "400 Bad Request: the URL must begin with https://"),
                (f"https://127.0.0.1:{server.port}/image", exit_status.TLS, "the server does not speak TLS at this port"),
            ])

    def test_ssh(self):
        if reason := Sshd.missing():
            self.skipTest(reason)
        with Sshd() as server:
            self.assert_told([
                (f"http://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in HTTP, but in SSH ('SSH-2.0-"),
                (f"https://127.0.0.1:{server.port}/image", exit_status.TLS, "the server does not speak TLS at this port"),
                (f"ftp://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in FTP, but in SSH ('SSH-2.0-"),
            ])

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            self.assert_told([
                (f"http://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in HTTP, but in FTP ('220 (vsFTPd"),
                (f"https://127.0.0.1:{server.port}/image", exit_status.TLS, "the server does not speak TLS at this port"),
            ])


if __name__ == "__main__":
    tap.main()
