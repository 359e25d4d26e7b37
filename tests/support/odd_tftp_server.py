# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TFTP server on loopback (RFC 1350, 2347 to 2349) that sends one file, and whose oddities a test can choose."""

import contextlib
import socket
import struct
import threading

import processes


class OddTftpServer:
    """Context manager. `knows_options`: if False, options are ignored, and blocks have 512 bytes. `size`: what it says that
    the file has. `stop`: the first transfer ends without a word after so many blocks. `error`: answered to each request, a
    code and words. `requests`: name and options of each."""

    def __init__(self, content, knows_options=True, size=None, stop=None, error=None):
        self.content, self.knows_options, self.stop, self.error = content, knows_options, stop, error
        self.size = len(content) if size is None else size
        self.requests = []
        self.port = processes.free_port()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                request, client = self._socket.recvfrom(1000)
                name, _, *words = request[2:].split(b"\0")
                self.requests.append((name.decode(), dict(zip(map(bytes.decode, words[::2]), map(bytes.decode, words[1::2])))))
                threading.Thread(target=self._serve, args=(client, self.requests[-1][1]), daemon=True).start()

    def _serve(self, client, options):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as session, contextlib.suppress(OSError):
            session.bind(("127.0.0.1", 0))
            session.connect(client)
            session.settimeout(10)
            if self.error:
                session.send(struct.pack("!HH", 5, self.error[0]) + self.error[1].encode() + b"\0")
                return
            block_size, stop, self.stop = 512, self.stop, None
            if self.knows_options and options:
                block_size = int(options.get("blksize", "512"))
                answer = f"blksize\0{block_size}\0tsize\0{self.size}\0".encode()
                self._exchange(session, b"\0\6" + answer, 0)
            for number in range(len(self.content) // block_size + 1):
                if number == stop:
                    return
                block = self.content[number * block_size:(number + 1) * block_size]
                self._exchange(session, struct.pack("!HH", 3, (number + 1) & 0xffff) + block, (number + 1) & 0xffff)

    @staticmethod
    def _exchange(session, packet, number):
        session.send(packet)
        while struct.unpack("!HH", session.recv(100)[:4]) != (4, number):
            pass
