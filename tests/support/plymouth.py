# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real plymouthd whose screen is a pseudo terminal, in namespaces of its own. Needs root.

Its socket is an abstract one, hence the network namespace, which keeps it apart from the machine's own
plymouthd. It sees no display of the machine, and process 1, to which it sends signals, ignores them.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import struct
import termios
import threading
import time

import processes

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|[\x11\x13\r]")
_APART = """
for folder in /dev/dri /run/plymouth /var/lib/plymouth; do [ ! -d $folder ] || mount -t tmpfs none $folder; done
[ ! -e /dev/fb0 ] || mount --bind /dev/null /dev/fb0
echo apart
exec sleep infinity
"""


class Stage:
    """The namespaces, for a plymouthd that comes and goes and for its clients. Context manager."""

    def __enter__(self):
        self._holder = processes.start(["unshare", "--net", "--mount", "sh", "-ec", _APART],
                                       stdout=processes.subprocess.PIPE, text=True)
        assert self._holder.stdout.readline() == "apart\n"
        return self

    def __exit__(self, *_):
        processes.stop(self._holder)

    @property
    def prefix(self):
        """The words before a command that runs in the namespaces."""
        return ["nsenter", f"--target={self._holder.pid}", "--net", "--mount"]


class Plymouth:
    """Context manager. `theme` is one that text screens can show: details, text, tribar."""

    def __init__(self, stage, folder, theme="details"):
        self._stage, self._theme = stage, theme
        self._trace = pathlib.Path(folder) / "plymouth-trace"
        self._folder = pathlib.Path(folder)
        self._shown = b""
        self._changed = threading.Condition()

    def __enter__(self):
        self._trace.unlink(missing_ok=True)
        self._screen, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
        cmdline = (f"splash plymouth.splash={self._theme} plymouth.ignore-serial-consoles plymouth.ignore-udev "
                   f"plymouth.debug=stream:{self._trace}")
        self._process = processes.start(
            [*self._stage.prefix, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "plymouthd",
             "--no-daemon", "--mode=boot", f"--tty={os.ttyname(terminal)}", f"--pid-file={self._folder}/plymouth-pid",
             f"--kernel-command-line={cmdline}"])
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._terminal = terminal
        processes.wait_for(self._process, lambda: self._client("--ping") == 0)
        assert self._client("show-splash") == 0
        return self

    def __exit__(self, *_):
        self._process.kill()  # unshare lets SIGTERM pass by; its child goes with it
        processes.stop(self._process)
        os.close(self._terminal)
        self._reader.join()
        os.close(self._screen)

    def _client(self, word):
        """plymouth's own client: it shows whether plymouthd still serves other clients."""
        return processes.subprocess.run([*self._stage.prefix, "plymouth", word], check=False,
                                        stdin=processes.subprocess.DEVNULL, timeout=120).returncode

    def listens(self):
        return self._client("--ping") == 0

    def send_signal(self, number):
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        os.kill(int(children.split()[0]), number)

    def _read(self):
        with contextlib.suppress(OSError):  # the terminal is closed
            while piece := os.read(self._screen, 65536):
                with self._changed:
                    self._shown += piece
                    self._changed.notify_all()

    def shown(self):
        """All that was ever written to the screen."""
        return _ESCAPES.sub(b"", self._shown).decode(errors="replace")

    def expect(self, pattern, timeout=60):
        """Waits until the screen has shown it; returns the match."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (match := re.search(pattern, self.shown())):
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"the splash did not show {pattern!r}, but:\n{self.shown()}")
            return match

    def trace(self):
        """plymouthd's log of the requests."""
        return self._trace.read_text(errors="replace")
