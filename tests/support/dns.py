# SPDX-License-Identifier: LGPL-2.1-or-later
"""A name server that knows a handful of names: UDP, A and AAAA records, NXDOMAIN for the rest.

It listens on port 53 of a loopback address of its own, because QEMU's DNS proxy asks port 53 only;
127.0.0.0/8 has room beside whatever the machine itself runs there.
"""

import ipaddress
import socket
import struct
import threading

_A, _AAAA, _NXDOMAIN = 1, 28, 3


class NameServer:
    """Context manager. `names`: name → list of address texts. `asked` collects the names asked for."""

    def __init__(self, names, address="127.0.66.53"):
        self.address = address
        self.asked = []
        self._names = {name.lower(): [ipaddress.ip_address(text) for text in texts] for name, texts in names.items()}
        self._socket = None
        self._thread = None

    def __enter__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        # An empty datagram to itself ends the loop; closing alone would not wake recvfrom().
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", (self.address, 53))
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            if len(query) > 12:
                self._socket.sendto(self._answer(query), client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
            at += 1 + query[at]
        end = at + 5  # the root label, type, class
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append(name)
        known = self._names.get(name)
        addresses = [address for address in known or () if {_A: 4, _AAAA: 6}.get(kind) == address.version]
        flags = 0x8580 | (0 if known is not None else _NXDOMAIN)  # an answer, authoritative
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(address.packed)) + address.packed
            for address in addresses)
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + query[12:end] + records
