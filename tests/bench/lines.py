# SPDX-License-Identifier: LGPL-2.1-or-later
"""Slow lines. Rates by the kernel's token bucket on the bench's own loopback device; delays, for which many
kernels have no netem, by a proxy in a process of its own that hands each piece on a while after it came.

As a program: lines.py PORT DELAY RATE
"""

import contextlib
import pathlib
import queue
import socket
import subprocess
import sys
import threading
import time

_HERE = pathlib.Path(__file__).resolve()


def limit(device, rate):
    """The command that limits what leaves by `device` to this rate in bits per second ("200mbit")."""
    return ["tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "256k", "latency", "100ms"]


@contextlib.contextmanager
def limited(rate):
    """Loopback as such a line."""
    subprocess.run(limit("lo", rate), check=True)
    try:
        yield
    finally:
        subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=True)


@contextlib.contextmanager
def delayed(port, round_trip, rate=0):
    """The port of a proxy before `port`: `round_trip` seconds away, at most `rate` bytes a second for each
    connection (0: no limit)."""
    process = subprocess.Popen([sys.executable, _HERE, str(port), str(round_trip / 2), str(rate)],
                               stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Direction:
    """One direction of one connection: one thread receives, another one sends when the delay is over."""

    _ROOM = 1024  # pieces under way: more than any window

    def __init__(self, source, sink, delay, rate):
        self._source, self._sink, self._delay, self._rate = source, sink, delay, rate
        self._pieces = queue.Queue(self._ROOM)
        for action in (self._take, self._hand_on):
            threading.Thread(target=action, daemon=True).start()

    def _take(self):
        piece = b"x"
        while piece:
            try:
                piece = self._source.recv(1 << 18)
            except OSError:
                piece = b""
            self._pieces.put((time.monotonic() + self._delay, piece))

    def _hand_on(self):
        free = 0.0  # when the line has sent what it was given
        while True:
            due, piece = self._pieces.get()
            for start in range(0, len(piece), 1 << 16):
                part = piece[start:start + (1 << 16)]
                free = max(free, due, time.monotonic() - 0.05) + (len(part) / self._rate if self._rate else 0)
                time.sleep(max(0.0, free - time.monotonic()))
                try:
                    self._sink.sendall(part)
                except OSError:
                    piece = b""
                    break
            if not piece:
                for end in (self._source, self._sink):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RD if end is self._source else socket.SHUT_WR)
                return


def _serve(port, delay, rate):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Direction(client, server, delay, 0)
            _Direction(server, client, delay, rate)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
