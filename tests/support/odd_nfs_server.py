# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server of NFS version 3 with one file (RFC 1813, over RFC 5531) that does what no real server can be made to do: it closes
the connection once after so many answers to READ."""

import contextlib
import socketserver
import struct
import threading
import time

OK = 0
LOOKUP, ACCESS, READ, FSINFO, PATHCONF, GETATTR = 3, 4, 6, 19, 20, 1
MOUNT_PROGRAM = 100005
MOUNT, EXPORTS = 1, 5
FOLDER_HANDLE, FILE_HANDLE = b"folder..", b"file...."
MAXIMUM = 1 << 20


def opaque(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def words(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            self.answer_calls()

    def answer_calls(self):
        while call := self.record():
            xid, _, _, program, _, procedure, _, credentials = struct.unpack(">8I", call[:32])
            verifier = 32 + credentials
            arguments = call[verifier + 8 + struct.unpack(">I", call[verifier + 4:verifier + 8])[0]:]
            answer = words(xid, 1, 0, 0, 0, 0) + self.answer(program, procedure, arguments)
            self.wfile.write(words(len(answer) | 1 << 31) + answer)
            if program != MOUNT_PROGRAM and procedure == READ and self.server.odd.closes():
                return

    def record(self):
        record = b""
        while header := self.rfile.read(4):
            length = struct.unpack(">I", header)[0]
            record += self.rfile.read(length & 0x7fffffff)
            if length >> 31:
                break
        return record

    def answer(self, program, procedure, arguments):
        odd = self.server.odd
        if program == MOUNT_PROGRAM:
            return {MOUNT: words(OK) + opaque(FOLDER_HANDLE) + words(1, 1), EXPORTS: words(0)}.get(procedure, b"")
        if procedure == 0:
            return b""
        length = struct.unpack(">I", arguments[:4])[0]
        handle, rest = arguments[4:4 + length], arguments[4 + length + -length % 4:]
        attributes = odd.attributes(handle == FILE_HANDLE)
        known = words(OK, 1) + attributes
        if procedure == GETATTR:
            return words(OK) + attributes
        if procedure == LOOKUP:
            return words(OK) + opaque(FILE_HANDLE) + words(1) + odd.attributes(True) + known[4:]
        if procedure == ACCESS:
            return known + rest[:4]
        if procedure == FSINFO:
            return known + words(MAXIMUM, MAXIMUM, 4096, MAXIMUM, MAXIMUM, 4096, 4096) + struct.pack(">Q", 1 << 40) + words(0, 1, 27)
        if procedure == PATHCONF:
            return known + words(32000, 255, 1, 1, 0, 1)
        if procedure == READ:
            return known + odd.part(*struct.unpack(">QI", rest[:12]))
        return words(10004)  # NFS3ERR_NOTSUPP


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class OddNfsServer:
    """closes_after: answers to READ, then once a moment in which all of them arrive, and the end of the connection."""

    def __init__(self, content, closes_after):
        self.content, self.closes_after = content, closes_after
        self.reads = 0
        self.lock = threading.Lock()
        self.servers = [Server(("127.0.0.1", 0), Connection) for _ in range(2)]
        self.port, self.mount_port = [server.server_address[1] for server in self.servers]
        self.threads = []
        for server in self.servers:
            server.odd = self
            self.threads.append(threading.Thread(target=server.serve_forever))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for server, thread in zip(self.servers, self.threads):
            server.shutdown()
            thread.join()
            server.server_close()

    def url(self, **query):
        more = "".join(f"&{key.replace('_', '-')}={value}" for key, value in query.items())
        return f"nfs://127.0.0.1:{self.port}/export/image?mount-port={self.mount_port}{more}"

    def closes(self):
        with self.lock:
            self.reads += 1
            now = self.reads == self.closes_after
        if now:
            time.sleep(0.3)
        return now

    def attributes(self, is_file):
        kind, number, size = (1, 2, len(self.content)) if is_file else (2, 1, 4096)
        return words(kind, 0o755, 1, 0, 0) + struct.pack(">5Q", size, size, 0, 1, number) + words(1000, 0, 1000, 0, 1000, 0)

    def part(self, offset, count):
        data = self.content[offset:offset + count]
        is_end = offset + len(data) >= len(self.content)
        return words(len(data), int(is_end)) + opaque(data)
