# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program whose standard error a test reads while it runs."""

import re
import subprocess
import threading
import time

import processes


class Spoken:
    """Context manager. `text` is what the program has written so far; expect() waits for more."""

    def __init__(self, command, **options):
        self.process = processes.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
        self._changed = threading.Condition()
        self._text, self._seen, self._ended = "", 0, False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self._text += line.decode(errors="replace")
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self):
        with self._changed:
            return self._text

    def expect(self, pattern, timeout=120):
        """Waits for `pattern` behind what the last expect() matched."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                match = re.compile(pattern, re.MULTILINE).search(self._text, self._seen)
                if match:
                    self._seen = match.end()
                    return match
                if self._ended or not self._changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"{self.process.args[-1]} did not say {pattern!r}, but:\n{self._text}")

    def wait(self, timeout=60):
        """Its exit status."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self):
        self.process.send_signal(18)  # SIGCONT: a stopped one would not hear what comes next
        processes.stop(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
