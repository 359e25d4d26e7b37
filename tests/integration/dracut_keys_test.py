# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trusted keys that dracut's module puts into an initrd: what anybody may read, and what a boot does not refuse.

The module's own functions, on a folder in place of the machine's root."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # noqa: E402
from openpgp import Keys  # noqa: E402

_MODULE = pathlib.Path(os.environ["BOOTFERRY_BUILD_ROOT"]) / "initrd-generator/dracut/module-setup.sh"
_SCRIPT = '. "$0"; list_missing_keys; echo; trusted_keys'


class TrustedKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keys = Keys().__enter__()
        cls.addClassCleanup(keys.__exit__)
        keys.make("alice")
        keys.make("bob")
        cls.public = keys.gpg("--export", "alice")
        cls.both = keys.gpg("--export")
        cls.armoured = keys.gpg("--armor", "--export", "alice")
        cls.secret = keys.gpg("--export-secret-keys", "alice")
        cls.armoured_secret = keys.gpg("--armor", "--export-secret-keys", "alice")

        def openssl(*words, text=None):
            return subprocess.run(["openssl", *words], input=text, check=True, capture_output=True).stdout

        cls.private = openssl("genpkey", "-algorithm", "ED25519")
        cls.private_der = openssl("pkey", "-outform", "DER", text=cls.private)
        with tempfile.NamedTemporaryFile() as key:
            key.write(cls.private)
            key.flush()
            cls.certificate = openssl("req", "-x509", "-new", "-key", key.name, "-subj", "/CN=a")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-dracut-keys-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.keys = self.root / "etc/bootferry/keys"
        self.keys.mkdir(parents=True)
        gpgv = self.root / "usr/bin/gpgv"
        gpgv.parent.mkdir(parents=True)
        gpgv.touch(0o755)

    def judge(self, script=_SCRIPT, conf=""):
        """What the module finds wrong, and the files that it would install."""
        result = subprocess.run(["bash", "-c", conf + script, str(_MODULE)], capture_output=True, text=True, check=True,
                                env={**os.environ, "dracutsysrootdir": str(self.root)})
        self.assertEqual(result.stderr, "")
        faults, _, installed = result.stdout.partition("\n\n") if not result.stdout.startswith("\n") \
            else ("", "", result.stdout[1:])
        return faults.splitlines(), installed.splitlines()

    def judge_file(self, name, content):
        path = self.keys / name
        path.write_bytes(content)
        faults, installed = self.judge()
        self.assertEqual(installed, [f"/etc/bootferry/keys/{name}"])
        path.unlink()
        return faults

    def assert_refused(self, name, content, words):
        faults = self.judge_file(name, content)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(f"OpenPGP keys: /etc/bootferry/keys/{name} {words}", faults[0])

    def test_public_keys_and_certificates(self):
        for name, content in (("a.gpg", self.public), ("a b.gpg", self.both), ("a.asc", self.armoured),
                              ("a.asc", self.public), ("a.gpg", b"Alice\n" + self.armoured + self.armoured),
                              ("a b.pem", self.certificate), ("a.crt", "Herr Müller\n".encode() + self.certificate),
                              ("a.gpg", b"\xc6\xc0\x08" + bytes(200)), ("a.gpg", b"\xc6\xff" + b"\0\0\0\1" + b"a"),
                              ("a.gpg", b"\x9a\0\0\0\1a")):
            with self.subTest(name, content=content[:40]):
                self.assertEqual(self.judge_file(name, content), [])

    def test_private_keys(self):
        words = "holds a private key"
        for name, content in (("my key.pem", self.private + self.certificate), ("key.crt", self.certificate + self.private),
                              ("a.gpg", self.secret), ("a.asc", self.secret), ("a b.asc", self.armoured_secret),
                              ("a.gpg", self.public + self.secret)):
            with self.subTest(name, content=content[:40]):
                self.assert_refused(name, content, words)
        # Nothing in these says what they are.
        for name, content in (("a.gpg", self.private_der), ("a.asc", self.private_der + self.armoured),
                              ("a.pem", self.certificate + self.private_der)):
            with self.subTest(name, content=content[:40]):
                self.assert_refused(name, content, "holds no ")

    def test_a_private_key_beside_the_authorities(self):
        (self.root / "bundle.pem").write_bytes(self.certificate)
        script, conf = '. "$0"; list_missing_certificates', "bootferry_ca_bundle=/bundle.pem; "
        self.assertEqual(self.judge(script, conf), ([], []))
        (self.root / "bundle.pem").write_bytes(self.certificate + self.private)
        faults, _ = self.judge(script, conf)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("CA certificates: /bundle.pem holds a private key", faults[0])

    def test_what_would_fail_each_boot(self):
        cut = self.certificate[:-30]
        for name, content in (("a.gpg", b"junk"), ("a b.asc", b"<html>"), ("a.gpg", self.both + b"\n"),
                              ("a.gpg", self.both[:-7]), ("a.gpg", self.public + bytes(10)), ("a.asc", self.armoured[:-30]),
                              ("a.gpg", b"\x99"), ("a.pem", b"junk"), ("a b.pem", cut), ("a.crt", self.certificate + cut)):
            with self.subTest(name, content=content[:40]):
                self.assert_refused(name, content, "holds no ")
        self.assert_refused("a.gpg", b"", "is missing, empty or no file")
        (self.keys / "a.gpg").mkdir()
        (self.keys / "b.pem").symlink_to("nothing")
        self.assertEqual([fault.split(":")[1] for fault in self.judge()[0]],
                         [f" /etc/bootferry/keys/{name} is missing, empty or no file" for name in ("a.gpg", "b.pem")])

    def test_names(self):
        for name in ("a key.pem", "b key.pem"):
            (self.keys / name).write_bytes(self.certificate)
        self.assertEqual(self.judge()[0], [])
        faults, _ = self.judge(conf="bootferry_keys='/nothing.asc /a.key'; ")
        self.assertEqual(len(faults), 3, faults)
        self.assertIn("/a.key is not named *.gpg", faults[0])
        self.assertIn("/nothing.asc is missing", faults[1])
        self.assertIn("/a.key is missing", faults[2])
        (self.root / "c.pem").write_bytes(self.certificate)
        (self.keys / "c.pem").write_bytes(self.certificate)
        faults, _ = self.judge(conf="bootferry_keys=/c.pem; ")
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("two files are named c.pem", faults[0])


if __name__ == "__main__":
    tap.main()
