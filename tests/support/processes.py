# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts the servers and virtual machines that tests need, so that none outlives its test.

The kernel kills each child when its parent dies (PR_SET_PDEATHSIG), so even a test that is killed with
SIGKILL leaves nothing running. Nothing here polls with sleep(): a server is ready when it accepts a
connection or reports that it is ready.
"""

import contextlib
import ctypes
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import unittest

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

# tests/run sets it for the programs of the sanitizers' build. Not ASAN_OPTIONS, which newer versions of meson always set.
sanitized = "LSAN_OPTIONS" in os.environ
without_sanitizers = unittest.skipIf(sanitized,
                                     "the sanitizers need /proc and a process that can be traced")


def start(command, *, orphaned=signal.SIGKILL, **options):
    """Popen in a session of its own (a Ctrl-C at the terminal is ours to handle, not the child's). `orphaned` is what
    ends it when its parent is gone: a server with processes of its own has to end those."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(command, start_new_session=True,
                            preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, orphaned), **options)


@contextlib.contextmanager
def running(command, **options):
    """start(), and stop() at the end of the block."""
    process = start(command, **options)
    try:
        yield process
    finally:
        stop(process)


def stop(process, grace=10):
    """Ends one child, with SIGTERM first, and reaps it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def children(process):
    """The numbers of the processes that the one with this number started, and that still run."""
    try:
        text = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for child in text.split()]


def unnamed_file(process):
    """The path of the unnamed file (O_TMPFILE) that the process with this number has open; None if it has none."""
    descriptors = pathlib.Path(f"/proc/{process}/fd")
    with contextlib.suppress(OSError):
        for descriptor in descriptors.iterdir():
            with contextlib.suppress(OSError):
                if re.search(r"/#\d+ \(deleted\)$", os.readlink(descriptor)):
                    return descriptor
    return None


def stop_all(process):
    """Kills one child and all its descendants with SIGKILL."""
    generations = [[process.pid]]
    while generations[-1]:
        generations.append([child for parent in generations[-1] for child in children(parent)])
    for number in (number for generation in generations for number in generation):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    stop(process)


def free_port(address="127.0.0.1"):
    """A TCP port that nobody listens on. It is none of those that the kernel gives to the near end of a connection
    by itself, so that no such connection has it by the time the caller's server wants it."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in random.sample(range(10000, lowest), 100):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError as error:
                refused = error
    raise refused


def wait_for_port(process, port, address="127.0.0.1", timeout=120):
    """Returns when `process` accepts connections; fails early when it has exited instead."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError as error:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} exited with status {process.returncode}") from error
            if time.monotonic() > deadline:
                raise RuntimeError(f"{process.args[0]} does not listen on port {port}") from error
            time.sleep(0.05)  # the server gives no event to wait for


def wait_for(process, condition, timeout=120):
    """Returns when condition() holds; fails early when `process` has exited instead."""
    deadline = time.monotonic() + timeout
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} exited with status {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {timeout} s for {process.args[0]}")
        time.sleep(0.02)  # what is waited for gives no event


def read_until(stream, words):
    """Reads lines until one contains these words; returns all that was read. The end of the stream comes too early."""
    seen = ""
    for line in iter(stream.readline, ""):
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"'{words}' did not come:\n{seen}")
