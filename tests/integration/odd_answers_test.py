# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers of servers that are not the file: each is reported as what it is, in words that help, and with the code that it
deserves."""

import contextlib
import functools
import gzip
import http.server
import os
import pathlib
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import network  # noqa: E402
import processes  # noqa: E402
import proxies  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from loopback_server import LoopbackServer  # noqa: E402
from nginx import Nginx  # noqa: E402
from odd_ftp_server import OddFtpServer  # noqa: E402
from raw_server import RawServer, answer  # noqa: E402
from sshd import Sshd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402


class BareServer(LoopbackServer):
    """Calls `serve` with each connection, before any handshake."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                self.server.serve(self.request)

    def __init__(self, serve):
        super().__init__(self.Handler)
        self.serve = serve


def http2_frame(kind, flags, payload=b"", stream=1):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


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
            "/token": (answer("302 Found", "Location: gopher://host/x?X-Amz-Signature=secret"), exit_status.PROTOCOL,
                       "redirects to gopher://host/x?..., but only redirects"),
            "/long": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3_000_000 + b"\r\n\r\nimage", exit_status.PROTOCOL,
                      "sent a header of more than 100 KB"),
            "/many": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\nimage", exit_status.PROTOCOL, "header"),
            "/br": (answer("200 OK", "Content-Encoding: br", body=b"image"), exit_status.PROTOCOL,
                    "compressed with 'br', which was not requested"),
            "/deflate": (answer("200 OK", "Content-Encoding: gzip, deflate", body=b"image"), exit_status.PROTOCOL,
                         "compressed with 'deflate', which was not requested"),
            "/coded": (answer("200 OK", "Transfer-Encoding: gzip", body=gzip.compress(bytes(9000))), exit_status.PROTOCOL,
                       "with the transfer coding 'gzip', which was not requested"),
            "/blank": (b"HTTP/1.1 200 OK\r\nContent-Length : 3000\r\n\r\nimage", exit_status.PROTOCOL, "with a blank before its colon"),
            "/tab": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding\t: chunked\r\n\r\n5\r\nimage\r\n0\r\n\r\n", exit_status.PROTOCOL,
                     "with a blank before its colon"),
            "/folded": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n5\r\nimage\r\n0\r\n\r\n", exit_status.PROTOCOL,
                        "over several lines"),
            "/leading": (b"HTTP/1.1 200 OK\r\n Content-Length: 5\r\n\r\nimage", exit_status.PROTOCOL, "127.0.0.1"),
            "/partly": (answer("200 OK", "Content-Range: bytes 0-4/100", body=b"image"), exit_status.PROTOCOL,
                        "a part of the file as all of it (Content-Range: bytes 0-4/100)"),
            "/parts": (answer("200 OK", "Content-Type: Multipart/byteranges; boundary=x", body=b"--x\r\n\r\nimage\r\n--x--"),
                       exit_status.PROTOCOL, "parts of the file (multipart/byteranges) as all of it"),
            "/hex": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nimage\r\n0\r\n\r\n", exit_status.PROTOCOL,
                     "chunk"),
            "/trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nimage\r\n0\r\n" + b"X: y\r\n" * 100_000,
                          exit_status.PROTOCOL, "trailer fields of more than 100 KB"),
            "/000": (b"HTTP/1.1 000 x\r\n\r\nimage", exit_status.PROTOCOL, "does not answer in HTTP"),
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

    def test_a_connection_that_is_closed_within_the_head(self):
        """For libcurl that is an answer without a body."""
        heads = (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 5",
                 b"HTTP/1.1 200 OK\r\nETag: x\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
                 b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n")
        with RawServer({f"/{number}": head for number, head in enumerate(heads)}) as server:
            self.assert_told([(f"http://127.0.0.1:{server.port}/{number}", exit_status.UNREACHABLE, "closed the connection")
                              for number in range(len(heads))], "--timeout=10")

    def test_http2_requires_a_length(self):
        """libcurl tells a stream that is reset with NO_ERROR like one that has ended."""
        content = self.image.read_bytes()
        frame = http2_frame

        def serve(length, sent, last):
            def serve_one(connection):
                connection.recv(65536)
                head = b"\x88" + (b"\x0f\x0d" + bytes((len(b"%d" % length),)) + b"%d" % length if length else b"")
                body = b"".join(frame(0, 0, content[at:min(at + 16384, sent)]) for at in range(0, sent, 16384))
                connection.sendall(frame(4, 0, stream=0) + frame(1, 4, head) + body + last)
                while connection.recv(65536):
                    pass
            return serve_one

        ended, reset = frame(0, 1), frame(3, 0, bytes(4))
        size = len(content)
        for length, sent, last in ((None, size // 2, reset), (None, size, ended), (size, size, ended)):
            with self.subTest(length=length, sent=sent), BareServer(serve(length, sent, last)) as server:
                outcome = self.fetch(f"http://127.0.0.1:{server.port}/image", "--option=curl:http2-prior-knowledge")
                if length:
                    self.assert_fetched(outcome)
                else:
                    self.assert_failed(outcome, "without its length over HTTP/2", "curl's option http2")

    def test_http2_servers_that_are_busy_or_wrong(self):
        """RFC 9113: a refused stream (8.7) and a server that goes away before it has answered (6.8) are for now."""
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("localhost", ["IP:127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2"])

        def serve(answer, encrypted):
            def serve_one(connection):
                if encrypted:
                    connection = context.wrap_socket(connection, server_side=True)
                connection.recv(65536)
                connection.sendall(http2_frame(4, 0, stream=0) + answer)
                while connection.recv(65536):
                    pass
            return serve_one

        refused = http2_frame(3, 0, (7).to_bytes(4, "big"))
        chunked = http2_frame(1, 4, b"\x88\x00\x11transfer-encoding\x07chunked")  # as HTTP/2 has no such field

        def away(code):
            return http2_frame(7, 0, bytes(4) + code.to_bytes(4, "big"), stream=0)
        for answer, encrypted, status, words in (
                (refused, False, exit_status.UNREACHABLE, "refuses requests for now: "),
                (refused, True, exit_status.UNREACHABLE, "refuses requests for now: "),
                (away(0), False, exit_status.UNREACHABLE, "ended the connection before it answered (GOAWAY of HTTP/2: NO_ERROR)"),
                (away(0), True, exit_status.UNREACHABLE, "ended the connection before it answered (GOAWAY of HTTP/2: NO_ERROR)"),
                (away(11), False, exit_status.UNREACHABLE, "(GOAWAY of HTTP/2: ENHANCE_YOUR_CALM)"),
                (away(13), False, exit_status.PROTOCOL, "(GOAWAY of HTTP/2: HTTP_1_1_REQUIRED)"),
                (http2_frame(3, 0, (2).to_bytes(4, "big")), False, exit_status.UNREACHABLE, "INTERNAL_ERROR (err 2)"),
                (chunked, False, exit_status.PROTOCOL, "ended the stream with an error of HTTP/2: HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR")):
            options = [f"--option=curl:cacert={authority.certificate}", "--option=curl:http2"] if encrypted \
                else ["--option=curl:http2-prior-knowledge"]
            with self.subTest(words, encrypted=encrypted), BareServer(serve(answer, encrypted)) as server:
                result, messages = self.fetch(f"http{'s' if encrypted else ''}://127.0.0.1:{server.port}/image", "--timeout=4", *options)
                self.assertEqual(result, status, messages)
                self.assertIn(words, messages.splitlines()[-1])

    def test_a_file_without_a_length_is_warned_of(self):
        body = self.image.read_bytes()
        for head, is_warned in ((b"", True), (b"Connection: keep-alive\r\n", True), (b"Content-Length: %d\r\n" % len(body), False)):
            with self.subTest(head), RawServer({"/image": b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body}) as server:
                messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))
                self.assertEqual("a cut cannot be told from the end, only a checksum shows it" in messages, is_warned, messages)

    def test_a_kept_connection_that_ends_is_no_end(self):
        """Without a length: the rest is asked for, and the server says whether there is one."""
        body = self.image.read_bytes()
        head = b'Connection: keep-alive\r\nAccept-Ranges: bytes\r\nETag: "a"\r\n'

        def serve(cut, offers):
            def serve_one(connection):
                asked = re.search(rb"Range: bytes=(\d+)-", connection.recv(65536))
                if asked and offers:
                    first = int(asked[1])
                    connection.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n" % (
                        len(body) - first, first, len(body) - 1, len(body)) + head + b"\r\n" + body[first:])
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n" + (head if offers else b"Connection: keep-alive\r\n") + b"\r\n" + body[:cut])
            return serve_one

        words = "or the file ends there: the server announced no length, but said that it keeps the connection"
        for cut, offers in ((100_000, True), (len(body), True), (len(body), False)):
            with self.subTest(cut, offers=offers), BareServer(serve(cut, offers)) as server:
                messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image", "--timeout=20"))
                self.assertEqual(words in messages, offers, messages)

    def test_chunks_decide_about_the_length(self):
        """RFC 9112, section 6.3: Transfer-Encoding overrides Content-Length."""
        content = self.image.read_bytes()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                          for piece in (content[at:at + 50_000] for at in range(0, len(content), 50_000)))
        for length in (b"1", b"%d" % (len(content) // 2), b"9" * 30):
            head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
            with RawServer({"/image": head + chunks + b"0\r\n\r\n"}) as server:
                self.assert_fetched(self.fetch(f"http://127.0.0.1:{server.port}/image"))

    def test_a_refused_redirect_names_the_last_who_redirects(self):
        with RawServer({"/image": answer("302 Found", "Location: /there"),
                        "/there": answer("302 Found", "Location: ftp://mirror.example/image")}) as last, \
                RawServer({"/image": answer("302 Found", f"Location: http://127.0.0.1:{last.port}/image")}) as first:
            status, messages = self.fetch(f"http://127.0.0.1:{first.port}/image")
        self.assertEqual(status, exit_status.PROTOCOL, messages)
        self.assertIn(f"127.0.0.1:{last.port} redirects to ftp://mirror.example/image, but only", messages.splitlines()[-1])

    def test_a_redirect_to_ftp_is_not_followed_whatever_an_option_says(self):
        with RawServer({"/image": answer("302 Found", "Location: ftp://127.0.0.1/image")}) as server:
            for option in ([], ["--option=curl:proto-redir=+ftp"], ["--option=curl:proto-redir==ftp,http"]):
                self.assert_failed(self.fetch(f"http://127.0.0.1:{server.port}/image", *option),
                                   "but only redirects to http and https are followed")

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


class NameTest(AnswerCase):
    def test_control_characters_in_a_path(self):
        with RawServer({"/a%00b": answer("404 Not Found"), "/a%0ab": answer("404 Not Found")}) as server:
            self.assert_told([(f"{scheme}://127.0.0.1:{server.port}/a{code}b", exit_status.USAGE, words) for scheme, code, words in (
                ("ftp", "%00", "ftp cannot ask for a file with a control character"),
                ("ftp", "%0d%0aDELE", "ftp cannot ask for a file with a control character"),
                ("tftp", "%00", "it contains %00, which no name has"),
                ("sftp", "%00", "it contains %00, which no name has"))])
            self.assert_told([(f"http://127.0.0.1:{server.port}/a{code}b", exit_status.NOT_FOUND, "server answered 404")
                              for code in ("%00", "%0a")])
            self.assertEqual(sorted(server.requests), ["GET /a%00b HTTP/1.1", "GET /a%0ab HTTP/1.1"])


class Served(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class ProxyTest(AnswerCase):
    def assert_waits(self, url, option, words, begin):
        """The fetch is retried with these words, and succeeds after begin()."""
        client = self.start(url, f"--option=curl:{option}")
        seen = processes.read_until(client.stderr, "retrying in")
        self.assertIn(words, seen)
        begin()
        self.assert_fetched(self.ended(client))

    def test_an_http_proxy_that_refuses(self):
        port = processes.free_port()
        url = f"https://127.0.0.1:{port}/image"
        for settings, status, words in ((["BasicAuth someone geheim"], exit_status.AUTH, "the proxy answered 407"),
                                        (["ConnectPort 1"], exit_status.AUTH, "the proxy answered 403")):
            proxy = proxies.tinyproxy(self, *settings)
            self.assert_told([(url, status, words), (url, status, f"when asked for a connection to 127.0.0.1:{port}")],
                             f"--option=curl:proxy={proxy}")

    def test_an_http_proxy_that_refuses_to_forward(self):
        # The same form as an answer of the server's, which there is not.
        url = f"http://127.0.0.1:{processes.free_port()}/image"
        proxy = proxies.tinyproxy(self, "Allow 10.255.255.1")
        self.assert_told([(url, exit_status.AUTH, "server or the proxy that curl's option proxy names answered 403")],
                         f"--option=curl:proxy={proxy}")
        proxy = proxies.tinyproxy(self)
        with unittest.mock.patch.dict(os.environ, {"http_proxy": f"http://{proxy}"}):
            self.assert_failed(self.fetch(url, "--timeout=3"),
                               "server or the proxy that the environment variable http_proxy names answered 5")

    def test_ftp_through_an_http_proxy_is_http(self):
        body = self.image.read_bytes()
        url = "ftp://server.example/"
        tail = answer("206 Partial Content", f"Content-Range: bytes 0-{len(body) - 1}/{len(body)}", body=body)
        cases = {  # a proxy's page about a failure is never the file
            "image": answer("200 OK", body=body),
            "missing": answer("404 Not Found", body=b"<html>no such file</html>"),
            "login": answer("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=x", body=b"<html>who?</html>"),
            "denied": answer("403 Forbidden", body=b"<html>no</html>"),
            "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
            "part": tail,
        }
        with RawServer({url + path: text for path, text in cases.items()}) as proxy:
            option = f"--option=curl:proxy=127.0.0.1:{proxy.port}"
            self.assert_told([
                (url + "missing", exit_status.NOT_FOUND, "the proxy that curl's option proxy names answered 404 Not Found"),
                (url + "login", exit_status.AUTH, "the proxy answered 407"),
                (url + "denied", exit_status.AUTH, "names answered 403"),
                (url + "empty", exit_status.PROTOCOL, "names answered 204"),
            ], option)
            self.assert_fetched(self.fetch(url + "image", option))
            self.output.unlink()
            with unittest.mock.patch.dict(os.environ, {"ftp_proxy": f"http://127.0.0.1:{proxy.port}"}):
                self.assert_failed(self.fetch(url + "missing"), "the proxy that the environment variable ftp_proxy names answered 404")
            real = proxies.tinyproxy(self)
            self.assert_failed(self.fetch(url + "image", f"--option=curl:proxy={real}", "--timeout=5"), "names answered")

    def test_ftp_through_an_http_proxy_that_is_cut(self):
        body, cut = self.image.read_bytes(), 100_000
        whole = answer("200 OK", "Last-Modified: Mon, 02 Nov 2026 08:00:00 GMT", body=body)
        head = len(whole) - len(body)

        def later(number):
            return (whole[:head + cut], answer("503 Service Unavailable", body=b"<html>later</html>"), whole)[min(number, 2)]

        url = "ftp://server.example/image"
        proxy = RawServer({})
        proxy.answers = {url: lambda connection: connection.sendall(later(len(proxy.requests) - 1))}
        with proxy:
            messages = self.assert_fetched(self.fetch(url, f"--option=curl:proxy=127.0.0.1:{proxy.port}"))
        self.assertIn("503 Service Unavailable", messages)

    def test_a_proxy_whose_login_cannot_be_decoded_is_not_bypassed(self):
        with FaultServer(self.image) as server:
            url = f"http://127.0.0.1:{server.port}/image"
            for name in ("http_proxy", "all_proxy", "https_proxy"):
                with unittest.mock.patch.dict(os.environ, {name: "http://us%0aer@127.0.0.1:1"}):
                    messages = self.assert_failed(self.fetch(url), f"environment variable {name}", "control character")
                    self.assertNotIn("us%0aer", messages)
            self.assert_failed(self.fetch(url, "--option=curl:proxy=us%00er@127.0.0.1:1"), "option 'proxy'", "control character")
            self.assertEqual(server.requests, [])

    def test_a_server_that_is_down_behind_a_proxy(self):
        for url, option in (("http", f"socks5={proxies.microsocks(self)}"),
                            ("http", f"socks5-hostname={proxies.microsocks(self)}"),
                            ("http", f"proxy={proxies.tinyproxy(self)}")):
            server = Nginx(self.served)
            self.addCleanup(server.stop)
            self.assert_waits(f"{url}://127.0.0.1:{server.port}/image", option, "proxy" if "socks" in option else "server or the proxy that curl's option proxy names answered 5",
                              server.start)
        self.output.unlink()
        client = self.fetch(f"https://127.0.0.1:{processes.free_port()}/image", f"--option=curl:{option}", "--timeout=3")
        self.assert_failed(client, "gave up after 3 s: the proxy answered 5")

    def test_a_socks_proxy_that_wants_a_login(self):
        proxy = proxies.microsocks(self, "-u", "someone", "-P", "geheim")
        url = f"http://127.0.0.1:{processes.free_port()}/image"
        self.assert_told([(url, exit_status.AUTH, "the proxy requires a login (curl's option proxy-user)")],
                         f"--option=curl:socks5={proxy}")
        self.assert_told([(url, exit_status.AUTH, "the proxy refused the login")], f"--option=curl:socks5={proxy}",
                         "--option=curl:proxy-user=someone:wrong")

    def test_a_proxy_of_the_other_kind(self):
        url = f"127.0.0.1:{processes.free_port()}/image"
        socks, http_proxy = proxies.microsocks(self), proxies.tinyproxy(self)
        # With hosts that need no proxy, nobody can tell whose words these are.
        everywhere = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
        with Nginx(self.served) as server, unittest.mock.patch.dict(os.environ, everywhere, clear=True):
            kept = [  # microsocks answers in SOCKS, and ends a connection that goes on in another way
                (f"http://{url}", f"proxy={socks}", "the proxy, which curl's option proxy names, does not answer in HTTP, "
                                                    "but in SOCKS (for a SOCKS proxy there is curl's option socks5)"),
                (f"http://{url}", f"socks5=127.0.0.1:{server.port}", "for an HTTP proxy there is curl's option proxy"),
                (f"http://{url}", f"proxy=socks5h://127.0.0.1:{server.port}", "for an HTTP proxy there is curl's option proxy"),
            ]
            for place, option, words in kept:
                with self.subTest(option):
                    outcome = self.fetch(place, f"--option=curl:{option}")
                    self.assertEqual(outcome[0], exit_status.PROTOCOL, outcome[1])
                    self.assert_failed(outcome, words)
            with unittest.mock.patch.dict(os.environ, {"http_proxy": f"http://{socks}"}):
                self.assert_failed(self.fetch(f"http://{url}"), "which the environment variable http_proxy names", "in SOCKS")
            for place, option, words in (
                    (f"https://{url}", f"proxy={socks}", "for a SOCKS proxy there is curl's option socks5"),
                    # It waits for the rest of a request.
                    (f"http://{url}", f"socks5={http_proxy}", "for an HTTP proxy there is curl's option proxy"),
                    (f"https://{url}", f"proxy=https://{http_proxy}", "through the proxy that curl's option proxy names")):
                with self.subTest(option):
                    self.assert_failed(self.fetch(place, f"--option=curl:{option}", "--option=curl:connect-timeout=1", "--timeout=2"),
                                       words)

    def test_http2_of_a_server_that_has_only_http1(self):
        with Nginx(self.served) as server, FaultServer(self.image) as other:
            for port in (server.port, other.port):
                outcome = self.fetch(f"http://127.0.0.1:{port}/image", "--option=curl:http2-prior-knowledge")
                self.assertEqual(outcome[0], exit_status.PROTOCOL, outcome[1])
                self.assert_failed(outcome, "which curl's option http2-prior-knowledge asks for")

    def test_a_dead_proxy_is_not_the_server(self):
        port = processes.free_port()
        for option in ("proxy", "socks5"):
            messages = self.assert_failed(self.fetch("http://server.example/image", f"--option=curl:{option}=127.0.0.1:{port}",
                                                     "--timeout=2"))
            self.assertIn(f"connecting to the proxy 127.0.0.1:{port}: Connection refused", messages.splitlines()[-1])

    def test_where_it_comes_from_may_be_free_later(self):
        port = processes.free_port()
        with Nginx(self.served) as server, socket.socket() as occupant:
            occupant.bind(("127.0.0.1", port))
            occupant.listen()
            url = f"http://127.0.0.1:{server.port}/image"
            self.assert_waits(url, f"local-port={port}", "Address already in use", occupant.close)
            self.output.unlink()
            self.assert_failed(self.fetch(url, "--option=curl:interface=late0", "--timeout=2"), "gave up after 2 s", "'late0'")


    def test_an_interface_that_comes_up_late(self):
        if reason := network.missing():
            self.skipTest(reason)
        with network.Network(2) as net:
            host, machine = net.hosts
            with host.entered():
                server = http.server.ThreadingHTTPServer((host.address, 0), functools.partial(Served, directory=self.served))
            self.addCleanup(server.server_close)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.shutdown)
            machine.run("ip", "link", "set", "eth0", "down")
            self.prefix = machine.command()
            client = self.start(f"http://{host.address}:{server.server_port}/image", "--option=curl:interface=late0")
            self.assertIn("'late0'", processes.read_until(client.stderr, "waiting for the network"))
            machine.run("ip", "link", "set", "eth0", "name", "late0", "up")
            self.assert_fetched(self.ended(client))


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
                (f"https://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "the server does not speak TLS at this port"),
            ])

    def test_a_handshake_that_the_server_ends(self):
        """For a reason that may pass, or for one that stays. RFC 8446, section 6."""
        close_notify, internal_error, access_denied, user_canceled = 0, 80, 49, 90
        rows = ((close_notify, exit_status.UNREACHABLE, "closed the connection during the TLS handshake"),
                (internal_error, exit_status.UNREACHABLE, "the server reports an error of its own"),
                (user_canceled, exit_status.UNREACHABLE, "user cancel"),
                (access_denied, exit_status.TLS, "refused"))
        for alert, status, words in rows:
            def serve(connection, alert=alert):
                connection.recv(4096)
                connection.sendall(bytes([21, 3, 3, 0, 2, 1 if alert == close_notify else 2, alert]))
            with BareServer(serve) as server, self.subTest(alert):
                outcome = self.fetch(f"https://localhost:{server.port}/image", "--option=curl:insecure", "--timeout=6")
                self.assertEqual(outcome[0], status, outcome[1])
                self.assertIn(words, outcome[1].splitlines()[-1])

    def test_tls_that_ends_without_notice(self):
        authority = Authority(self.path / "authority")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("localhost", ["IP:127.0.0.1"]))
        body = self.image.read_bytes()

        def cut(connection):  # no length: only the notice shows that the body is whole
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body[:100_000])

        def whole(connection):
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
                tls.unwrap()

        for serve, fits in ((cut, False), (whole, True)):
            with BareServer(serve) as server:
                outcome = self.fetch(f"https://127.0.0.1:{server.port}/image", f"--option=curl:cacert={authority.certificate}",
                                     "--timeout=5")
            if fits:
                self.assert_fetched(outcome)
            else:
                self.assert_failed(outcome, "was cut after 100000 bytes, or the file ends there")

    def test_ssh(self):
        if reason := Sshd.missing():
            self.skipTest(reason)
        with Sshd() as server:
            self.assert_told([
                (f"http://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in HTTP, but in SSH ('SSH-2.0-"),
                (f"https://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "the server does not speak TLS at this port"),
                (f"ftp://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in FTP, but in SSH ('SSH-2.0-"),
            ])

    def test_what_an_ftp_server_answers(self):
        reqd = "--option=curl:ssl-reqd"
        used = "550 The process cannot access the file because it is being used by another process."
        wants = "requires an account beside the user (curl's option ftp-account): server answered"
        refuses = "the server refuses TLS, which curl's option ssl-reqd or ftp-ssl-control asks for: server answered"
        for answers, options, status, words in (
                ({"SIZE": "213 "}, (), exit_status.PROTOCOL, "server sent an impossible size"),
                ({"AUTH": "534 Policy requires no TLS."}, (reqd,), exit_status.TLS, f"{refuses} 534 Policy"),
                ({"AUTH": "500 AUTH not understood"}, (reqd,), exit_status.TLS, f"{refuses} 500 AUTH"),
                ({"AUTH": "431 No resource"}, (reqd, "--timeout=1"), exit_status.UNREACHABLE, "server answered 431 No resource"),
                ({"USER": "332 Need account"}, (), exit_status.AUTH, f"{wants} 332 Need account"),
                ({"USER": "331 password", "PASS": "332 Need account"}, (), exit_status.AUTH, f"{wants} 332 Need account"),
                ({"RETR": "532 Need account for files"}, (), exit_status.AUTH, f"{wants} 532 Need account for files"),
                ({"USER": "331 password", "PASS": "332 Need account", "ACCT": "530 No such account"},
                 ("--option=curl:ftp-account=x",), exit_status.AUTH, "server answered 530 No such account"),
                ({"RETR": "550 Permission denied."}, (), exit_status.NOT_FOUND,
                 "the server's user may not read the file: server answered 550 Permission denied."),
                ({"RETR": "550 image: not a plain file."}, (), exit_status.NOT_FOUND,
                 "the URL does not name a file on the server: server answered 550 image: not a plain file."),
                ({"CWD": "550 No such directory."}, (), exit_status.NOT_FOUND,
                 "the server has no such file, or its user may not read it: server answered 550 No such directory."),
                ({"RETR": used}, ("--timeout=1",), exit_status.UNREACHABLE, f"the file is in use on the server: server answered {used}"),
                ({"RETR": "522 SSL connection failed; session reuse required"}, (), exit_status.PROTOCOL,
                 "server answered 522 SSL connection failed; session reuse required\n")):
            with self.subTest(answers), OddFtpServer(b"image", size=answers.get("SIZE", "213 5"), answers=answers) as server:
                result, messages = self.fetch(f"ftp://127.0.0.1:{server.port}/folder/image", *options)
                self.assertEqual(result, status, messages)
                self.assertIn(words, messages.splitlines()[-1] + "\n")
        body = self.image.read_bytes()
        for time in ("213 garbage", "213 ", "213 19124101000000", "213 20240101000000.123", "550 no", "253 what"):
            with self.subTest(time), OddFtpServer(body, size=f"213 {len(body)}", answers={"MDTM": time}) as server:
                self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))
        greeting = "230-welcome\r\n213.95.27.1 is your address\r\n230 go on"  # 213 is the code of a size, too
        with OddFtpServer(body, size=f"213 {len(body)}", answers={"USER": greeting}) as server:
            self.assert_fetched(self.fetch(f"ftp://127.0.0.1:{server.port}/image"))

    def test_ftp(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        with Vsftpd(self.served) as server:
            self.assert_told([
                (f"http://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "does not answer in HTTP, but in FTP ('220 (vsFTPd"),
                (f"https://127.0.0.1:{server.port}/image", exit_status.PROTOCOL, "the server does not speak TLS at this port"),
            ])


if __name__ == "__main__":
    tap.main()
