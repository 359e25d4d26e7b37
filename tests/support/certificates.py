# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private certificate authority, made by the openssl program in a folder of the test's own."""

import base64
import hashlib
import pathlib
import subprocess

_CONFIG = """
[ca]
default_ca = ours
[ours]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
default_md = sha256
default_crl_days = 1
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def _openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True,
                          stdin=subprocess.DEVNULL).stdout


class Authority:
    """`certificate` is the file to trust."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self._config = self.folder / "openssl.cnf"
        self._config.write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "index").touch()
        (self.folder / "crlnumber").write_text("01\n")
        (self.folder / "serial").write_text("1000\n")
        self.certificate, self._key = self.folder / "ca.pem", self.folder / "ca.key"
        _openssl("req", "-x509", *self._new_key(self._key), "-out", self.certificate, "-subj", "/CN=test authority",
                 "-days", "2", "-config", self._config, "-addext", "basicConstraints=critical,CA:TRUE")

    @staticmethod
    def _new_key(path):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", path

    def issue(self, name, addresses=(), *dates):
        """(certificate, key), for a server with these names ("IP:127.0.0.1"), or for a client without any."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        names = ["-addext", f"subjectAltName={','.join(addresses)}"] if addresses else []
        _openssl("req", "-new", *self._new_key(key), "-out", request, "-subj", f"/CN={name}", "-config", self._config,
                 *names)
        _openssl("ca", "-batch", "-notext", "-config", self._config, "-cert", self.certificate, "-keyfile", self._key,
                 "-in", request, "-out", certificate, *(dates or ("-days", "2")))
        return certificate, key

    def revoke(self, certificate):
        _openssl("ca", "-config", self._config, "-cert", self.certificate, "-keyfile", self._key, "-revoke",
                 certificate)

    def revocation_list(self):
        path = self.folder / "list.crl"
        _openssl("ca", "-config", self._config, "-cert", self.certificate, "-keyfile", self._key, "-gencrl", "-out",
                 path)
        return path

    @staticmethod
    def locked(key, passphrase):
        """The same key under a passphrase."""
        path = key.with_suffix(".locked")
        _openssl("ec", "-in", key, "-out", path, "-aes128", "-passout", f"pass:{passphrase}")
        return path

    @staticmethod
    def pin(certificate):
        """As curl's --pinnedpubkey takes it."""
        public = _openssl("x509", "-in", certificate, "-noout", "-pubkey")
        der = base64.b64decode("".join(public.decode().splitlines()[1:-1]))
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
