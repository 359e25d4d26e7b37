# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several connections to one server: a real nginx behind a line that delays, and limits each connection. What was
asked for, and over which connection, is read from the server's log."""

import collections
import os
import pathlib
import random
import signal
import sys
import time

_TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_TESTS / "support"), str(_TESTS / "bench")]

import lines  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402

SIZE = 48_000_003
ROUND_TRIP = 0.1  # seconds
CONNECTION_RATE = 8_000_000  # bytes a second
LIMITED = f"limit_rate {CONNECTION_RATE};"  # by the server: it still has the request while the line is slow

Request = collections.namedtuple("Request", "status range connection")


class RangesTest(FetchCase):
    size = SIZE

    def nginx(self, extra="", http=""):
        server = Nginx(self.served, extra=f"access_log access.log ranges; {extra}",
                       http=f"log_format ranges '$status|$http_range|$connection'; {http}")
        self.enterContext(server)
        return server

    def far(self, port):
        return self.enterContext(lines.delayed(port, ROUND_TRIP, CONNECTION_RATE))

    @staticmethod
    def url(port, scheme="http"):
        return f"{scheme}://127.0.0.1:{port}/image"

    def fetch_from(self, port, *options, **how):
        """Fetches, checks the bytes, and returns the output."""
        return self.assert_fetched(self.fetch(self.url(port, **how), *options))

    @staticmethod
    def requests(server):
        """Without the look at the version in the end."""
        requests = [Request(*line.split("|")) for line in server.access_log().splitlines()]
        return [request for request in requests if request.range != "bytes=0-0"]

    def assert_one_request(self, server):
        self.assertEqual([(request.status, request.range) for request in self.requests(server)], [("200", "-")])

    def assert_several_ranges(self, server):
        parts = [request for request in self.requests(server) if request.status == "206"]
        self.assertGreater(len(parts), 10)
        # Kept open between two parts, and more than one at a time.
        connections = {part.connection for part in parts}
        self.assertGreater(len(connections), 1)
        self.assertLess(len(connections), len(parts))
        self.assertEqual(len({part.range for part in parts}), len(parts), "a part was asked for twice")

    def test_a_far_server_that_limits_each_connection(self):
        server = self.nginx()
        messages = self.fetch_from(self.far(server.port))
        self.assert_several_ranges(server)
        self.assertIn("continuing with 3 connections", messages)

    def test_over_https(self):
        authority = Authority(self.path / "authority")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"])
        port = processes.free_port()
        server = self.nginx(f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};")
        self.fetch_from(self.far(port), f"--option=curl:cacert={authority.certificate}", scheme="https")
        self.assert_several_ranges(server)

    def test_one_where_the_user_wants_one(self):
        for options in (["--connections=1"], ["--option=curl:limit-rate=8M"]):
            with self.subTest(options=options):
                server = self.nginx()
                self.fetch_from(self.far(server.port), *options)
                self.assert_one_request(server)

    def test_one_where_the_server_ignores_ranges(self):
        server = self.nginx("max_ranges 0;")
        self.fetch_from(self.far(server.port))
        self.assert_one_request(server)

    def test_one_where_the_server_is_near(self):
        server = self.nginx()
        self.fetch_from(server.port)
        self.assert_one_request(server)

    def test_a_server_that_takes_one_connection_of_each_client(self):
        server = self.nginx(LIMITED + "limit_conn clients 1;", "limit_conn_zone $binary_remote_addr zone=clients:1m;")
        messages = self.fetch_from(self.far(server.port))
        self.assertIn("continuing with one connection: server answered 503", messages)
        statuses = collections.Counter(request.status for request in self.requests(server))
        self.assertEqual(statuses, {"200": 1, "503": 3})

    def test_a_server_that_refuses_one_of_them(self):
        with FaultServer(self.image, [Fault(), Fault(), Fault(status=503)]) as server:
            messages = self.fetch_from(self.far(server.port))
        self.assertIn("lost a connection, 2 left: server answered 503", messages)
        self.assertNotIn("retrying", messages)
        self.assertEqual([request.range for request in server.requests].count(None), 1)

    def wait_for_parts(self, server):
        while sum(request.status == "206" for request in self.requests(server)) < 3:
            time.sleep(0.05)

    def test_an_image_that_changes_under_way(self):
        server = self.nginx()
        new = self.served / "new"
        new.write_bytes(random.Random(2).randbytes(SIZE))
        os.utime(new, (1, 1))  # nginx's ETag is made of seconds and size, and is to be another one
        client = self.start(self.url(self.far(server.port)))
        self.wait_for_parts(server)
        new.replace(self.image)
        self.assertIn("starting over", self.assert_fetched(self.ended(client)))

    def test_an_interrupt_reaches_all_connections(self):
        server = self.nginx()
        client = self.start(self.url(self.far(server.port)))
        self.wait_for_parts(server)
        client.send_signal(signal.SIGINT)
        status, messages = self.ended(client)
        self.assertEqual(status, 130, messages)
        self.assertNotIn("killed", messages)
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    tap.main()
