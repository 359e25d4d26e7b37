# SPDX-License-Identifier: LGPL-2.1-or-later
"""An FTP server on loopback that sends the file correctly, but reports the size that a test chooses."""

import contextlib
import socket
import socketserver
import threading


class OddFtpServer(socketserver.ThreadingTCPServer):
    """Context manager; `size`: the text of the answer to SIZE, None: the command is unknown; `opening`: what it
    says when a transfer begins."""

    allow_reuse_address = daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 ready")
            data = None
            for line in self.rfile:
                command = line.split()[0].decode().upper()
                if command == "EPSV":
                    data = socket.create_server(("127.0.0.1", 0))
                    self.say(f"229 extended (|||{data.getsockname()[1]}|)")
                elif command == "RETR":
                    self.send(data)
                else:
                    self.say({"USER": "230 welcome", "PWD": '257 "/"', "TYPE": "200 binary", "CWD": "250 there",
                              "MDTM": "213 20240101000000", "SIZE": self.server.size, "QUIT": "221 bye"}.get(command)
                             or "500 not known")

        def say(self, words):
            self.wfile.write(words.encode() + b"\r\n")

        def send(self, data):
            self.say(self.server.opening)
            with data, data.accept()[0] as client, contextlib.suppress(OSError):
                client.sendall(self.server.content)
            self.say("226 done")

    def __init__(self, content, size=None, opening="150 here it comes"):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.content, self.size, self.opening = content, size, opening
        self.port = self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
