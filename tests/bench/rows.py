# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is compared with what: each row is one way for an image to reach one target, and the contestants that go
it, the first being what the others are measured against. A contestant is an argv, or a line for the shell; where a
service works for it, what is measured is the service (measure.py).

A row is a generator: what it started ends when its measuring has ended.
"""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import typing

import chain
import lines
import measure
import network
import processes
import servers
from daemon import Daemon
from loop_device import LoopDevice

_CLIENTS = 10
_NODES = 8


@dataclasses.dataclass
class Contestant:
    name: str
    command: object
    service: typing.Optional[int] = None
    environment: typing.Optional[dict] = None
    counted: typing.Callable = measure.family_time
    image: typing.Optional[pathlib.Path] = None  # if it differs from the row's
    partial: bool = False  # it ends before all of the image is there, and compares what it reads itself


@dataclasses.dataclass
class Row:
    title: str
    target: "Target"
    contestants: list
    image: pathlib.Path  # the bytes that the target must have in the end
    legs: int = 1        # how often each byte crosses loopback: a proxy makes it two
    wire: measure.Wire = measure.Wire()
    private: bool = False  # measure private memory as well


class Target:
    """The target of the image. clear() restores its first state."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def clear(self):
        self.path.unlink(missing_ok=True)

    def holds(self, image):
        # A device is longer than the image.
        return subprocess.run(["cmp", "--bytes", str(image.stat().st_size), image, self.path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class NodesTarget(Target):
    """A folder, with a file of each node somewhere in it. The chain checks that there is one for every node."""

    def __init__(self, path):
        super().__init__(path)
        self.path.mkdir()

    def clear(self):
        shutil.rmtree(self.path)
        self.path.mkdir()

    def holds(self, image):
        return all(Target(file).holds(image) for file in self.path.rglob("*") if file.is_file())


class LoopTarget(Target):
    """A loop device on a file in tmpfs, as bootferryd makes a RAM disk where the kernel has none."""

    def __init__(self, backing, size):
        self._backing = pathlib.Path(backing)
        with open(self._backing, "wb") as file:
            file.truncate((size + (1 << 20)) // 4096 * 4096)
        self._loop = LoopDevice(self._backing)
        super().__init__(self._loop.path)

    def clear(self):
        subprocess.run(["blkdiscard", "--force", self.path], check=True, stderr=subprocess.DEVNULL)

    def close(self):
        self._loop.detach()
        self._backing.unlink()


class Rows:
    """All rows by name, and what they share. `options`: see `run --help`."""

    def __init__(self, options, programs, folder, running):
        self._options, self._programs = options, programs
        self._folder = pathlib.Path(folder)
        self._servers = running.enter_context(servers.Servers(self._folder))
        self._images = {}
        self._ram = pathlib.Path(options.ram, f"bootferry-bench-{os.getpid()}")
        self._ram.mkdir()
        running.callback(shutil.rmtree, self._ram)
        self._job = pathlib.Path(options.build).resolve() / "tests/integration/worker-job"
        os.environ.update({"WORKER_JOB": str(self._job), "BOOTFERRY_WORKER": programs["worker"], "BOOTFERRY_PLUGIN_DIR": programs["plugins"],
                           "BOOTFERRYD": programs["bootferryd"], "BOOTFERRYCTL": programs["bootferryctl"]})

    def names(self):
        return [name.removeprefix("row_").replace("_", "-") for name in type(self).__dict__ if name.startswith("row_")]

    def open(self, name):
        """Context manager that yields a Row, or raises Unavailable."""
        return contextlib.contextmanager(getattr(self, "row_" + name.replace("-", "_")))()

    # The pieces that rows are made of

    def _image(self, size=None):
        size = size or self._options.size
        if size not in self._images:
            path = self._servers.documents / f"image-{size}"
            self._images[size] = path if path.exists() else servers.make_image(path, size)
        return self._images[size]

    def _file(self):
        return Target(self._ram / "target")

    @contextlib.contextmanager
    def _loop(self, size=None):
        if os.geteuid() != 0:
            raise Unavailable("a loop device needs root")
        target = LoopTarget(self._ram / "backing", size or self._options.size)
        try:
            yield target
        finally:
            target.close()

    @staticmethod
    @contextlib.contextmanager
    def _slowed(rate):
        if not os.environ.get("BOOTFERRY_BENCH_NETWORK"):
            raise Unavailable("a slowed loopback needs root, for a network namespace")
        with lines.limited(rate):
            yield

    def _fetch(self, url, target, *options, name="bootferryctl fetch"):
        return Contestant(name, [self._programs["bootferryctl"], "fetch", *options, url, target.path])

    def _deploy(self, service, url, target, *options, name="bootferryctl deploy", **how):
        return Contestant(name, [self._programs["bootferryctl"], "deploy", "--reset", *options, url, target.path],
                          service.process.pid, service.environment(), **how)

    @staticmethod
    def _pipe(url, target, *options, decoder="", name=None, dd=""):
        decode = f" | {decoder}" if decoder else ""
        command = f"curl -sf {' '.join(options)} {url}{decode} | dd bs=32k {dd} of={target.path}"
        return Contestant(name or f"curl{decode} | dd bs=32k {dd}".rstrip(), command)

    @staticmethod
    def _curl(url, target, *options):
        return Contestant("curl -o", ["curl", "-sf", *options, "-o", target.path, url])

    @staticmethod
    def _others(url, target):
        found = []
        if shutil.which("wget"):
            found.append(Contestant("wget", ["wget", "-q", "-O", target.path, url]))
        if shutil.which("aria2c"):
            found.append(Contestant("aria2c -x4", [
                "aria2c", "-q", "-x4", "-s4", "--allow-overwrite=true", f"--dir={target.path.parent}",
                f"--out={target.path.name}", url]))
        return found

    @staticmethod
    def _checksum(image):
        digest = hashlib.sha256()
        with open(image, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return f"--checksum=sha256:{digest.hexdigest()}"

    def _http(self, image, port=None):
        return f"http://127.0.0.1:{port or self._servers.http()}/{image.name}"

    # The rows

    def row_http(self):
        image, target = self._image(), self._file()
        url = self._http(image)
        yield Row("http to a file in tmpfs", target, [
            self._pipe(url, target), self._curl(url, target), *self._others(url, target), self._fetch(url, target),
            self._fetch(url, target, self._checksum(image), name="bootferryctl fetch, sha256")], image)

    def row_http_disk(self):
        image = self._image()
        target = Target(self._folder / "target")
        url = self._http(image)
        yield Row("http to a file on disk", target, [
            self._pipe(url, target), self._pipe(url, target, dd="conv=fsync"), self._curl(url, target),
            self._fetch(url, target)], image)

    def row_http_loop(self):
        image = self._image()
        url = self._http(image)
        with self._loop() as target, Daemon(self._folder / "run") as service:
            yield Row("http to a loop device on tmpfs", target, [
                self._pipe(url, target), self._pipe(url, target, dd="conv=fsync"), self._fetch(url, target, "--reset"),
                self._deploy(service, url, target)], image)

    def row_https(self):
        image, target = self._image(), self._file()
        port, authority = self._servers.https()
        url = f"https://127.0.0.1:{port}/{image.name}"
        trust = f"--option=curl:cacert={authority}"
        yield Row("https to a file in tmpfs", target, [
            self._pipe(url, target, "--cacert", str(authority)), self._curl(url, target, "--cacert", str(authority)),
            self._fetch(url, target, trust),
            self._fetch(url, target, trust, self._checksum(image), name="bootferryctl fetch, sha256")], image)

    def row_ftp(self):
        if os.geteuid() != 0:
            raise Unavailable("vsftpd needs root")
        image, target = self._image(), self._file()
        url = f"ftp://127.0.0.1:{self._servers.ftp()}/{image.name}"
        yield Row("ftp to a file in tmpfs", target, [
            self._pipe(url, target), self._curl(url, target), self._fetch(url, target)], image)

    def _sftp(self, image, target, port=None):
        server = self._servers.sftp()
        port = port or server.port
        url = f"sftp://{server.user}@127.0.0.1:{port}{image}"
        login = ["--insecure", "--key", str(server.key), "--pubkey", f"{server.key}.pub", "--user", f"{server.user}:"]
        return [
            self._curl(f"sftp://127.0.0.1:{port}{image}", target, *login),
            Contestant("sftp", ["sftp", "-q", "-i", server.key, "-P", port, "-o", "StrictHostKeyChecking=no", "-o",
                                "UserKnownHostsFile=/dev/null", f"{server.user}@127.0.0.1:{image}", target.path]),
            self._fetch(url, target, f"--option=sftp:hostkey={server.fingerprint()}", f"--option=sftp:key={server.key}")]

    def row_sftp(self):
        image, target = self._image(), self._file()
        yield Row("sftp to a file in tmpfs", target, self._sftp(image, target), image)

    def row_sftp_far(self):
        image, target = self._image(self._options.far_size), self._file()
        with lines.delayed(self._servers.sftp().port, 0.05) as port:
            yield Row("sftp, 50 ms round trip", target, self._sftp(image, target, port), image, legs=2)

    def row_http_far(self):
        image, target = self._image(self._options.far_size), self._file()
        with lines.delayed(self._servers.http(), 0.1, self._options.connection_rate) as port:
            url = self._http(image, port)
            yield Row(f"http, 100 ms round trip, {self._options.connection_rate / 1e6:.0f} MB/s a connection", target, [
                self._pipe(url, target), *self._others(url, target), self._fetch(url, target),
                self._fetch(url, target, "--connections=1", name="bootferryctl fetch, 1 connection")], image, legs=2)

    def row_http_slow(self):
        image, target = self._image(self._options.far_size), self._file()
        url = self._http(image)
        with self._slowed("200mbit"):
            yield Row("http over 200 Mbit/s", target, [
                self._pipe(url, target), *self._others(url, target), self._fetch(url, target)], image)

    def _compressed(self, how, decoder):
        image, target = self._image(self._options.codec_size), self._file()
        url = self._http(servers.compress(image, how))
        yield Row(f"{how} over http to a file in tmpfs", target, [
            self._pipe(url, target, decoder=decoder),
            self._fetch(url, target, "--decode", name="bootferryctl fetch --decode")], image)

    def row_gz(self):
        yield from self._compressed("gz", "gzip -d")

    def row_zst(self):
        yield from self._compressed("zst", "zstd -d")

    def row_xz(self):
        yield from self._compressed("xz", "xz -d")

    def row_growth(self):
        target = self._file()
        images = [self._image(size) for size in self._options.growth if 2 * size < _available_memory()]
        yield Row("http to a file in tmpfs, by the image's size", target, [
            dataclasses.replace(self._fetch(self._http(image), target, name=f"{image.stat().st_size / 1e6:.0f} MB"), image=image)
            for image in images], images[-1])

    def row_memory(self):
        image = self._image(self._options.codec_size)
        port, authority = self._servers.https()
        encoded = [servers.compress(image, how) for how in ("gz", "zst", "xz")]
        with self._loop(self._options.codec_size) as target, Daemon(self._folder / "run-memory") as service:
            yield Row("memory of service and worker, to a loop device on tmpfs", target, [
                self._deploy(service, self._http(image), target, name="http"),
                self._deploy(service, self._http(image), target, self._checksum(image), name="http, sha256"),
                self._deploy(service, f"https://127.0.0.1:{port}/{image.name}", target,
                             f"--option=curl:cacert={authority}", name="https"),
                *(self._deploy(service, self._http(file), target, name=f"http, {file.suffix[1:]}") for file in encoded),
            ], image, private=True)

    def row_clients(self):
        yield from self._clients("D-Bus clients, http to a loop device on tmpfs", contextlib.nullcontext())

    def row_clients_slow(self):
        yield from self._clients("D-Bus clients, http over 1 Gbit/s to a loop device on tmpfs", self._slowed("1gbit"))

    def _clients(self, title, line):
        """Clients cost time in bootferryd only; the worker sends the same reports in any case."""
        image = self._image()
        url = self._http(image)
        with contextlib.ExitStack() as running:
            target = running.enter_context(self._loop())
            services = [running.enter_context(Daemon(self._folder / f"run-{name}"))
                        for name in ("unwatched", "watched")]
            for _ in range(_CLIENTS):
                running.enter_context(services[1].watched())
            running.enter_context(line)
            alone = {"counted": measure.own_time}
            yield Row(title, target, [
                self._deploy(services[0], url, target, name="service and worker"),
                self._deploy(services[0], url, target, name="of it the service", **alone),
                self._deploy(services[1], url, target, name=f"the same with {_CLIENTS} clients", **alone)], image)

    def _profiled(self, image, read):
        """The same image under another name, with the boot profile of such a boot beside it."""
        other = image.with_name(f"{image.name}-profiled")
        if not other.exists():
            other.hardlink_to(image)
            subprocess.run(self._boot(self._http(image), image, read, f"--record={other}.profile").command, check=True)
        return other

    def _boot(self, url, image, read, *options, name="", **how):
        if not self._job.exists():
            raise Unavailable(f"{self._job} is not built")
        return Contestant(name, [sys.executable, pathlib.Path(__file__).with_name("on_demand.py"), url, image, self._file().path,
                                 f"--bytes={read}", *options], **how)

    def row_on_demand(self):
        image, small, target = self._image(self._options.far_size), self._image(self._options.far_size // 4), self._file()
        read = self._options.far_size // 20
        profiled = self._profiled(image, read)
        until = {"partial": True}
        with self._slowed("100mbit"):
            yield Row(f"on demand over 100 Mbit/s, {read / 1e6:.1f} MB of it read", target, [
                self._fetch(self._http(image), target),
                self._boot(self._http(image), image, read, name="on demand, all of it"),
                self._boot(self._http(profiled), image, read, name="with a profile, all of it"),
                self._boot(self._http(image), image, read, "--until=reads", name="on demand, until read", **until),
                self._boot(self._http(profiled), image, read, "--until=reads", name="with a profile, until read", **until),
                self._boot(self._http(small), small, read, "--until=reads", name="a quarter as large, until read", **until)],
                image)

    def row_on_demand_far(self):
        image, target = self._image(self._options.far_size), self._file()
        read = self._options.far_size // 20
        profiled = self._profiled(image, read)
        until = {"partial": True}
        rate = self._options.connection_rate
        with lines.delayed(self._servers.http(), 0, rate) as near, lines.delayed(self._servers.http(), 0.05, rate) as far:
            contestants = [self._boot(self._http(which, port), image, read, "--until=reads", name=f"{how}, {where}", **until)
                           for port, where in ((near, "near"), (far, "50 ms"))
                           for which, how in ((image, "until read"), (profiled, "with a profile"))]
            yield Row(f"on demand, {rate / 1e6:.0f} MB/s a connection, {read / 1e6:.1f} MB of it read", target, contestants, image,
                      legs=2)

    def row_dolly(self):
        if missing := network.missing():
            raise Unavailable(missing)
        image, target = self._image(self._options.far_size), NodesTarget(self._ram / "nodes")
        with chain.limited_network(_NODES, "200mbit") as net:
            yield Row("dolly, each machine on 200 Mbit/s", target, [
                Contestant(f"{name}, {count} node{'s' if count > 1 else ''}",
                           chain.command(net, count, image, target.path, program))
                for name, program in (("bootferryctl", None), ("dolly", self._options.dolly)) for count in (1, _NODES)
                if program or name == "bootferryctl"], image, wire=measure.Wire("port1", net.hub.pid))


def _available_memory():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


class Unavailable(RuntimeError):
    """Why a row cannot be measured here."""
