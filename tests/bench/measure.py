# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures one command from outside: wall clock, processor time, memory, bytes on the wire.

Processor time is the kernel's account of the command and of all it waited for, memory the sum of the peaks
(VmHWM) of all these processes, looked at while they run. Where a service does the work, both are those of the
service and of its workers, and the command is a client that counts for nothing. The wire is the loopback device,
which is the bench's alone where it runs in a network namespace of its own, or a device of another namespace.
"""

import dataclasses
import os
import pathlib
import statistics
import subprocess
import threading
import time

_TICK = os.sysconf("SC_CLK_TCK")
_GLANCE = 0.02  # seconds between two looks at the memory


class Failed(RuntimeError):
    """A command that did not do what was to be measured."""


@dataclasses.dataclass
class Sample:
    wall: float   # seconds
    cpu: float    # seconds, user and system
    rss: int      # bytes
    private: int  # bytes that are not shared with other processes; 0: not measured
    wire: int     # bytes, heads of TCP and IP included

    def __getitem__(self, name):
        return getattr(self, name)


def median(samples):
    return Sample(*(statistics.median(sample[field.name] for sample in samples)
                    for field in dataclasses.fields(Sample)))


def ratio(samples, reference, name):
    """The median of the ratios of each round, so that a machine that slows down meanwhile does not distort it."""
    pairs = [(mine[name], theirs[name]) for mine, theirs in zip(samples, reference) if theirs[name] > 0]
    return statistics.median(mine / theirs for mine, theirs in pairs) if pairs else None


@dataclasses.dataclass(frozen=True)
class Wire:
    """A network device, in the namespace of a process."""
    device: str = "lo"
    process: object = "self"

    def received(self):
        for line in pathlib.Path(f"/proc/{self.process}/net/dev").read_text().splitlines():
            name, _, numbers = line.partition(":")
            if name.strip() == self.device:
                return int(numbers.split()[0])
        return 0


def own_time(process):
    """Seconds of processor time of the process itself, its threads included and its children not."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9


def family_time(process):
    """With the children it has waited for, in ticks of 10 ms."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICK


def _tree(process):
    found = [process]
    for parent in found:
        try:
            for children in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
                found += [int(child) for child in children.read_text().split()]
        except OSError:
            pass  # it has just ended
    return found


class _Memory(threading.Thread):
    """Records the peaks of all processes below the root, until it is stopped."""

    def __init__(self, root, private):
        super().__init__(daemon=True)
        self._root = root
        self._lines = {"status": "VmHWM:", **({"smaps_rollup": "Private_"} if private else {})}
        self._peaks = {name: {} for name in ("status", "smaps_rollup")}
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(_GLANCE):
            for process in _tree(self._root):
                for name, wanted in self._lines.items():
                    self._look(process, name, wanted)

    def _look(self, process, name, wanted):
        """The sum of the wanted lines of a file in /proc."""
        try:
            lines = pathlib.Path(f"/proc/{process}/{name}").read_text().splitlines()
        except OSError:
            return  # it has just ended
        now = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))
        peaks = self._peaks[name]
        peaks[process] = max(peaks.get(process, 0), now)

    def stop(self):
        """Resident and private bytes."""
        self._over.set()
        self.join()
        return [sum(peaks.values()) for peaks in self._peaks.values()]


def measure(command, service=None, environment=None, *, counted=family_time, wire=Wire(), private=False):
    """Runs argv (or a line for the shell). `service` is the number of a process that works for it, and `counted`
    what of that one's processor time is meant. To look at private memory takes processor time of its own."""
    argv = ["sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]
    received, before = wire.received(), counted(service) if service else 0
    began = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             env=environment, text=True, errors="replace")
    memory = _Memory(service or child.pid, private)
    memory.start()
    messages = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    resident, alone = memory.stop()
    if child.returncode != 0:
        raise Failed(f"{argv} ended with status {child.returncode}: {messages.strip()[-500:]}")
    cpu = counted(service) - before if service else usage.ru_utime + usage.ru_stime
    # ru_maxrss: over before the first look; may be that of the fork.
    return Sample(wall, cpu, resident or usage.ru_maxrss * 1024, alone, wire.received() - received)
