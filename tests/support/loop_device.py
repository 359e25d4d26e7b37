# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loop devices that keep their numbers. All tests of a machine share the devices, and a detached number may be in use
by another test at once: detaching it twice would detach that test's device. An open device keeps its number (loop(4),
LOOP_CLR_FD)."""

import contextlib
import fcntl
import os
import struct
import subprocess
import time

_LOOP_CLR_FD, _LOOP_GET_STATUS64 = 0x4C01, 0x4C05  # linux/loop.h
_LOOP_INFO64 = struct.Struct("=QQ216x")  # device and inode of the file; the rest of struct loop_info64


class HeldLoopDevice:
    """A loop device that is attached already."""

    def __init__(self, path):
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY)

    def _backing(self):
        """Device and inode of the attached file. Raises OSError (ENXIO) if no file is attached."""
        return _LOOP_INFO64.unpack(fcntl.ioctl(self._descriptor, _LOOP_GET_STATUS64, bytes(_LOOP_INFO64.size)))

    def lies_on(self, status):
        """True if the file of this os.stat_result is attached to it."""
        try:
            return self._backing() == (status.st_dev, status.st_ino)
        except OSError:
            return False

    def backing_device(self):
        """The st_dev of the attached file. Raises OSError (ENXIO) if no file is attached."""
        return self._backing()[0]

    def contents(self):
        """The bytes of the device. Writes may not have reached the file behind it yet."""
        with open(self.path, "rb") as device:
            return device.read()

    def release(self):
        """Closes the device and leaves it attached."""
        os.close(self._descriptor)
        self._descriptor = None

    def detach(self):
        """Detaches and closes the device. Does nothing if that is done already, here or by another process."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # ENXIO: another has detached it
                os.fsync(self._descriptor)  # what others wrote and closed has not been, for this one held it open
                fcntl.ioctl(self._descriptor, _LOOP_CLR_FD)
            self.release()


def _attach(command):
    """The path of the new device. losetup gives up if others are always faster to take the number that it found."""
    for attempt in range(20):
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if result.returncode == 0:
            return result.stdout.strip()
        time.sleep(attempt / 10)
    raise AssertionError(f"{command}: {result.stderr}")


# The same in a shell: sets `loop`, or ends the script.
ATTACH_IN_SHELL = """
attach() {
    for attempt in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
        ! loop=$(losetup --find --show "$1" 2>&1) || return 0
        sleep "$((attempt / 10)).$((attempt % 10))"
    done
    echo "$loop"
    exit 1
}
"""


class LoopDevice(HeldLoopDevice):
    def __init__(self, backing, *options):
        super().__init__(_attach(["losetup", "--find", "--show", *options, backing]))
