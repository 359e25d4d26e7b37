# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loop devices that stay those they were. All tests of a machine share them, and a number that was detached is
somebody else's at once: who detaches by number twice takes another test's device away. A device that is held open
keeps its number (loop(4), LOOP_CLR_FD)."""

import fcntl
import os
import subprocess

_LOOP_CLR_FD = 0x4C01  # linux/loop.h


class HeldLoopDevice:
    """One that somebody has attached already; OSError where it has gone."""

    def __init__(self, path):
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY)

    def detach(self):
        """Once and for all: called again, or where another has done it, it does nothing."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)  # what others wrote and closed has not been, for this one held it open
            fcntl.ioctl(self._descriptor, _LOOP_CLR_FD)
        except OSError:  # ENXIO: another has detached it
            pass
        os.close(self._descriptor)
        self._descriptor = None


class LoopDevice(HeldLoopDevice):
    def __init__(self, backing, *options):
        super().__init__(subprocess.run(["losetup", "--find", "--show", *options, backing], check=True,
                                        capture_output=True, text=True).stdout.strip())
