# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server on loopback that answers each path with bytes that a test chooses, whatever protocol they are of."""

import contextlib
import socketserver

from loopback_server import LoopbackServer


class RawServer(LoopbackServer):
    """Context manager. `answers`: what is sent for each path, or for the whole CONNECT line's target, and then the connection
    is closed; a function is called with the connection. `requests`: the first lines of the requests. `greeting`: what is sent before any
    request."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                if self.server.greeting:
                    self.wfile.write(self.server.greeting)
                first = self.rfile.readline().decode("latin-1").split()
                while self.rfile.readline().strip():
                    pass
                self.server.requests.append(" ".join(first))
                answer = self.server.answers.get(first[1] if len(first) > 1 else "", b"")
                if callable(answer):
                    answer(self.connection)
                else:
                    self.wfile.write(answer)

    def __init__(self, answers, greeting=b""):
        super().__init__(self.Handler)
        self.answers, self.greeting, self.requests = answers, greeting, []


def answer(status, *headers, body=b""):
    """An HTTP answer with these header lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
