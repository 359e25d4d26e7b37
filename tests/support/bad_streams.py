# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unusable standard streams: closed, on a full disk, a pipe without a reader, and a full pipe that nobody reads."""

import contextlib
import fcntl
import os

CLOSED, FULL_DISK, GONE, UNREAD = "closed", "on a full disk", "a pipe without a reader", "a pipe that nobody reads"
KINDS = (CLOSED, FULL_DISK, GONE, UNREAD)


def _unread_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    fcntl.fcntl(writer, fcntl.F_SETFL, 0)
    return reader, writer


@contextlib.contextmanager
def bad_stream(kind):
    """A descriptor for the child; None: the child closes its own."""
    if kind == CLOSED:
        yield None
        return
    if kind == FULL_DISK:
        reader, writer = None, os.open("/dev/full", os.O_WRONLY)
    elif kind == GONE:
        reader, writer = os.pipe()
        os.close(reader)
        reader = None
    else:
        reader, writer = _unread_pipe()
    try:
        yield writer
    finally:
        os.close(writer)
        if reader is not None:
            os.close(reader)


def closing(numbers, command):
    """The command, started with these descriptors closed."""
    if not numbers:
        return list(command)
    return ["sh", "-c", f'exec "$@" {" ".join(f"{number}>&-" for number in numbers)}', "sh", *command]
