# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration of nginx that docs/deployment.md shows, in a real nginx: a server and a cache in front of it."""

import contextlib
import os
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from fetch_case import FetchCase  # noqa: E402
from nginx import Nginx  # noqa: E402
from tcp_proxy import Cut, TcpProxy  # noqa: E402


def block(name):
    """The page's block for nginx whose first line is this comment."""
    page = pathlib.Path(os.environ["BOOTFERRY_DOCS"], "deployment.md").read_text()
    return re.search(rf"```nginx\n# {name}\n(.*?)```", page, re.DOTALL)[1]


def replaced(text, *pairs):
    """Of each pair the first must be there: what the page shows is what is tried."""
    for old, new in pairs:
        if old not in text:
            raise RuntimeError(f"docs/deployment.md does not contain {old!r}")
        text = text.replace(old, new)
    return text


class DeploymentTest(FetchCase):
    size = 40 << 20

    def setUp(self):
        super().setUp()
        self.log = self.path / "live.log"

    def origin(self, connections=200):
        self.origin_port = processes.free_port()
        http = replaced(block("origin"), ("listen 80;", f"listen 127.0.0.1:{self.origin_port};"),
                        ("/srv/images", str(self.served)), ("/var/log/nginx/live.log", str(self.log)),
                        ("limit_conn images 200;", f"limit_conn images {connections};"))
        return Nginx(self.served, http=http)

    def cache(self):
        self.cache_port = processes.free_port()
        http = replaced(block("cache"), ("listen 80;", f"listen 127.0.0.1:{self.cache_port};"),
                        ("http://10.0.0.1:80", f"http://127.0.0.1:{self.origin_port}"),
                        ("/var/cache/nginx/live", str(self.path / "cache")))
        return Nginx(self.served, http=http)

    def sent(self):
        """What the server has sent of the image, according to the page's own format of the log."""
        return sum(int(size) for size in re.findall(r'"GET /image .* sent=(\d+) ', self.log.read_text()))

    def test_many_machines_behind_a_cache_cost_the_server_one_image(self):
        with self.origin(), self.cache():
            url = f"http://127.0.0.1:{self.cache_port}/image"
            clients = [processes.start([os.environ["BOOTFERRYCTL"], "fetch", "--quiet", url, str(self.path / f"copy{i}")])
                       for i in range(5)]
            for client in clients:
                self.addCleanup(processes.stop, client)
            self.assertEqual([client.wait(timeout=120) for client in clients], [0] * len(clients))
            for i in range(len(clients)):
                self.assertTrue((self.path / f"copy{i}").read_bytes() == self.image.read_bytes(), f"copy {i} differs")
            self.assertLess(self.sent(), 1.2 * self.size)

    def test_a_transfer_through_a_cache_is_resumed(self):
        with self.origin(), self.cache(), TcpProxy(self.cache_port, [Cut(10 << 20), Cut(8 << 20)]) as proxy:
            messages = self.assert_fetched(self.fetch(f"http://127.0.0.1:{proxy.port}/image", "--connections=1"))
            self.assertIn("MiB/s, 2 retries", messages)
            self.assertLess(sum(proxy.to_client), 1.1 * self.size)
            self.assertLess(self.sent(), 1.2 * self.size)

    def test_a_machine_that_is_turned_away_waits_for_its_turn(self):
        with self.origin(connections=1), contextlib.ExitStack() as occupied:
            other = occupied.enter_context(socket.create_connection(("127.0.0.1", self.origin_port), timeout=60))
            other.sendall(b"GET /image HTTP/1.1\r\nHost: images\r\n\r\n")
            other.recv(1)
            client = self.start(f"http://127.0.0.1:{self.origin_port}/image")
            line = client.stderr.readline()
            while line and "503" not in line:
                line = client.stderr.readline()
            self.assertIn("server answered 503 Service Temporarily Unavailable", line)
            occupied.close()
            self.assert_fetched(self.ended(client))


if __name__ == "__main__":
    tap.main()
