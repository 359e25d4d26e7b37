# SPDX-License-Identifier: LGPL-2.1-or-later
"""nfs-ganesha that serves one folder in a network namespace of its own, with a portmapper for version 3.

Both see an empty /run, so that they meet neither the machine's rpcbind nor its D-Bus. Clients are run by `command()`.
Version 6 ends where it may not have its I/O preferred (PR_SET_IO_FLUSHER, a privilege that root in a container lacks),
unless that is allowed to fail; version 4 ignores the parameter. It exports no folder of a tmpfs, and delivers the old
file after another one got its name, unless it keeps nothing of folders (Dir_Chunk).
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import network
import processes

_PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
_PROGRAMS = {name: shutil.which(name, path=_PATH) for name in ("ganesha.nfsd", "rpcbind")}
# Version 3 names an export by its path, version 4 by its place below the pseudo root.
PSEUDO = "/images"
_CONFIGURATION = """
NFS_CORE_PARAM {{
    Protocols = {protocols}; NFS_Port = {port}; MNT_Port = {mount_port};
    Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false;
    Allow_Set_Io_Flusher_Fail = true;
}}
NFSv4 {{ Lease_Lifetime = 5; Grace_Period = 5; Graceless = {graceless}; RecoveryBackend = fs; RecoveryRoot = "{state}"; }}
NFS_KRB5 {{ Active_krb5 = false; }}
MDCACHE {{ Dir_Chunk = 0; }}
EXPORT_DEFAULTS {{ Attr_Expiration_Time = 0; }}
EXPORT {{
    Export_Id = 1; Path = "{folder}"; Pseudo = {pseudo}; Protocols = {protocols}; Transports = TCP; SecType = sys;
    Access_Type = {access}; Squash = None; FSAL {{ Name = VFS; }} {extra}
}}
LOG {{ Default_Log_Level = EVENT; }}
"""


class Ganesha:
    """Context manager. `stop()` and `start()` are a server that dies and comes back. `extra` is for the export."""

    address, port, mount_port = "127.0.0.1", 2049, 2048

    def __init__(self, folder, protocols="3, 4", access="RO", extra="", graceless=True):
        self._folder = pathlib.Path(folder)
        self._words = {"protocols": protocols, "access": access, "extra": extra, "graceless": str(graceless).lower()}
        self._state = tempfile.TemporaryDirectory(prefix="bootferry-ganesha-")
        self._host = self._portmapper = self._process = None

    @staticmethod
    def missing():
        """Why it cannot be started here, or None."""
        for name, program in _PROGRAMS.items():
            if program is None:
                return f"{name} is not installed"
        return network.missing()

    def url(self, name, version=3, **query):
        """The URL of the file with this name."""
        if version == 4:
            query["version"] = 4
        words = "&".join(f"{key.replace('_', '-')}={value}" for key, value in query.items())
        return f"nfs://{self.address}{PSEUDO if version == 4 else self._folder}/{name}" + (f"?{words}" if words else "")

    def command(self, *words):
        """The command that runs `words` where the server can be reached."""
        return self._host.command(*words)

    def host(self):
        return self._host

    def start(self):
        if self._host is None:
            self._host = network.Host(1)
            self._host.run("ip", "link", "set", "lo", "up")
            # It changes its user, which makes the kernel forget that it is to die with its parent: it goes with the first
            # process of its PID namespace, which does not.
            self._portmapper = processes.start(self.command(
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                'mount -t tmpfs none /run || exit; "$@" & wait', "sh", _PROGRAMS["rpcbind"], "-f"))
            processes.wait_for(self._portmapper, lambda: self._listens(111))
        folder = pathlib.Path(self._state.name)
        (folder / "ganesha.conf").write_text(_CONFIGURATION.format(
            folder=self._folder, port=self.port, mount_port=self.mount_port, state=folder, pseudo=PSEUDO, **self._words))
        # rpcbind's socket is not in its /run, so that it registers over TCP.
        self._process = processes.start(self._private(
            _PROGRAMS["ganesha.nfsd"], "-F", "-f", str(folder / "ganesha.conf"), "-L", str(folder / "log"), "-p",
            "/run/ganesha.pid"), stderr=subprocess.DEVNULL)
        processes.wait_for(self._process, lambda: self._listens(self.port) and "SERVER INITIALIZED" in self._log())
        if refused := re.findall(".*Could not create export.*", self._log()):
            raise RuntimeError(refused[0])  # it serves all the same, and denies access
        return self

    def stop(self):
        """Ends the server as a loss of power does, with its connections."""
        if self._process is not None:
            processes.stop_all(self._process)
            self._process = None
            (pathlib.Path(self._state.name) / "log").unlink(missing_ok=True)

    def _private(self, *words):
        return self.command("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh", *words)

    def _log(self):
        path = pathlib.Path(self._state.name, "log")
        return path.read_text() if path.exists() else ""

    def _listens(self, port):
        tables = (pathlib.Path(f"/proc/{self._host.pid}/net/{name}").read_text() for name in ("tcp", "tcp6"))
        return any(re.search(rf":{port:04X} \S+ 0A ", table) for table in tables)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self._portmapper is not None:
            processes.stop_all(self._portmapper)
        if self._host is not None:
            self._host.stop()
        self._state.cleanup()
