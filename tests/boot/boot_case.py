# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixture of every boot test: the images, a scratch folder, an nginx with the live ISO, a machine."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import images
import machine
import nginx

BUILD = pathlib.Path(os.environ.get("BOOTFERRY_BUILD_ROOT", "build")).resolve()
# For what is to be seen while a server that limits each connection sends slowly: an emulated machine takes it for
# one that is far away, and would go around the limit.
ONE_CONNECTION = "rd.bootferry.connections=1"
# A line of a transfer in its midst. There is one every five seconds: the server must be slow enough for several.
PROGRESS = r"bootferryctl\[\d+\]: +[1-9]\d? %"
CACHE = pathlib.Path(os.environ.get("BOOTFERRY_TEST_CACHE", BUILD / "boot-cache"))


class Report:
    """What a booted live system reports (see live/report), by key. Waits for the line `last: …` of it."""

    def __init__(self, guest, last="end", timeout=600):
        self._lines = re.findall(r"^([a-z0-9-]+): (.*)$", guest.reported(last, timeout), re.MULTILINE)

    def all(self, key):
        return [value for name, value in self._lines if name == key]

    def mounts(self):
        """mount point → (type, source, options)"""
        return {fields[0]: tuple(fields[1:]) for fields in (line.split(" ", 3) for line in self.all("mount"))}


class BootCase(unittest.TestCase):
    """Boots one machine per class or per test, whichever the subclass needs."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("building the images takes root (mmdebstrap, mount namespaces)")
        cls.images = images.Images(CACHE, BUILD)
        cls.iso = cls.image()
        cls.kernel = cls.images.kernel()
        cls.initrd = cls.build_initrd()
        cls.work = BUILD / "boot-logs" / cls.__name__
        cls.work.mkdir(parents=True, exist_ok=True)

    @classmethod
    def image(cls):
        return cls.images.live_iso()

    @classmethod
    def build_initrd(cls):
        return cls.images.initrd()

    @classmethod
    def serve(cls, documents=None, **options):
        return nginx.Nginx(documents or cls.iso.parent, **options)

    @classmethod
    def machine(cls, cmdline, name="machine", **options):
        options.setdefault("pxe", False)
        return machine.Machine(options.pop("kernel", cls.kernel), options.pop("initrd", cls.initrd),
                               cmdline, cls.work / name, **options)

    @classmethod
    def boot(cls, url, cmdline="", name="machine", *, hashed=False, whole=False, **options):
        """A machine that boots the live image, and reports on what it booted; with `hashed`, on the bytes in
        /dev/ram0 as well. It reports as soon as its file systems are mounted; `whole` is for a system that is to come
        up to its login prompt."""
        report = "report" if whole else "report.early"
        if hashed:
            report += f" report.hash={cls.iso.stat().st_size}"
        return cls.machine(f"root=live:{url} {report} {cmdline}", name, **options)

    def assert_reason_is_last(self, console, pattern):
        """Checks the reason in the last paragraph before the emergency prompt."""
        before_prompt = re.split(machine.EMERGENCY_PROMPT, console)[0].rstrip()
        last_lines = "\n".join(before_prompt.splitlines()[-6:])
        self.assertRegex(last_lines, pattern)
