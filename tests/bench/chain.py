# SPDX-License-Identifier: LGPL-2.1-or-later
"""A chain of dolly nodes, each a network namespace on a link of its own that is limited both ways.

As a program, which is what is measured: chain.py [--dolly=PROGRAM] IMAGE FOLDER SENDER NODE..., where a host is
PID:ADDRESS. The nodes receive IMAGE into FOLDER; it ends when all of them have, and with a status when one has not.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(_HERE.parent), str(_HERE.parents[1] / "support")]

import lines  # noqa: E402
import network  # noqa: E402
import processes  # noqa: E402

_LISTENS = f":{9998:04X} "  # dolly's port for data, as /proc/net/tcp has it


@contextlib.contextmanager
def limited_network(nodes, rate):
    """A sender and `nodes` nodes on limited links."""
    with network.Network(nodes + 1) as net:
        for number, host in enumerate(net.hosts, 1):
            host.run(*lines.limit("eth0", rate))
            net.hub.run(*lines.limit(f"port{number}", rate))
        yield net


def command(net, nodes, image, folder, dolly=None):
    """The argv of this program for the first nodes, of this number."""
    return [sys.executable, _HERE, *([f"--dolly={dolly}"] if dolly else []), image, folder,
            *(f"{host.pid}:{host.address}" for host in net.hosts[:nodes + 1])]


class _Ours:
    def __init__(self, image):
        self._program, self._image = os.environ["BOOTFERRYCTL"], image

    def node(self, sender, address):
        return [self._program, "fetch", f"dolly://{sender}/image", address]

    def sender(self, addresses):
        return [self._program, "dolly-send", self._image, *addresses]


class _Real:
    """dolly itself, where the sender says under what name every node writes: each sees a folder of its own as /mnt."""

    _NODE = 'mkdir "$1" && mount --bind "$1" /mnt && exec "$0"'

    def __init__(self, image, program):
        self._program, self._image = program, image

    def node(self, _, address):
        return ["unshare", "--mount", "sh", "-c", self._NODE, self._program, address]

    def sender(self, addresses):
        return [self._program, "-s", "-H", ",".join(addresses), "-I", self._image, "-O", "/mnt/image"]


def _listens(process):
    return any(_LISTENS in pathlib.Path(f"/proc/{process}/net/{table}").read_text() for table in ("tcp", "tcp6"))


def _run(chain, folder, sender, nodes):
    with contextlib.ExitStack() as running:
        started = [running.enter_context(processes.running(
            network.inside(process, *chain.node(sender[1], address)), cwd=folder)) for process, address in nodes]
        for node, (process, _) in zip(started, nodes):
            processes.wait_for(node, lambda process=process: _listens(process))
        subprocess.run(network.inside(sender[0], *chain.sender([address for _, address in nodes])), check=True)
        for node, (_, address) in zip(started, nodes):
            if node.wait(60) != 0:
                sys.exit(f"{address} ended with status {node.returncode}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dolly")
    parser.add_argument("image")
    parser.add_argument("folder")
    parser.add_argument("hosts", nargs="+")
    options = parser.parse_args()
    chain = _Real(options.image, options.dolly) if options.dolly else _Ours(options.image)
    sender, *nodes = [host.split(":", 1) for host in options.hosts]
    _run(chain, options.folder, sender, nodes)


if __name__ == "__main__":
    main()
