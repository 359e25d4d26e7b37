# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shell of root on the console of a booted live system, whose root has no password."""

import contextlib

import serial_port
from emergency_shell import DONE


class ConsoleShell:
    """Logs in at the prompt that the machine has shown."""

    def __init__(self, guest, attempts=30):
        self._guest = guest
        self._commands = 0
        guest.send("root\n")
        for attempt in range(attempts):
            guest.send(f"echo {DONE}-login-{attempt}\n")
            with contextlib.suppress(serial_port.ConsoleError):
                guest.expect(r"done-login-\d+\s", timeout=20)
                return
        raise AssertionError("the shell on the console does not answer")

    def run(self, command, timeout=300):
        """The command's status and its output."""
        # Numbered: at a login that is slow, the shell reads some of the lines that were typed to try it only later.
        self._commands += 1
        before = len(self._guest.text)
        self._guest.send(f"{command}; echo {DONE}-{self._commands}-$?\n")
        status = self._guest.expect(rf"done-{self._commands}-(\d+)\s", timeout)[1]
        return int(status), self._guest.text[before:]
