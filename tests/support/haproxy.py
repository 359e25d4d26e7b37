# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private haproxy on loopback before one http server, which takes one request at a time."""

import os
import pathlib
import shutil
import tempfile

import processes

_PROGRAM = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")

_CONFIG = """
defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
    timeout queue 300ms
listen all
    bind 127.0.0.1:{port}
    server only 127.0.0.1:{behind} maxconn 1
"""


class Haproxy:
    """Context manager; `behind` is the server's port. A request that waits in the queue for too long is answered 503."""

    def __init__(self, behind):
        self.port = processes.free_port()
        self._behind = behind
        self._state = self._process = None

    @staticmethod
    def missing():
        """Why it cannot be started here, or None."""
        return None if _PROGRAM is not None else "haproxy is not installed"

    def __enter__(self):
        self._state = tempfile.TemporaryDirectory(prefix="bootferry-haproxy-")
        configuration = pathlib.Path(self._state.name) / "haproxy.cfg"
        configuration.write_text(_CONFIG.format(port=self.port, behind=self._behind))
        self._process = processes.start([_PROGRAM, "-db", "-q", "-f", str(configuration)])
        processes.wait_for_port(self._process, self.port)
        return self

    def __exit__(self, *_):
        processes.stop(self._process)
        self._state.cleanup()
