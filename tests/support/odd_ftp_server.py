# SPDX-License-Identifier: LGPL-2.1-or-later
"""An FTP server on loopback that sends the file correctly, but whose other answers a test can choose: the reported size, an
early end, and what it does after a restart."""

import contextlib
import fcntl
import socket
import socketserver
import struct
import termios
import time

from loopback_server import LoopbackServer


class OddFtpServer(LoopbackServer):
    """Context manager; `size`: the text of the answer to SIZE, None: the command is unknown; `opening`: the
    answer when a transfer begins; `cut`: the first transfer and its session end at this byte of the file, with a list
    each transfer in turn, with `parting` as its last words; `passive`: the answer to EPSV and PASV; `restart`: the answer to RETR after REST, None: REST is unknown; `ignores_restart`: REST is
    acknowledged, and the file is sent from its start; `resets`: what the first transfers say on the control connection after
    their data connection was reset in place of its end, "": nothing, and their sessions end; `honours`: as many restarts are honoured before; `logins`: the
    answers to the first logins; `greetings`: the first greetings, each the end of its connection; `tls`: the context of
    explicit TLS, also of the data where the client asks for that; `mute`: nothing is said after the data; `answers`:
    that to each of some commands, in place of what it is."""

    class Handler(socketserver.StreamRequestHandler):
        protects_data = False

        def handle(self):
            with contextlib.suppress(OSError):  # the client may go away at any time
                self.converse()

        def converse(self):
            if self.server.greetings:
                self.say(self.server.greetings.pop(0))
                return
            self.say("220 ready")
            data, offset = None, 0
            while line := self.rfile.readline():
                command = line.split()[0].decode().upper()
                if command in self.server.answers:
                    self.say(self.server.answers[command])
                elif command == "AUTH" and self.server.tls:
                    self.say("234 go ahead")
                    self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                    self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
                elif command == "PROT":
                    self.protects_data = line.split()[1] == b"P"
                    self.say("200 so be it")
                elif command in ("EPSV", "PASV") and self.server.passive:
                    self.say(self.server.passive)
                elif command == "EPSV":
                    data = socket.create_server(("127.0.0.1", 0))
                    self.say(f"229 extended (|||{data.getsockname()[1]}|)")
                elif command == "EPRT":
                    data = line.split(b"|")[2].decode(), int(line.split(b"|")[3])
                    self.say("200 connecting to you")
                elif command == "REST" and (self.server.restart or self.server.ignores_restart):
                    offset = int(line.split()[1])
                    self.say("350 restarting")
                elif command == "RETR":
                    self.server.offsets.append(offset)
                    if offset and self.server.restart:
                        self.say(self.server.restart)
                        offset = 0
                        continue
                    honoured = offset if self.server.honours > 0 else 0
                    self.server.honours -= 1 if offset else 0
                    offset = 0
                    if not self.send(data, honoured):
                        return
                elif command == "USER" and self.server.logins:
                    self.say(self.server.logins.pop(0))
                else:
                    self.say({"USER": "230 welcome", "PWD": '257 "/"', "TYPE": "200 binary", "CWD": "250 there",
                              "MDTM": "213 20240101000000", "PBSZ": "200 0", "SIZE": self.server.size, "QUIT": "221 bye"}.get(command)
                             or "500 not known")

        def say(self, words):
            self.wfile.write(words.encode() + b"\r\n")

        def send(self, data, offset):
            """False: the session is over."""
            self.say(self.server.opening)
            cut = self.server.cuts.pop(0) if self.server.cuts else None
            with self.data_connection(data) as client, contextlib.suppress(OSError):
                client.sendall(self.server.content[offset:cut])
                if self.protects_data and cut is None:
                    client.unwrap()
                if self.server.resets:
                    self.reset(client)
                    words = self.server.resets.pop(0)
                    self.say(words) if words else None
                    return bool(words)
            if not self.server.mute and (cut is None or self.server.parting):
                self.say("226 done" if cut is None else self.server.parting)
            return cut is None

        def data_connection(self, data):
            """data: what the client connects to, or in active mode the place that it waits at."""
            if isinstance(data, tuple):
                client = socket.create_connection(data)
            else:
                with data:
                    client = data.accept()[0]
            return self.server.tls.wrap_socket(client, server_side=True) if self.protects_data else client

        def reset(self, client):
            """After the client's machine has all the bytes."""
            while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]:
                time.sleep(0.01)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    def __init__(self, content, size=None, opening="150 here it comes", cut=None, restart=None,
                 ignores_restart=False, honours=0, logins=(), greetings=(), resets=(), tls=None, parting="", passive="",
                 mute=False, answers=None):
        super().__init__(self.Handler)
        self.content, self.size, self.opening, self.restart = content, size, opening, restart
        self.cuts = [cut] if isinstance(cut, int) else list(cut or ())
        self.ignores_restart, self.honours = ignores_restart, honours
        self.resets, self.tls, self.parting, self.passive = list(resets), tls, parting, passive
        self.mute, self.answers = mute, dict(answers or {})
        self.offsets, self.logins, self.greetings = [], list(logins), list(greetings)
