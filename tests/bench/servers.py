# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image and the real servers that hand it out: nginx for http and https, vsftpd, sshd."""

import contextlib
import pathlib
import shutil
import subprocess

import processes
from nginx import Nginx
from sshd import Sshd

_PIECE = 1 << 20
# Volume descriptors as ECMA-119 has them, 8.4 and 8.3: the primary one and the end of the list.
_SECTOR = 2048
_DESCRIPTORS = b"".join(text.ljust(_SECTOR, b"\0") for text in (
    b"\x01CD001\x01\0" + b" " * 32 + b"BENCH".ljust(32), b"\xffCD001\x01"))


def make_image(path, size):
    """Programs and libraries of this machine, one after the other: what a live system's image is made of, and
    neither random nor empty to a decoder. It begins as an ISO 9660 does, which is all that is looked at."""
    with open(path, "wb") as image, contextlib.ExitStack() as stack:
        tar = None
        while image.tell() < size:
            piece = tar.stdout.read(min(_PIECE, size - image.tell())) if tar else b""
            if not piece:
                tar = stack.enter_context(subprocess.Popen(
                    ["tar", "--create", "--directory=/usr", "bin", "lib"], stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL))
                stack.callback(tar.kill)
            image.write(piece)
        image.seek(0)
        image.write(bytes(16 * _SECTOR) + _DESCRIPTORS)
    return path


def compress(path, how):
    """path.gz, path.zst or path.xz; xz in blocks, so that it can be decoded by more than one processor."""
    command = {"gz": ["gzip", "-1"], "zst": ["zstd", "-q", "-3"],
               "xz": ["xz", "-1", "-T0", "--block-size=8MiB"]}[how]
    target = path.with_name(f"{path.name}.{how}")
    with open(path, "rb") as source, open(target, "wb") as sink:
        subprocess.run(command, stdin=source, stdout=sink, check=True)
    return target


class Servers:
    """Context manager; each server is started when its URL is asked for the first time."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self.documents = self._folder / "served"
        self.documents.mkdir(parents=True, exist_ok=True)
        self._running = contextlib.ExitStack()
        self._started = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._running.close()

    def _once(self, name, start):
        if name not in self._started:
            self._started[name] = start()
        return self._started[name]

    def http(self):
        return self._once("http", lambda: self._running.enter_context(Nginx(self.documents))).port

    def https(self):
        """The port and the file of the authority to trust."""
        def start():
            certificate, key = self._folder / "certificate", self._folder / "key"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                            "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
            port = processes.free_port()
            extra = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
            self._running.enter_context(Nginx(self.documents, extra=extra))
            return port, certificate
        return self._once("https", start)

    def ftp(self):
        def start():
            port = processes.free_port()
            (self._folder / "empty").mkdir(exist_ok=True)
            configuration = self._folder / "vsftpd.conf"
            configuration.write_text("\n".join((
                "listen=YES", "listen_address=127.0.0.1", f"listen_port={port}", "background=NO",
                "anonymous_enable=YES", "no_anon_password=YES", "local_enable=NO", "seccomp_sandbox=NO",
                f"anon_root={self.documents}", f"secure_chroot_dir={self._folder / 'empty'}",
                "xferlog_enable=NO", "run_as_launching_user=NO", "")))
            self.documents.chmod(0o555)
            server = processes.start([shutil.which("vsftpd", path="/usr/sbin:/usr/bin"), configuration])
            self._running.callback(processes.stop, server)
            processes.wait_for_port(server, port)
            return port
        return self._once("ftp", start)

    def sftp(self):
        return self._once("sftp", lambda: self._running.enter_context(Sshd()))
