# SPDX-License-Identifier: LGPL-2.1-or-later
"""A scripted dolly server for one node. It is written from docs/dolly.md, and so checks that description independently
of the sender."""

import hashlib
import socket
import struct
import time

DATA, CONTROL = 9998, 9997


def classic_tab(hosts, extra=""):
    return (f"infile image\noutfile /image\n{extra}server head\nfirstclient {hosts[0]}\nlastclient {hosts[-1]}\n"
            f"clients {len(hosts)}\n" + "".join(f"{host}\n" for host in hosts) + "endconfig\n").encode()


def newer_tab(hosts):
    return ("infile image\noutfile /image\n" + "".join(f"{host}\n" for host in hosts) + "endconfig\n").encode()


class DollyPeer:
    """Context manager; connects as soon as the node listens. `data` has one socket for each interface."""

    def __init__(self, address, interfaces=1, timeout=120):
        self.data = []
        deadline = time.monotonic() + timeout
        while True:
            try:
                # The control port is open before the other one.
                self.data = [socket.create_connection((address, DATA), timeout) for _ in range(interfaces)]
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)  # a node that is not there yet gives no event
        if interfaces > 1:
            for number, data in enumerate(self.data):
                data.sendall(struct.pack("=I", number))
        self.control = socket.create_connection((address, CONTROL), timeout)

    def greet_classic(self, tab):
        self.control.sendall(tab)

    def greet_newer(self, tab, password=None):
        """True if the node's answer to the challenge is right."""
        self.control.sendall(b"\1" if password else b"\0")
        right = True
        if password:
            nonce = b"n" * 32
            self.control.sendall(nonce)
            proof = self.receive(32)
            right = proof == hashlib.sha256(hashlib.sha256(password).digest() + nonce).digest()
            self.control.sendall(b"OK\0" if right else b"AUTH_FAILED:node\0")
        self.control.sendall(struct.pack("=I", 0) + tab)
        return right

    def receive(self, count):
        octets = b""
        while len(octets) < count:
            piece = self.control.recv(count - len(octets))
            if not piece:
                break
            octets += piece
        return octets

    def lines_until_ready(self, nodes):
        """Reads the lines of the nodes until the last node is ready."""
        lines, text = [], b""
        while sum(" ready" in line for line in lines) < nodes:
            piece = self.control.recv(4096)
            if not piece:
                raise ConnectionError(f"the node closed the connection; its lines: {lines}")
            text += piece
            *whole, text = text.split(b"\n")
            lines += [line.decode() for line in whole]
        return lines

    def send(self, image, block=4096):
        if len(self.data) == 1:
            self.data[0].sendall(image)
            return
        for number, start in enumerate(range(0, len(image), block)):
            self.data[number % len(self.data)].sendall(image[start:start + block])

    def send_total(self, total):
        self.control.sendall(struct.pack("=Q", total))

    def acknowledgement(self):
        """The number of acknowledged bytes; None if the node closed the connection."""
        octets = self.receive(8)
        return struct.unpack("=Q", octets)[0] if len(octets) == 8 else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in [*self.data, self.control]:
            connection.close()
