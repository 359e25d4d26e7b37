# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes out of a virtual machine's serial port, as text that can be waited for.

A thread reads it as it comes, keeps all of it in a file, and wakes those that wait. Ports of one machine share
one condition variable: output on one port can end a wait for another that has become pointless.
"""

import codecs
import os
import re
import threading
import time

_ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>78DMc])|\r|\x00")


class ConsoleError(AssertionError):
    """A port did not print what a test waited for; the message holds the end of its output."""


class SerialPort:
    """Reads `descriptor`, which stays the caller's, to its end; join() returns then."""

    def __init__(self, descriptor, log, changed, echo=None):
        self._descriptor, self._log, self._echo = descriptor, log, echo
        self._changed = changed  # guards the four below
        self._pending, self._text, self._seen, self._ended = "", "", 0, False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def join(self):
        self._reader.join()

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with open(self._log, "wb") as log:
            while True:
                try:
                    piece = os.read(self._descriptor, 65536)
                except (OSError, ValueError):
                    piece = b""
                if piece:
                    log.write(piece)
                    log.flush()
                    if self._echo:
                        self._echo(piece)
                self._add(decoder.decode(piece), last=not piece)
                if not piece:
                    return

    def _add(self, text, last):
        with self._changed:
            self._pending += text
            # An escape sequence may be cut by the end of a piece: it then waits for the next.
            cut = -1 if last else self._pending.find("\x1b", max(0, len(self._pending) - 16))
            whole = self._pending if cut < 0 else self._pending[:cut]
            self._pending = self._pending[len(whole):]
            self._text += _ESCAPES.sub("", whole)
            self._ended = last
            self._changed.notify_all()

    @property
    def text(self):
        """All output so far, without escape sequences."""
        with self._changed:
            return self._text

    def tail(self):
        """The end of the output, for an error message."""
        with self._changed:
            return "\n".join(self._text.splitlines()[-40:])

    def expect(self, pattern, timeout, in_vain=lambda: None):
        """Waits for `pattern`, within one line, behind what the last expect() matched; returns the match. in_vain() is
        called whenever a port has output, and may return a reason to wait no longer."""
        compiled = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        with self._changed:
            begin = self._seen
            while True:
                match = compiled.search(self._text, begin)
                if match:
                    self._seen = match.end()
                    return match
                # Text comes a character at a time: a whole line that does not match is not searched again.
                begin = max(begin, self._text.rfind("\n") + 1)
                why = "the machine ended" if self._ended else in_vain()
                if not why and not self._changed.wait(max(0, deadline - time.monotonic())):
                    why = f"waited {timeout} s"
                if why:
                    raise ConsoleError(f"{pattern!r} was not shown ({why}); see {self._log}")

    def wait_for_end(self, timeout):
        """False if the output has not ended after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, timeout)
