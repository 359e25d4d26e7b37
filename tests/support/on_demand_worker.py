# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real worker whose image is read while it arrives, with the test as its supervisor (core/worker/channel.h) and as
the kernel's NBD client. The target is a file, so that no kernel with nbd is needed."""

import concurrent.futures
import ctypes
import fcntl
import os
import pwd
import queue
import socket
import struct
import subprocess
import threading

JOB, PLUGIN, PROGRESS, TARGET, STAGED, FINISHED, FAILED, FILE = range(1, 9)
READY = 19
GRANTED, REFUSED = 1, 2
UNKNOWN = 2**64 - 1
PIECE = 65536
HEAD = 1 << 20
READS_AT, READS_SIZE = 4096 + HEAD, 8 * 32769
BLOCK = 512


class Failed(Exception):
    """The worker has reported this failure."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


def job(url, *options):
    return subprocess.run([os.environ["WORKER_JOB"], url, *options], check=True, stdout=subprocess.PIPE).stdout


def enter_initrd(etc):
    """With the folder `etc` as /etc: in a mount namespace of its own. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    private, bind, new_namespace = 0x44000, 0x1000, 0x20000  # MS_REC | MS_PRIVATE, MS_BIND, CLONE_NEWNS
    if (libc.unshare(new_namespace) or libc.mount(None, b"/", None, private, None)
            or libc.mount(os.fsencode(etc), b"/etc", None, bind, None)):
        raise OSError(ctypes.get_errno(), "entering an initrd")


def memory(size):
    """As FillMemory::make()."""
    fd = os.memfd_create("fill")
    words = -(-(-(-size // PIECE)) // 64)
    os.ftruncate(fd, READS_AT + READS_SIZE + 8 * words)
    return fd


class Kernel:
    """The kernel's end: reads in any order."""

    def __init__(self, connection):
        self._connection = connection
        self._waiting = {}
        self._lock = threading.Lock()
        self._cookies = 0
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def read(self, offset, length):
        """A future: the bytes, or an OSError."""
        future = concurrent.futures.Future()
        with self._lock:
            self._cookies += 1
            self._waiting[self._cookies] = (future, length)
            self._connection.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 0, self._cookies, offset, length))
        return future

    def send(self, text):
        self._connection.sendall(text)

    def disconnect(self):
        with self._lock:
            self._connection.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 2, 0, 0, 0))

    def close(self):
        self._connection.close()

    def _all(self, size):
        text = bytearray()
        while len(text) < size:
            piece = self._connection.recv(min(size - len(text), 1 << 20))
            if not piece:
                raise EOFError
            text += piece
        return bytes(text)

    def _receive(self):
        try:
            while True:
                magic, error, cookie = struct.unpack(">IIQ", self._all(16))
                assert magic == 0x67446698, magic
                future, length = self._waiting.pop(cookie)
                if error:
                    future.set_exception(OSError(error, os.strerror(error)))
                else:
                    future.set_result(self._all(length))
        except (EOFError, OSError):
            pass


