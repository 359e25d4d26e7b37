# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus client of a few lines, for what no well-behaved client does: not reading, lying about its sender,
and telling when exactly a message was read. Little endian, as all machines the tests run on.
"""

import os
import socket
import struct
import time

METHOD_RETURN = 2
_CALL, _SIGNAL = 1, 4
_FIXED = "<BBBBIII"  # endianness, type, flags, version, length of the body, serial, length of the fields


def _aligned(size):
    return -size % 8


def _field(code, kind, value):
    data = value.encode()
    length = struct.pack("<I", len(data)) if kind in "so" else bytes([len(data)])
    return bytes([code, 1]) + kind.encode() + b"\0" + length + data + b"\0"


class RawClient:
    """A connection to the service at `path`, authenticated."""

    def __init__(self, path, hello=True):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._serial = 0
        uid = str(os.geteuid()).encode().hex().encode()
        self._socket.sendall(b"\0AUTH EXTERNAL " + uid + b"\r\nBEGIN\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._exactly(1)
        if not line.startswith(b"OK"):
            raise AssertionError(f"not let in: {line!r}")
        if hello:
            self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def call(self, destination, path, interface, member, *, sender=None, signature=None, body=b""):
        self._serial += 1
        fields = [_field(1, "o", path), _field(2, "s", interface), _field(3, "s", member), _field(6, "s", destination)]
        if sender:
            fields.append(_field(7, "s", sender))
        if signature:
            fields.append(_field(8, "g", signature))
        header = b""
        for field in fields:
            header += bytes(_aligned(len(header))) + field
        fixed = struct.pack(_FIXED, ord("l"), _CALL, 0, 1, len(body), self._serial, len(header))
        self._socket.sendall(fixed + header + bytes(_aligned(len(header))) + body)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def message(self):
        """The next message as (type, header, body, time it was read). EOFError when the service closed the connection."""
        fixed = self._exactly(16)
        _, kind, _, _, body, _, fields = struct.unpack(_FIXED, fixed)
        header = self._exactly(fields + _aligned(fields))
        return kind, header, self._exactly(body), time.monotonic()

    def signals(self):
        while True:
            message = self.message()
            if message[0] == _SIGNAL:
                yield message
