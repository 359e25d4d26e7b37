# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private tftpd-hpa on loopback that serves one folder; the machine's own one is not touched.

It will not start without root. `options` are more options of in.tftpd(8).
"""

import os
import pathlib
import shutil
import socket
import time

import processes

_PROGRAM = shutil.which("in.tftpd", path=os.environ["PATH"] + ":/usr/sbin")
_REQUEST = b"\0\1no-such-file\0octet\0"


class Tftpd:
    """Context manager; `port` is taken at construction, so that tests can start the server late."""

    def __init__(self, documents, address="127.0.0.1", options=()):
        self.address = address
        self.port = processes.free_port(address)
        self._documents, self._options = pathlib.Path(documents), options
        self._process = None

    @staticmethod
    def missing():
        """Why it cannot be started here, or None."""
        if _PROGRAM is None:
            return "tftpd-hpa is not installed"
        return None if os.geteuid() == 0 else "tftpd-hpa needs root"

    def start(self):
        self._process = processes.start([_PROGRAM, "--foreground", "--listen", "--user", "nobody", "--secure", "--address",
                                         f"{self.address}:{self.port}", *self._options, str(self._documents)])
        processes.wait_for(self._process, self._answers)
        return self

    def _answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.5)
            try:
                client.sendto(_REQUEST, (self.address, self.port))
                return bool(client.recv(1000))
            except OSError:
                time.sleep(0.05)
                return False

    def stop(self):
        if self._process is not None:
            processes.stop_all(self._process)
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
