# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that are network namespaces on one bridge, for protocols that want a machine for each port.

The namespaces have no names of their own in /run/netns: each is held by a process and goes with it, so that
a test that is killed leaves nothing behind. All are reached by `nsenter`.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading

import processes

_CLONE_NEWNET = 0x40000000


def missing():
    """The reason why network namespaces cannot be used here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nsenter", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    probe = subprocess.run(["unshare", "--net", "ip", "link", "add", "probe", "type", "bridge"], check=False,
                           capture_output=True, text=True)
    return None if probe.returncode == 0 else f"this kernel has no bridge for them: {probe.stderr.strip()}"


def inside(process, *words):
    """The command that runs `words` on the host which the process with this number holds."""
    return ["nsenter", f"--target={process}", "--net", "--uts", "--", *words]


class Host:
    """One namespace; its address is 10.77.0.N."""

    def __init__(self, number):
        self.address = f"10.77.0.{number}"
        self._holder = processes.start(["unshare", "--net", "--uts", "sh", "-c", f"hostname n{number}; echo; cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._holder.stdout.readline()
        self.pid = self._holder.pid

    def command(self, *words):
        return inside(self.pid, *words)

    def run(self, *words, **options):
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, check=True, **options)

    @contextlib.contextmanager
    def entered(self):
        """Moves the calling thread to this host for the block."""
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(path):
            with open(path, encoding="ascii") as namespace:
                if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {path}")
        with open(f"/proc/self/task/{threading.get_native_id()}/ns/net", encoding="ascii") as own:
            enter(f"/proc/{self.pid}/ns/net")
            try:
                yield
            finally:
                if libc.setns(own.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns back")

    def stop(self):
        processes.stop(self._holder)


class Network:
    """Context manager; `hosts` are numbered from 1, and the bridge is on `hub`, where host N hangs on portN."""

    def __init__(self, count):
        self.hosts = []
        self._count = count
        self.hub = None

    def __enter__(self):
        try:
            self.hub = Host(254)
            self.hub.run("ip", "link", "add", "bridge", "type", "bridge")
            self.hub.run("ip", "link", "set", "bridge", "up")
            for number in range(1, self._count + 1):
                self._plug_in(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _plug_in(self, number):
        host = Host(number)
        self.hosts.append(host)
        self.hub.run("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns",
                      str(host.pid))
        self.hub.run("ip", "link", "set", f"port{number}", "master", "bridge", "up")
        host.run("ip", "link", "set", "lo", "up")
        host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        host.run("ip", "link", "set", "eth0", "up")

    def __exit__(self, *_):
        for host in [*self.hosts, *([self.hub] if self.hub else [])]:
            host.stop()
        self.hosts.clear()
