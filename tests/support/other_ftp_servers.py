# SPDX-License-Identifier: LGPL-2.1-or-later
"""ProFTPD and Pure-FTPd, private ones on loopback that serve one folder without a login.

Debian installs one FTP server at a time, which here is vsftpd. These are used as installed where they are, else their
packages, and those of libraries that the machine lacks, are unpacked into the build folder; `missing()` says why if there
is no archive to take them from.
"""

import fcntl
import functools
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import processes


@functools.lru_cache
def _find(package, name):
    """The program's path, and why there is none."""
    if os.geteuid() != 0:
        return None, f"{name} needs root"
    if installed := shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"):
        return installed, None
    folder = pathlib.Path(os.environ["BOOTFERRY_BUILD_ROOT"], "unpacked-servers")
    folder.mkdir(exist_ok=True)
    program = folder / package / "usr/sbin" / name
    with open(folder / "lock", "w", encoding="ascii") as lock:  # suites run beside each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=folder) as downloads:
                # Nothing is installed or removed.
                script = (f"mkdir partial && apt-get install -q -y --download-only --no-install-recommends "
                          f"-o Dir::Cache::archives=$PWD {package} && "
                          f'for file in *.deb; do dpkg -x "$file" {folder / package}; done')
                try:
                    unpacked = subprocess.run(["sh", "-c", script], cwd=downloads, capture_output=True, text=True, timeout=120,
                                              check=False)
                except subprocess.TimeoutExpired:
                    return None, f"{package} could not be downloaded in two minutes"
            if unpacked.returncode != 0:
                return None, f"{name} is not installed and {package} cannot be downloaded: {unpacked.stderr[-200:].strip()}"
    return str(program), None


class _FtpServer:
    """With `few_data_ports`, passive data connections come in at these two `data_ports` (ProFTPD wants more than one)."""

    data_ports = ()

    def __init__(self, documents, settings=(), few_data_ports=False):
        self.address = "127.0.0.1"
        self.port = processes.free_port()
        if few_data_ports:
            first = processes.free_port()
            self.data_ports = (first, first + 1)
        self._documents, self._settings = pathlib.Path(documents), settings
        self._state = self._process = None

    @classmethod
    def missing(cls):
        """Why it cannot be started here, or None."""
        return _find(*cls._PROGRAM)[1]

    def __enter__(self):
        self._state = tempfile.TemporaryDirectory(prefix="bootferry-ftp-")
        program = pathlib.Path(_find(*self._PROGRAM)[0])
        libraries = ":".join(map(str, program.parents[1].glob("lib/*-linux-gnu")))
        self._process = processes.start(self._command(str(program), pathlib.Path(self._state.name)),
                                        env={**os.environ, "LD_LIBRARY_PATH": libraries})
        processes.wait_for_port(self._process, self.port)
        return self

    def __exit__(self, *_):
        processes.stop_all(self._process)
        self._state.cleanup()


class Proftpd(_FtpServer):
    """`settings` are more lines for the section of the anonymous user."""

    _PROGRAM = ("proftpd-core", "proftpd")

    def _command(self, program, folder):
        passive = ["PassivePorts {} {}".format(*self.data_ports)] if self.data_ports else []
        (folder / "conf").write_text("\n".join((
            "ServerType standalone", "DefaultServer on", f"DefaultAddress {self.address}", f"Port {self.port}", "UseIPv6 off",
            "User nobody", "Group nogroup", f"PidFile {folder / 'pid'}", f"ScoreboardFile {folder / 'scoreboard'}",
            "DelayTable none", f"SystemLog {folder / 'log'}", "TransferLog none", "WtmpLog off", "UseReverseDNS off",
            "AuthPAM off", *passive, f"<Anonymous {self._documents}>", "User nobody", "Group nogroup",
            "UserAlias anonymous nobody", "RequireValidShell off", "UseFtpUsers off", *self._settings, "</Anonymous>", "")))
        return [program, "-n", "-q", "-c", str(folder / "conf")]


class PureFtpd(_FtpServer):
    """`settings` are more options. It serves the home folder of the user ftp, in whose place it sees the documents."""

    _PROGRAM = ("pure-ftpd", "pure-ftpd")

    @classmethod
    def missing(cls):
        try:
            home = pwd.getpwnam("ftp").pw_dir
        except KeyError:
            return "there is no user ftp"
        return super().missing() or (None if os.path.isdir(home) else f"there is no folder '{home}'")

    def _command(self, program, folder):
        passive = ["-p", "{}:{}".format(*self.data_ports)] if self.data_ports else []
        script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh", str(self._documents), pwd.getpwnam("ftp").pw_dir, program, "-S",
                f"{self.address},{self.port}", "-e", "-g", str(folder / "pid"), *passive, *self._settings]
