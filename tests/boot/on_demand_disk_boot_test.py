# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk that is filled while the machine runs from it (rd.bootferry.ondemand): the first boot is cut in the middle, the
second one goes on with what is on the disk, and ends with a disk that is deployed as any other."""

import contextlib
import re

import boot_case
import machine
import tap
from console_shell import ConsoleShell
from slow_line import SlowLine

_SLOW = 200_000  # bytes per second
_DISK = "vda"
_MIB = 1 << 20
_MARK = b"bootferry: the image on this device is not complete\n"
_MAP = 4096  # where it begins (core/ondemand/fill_record.h)


class Line(SlowLine):
    """Slow only after so many bytes."""

    fast = 0

    def _await_turn(self, size):
        if self.arrived >= self.fast:
            super()._await_turn(size)


class OnDemandDisk(boot_case.BootCase):
    @classmethod
    def image(cls):
        return cls.images.large_iso()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.size = cls.iso.stat().st_size
        cls.disk = cls.work / "one.disk"
        with open(cls.disk, "wb") as file:
            file.truncate(1024 * _MIB)
        cls.addClassCleanup(cls.disk.unlink)
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        server = stack.enter_context(cls.serve())
        cls.line = stack.enter_context(Line(server.port, _SLOW))
        cls.line.fast = cls.size // 2

    def boot_disk(self, name):
        drive = ["-drive", f"if=none,id=disk0,format=raw,cache=writeback,file={str(self.disk).replace(',', ',,')}",
                 "-device", "virtio-blk-pci,drive=disk0"]
        return self.machine(f"root=live:http://{machine.HOST}:{self.line.port}/{self.iso.name} rd.bootferry.ondemand "
                            f"rd.kiwi.live.system=/dev/{_DISK}", name, memory=1024, extra=drive)

    def head(self):
        with open(self.disk, "rb") as file:
            return file.read(_MIB)

    def known(self):
        """Bytes of the image that the map on the disk names, as far as its first sector goes."""
        return 65536 * sum(byte.bit_count() for byte in self.head()[_MAP:_MAP + 480])

    def assert_incomplete(self):
        self.assertTrue(self.head().startswith(_MARK + b"map 1 "))

    def test_1_power_is_cut_while_it_runs(self):
        with self.boot_disk("cut") as guest:
            guest.expect(r"live login:", timeout=900)
            self.assert_incomplete()
            shell = ConsoleShell(guest)
            self.assertRegex(shell.run("ls /sys/block/dm-0/slaves")[1], r"(?m)^nbd\d+\s*$")
        # Leaving the block is the power cut: QEMU is gone.
        self.line.rate = None
        self.assert_incomplete()
        type(self).kept = self.known()
        self.assertGreater(self.kept, self.size // 3)

    def test_2_the_next_boot_goes_on(self):
        before = self.line.arrived
        with self.boot_disk("goes-on") as guest:
            guest.expect(r"live login:", timeout=900)
            shell = ConsoleShell(guest)
            status, output = shell.run("journalctl --boot --output=cat | grep --color=never 'since an earlier boot'")
            self.assertEqual(status, 0, output)
            status, output = shell.run(f"until ls /sys/block/dm-0/slaves | grep -q {_DISK}; do sleep 1; done", timeout=900)
            self.assertEqual(status, 0, output)
            status, output = shell.run("i=0; while ps -e -o comm= | grep -q '^bootferry-trans' && [ $i -lt 60 ]; "
                                       "do sleep 1; i=$((i+1)); done; ps -e -o comm= | grep -c '^bootferry-trans'")
            self.assertRegex(output, r"(?m)^0\s*$")
            status, output = shell.run("head -c 8M /ballast | sha256sum; grep -l ^ /run/bootferry/deployed-*.json", timeout=600)
            self.assertRegex(output, r"[0-9a-f]{64}")
            major_minor = shell.run(f"cat /sys/block/{_DISK}/dev")[1]
            number = re.search(r"(?m)^(\d+:\d+)\s*$", major_minor)[1]
            self.assertIn(f"/run/bootferry/deployed-{number}.json", output)
        self.assertLess(self.line.arrived - before, self.size - self.kept + 4 * _MIB)
        self.assert_on_the_disk()

    def assert_on_the_disk(self):
        with open(self.iso, "rb") as image, open(self.disk, "rb") as disk:
            while expected := image.read(8 * _MIB):
                self.assertTrue(disk.read(len(expected)) == expected, f"the bytes before {image.tell()} differ")

    def test_3_then_it_needs_no_server(self):
        before = self.line.arrived
        with self.boot_disk("deployed") as guest:
            guest.expect(r"live login:", timeout=900)
            self.assertIn("holds an image already", guest.text)
        self.assertEqual(self.line.arrived, before)
        self.assert_on_the_disk()


if __name__ == "__main__":
    tap.main()
