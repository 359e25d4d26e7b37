# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for bootferry-transfer, written by a test: what a worker that was taken over might do. It speaks the
channel of core/worker/channel.h over the descriptors that a worker is given. The verifying process beside it is the
real one.

    worker = stand_in_worker.write(folder, "job(); plugin(); failed(4, 'no')")

is the path of a program for $BOOTFERRY_WORKER that runs that code."""

import os
import pathlib

_PRELUDE = r'''
import array, os, socket, struct, sys, time

if "--verify" in sys.argv:
    os.execv(REAL, [REAL, "--verify"])

JOB, PLUGIN, PROGRESS, TARGET, STAGED, FINISHED, FAILED, FILE = range(1, 9)
CHECKSUM, DONE, RELAY, RELAYED, ABANDONED = range(13, 18)
TRANSFER, OPTION_CHECK, _, _, LIST_OF_TRANSFER = range(5)  # purposes of a job: worker_process.h
SOURCE, BYTES, END, CHANGED, LAST_BYTES, RESTARTED, CAN_DISCARD = range(1, 8)  # to the verifying process: relay_channel.h
BEGIN, AGAIN, _, FINISH = range(1, 5)                             # from it
UNKNOWN = 2**64 - 1
channel = socket.socket(fileno=3)

def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack("=I", len(value)) + value

def send(call, *parts):
    channel.send(struct.pack("=I", call) + b"".join(parts))

def answer():
    """The answer and its descriptors."""
    reply, control, _, _ = channel.recvmsg(8192, socket.CMSG_SPACE(64 * 4))
    fds = array.array("i")
    for _, _, piece in control:
        fds.frombytes(piece[:len(piece) // 4 * 4])
    return reply, list(fds)

def job():
    send(JOB)
    return os.fdopen(answer()[1][0], "rb").read()

def purpose_of(job):
    return struct.unpack_from("=I", job)[0]

def checksum(value, code=0):
    send(CHECKSUM, struct.pack("=I", code), text(value))

def done():
    """The end of a job other than a transfer."""
    send(DONE)
    answer()
    sys.exit()

def file(path):
    """The contents of the copy, or the refusal."""
    send(FILE, text(path))
    reply, fds = answer()
    return os.fdopen(fds[0], "rb").read() if fds else reply

def plugin(name="stand-in 1"):
    send(PLUGIN, text(name))

def progress(state="transferring", detail="", received=0, total=UNKNOWN, written=0, attempt=1):
    send(PROGRESS, text(state), text(detail), struct.pack("=QQQI", received, total, written, attempt))

def target(size=UNKNOWN):
    send(TARGET, struct.pack("=Q", size))
    return answer()

def staged(received, written, digest=""):
    send(STAGED, struct.pack("=QQ", received, written), text(digest))
    return answer()

def finished(received, written, digest=""):
    send(FINISHED, struct.pack("=QQ", received, written), text(digest))
    return answer()

def failed(code, reason):
    send(FAILED, struct.pack("=I", code), text(reason))
    return answer()

class Relay:
    """The receiving process's ends: the pipe and the socket to the verifying process, which has begun."""
    def __init__(self):
        send(RELAY)
        _, (self.pipe, fd) = answer()
        self.socket = socket.socket(fileno=fd)
        self.heard(BEGIN)

    def say(self, kind, *parts):
        self.socket.send(struct.pack("=I", kind) + b"".join(parts))

    def heard(self, kind):
        """Waits for this message; its contents."""
        while True:
            packet = self.socket.recv(70_000)
            if not packet:
                raise EOFError
            if struct.unpack_from("=I", packet)[0] == kind:
                return packet[4:]

    def put(self, content):
        os.write(self.pipe, content)
        self.say(BYTES, struct.pack("=Q", len(content)))

    def source(self, size=UNKNOWN, validator=""):
        self.say(SOURCE, struct.pack("=Q", size), text(validator), struct.pack("=Q", 0))

def relayed():
    send(RELAYED)
    return answer()
'''


def write(folder, code):
    path = pathlib.Path(folder) / "stand-in-worker"
    path.write_text(f"#!/usr/bin/env python3\nREAL = {os.environ['BOOTFERRY_WORKER']!r}\n{_PRELUDE}\n{code}\n")
    path.chmod(0o755)
    return path
