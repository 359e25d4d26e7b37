# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP proxy on loopback that breaks connections on request, for protocols that no test server speaks.

Each connection takes the next fault from a list, and is served correctly when the list is empty. The bytes to
the client are counted, so that a test can distinguish a resumed transfer from a restarted one.
"""

import contextlib
import socket
import struct
import threading


class Cut:
    """Ends the connection after this number of bytes to the client."""

    def __init__(self, after):
        self.after = after


class Stall:
    """Stalls the connection after this number of bytes to the client, until resume() or cut()."""

    def __init__(self, after):
        self.after = after


class TcpProxy:
    """Context manager. `stalled` is set as soon as a connection stalls; `to_client`: bytes, a number for each
    connection. resume() continues those that stall, cut() ends them."""

    def __init__(self, port, faults=(), target_address="127.0.0.1", address="127.0.0.1", own_port=0):
        self.to_client = []
        self.stalled = threading.Event()
        self._target = (target_address, port)
        self._faults = list(faults)
        self._lock = threading.Lock()
        self._open = set()
        self._stalling = []
        self._cutting = False
        self._threads = []
        self._listener = socket.create_server((address, own_port))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def resume(self):
        with self._lock:
            for gone in self._stalling:
                gone.set()

    def cut(self):
        self._cutting = True
        self.resume()

    def _start(self, action, *arguments):
        thread = threading.Thread(target=action, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._serve(client)

    def _serve(self, client):
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        with self._lock:
            number = len(self.to_client)
            self.to_client.append(0)
            fault = self._faults.pop(0) if self._faults else None
            self._open |= {client, server}
        gone = threading.Event()
        self._start(self._forward, client, server, gone)
        self._start(self._return, number, client, server, fault, gone)

    def _forward(self, client, server, gone):
        with contextlib.suppress(OSError):
            while piece := client.recv(1 << 16):
                server.sendall(piece)
        gone.set()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes the other direction, which closes both

    def _return(self, number, client, server, fault, gone):
        with contextlib.suppress(OSError):
            if fault is None or self._pass(number, client, server, fault.after):
                broken = isinstance(fault, Cut)
                if isinstance(fault, Stall):
                    # Closed by a reset, as by a client that is gone; the server would else wait for its window.
                    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    with self._lock:
                        self._stalling.append(gone)
                    self.stalled.set()
                    gone.wait()
                    broken = self._cutting
                if not broken:
                    self._pass(number, client, server)
        with self._lock:
            self._open -= {client, server}
        for connection in (client, server):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _pass(self, number, client, server, left=None):
        """Forwards bytes to the client; False if the server ended before so many."""
        while left != 0:
            piece = server.recv(1 << 16 if left is None else min(1 << 16, left))
            if not piece:
                return False
            client.sendall(piece)
            self.to_client[number] += len(piece)
            left = None if left is None else left - len(piece)
        return True
