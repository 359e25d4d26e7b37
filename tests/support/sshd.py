# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private sshd on loopback with keys of its own; the machine's own sshd is not touched.

It runs as the user of the test, accepts that user's login with the key that it generated, and serves files by its
internal sftp. `config` is more text for its configuration.
"""

import base64
import functools
import getpass
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import processes

# The first value of a keyword counts, so the test's own come before the others.
_CONFIG = """
{config}
ListenAddress {address}:{port}
{host_keys}
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups {max_startups}
LogLevel VERBOSE
{penalties}
{subsystem}
"""


def _generate(path, kind, passphrase=""):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", path], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    return pathlib.Path(path)


@functools.lru_cache
def _no_penalties():
    """From 9.8 on, a client that has failed to log in a few times is refused for a while: here the next session."""
    words = subprocess.run(["ssh", "-V"], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
    major, minor = re.match(r"OpenSSH_(\d+)\.(\d+)", words).groups()
    return "PerSourcePenalties no" if (int(major), int(minor)) >= (9, 8) else ""


class Sshd:
    """Context manager; `port` is taken and keys are made at construction, so that tests can start it late."""

    user = getpass.getuser()

    def __init__(self, address="127.0.0.1", host_key_kinds=("ed25519", "ecdsa"), subsystem="sftp internal-sftp",
                 config="", prefix=(), max_startups=100):
        self.address = address
        self.port = processes.free_port(address)
        self._folder = tempfile.TemporaryDirectory(prefix="bootferry-sshd-")
        self.folder = pathlib.Path(self._folder.name)
        self.folder.chmod(0o755)
        self._host_keys = {kind: _generate(self.folder / f"host_{kind}", kind) for kind in host_key_kinds}
        self.key = _generate(self.folder / "user_key", "ed25519")
        self.authorize(self.key)
        self._config = (f"Subsystem {subsystem}" if subsystem else "", config)
        self._max_startups = max_startups  # of this keyword the last value counts
        self._prefix = list(prefix)
        self._process = None

    @staticmethod
    def missing():
        """Why it cannot be started here, or None."""
        if not pathlib.Path("/usr/sbin/sshd").exists() or not shutil.which("ssh-keygen"):
            return "openssh-server is not installed"
        return None

    def new_key(self, kind="ed25519", passphrase=""):
        """A key that no server accepts."""
        return _generate(self.folder / f"key{len(list(self.folder.iterdir()))}", kind, passphrase)

    def authorize(self, key):
        with open(self.folder / "authorized_keys", "a", encoding="ascii") as file:
            file.write(key.with_name(key.name + ".pub").read_text())

    def public_host_key(self, kind="ed25519"):
        """'ssh-ed25519 AAAA…'"""
        return " ".join(self._host_keys[kind].with_name(f"host_{kind}.pub").read_text().split()[:2])

    def fingerprint(self, kind="ed25519"):
        digest = hashlib.sha256(base64.b64decode(self.public_host_key(kind).split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def known_hosts(self, name=None, port=None, kinds=None):
        """The text of a known_hosts file for this server, or for a proxy before it."""
        place = f"[{name or self.address}]:{port or self.port}"
        return "".join(f"{place} {self.public_host_key(kind)}\n" for kind in kinds or self._host_keys)

    def start(self):
        bracketed = f"[{self.address}]" if ":" in self.address else self.address
        config = self.folder / "sshd_config"
        config.write_text(_CONFIG.format(
            address=bracketed, port=self.port, folder=self.folder, subsystem=self._config[0],
            config=self._config[1], penalties=_no_penalties(), max_startups=self._max_startups,
            host_keys="\n".join(f"HostKey {path}" for path in self._host_keys.values())))
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's privilege separation wants it
        self._process = processes.start([*self._prefix, "/usr/sbin/sshd", "-D", "-f", config, "-E", self.folder / "log"])
        try:
            processes.wait_for_port(self._process, self.port, self.address)
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {self.log()}") from error
        return self

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else "no log"

    def kill_sessions(self):
        """Kills the processes that serve connections; the one that listens continues."""
        # Which of a session's processes holds the connection depends on the user that sshd runs as.
        for generation in self._generations():
            for process in generation:
                os.kill(process, signal.SIGKILL)

    def kill_sftp(self):
        """Kills the processes that serve files; their connections stay."""
        for process in self._generations()[-1]:
            os.kill(process, signal.SIGKILL)

    def _generations(self):
        """The processes of all sessions: the children of the one that listens, their children, and so on."""
        generations = [processes.children(self._process.pid)]
        while younger := [child for parent in generations[-1] for child in processes.children(parent)]:
            generations.append(younger)
        return generations

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self._folder.cleanup()
