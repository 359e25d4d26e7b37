# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server on loopback that a test writes itself: a thread for each connection, a port of its own."""

import socketserver
import threading


class LoopbackServer(socketserver.ThreadingTCPServer):
    """Context manager. `handler`: a socketserver.BaseRequestHandler."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.port = self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
