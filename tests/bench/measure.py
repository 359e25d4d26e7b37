# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures one command from outside: wall clock, processor time, memory, bytes on the wire.

Processor time is the kernel's account of the command and of all it waited for, and of a service beside it.
Memory is the sum of the peaks (VmHWM) of all processes involved, looked at while they run. The wire is the
loopback device, which is the bench's alone where it runs in a network namespace of its own.
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
    wall: float  # seconds
    cpu: float   # seconds, user and system
    rss: int     # bytes
    wire: int    # bytes, heads of TCP and IP included

    def __getitem__(self, name):
        return getattr(self, name)


def median(samples):
    return Sample(*(statistics.median(sample[field.name] for sample in samples)
                    for field in dataclasses.fields(Sample)))


def ratio(samples, reference, name):
    """The median of the ratios round by round, so that a machine that slows down meanwhile changes nothing."""
    pairs = [(mine[name], theirs[name]) for mine, theirs in zip(samples, reference) if theirs[name] > 0]
    return statistics.median(mine / theirs for mine, theirs in pairs) if pairs else None


def _wire():
    for line in pathlib.Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[0])
    return 0


def own_time(process):
    """Seconds of processor time of the process itself, its threads included and its children not."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9


def _family_time(process):
    """With the children it has waited for."""
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
    """Looks at the peaks of all processes below the roots, until it is told to stop."""

    def __init__(self, roots):
        super().__init__(daemon=True)
        self._roots = roots
        self._peaks = {}
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(_GLANCE):
            for process in [member for root in self._roots for member in _tree(root)]:
                self._look(process)

    def _look(self, process):
        try:
            for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self._peaks[process] = max(self._peaks.get(process, 0), int(line.split()[1]) * 1024)
        except OSError:
            pass  # it has just ended

    def stop(self):
        self._over.set()
        self.join()
        return sum(self._peaks.values())


def measure(command, service=None, environment=None):
    """Runs argv (or a line for the shell); `service` is the number of a process that works for it."""
    argv = ["sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]
    wire, before = _wire(), _family_time(service) if service else 0
    began = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             env=environment, text=True, errors="replace")
    memory = _Memory([child.pid] + ([service] if service else []))
    memory.start()
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    rss = memory.stop() or usage.ru_maxrss * 1024  # over before the first look; may be that of the fork
    if child.returncode != 0:
        raise Failed(f"{argv} ended with status {child.returncode}: {said.strip()[-500:]}")
    cpu = usage.ru_utime + usage.ru_stime + (_family_time(service) - before if service else 0)
    return Sample(wall, cpu, rss, _wire() - wire)
