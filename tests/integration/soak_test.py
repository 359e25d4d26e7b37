# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many transfers in one service, most of which fail. Afterwards the service must hold no more resources than before.

BOOTFERRY_SOAK_TRANSFERS is their number (default 48; `BOOTFERRY_SOAK_TRANSFERS=5000 meson test -C build soak -t 0` is a long
run). BOOTFERRY_SOAK_SEED repeats a run; a failure prints it.
"""

import collections
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import processes  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from loop_device import HeldLoopDevice, LoopDevice  # noqa: E402
from service_case import ServiceTest, needs_root  # noqa: E402

TRANSFERS = int(os.environ.get("BOOTFERRY_SOAK_TRANSFERS", "48"))
SEED = int(os.environ.get("BOOTFERRY_SOAK_SEED", str(random.randrange(1 << 32))))
WARM_UP = 32  # more than the ended transfers that a service remembers
MIB = 1 << 20


class Held(collections.namedtuple("Held", "descriptors threads children mounts loops files")):
    """The resources that a service holds."""

    @classmethod
    def by(cls, daemon):
        process = pathlib.Path(f"/proc/{daemon.process.pid}")
        descriptors = collections.Counter(cls._kind(entry) for entry in (process / "fd").iterdir())
        mounts = sorted(line.split(" ")[4] for line in (process / "mountinfo").read_text().splitlines())
        loops = cls._loops(process)
        files = sorted(str(path) for folder in (daemon.folder, process / "root/run/bootferry") for path in folder.rglob("*")
                       if not path.name.startswith("deployed-"))  # one for each device that was ever written
        return cls(dict(descriptors), len(list((process / "task").iterdir())), len(processes.children(daemon.process.pid)),
                   mounts, len(loops), files)

    @staticmethod
    def _kind(descriptor):
        try:
            return re.sub(r"\d+", "N", os.readlink(descriptor))
        except OSError:  # closed meanwhile
            return "gone"

    @classmethod
    def _loops(cls, process):
        """The loop devices of RAM disks, less those of other services that run now."""
        ours, others = cls._mounted(process), set()
        for other in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended
                if os.readlink(other / "ns/mnt") != os.readlink(process / "ns/mnt"):
                    others |= cls._mounted(other)
        found = []
        for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
            with contextlib.suppress(OSError):  # it is detached
                if path.read_text().startswith("/run/bootferry/"):
                    loop = HeldLoopDevice(f"/dev/{path.parts[3]}")
                    try:
                        found.append(loop.backing_device())
                    finally:
                        loop.release()
        return [device for device in found if device in ours or device not in others]

    @staticmethod
    def _mounted(process):
        """The device numbers of the file systems that a process sees."""
        lines = (process / "mountinfo").read_text().splitlines()
        return {os.makedev(*map(int, line.split(" ")[2].split(":"))) for line in lines}


def resident(daemon):
    """The private memory of the service, in bytes."""
    text = pathlib.Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+: +(\d+) kB$", text, re.MULTILINE)) * 1024


@needs_root
class SoakTest(ServiceTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.page = self.path / "served" / "page"
        self.page.write_text("<html>not found</html>" * 100)
        self.backing = self.path / "disk"
        self.backing.write_bytes(b"")
        os.truncate(self.backing, 16 * MIB)
        self.disk = LoopDevice(self.backing)
        self.addCleanup(self.disk.detach)
        self.faults = FaultServer(self.image, pace=40_000_000)
        self.faults.__enter__()
        self.addCleanup(self.faults.__exit__)
        self.service = self.daemon()

    def deploy(self, url, *options, target="/dev/ram0", refused=None):
        result = self.service.ctl("deploy", *options, url, target)
        self.assertEqual(result.returncode == 0, refused is None, f"seed {SEED}: {url}: {result.stderr}")
        self.assertIn(refused or "", result.stderr, f"seed {SEED}")

    def fault(self, *faults):
        for fault in faults:
            self.faults.fail_next(fault)
        return f"http://127.0.0.1:{self.faults.port}/image"

    # The possible courses of a transfer, which are run in random order.

    def goes_well(self):
        self.deploy(self.url())

    def goes_well_on_a_disk(self):
        self.deploy(self.url(), "--reset", target=self.disk.path)

    def is_deployed_already(self):
        self.deploy(self.url(), "--reset", target=self.disk.path)
        self.deploy("http://127.0.0.1:1/nobody", target=self.disk.path)

    def is_cut(self):
        self.deploy(self.fault(*(Fault(cut=self.random.randrange(1, 4_000_000)) for _ in range(2))))

    def is_not_found(self):
        self.deploy(self.url("nothing"), refused="404")

    def is_no_image(self):
        self.deploy(self.url("page"), refused="not a live image")

    def has_another_checksum(self):
        self.deploy(self.url(), "--checksum=sha256:" + "0" * 64, refused="checksum")

    def does_not_fit(self):
        self.deploy(self.url(), "--ramdisk-size=1048576", refused="ramdisk_size")

    def has_a_scheme_of_nobody(self):
        self.deploy("gopher://127.0.0.1/x", refused="gopher")

    def has_no_disk(self):
        self.deploy(self.url(), "--timeout=1", target="/dev/disk/by-id/nothing",
                    refused="did not appear")

    def times_out(self):
        self.deploy(self.fault(Fault(silent=True)), "--timeout=1", refused="gave up")

    def is_cancelled(self):
        with self.started() as client:
            self.service.ctl("cancel", self.newest())
            self.assertNotEqual(client.wait(timeout=60), 0)

    def loses_its_worker(self):
        with self.started() as client:
            for worker in self.service.workers():
                os.kill(worker, signal.SIGKILL)
            self.service.ctl("cancel", self.newest())
            client.wait(timeout=60)

    def loses_its_client(self):
        with self.started() as client:
            client.kill()
            client.wait()
        self.service.ctl("cancel", self.newest())

    def is_watched_by_one_who_dies(self):
        with self.service.watched() as watcher:
            self.deploy(self.url())
            watcher.kill()

    def meets_a_stranger(self):
        """A client connects, sends invalid or incomplete D-Bus data, and disconnects."""
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(self.service.folder / "private"))
            stranger.send(self.random.choice((b"", b"\0", b"\0AUTH EXTERNAL 30\r\n", b"GET / HTTP/1.1\r\n\r\n",
                                              b"\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1")))
        self.service.ctl("list")

    def started(self):
        """A client whose transfer has begun."""
        client = self.service.ctl_running("deploy", self.url("slow/live.squashfs"), "/dev/ram0")
        before = self.newest()
        return _Begun(client, lambda: self.newest() != before)

    def transfers(self):
        result = self.service.ctl("list", "--json=short")
        self.assertEqual(result.returncode, 0, f"seed {SEED}: {result.stderr}{self.service.log_text()[-2000:]}")
        return json.loads(result.stdout)

    def newest(self):
        return str(max((transfer["id"] for transfer in self.transfers()), default=0))

    def wait_for_the_end(self):
        """A transfer that is cancelled ends within two seconds."""
        processes.wait_for(self.service.process, lambda: all(
            transfer["state"] in ("done", "failed", "cancelled") for transfer in self.transfers()))

    def settled(self):
        """The resources and the memory of the idle service."""
        self.goes_well()  # leaves a complete image in the RAM disk
        processes.wait_for(self.service.process, lambda: not self.service.workers())
        # The event loop closes connections soon, but does not report it: what is the same three
        # times in a row counts.
        seen, deadline = [], time.monotonic() + 20
        while time.monotonic() < deadline and not (len(seen) >= 3 and seen[-1] == seen[-2] == seen[-3]):
            seen.append(Held.by(self.service))
            time.sleep(0.2)
        return seen[-1], resident(self.service)

    def soak(self, transfers):
        moods = [getattr(self, name) for name in (
            "goes_well", "goes_well_on_a_disk", "is_deployed_already", "is_cut", "is_not_found", "is_no_image",
            "has_another_checksum", "does_not_fit", "has_a_scheme_of_nobody", "has_no_disk", "times_out", "is_cancelled",
            "loses_its_worker", "loses_its_client", "is_watched_by_one_who_dies", "meets_a_stranger")]
        for number in range(transfers):
            if number % len(moods) == 0:
                self.random.shuffle(moods)
            moods[number % len(moods)]()
            self.wait_for_the_end()

    def test_nothing_is_left(self):
        self.soak(WARM_UP)
        before, memory_before = self.settled()
        self.soak(TRANSFERS)
        after, memory_after = self.settled()
        self.assertEqual(after, before, f"seed {SEED}")
        if not processes.sanitized:  # ASan keeps what was freed
            # A heap that is cut up differently has a MiB more or less; a leak is as large as the run is long.
            self.assertLess(memory_after - memory_before, 4 * MIB, f"seed {SEED}")


class _Begun:
    def __init__(self, client, begun):
        self._client, self._begun = client, begun

    def __enter__(self):
        client = self._client.__enter__()
        processes.wait_for(client, self._begun)
        return client

    def __exit__(self, *what):
        return self._client.__exit__(*what)


if __name__ == "__main__":
    tap.main()
