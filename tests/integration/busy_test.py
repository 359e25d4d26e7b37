# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers that have no room for another client: each is waited for, and reported in its own words."""

import contextlib
import ftplib
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from haproxy import Haproxy  # noqa: E402
from nginx import Nginx  # noqa: E402
from odd_ftp_server import OddFtpServer  # noqa: E402
from other_ftp_servers import Proftpd, PureFtpd  # noqa: E402
from vsftpd import Vsftpd  # noqa: E402


class BusyCase(FetchCase):
    size = 300_000

    def assert_waits(self, url, occupied, *words):
        """The fetch begins while the server is occupied, and continues when it no longer is."""
        with occupied as leave:
            client = self.start(url)
            seen = processes.read_until(client.stderr, "retrying in")
            leave()
        status, messages = self.ended(client)
        self.assert_fetched((status, seen + messages))
        for word in words:
            self.assertIn(word, seen.splitlines()[-1])


class HttpTest(BusyCase):
    @contextlib.contextmanager
    def downloading(self, port):
        """One client receives a file very slowly, and can leave."""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n")
            client.recv(1)
            yield lambda: client.shutdown(socket.SHUT_RDWR)

    def nginx(self, extra="", http=""):
        (self.served / "slow").write_bytes(bytes(100_000))
        server = Nginx(self.served, extra=f"{extra} location = /slow {{ limit_rate 1k; }}", http=http)
        self.addCleanup(server.stop)
        return server.start()

    def test_nginx_with_limited_connections(self):
        zone = "limit_conn_zone $binary_remote_addr zone=each:1m;"
        for extra, words in (("limit_conn each 1;", "server answered 503 Service Temporarily Unavailable"),
                             ("limit_conn each 1; limit_conn_status 429;", "server answered 429 Too Many Requests")):
            with self.subTest(extra):
                server = self.nginx(extra, zone)
                self.assert_waits(f"http://127.0.0.1:{server.port}/image", self.downloading(server.port), words)

    def test_haproxys_queue(self):
        if reason := Haproxy.missing():
            self.skipTest(reason)
        with Haproxy(self.nginx().port) as proxy:
            self.assert_waits(f"http://127.0.0.1:{proxy.port}/image", self.downloading(proxy.port),
                              "server answered 503 Service Unavailable")


class FtpTest(BusyCase):
    @contextlib.contextmanager
    def logged_in(self, server):
        """One client is logged in, and can leave."""
        deadline = time.monotonic() + 60
        while True:
            try:
                client = ftplib.FTP()
                client.connect(server.address, server.port, timeout=60)
                client.login()
                break
            except ftplib.Error:  # the session of wait_for_port() is not over yet
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
        with client:
            yield client.quit

    def test_vsftpd_with_its_limits(self):
        if reason := Vsftpd.missing():
            self.skipTest(reason)
        for limit, words in (("max_clients=1", "421 There are too many connected users, please try later."),
                             ("max_per_ip=1", "421 There are too many connections from your internet address.")):
            with self.subTest(limit), Vsftpd(self.served, settings=[limit]) as server:
                self.assert_waits(f"ftp://127.0.0.1:{server.port}/image", self.logged_in(server), words)

    def test_the_limits_of_others(self):
        for kind, settings, words in (
                (PureFtpd, ["-c", "1"], "421 1 users (the maximum) are already logged in, sorry"),
                (PureFtpd, ["-C", "1"], "421 Too many connections (1) from this IP"),
                (Proftpd, ["MaxClients 1"], "530 Sorry, the maximum number of allowed clients (1) are already connected.")):
            with self.subTest(words):
                if reason := kind.missing():
                    self.skipTest(reason)
                with kind(self.served, settings) as server:
                    self.assert_waits(f"ftp://127.0.0.1:{server.port}/image", self.logged_in(server), words)

    def test_a_login_refused_for_the_number_of_clients(self):
        """ProFTPD's words, also where it cannot be unpacked."""
        words = "530 Sorry, the maximum number of allowed clients (1) are already connected."
        with OddFtpServer(self.image.read_bytes(), logins=[words]) as server:
            status, messages = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
        self.assertIn(words, self.assert_fetched((status, messages)))

    def test_greetings_of_a_server_without_room(self):
        """The code of RFC 959, and the words of servers that have no code for it."""
        for words in ("120 Service ready in 5 minutes", "421 Service not available", "500 Sorry, server busy",
                      "530 Too many connections from your address"):
            with self.subTest(words), OddFtpServer(self.image.read_bytes(), greetings=[words]) as server:
                status, messages = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
                self.assertIn(f"server answered {words}", self.assert_fetched((status, messages)))

    def test_a_refused_login_is_final(self):
        with OddFtpServer(b"", logins=["530 Login incorrect."]) as server:
            status, messages = self.fetch(f"ftp://127.0.0.1:{server.port}/image")
        self.assertEqual(status, exit_status.AUTH, messages)
        self.assertIn("server answered 530 Login incorrect.", messages.splitlines()[-1])


if __name__ == "__main__":
    tap.main()
