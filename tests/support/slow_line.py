# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line to a server that is as slow as a test wants, whatever the number of connections."""

import threading
import time

import tcp_proxy


class SlowLine(tcp_proxy.TcpProxy):
    """All connections together get `rate` bytes per second, which can be changed; None: no limit."""

    def __init__(self, port, rate, **options):
        super().__init__(port, **options)
        self.rate = rate
        self._next, self._turn = time.monotonic(), threading.Lock()

    @property
    def arrived(self):
        """Bytes that were passed to clients."""
        return sum(self.to_client)

    def _await_turn(self, size):
        with self._turn:
            now = time.monotonic()
            self._next = max(now, self._next) + (size / self.rate if self.rate else 0)
            wait = self._next - now
        time.sleep(wait)

    def _pass(self, number, client, server, left=None):
        while piece := server.recv(1 << 14):
            self._await_turn(len(piece))
            client.sendall(piece)
            self.to_client[number] += len(piece)
        return False
