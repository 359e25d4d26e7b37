# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is compared with what: each row is one way for an image to reach one target, and the contestants that go
it, the first being what the others are measured against. A contestant is an argv, or a line for the shell.

A row is a generator: what it started ends when its measuring has ended.
"""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import typing

import lines
import servers
from daemon import Daemon


@dataclasses.dataclass
class Contestant:
    name: str
    command: object
    service: typing.Optional[int] = None
    environment: typing.Optional[dict] = None


@dataclasses.dataclass
class Row:
    title: str
    target: "Target"
    contestants: list
    image: pathlib.Path  # what has to lie on the target in the end
    legs: int = 1        # how often each byte crosses loopback: a proxy makes it two


class Target:
    """Where the image goes. clear() makes it as it was before the first time."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def clear(self):
        self.path.unlink(missing_ok=True)

    def holds(self, image):
        # A device is longer than the image.
        return subprocess.run(["cmp", "--bytes", str(image.stat().st_size), image, self.path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class LoopTarget(Target):
    """A loop device on a file in tmpfs, as bootferryd makes a RAM disk where the kernel has none."""

    def __init__(self, backing, size):
        self._backing = pathlib.Path(backing)
        with open(self._backing, "wb") as file:
            file.truncate((size + (1 << 20)) // 4096 * 4096)
        super().__init__(subprocess.run(["losetup", "--find", "--show", self._backing], check=True, capture_output=True,
                                        text=True).stdout.strip())

    def clear(self):
        subprocess.run(["blkdiscard", "--force", self.path], check=True, stderr=subprocess.DEVNULL)

    def close(self):
        subprocess.run(["losetup", "--detach", self.path], check=True)
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
        os.environ.update({"BOOTFERRY_WORKER": programs["worker"], "BOOTFERRY_PLUGIN_DIR": programs["plugins"],
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
    def _loop(self):
        if os.geteuid() != 0:
            raise Unavailable("a loop device needs root")
        target = LoopTarget(self._ram / "backing", self._options.size)
        try:
            yield target
        finally:
            target.close()

    def _fetch(self, url, target, *options, name="bootferryctl fetch"):
        return Contestant(name, [self._programs["bootferryctl"], "fetch", *options, url, target.path])

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
        with self._loop() as target, Daemon(self._folder / "run", disks=True) as service:
            yield Row("http to a loop device on tmpfs", target, [
                self._pipe(url, target), self._pipe(url, target, dd="conv=fsync"), self._fetch(url, target, "--reset"),
                Contestant("bootferryctl deploy", [self._programs["bootferryctl"], "deploy", "--reset", url, target.path],
                           service.process.pid, service.environment())], image)

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
                self._pipe(url, target), *self._others(url, target), self._fetch(url, target)], image, legs=2)

    def row_http_slow(self):
        if not os.environ.get("BOOTFERRY_BENCH_NETWORK"):
            raise Unavailable("a slowed loopback needs root, for a network namespace")
        image, target = self._image(self._options.far_size), self._file()
        url = self._http(image)
        with lines.limited("200mbit"):
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


class Unavailable(RuntimeError):
    """Why a row cannot be measured here."""
