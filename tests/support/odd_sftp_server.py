# SPDX-License-Identifier: LGPL-2.1-or-later
"""An sftp server as the protocol allows it, or not, for an sshd's Subsystem: odd_sftp_server.py HOW

    short       answers with a part of what it was asked for
    backwards   answers several requests in the opposite order
    sizeless    tells nothing of the file
    more        answers with more than it was asked for
    unasked     answers requests that nobody made, without an end
    endless     announces an answer of 4 GiB
    shrinks     has half of the file that it announced
    grows       has a byte of the file more each time it is asked
    fails       fails in the middle of the file
    garbage     sends random bytes in the middle of the file
    bytewise    answers with a single byte
    mute        does not open the file, and says nothing
    empty       answers with no bytes
"""

import os
import select
import struct
import sys

INIT, OPEN, READ, FSTAT, VERSION, STATUS, HANDLE, DATA, ATTRS = 1, 3, 5, 8, 2, 101, 102, 103, 105
EOF, FAILURE, UNSUPPORTED = 1, 4, 8


def send(kind, body):
    sys.stdout.buffer.write(struct.pack(">IB", 1 + len(body), kind) + body)
    sys.stdout.buffer.flush()


def receive(count):
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def more_comes():
    return bool(select.select([0], [], [], 0.02)[0])


def text(body):
    length = struct.unpack_from(">I", body)[0]
    return body[4:4 + length], body[4 + length:]


def main(how):
    file = None
    waiting = []
    while True:
        message = receive(struct.unpack(">I", receive(4))[0])
        kind, number, body = message[0], message[1:5], message[5:]
        if kind == INIT:
            send(VERSION, struct.pack(">I", 3))
        elif kind == OPEN and how == "mute":
            pass
        elif kind == OPEN:
            file = os.open(text(body)[0], os.O_RDONLY)
            send(HANDLE, number + struct.pack(">I", 1) + b"h")
        elif kind == FSTAT:
            size = os.fstat(file).st_size
            send(ATTRS, number + (struct.pack(">I", 0) if how == "sizeless" else struct.pack(">IQ", 1, size)))
        elif kind == READ:
            if how == "unasked":
                number = struct.pack(">I", 0xffff)
            offset, length = struct.unpack(">QI", text(body)[1])
            size = os.fstat(file).st_size
            length = {"short": length // 3 + 1, "bytewise": 1, "empty": 0}.get(how, length)
            content = os.pread(file, length, offset)
            if how == "shrinks":
                content = content[:max(0, size // 2 - offset)]
            if how == "grows":
                content += b"x" * min(length - len(content), 1)
            if how == "garbage" and offset > size // 2:
                sys.stdout.buffer.write(os.urandom(1_000_000))
            if how == "more":
                content += b"x" * 100_000
            if how == "endless":
                sys.stdout.buffer.write(struct.pack(">I", 0xffffffff))
            answer = (DATA, number + struct.pack(">I", len(content)) + content) if content or how == "empty" else (
                STATUS, number + struct.pack(">III", EOF, 0, 0))
            if how == "fails" and offset > size // 2:
                answer = (STATUS, number + struct.pack(">III", FAILURE, 0, 0))
            waiting.append(answer)
            if how != "backwards" or len(waiting) == 4 or not more_comes():
                while True:
                    for answer in reversed(waiting):
                        send(*answer)
                    if how != "unasked":
                        break
                waiting = []
        else:
            send(STATUS, number + struct.pack(">III", UNSUPPORTED, 0, 0))


main(sys.argv[1])
