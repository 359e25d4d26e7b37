# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPGP keys of a test's own, made by gpg in a folder that is removed afterwards."""

import os
import pathlib
import subprocess
import tempfile


class Keys:
    """Context manager. Its folder is short-lived and has a short name: gpg-agent's sockets lie in it."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="gpg-")
        self._environment = {**os.environ, "GNUPGHOME": self._folder.name, "LC_ALL": "C"}
        return self

    def __exit__(self, *_):
        subprocess.run(["gpgconf", "--kill", "all"], env=self._environment, check=False, capture_output=True)
        self._folder.cleanup()

    def gpg(self, *words, text=None):
        return subprocess.run(["gpg", "--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
                               "--passphrase", "", *map(str, words)], env=self._environment, check=True, input=text,
                              capture_output=True, timeout=300).stdout

    def make(self, name, *options, lifetime="never"):
        """Returns its fingerprint."""
        self.gpg(*options, "--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", "sign", lifetime)
        listed = self.gpg("--with-colons", "--list-keys", name).decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def export(self, path, *names, armoured=False):
        path.write_bytes(self.gpg(*["--armor"] * armoured, "--export", *names))
        return path

    def sign(self, path, *names, kind="--detach-sign", options=(), suffix=".gpg"):
        """Signs the file; returns the signature's path."""
        signed = pathlib.Path(f"{path}{suffix}")
        users = [word for name in names for word in ("--local-user", name)]
        self.gpg(*options, *users, "--output", signed, kind, path)
        return signed

    def revoke(self, name, fingerprint):
        """With the certificate that gpg makes for each new key, whose first line it disarms with a colon."""
        certificate = pathlib.Path(self._folder.name) / "openpgp-revocs.d" / f"{fingerprint}.rev"
        self.gpg("--import", text=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
