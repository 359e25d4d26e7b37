# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that runs from an image which is still arriving over a slow line, at its login prompt."""

import contextlib

import boot_case
import machine
from console_shell import ConsoleShell
from slow_line import SlowLine

SLOW = 350_000  # bytes per second: a line that cannot carry the image while an emulated machine boots
SOURCE = "ls /sys/block/dm-0/slaves"  # of what is mounted


class OnDemandCase(boot_case.BootCase):
    @classmethod
    def image(cls):
        return cls.images.large_iso()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.size = cls.iso.stat().st_size
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server = stack.enter_context(cls.serve())
        cls.line = stack.enter_context(SlowLine(cls.server.port, SLOW))
        cls.guest = cls.machine(f"root=live:http://{machine.HOST}:{cls.line.port}/{cls.iso.name} rd.bootferry.ondemand",
                                memory=1024)
        stack.callback(cls.guest.stop)
        cls.guest.start()
        cls.guest.expect(r"live login:", timeout=900)
        cls.arrived = cls.line.arrived
        cls.shell = ConsoleShell(cls.guest)
