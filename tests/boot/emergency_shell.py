# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emergency shell of a machine, as somebody at its console uses it: commands, and another attempt to boot.

The machine needs SYSTEMD_SULOGIN_FORCE=1 on its kernel command line."""

import contextlib
import shlex

import machine
import serial_port

# The line that a command ends with, and not the one that was typed.
DONE = r"d\one"
_LINE = "/run/command-line"


class EmergencyShell:
    """`console` is what was printed from the beginning, or since the last attempt, to the prompt."""

    def __init__(self, guest):
        self._guest = guest
        self._replaced = False
        self.console = ""
        self._open(0)

    def _open(self, begin, attempts=30):
        """What is typed while sulogin starts the shell may be lost, and the end of the prompt is an escape sequence."""
        self._guest.expect(machine.EMERGENCY_PROMPT)
        self.console = self._guest.text[begin:]
        self._guest.send("\n")
        for attempt in range(attempts):
            self._guest.send(f"echo {DONE}-{attempt}\n")
            with contextlib.suppress(serial_port.ConsoleError):
                self._guest.expect(r"done-\d+\s", timeout=10)
                return
        raise AssertionError("the emergency shell does not answer")

    def run(self, command):
        """The command's status and its output."""
        before = len(self._guest.text)
        self._guest.send(f"{command}; echo {DONE}-$?\n")
        status = self._guest.expect(r"done-(\d+)\s")[1]
        return int(status), self._guest.text[before:]

    def try_again(self, line):
        """Leaves the shell with another kernel command line, for which the generators run again; systemd then begins once
        more with initrd.target. Until the next prompt."""
        commands = [f"echo {shlex.quote(line)} > {_LINE}",
                    "systemctl reset-failed && systemctl daemon-reload"]
        if not self._replaced:
            commands.insert(1, f"mount --bind {_LINE} /proc/cmdline")
            self._replaced = True
        for command in commands:
            status, output = self.run(command)
            assert status == 0, output
        begin = len(self._guest.text)
        self._guest.send("exit\n")
        self._open(begin)
        return self.console