class Worker:
    """Context manager. `target` is a path; `memory` that of an earlier worker, whose place this one takes; `etc`
    the folder /etc of the initrd in which it runs. One that `waits` gets no turn."""

    def __init__(self, contents, target, memory=None, etc=None, waits=False):
        self._etc, self._waits, self.is_ready = etc, waits, False
        self._contents, self._target, self.memory = contents, target, memory
        self._takes_over = memory is not None
        self._events = queue.Queue()
        self.size = None  # as the worker has reported it
        self.kernel = None
        self.states = []  # state, detail
        self.present = 0  # bytes, as last reported
        self._changed = threading.Condition()
        self._finished = self._failure = None
        self._ended = False

    def __enter__(self):
        self._channel, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        cancelled, self._cancel = os.pipe()
        self._nbd, self._server = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        fds = (channel.fileno(), cancelled)

        def become_worker():
            copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in fds]  # not in each other's place
            for place, fd in zip((3, 4), copies):
                os.dup2(fd, place)
            if os.geteuid() == 0:
                user = pwd.getpwnam(os.environ["BOOTFERRY_WORKER_USER"])
                if self._etc is not None:
                    enter_initrd(self._etc)
                os.setgroups([])
                os.setgid(user.pw_gid)
                os.setuid(user.pw_uid)

        self.process = subprocess.Popen([os.environ["BOOTFERRY_WORKER"]], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, close_fds=False, preexec_fn=become_worker,
                                        env={"BOOTFERRY_WORKER_PROCESS": "1", "PATH": "/usr/bin:/bin"})
        channel.close()
        os.close(cancelled)
        self._log = []
        self._threads = [threading.Thread(target=self._supervise), threading.Thread(target=self._read_log)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for each in (self._channel, self._nbd, self._server, self.process.stderr):
            each.close()
        if self._cancel is not None:
            os.close(self._cancel)

    # What the test does.

    def wait(self, condition):
        """Until the condition holds; AssertionError if the worker ends before."""
        with self._changed:
            while not condition():
                assert not self._ended, f"the worker has ended: {self._failure}\n{self.log()}"
                self._changed.wait(1)

    def wait_for_target(self):
        """The kernel's end, or the worker's failure."""
        with self._changed:
            while self.kernel is None and not self._ended and self._failure is None:
                self._changed.wait(1)
        if self._failure is not None:
            raise self._failure
        assert self.kernel is not None, self.log()
        return self.kernel

    def wait_until_filled(self):
        self.wait(lambda: self._finished or self._failure)
        if self._failure is not None:
            raise self._failure

    def wait_for_failure(self):
        with self._changed:
            while self._failure is None and not self._ended:
                self._changed.wait(1)
        assert self._failure is not None, self.log()
        return self._failure

    def dismiss(self):
        """The exit status."""
        self._send(struct.pack("=I", GRANTED))
        return self.process.wait()

    def cancel(self):
        os.write(self._cancel, b"\0")
        os.close(self._cancel)
        self._cancel = None

    def abandon(self):
        """As a supervisor that is killed."""
        self._channel.shutdown(socket.SHUT_RDWR)
        os.close(self._cancel)
        self._cancel = None

    def recorded(self):
        """What was read, as the memory has it (core/ondemand/read_record.cpp): the first piece of each row, and how many."""
        rows, = struct.unpack("=Q", os.pread(self.memory, 8, READS_AT))
        numbers = struct.unpack(f"={rows}Q", os.pread(self.memory, 8 * rows, READS_AT + 8))
        return [(number >> 32, number & 0xffffffff) for number in numbers]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def saw(self, *words):
        return any(all(word in detail for word in words) for _, detail in self.states)

    def log(self):
        return b"".join(self._log).decode()

    # What the supervisor does.

    def _read_log(self):
        for line in self.process.stderr:
            self._log.append(line)

    def _send(self, answer, fds=()):
        socket.send_fds(self._channel, [answer], list(fds))

    def _supervise(self):
        try:
            while packet := self._channel.recv(8192):
                with self._changed:
                    self._take(struct.unpack_from("=I", packet)[0], packet[4:])
                    self._changed.notify_all()
        except OSError:
            pass
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @staticmethod
    def _text(packet):
        size, = struct.unpack_from("=I", packet)
        return packet[4:4 + size].decode(), packet[4 + size:]

    def _take(self, call, packet):
        granted = struct.pack("=I", GRANTED)
        if call == JOB:
            fd = os.memfd_create("job")
            os.write(fd, self._contents)
            self._send(granted, [fd])
            os.close(fd)
        elif call == FILE:
            with open(self._text(packet)[0], "rb") as file:
                fd = os.memfd_create("key")
                os.write(fd, file.read())
            os.lseek(fd, 0, os.SEEK_SET)
            self._send(granted, [fd])
            os.close(fd)
        elif call == READY:
            self.is_ready = True
            if not self._waits:
                self._send(granted + struct.pack("=I", self._takes_over))
        elif call == TARGET:
            self._give_target(*struct.unpack("=Q", packet))
        elif call == PROGRESS:
            state, packet = self._text(packet)
            detail, packet = self._text(packet)
            self.states.append((state, detail))
            present, = struct.unpack_from("=Q", packet)
            assert present >= self.present, "progress goes back"
            self.present = present
        elif call == STAGED:
            self._send(granted)
        elif call == FINISHED:
            self._finished = True
        elif call == FAILED:
            code, = struct.unpack_from("=I", packet)
            self._failure = Failed(code, self._text(packet[4:])[0])
            self._send(granted)

    def _give_target(self, size):
        assert (size == UNKNOWN) == self._takes_over, size
        self.size = size
        if self.memory is None:
            self.memory = memory(size)
        capacity = os.path.getsize(self._target)
        fd = os.open(self._target, os.O_RDWR)
        self._send(struct.pack("=IIQ", GRANTED, BLOCK, capacity), [fd, self._server.fileno(), self.memory])
        os.close(fd)
        self._server.close()
        self.kernel = Kernel(self._nbd)
