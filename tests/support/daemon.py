# SPDX-License-Identifier: LGPL-2.1-or-later
"""bootferryd of the build tree, with a runtime folder and a private socket of its own.

As root it runs in a mount namespace of its own, where the RAM disk's tmpfs goes with it, and starts its
workers as nobody; loop devices and brd know no namespaces and are given back at the end.
"""

import contextlib
import os
import pathlib
import subprocess

import processes
from loop_device import HeldLoopDevice


class Daemon:
    """Context manager. `folder` becomes its runtime directory."""

    def __init__(self, folder, *, environment=(), prefix=(), arguments=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "last-transfer").unlink(missing_ok=True)  # as at a boot
        self.address = f"unix:path={self.folder}/private"
        self.log = self.folder / "log"
        self._environment = {**os.environ, "BOOTFERRY_RUNTIME_DIRECTORY": str(self.folder),
                             "BOOTFERRY_WORKER_USER": "nobody",
                             "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/no-bus", **dict(environment)}
        self._prefix = ["unshare", "--mount"] if os.geteuid() == 0 else []
        self._prefix += prefix
        self._arguments = arguments
        self._brd_is_not_ours = pathlib.Path("/sys/module/brd").exists()
        self.process = None

    def start(self):
        (self.folder / "private").unlink(missing_ok=True)  # of one that was killed
        with open(self.log, "ab") as log:
            self.process = processes.start([*self._prefix, os.environ["BOOTFERRYD"], *self._arguments], env=self._environment,
                                           stdout=log, stderr=log)
        processes.wait_for(self.process, lambda: (self.folder / "private").exists())
        return self

    def stop(self):
        if self.process is None:
            return
        loop = self._ram_disk()
        processes.stop(self.process)
        self.process = None
        if loop:
            loop.detach()
        if os.geteuid() == 0 and not self._brd_is_not_ours and pathlib.Path("/sys/module/brd").exists():
            subprocess.run(["modprobe", "--remove", "brd"], check=False)

    def kill(self, clean=True):
        """Detaches the loop devices that the daemon leaves attached; the test of exactly that turns this off."""
        loop = self._ram_disk() if clean else None
        self.process.kill()
        self.process.wait()
        if loop:
            loop.detach()

    def _ram_disk(self):
        """The loop device that the service made of its memory, held open; None if there is none. The file behind it lies in a
        tmpfs of the daemon's mount namespace, whose path means nothing here."""
        try:
            image = pathlib.Path(f"/proc/{self.process.pid}/root/run/bootferry/ram/image").stat()
        except OSError:
            return None
        behind = [str(image.st_ino), f"{os.major(image.st_dev)}:{os.minor(image.st_dev)}"]
        listed = subprocess.run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-INO,BACK-MAJ:MIN"],
                                capture_output=True, text=True, check=False).stdout
        for name, *where in map(str.split, listed.splitlines()):
            if where == behind:
                loop = HeldLoopDevice(name)
                if loop.lies_on(image):  # still
                    return loop
                loop.release()
        return None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def holds_memory(self):
        """True if the RAM disk's tmpfs is mounted in the service's mount namespace."""
        return " /run/bootferry/ram " in pathlib.Path(f"/proc/{self.process.pid}/mountinfo").read_text()

    def log_text(self):
        return self.log.read_text()

    def environment(self):
        return {**os.environ, "BOOTFERRY_ADDRESS": self.address}

    def ctl(self, *words, timeout=120):
        return subprocess.run([os.environ["BOOTFERRYCTL"], *words], env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)

    @contextlib.contextmanager
    def ctl_running(self, *words):
        """bootferryctl as a process whose standard error (and output) can be read while it runs."""
        client = processes.start([os.environ["BOOTFERRYCTL"], *words], env=self.environment(), text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield client
        finally:
            processes.stop(client)

    def watched(self):
        """A client that receives the signals of all transfers; a context manager."""
        return processes.running([os.environ["BOOTFERRYCTL"], "monitor"], env=self.environment(),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def busctl(self, *words, address=None, prefix=()):
        return subprocess.run([*prefix, "busctl", f"--address={address or self.address}", "--no-pager", *words],
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def workers(self):
        """Process numbers of the running workers."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                status = (folder / "status").read_text()
                if f"\nPPid:\t{self.process.pid}\n" in status and "\nState:\tZ" not in status:
                    found.append(int(folder.name))
        return found
