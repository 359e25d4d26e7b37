# SPDX-License-Identifier: LGPL-2.1-or-later
"""A checksum list that is signed: what gpgv accepts, and everything that must not boot."""

import os
import pathlib
import pwd
import random
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import processes  # noqa: E402
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402
from nginx import Nginx  # noqa: E402
from openpgp import Keys  # noqa: E402
from squashfs import make_squashfs  # noqa: E402

# Runs a command, as root, where /usr/bin/gpgv is something else, or is not there.
WITH_OTHER_GPGV = ("unshare", "--mount", "sh", "-c",
                   'mkdir "$1/upper" "$1/work" && '
                   'mount -t overlay none -o "lowerdir=/usr/bin,upperdir=$1/upper,workdir=$1/work" /usr/bin && '
                   'rm /usr/bin/gpgv && { [ ! -e "$1/gpgv" ] || cp "$1/gpgv" /usr/bin/gpgv; } && shift && exec "$@"', "sh")
# What it can do is what its report says that it can. Nothing but perl itself: modules could not be found in the sandbox.
NOSY_GPGV = """#!/usr/bin/perl
$did .= " read=" . (open(A, "<", "/etc/hostname") ? "yes" : "no");
$did .= " connect=" . (socket(B, 2, 1, 0) && connect(B, pack("S n C4 x8", 2, %d, 127, 0, 0, 1)) ? "yes" : "no");
$did .= " unix=" . (socket(C, 1, 1, 0) ? "yes" : "no");
$did .= " write=" . (open(D, ">", "%s/written") ? "yes" : "no");
$pid = fork;
exit 0 if defined $pid && $pid == 0;
$did .= " fork=" . (defined $pid ? "yes" : "no");
print "[GNUPG:] GOODSIG 89ABCDEF01234567 uid=$>$did\\n";
print "[GNUPG:] VALIDSIG 0123456789ABCDEF0123456789ABCDEF01234567 2026-11-30 1796023584 0 4 0 22 8 00\\n";
"""
needs_root = unittest.skipUnless(os.geteuid() == 0, "needs root")


class SignatureCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keys = Keys().__enter__()
        cls.addClassCleanup(keys.__exit__)
        cls.keys = keys
        cls.alice = keys.make("alice")
        cls.bob = keys.make("bob")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-signature-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.served = self.path / "served"
        self.served.mkdir()
        self.image = self.served / "live.squashfs"
        make_squashfs(self.image, 3_000_000)
        self.list = self.served / "SHA256SUMS"
        self.write_list()
        self.settings = self.path / "settings"
        (self.settings / "keys").mkdir(parents=True)
        self.keyring = self.keys.export(self.path / "alice.gpg", "alice")
        self.output = self.path / "output"
        self.server = Nginx(self.served).start()
        self.addCleanup(self.server.stop)
        self.wanted = 0

    def url(self, name="live.squashfs"):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def write_list(self):
        text = subprocess.run(["sha256sum", "live.squashfs"], check=True, capture_output=True, cwd=self.served).stdout
        self.list.write_bytes(text)

    def was_asked_for_the_image(self):
        """Since the last time that it was to be."""
        return self.server.access_log().count("GET /live.squashfs") > self.wanted


class FetchCase(SignatureCase):
    def fetch(self, signature="auto", keyring=None, options=(), prefix=(), checksum=None):
        trusted = [] if keyring is False else [f"--keyring={keyring or self.keyring}"]
        wanted = [f"--signature={signature}"] if signature else []
        return subprocess.run([*prefix, os.environ["BOOTFERRYCTL"], "fetch",
                               f"--checksum={checksum or self.url('SHA256SUMS')}", *wanted, *trusted, *options,
                               self.url(), str(self.output)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300, env={**os.environ, "BOOTFERRY_SETTINGS": str(self.settings)})

    def assert_fetched(self, result, signer="alice"):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())
        self.assertIn(f"{getattr(self, signer)} {signer} <{signer}@example.org>", result.stderr)
        self.output.unlink()
        self.wanted = self.server.access_log().count("GET /live.squashfs")

    def assert_refused(self, result, *words, status=exit_status.CHECKSUM):
        self.assertEqual(result.returncode, status, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.strip().splitlines()[-1])
        self.assertFalse(self.output.exists())
        self.assertFalse(self.was_asked_for_the_image())


class Fetch(FetchCase):
    def test_a_signature_beside_the_list(self):
        for suffix in (".gpg", ".asc", ".sign", ".sig"):
            with self.subTest(suffix):
                signed = self.keys.sign(self.list, "alice", suffix=suffix,
                                        options=["--armor"] * (suffix != ".gpg"))
                self.assert_fetched(self.fetch())
                self.assert_fetched(self.fetch(self.url(signed.name)))
                signed.unlink()

    def test_a_signature_on_this_machine(self):
        signed = self.keys.sign(self.list, "alice").rename(self.path / "signature")
        self.assert_fetched(self.fetch(signed))
        (self.path / "empty").write_text("")
        self.assert_refused(self.fetch(self.path / "empty"), "empty", status=exit_status.USAGE)
        self.assert_refused(self.fetch(self.path / "nothing"), "nothing", status=exit_status.NOT_FOUND)

    def test_keys_of_this_machine(self):
        self.keys.sign(self.list, "alice")
        self.assert_refused(self.fetch(keyring=False), "no key is trusted", f"{self.settings}/keys",
                            status=exit_status.NOT_FOUND)
        self.keys.export(self.settings / "keys/b.gpg", "bob")
        self.keys.export(self.settings / "keys/c.asc", "alice", armoured=True)
        self.assert_fetched(self.fetch(keyring=False))
        self.assert_refused(self.fetch(keyring=self.path / "nobody"), "no such file", status=exit_status.NOT_FOUND)
        (self.path / "page").write_text("<html>")
        self.assert_refused(self.fetch(keyring=self.path / "page"), "gpg --export", status=exit_status.USAGE)
        bob = (self.settings / "keys/b.gpg").read_bytes()
        for damaged in (bob + b"\n", bob[:-7], bob + bytes(10)):  # gpgv would not see the key behind it
            (self.settings / "keys/b.gpg").write_bytes(damaged)
            self.assert_refused(self.fetch(keyring=False), "b.gpg': they are cut or damaged", status=exit_status.USAGE)

    def test_the_signer_is_in_the_record(self):
        self.keys.sign(self.list, "alice")
        result = self.fetch(options=["--json=short"])
        self.assertIn(f'"signed_by":"{self.alice} alice <alice@example.org>"', result.stdout.splitlines()[-1])

    def test_another_key(self):
        self.keys.sign(self.list, "bob")
        self.assert_refused(self.fetch(), self.bob[-16:], "not one of the trusted keys", self.url("SHA256SUMS"))

    def test_any_bit_that_is_changed(self):
        signed = self.keys.sign(self.list, "alice")
        for file in (self.list, signed):
            good = file.read_bytes()
            # Of a signature, what is not signed itself may be changed: hints which key to look for. At its end are the
            # two numbers that it consists of.
            places = range(len(good)) if file == self.list else range(len(good) - 30, len(good))
            for place in {0, len(good) - 2, *random.Random(5).sample(places, 3)}:
                with self.subTest(file=file.name, place=place):
                    file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
                    result = self.fetch()
                    self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
                    self.assertFalse(self.was_asked_for_the_image())
            file.write_bytes(good)
        self.assert_fetched(self.fetch())

    def test_the_signed_list_of_another_image(self):
        self.list.write_text(f"{'a' * 64}  live.squashfs\n")
        self.keys.sign(self.list, "alice")
        result = self.fetch()
        self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
        self.assertIn("checksum does not match", result.stderr)
        self.assertFalse(self.output.exists())

    def test_a_signed_list_without_this_image(self):
        self.list.write_text(f"{'a' * 64}  other\n")
        self.keys.sign(self.list, "alice")
        self.assert_refused(self.fetch(), "no checksum for 'live.squashfs'", status=exit_status.NOT_FOUND)

    def test_no_signature(self):
        self.assert_refused(self.fetch(), "is not signed", status=exit_status.NOT_FOUND)
        self.assert_refused(self.fetch(self.url("nothing.gpg")), self.url("nothing.gpg"), "404",
                            status=exit_status.NOT_FOUND)
        self.assert_refused(self.fetch(self.url("SHA256SUMS")), "has no inline signature")
        (self.served / "SHA256SUMS.gpg").write_text("")
        self.assert_refused(self.fetch(), "empty")
        (self.served / "SHA256SUMS.gpg").write_text("<html>Please log in</html>")
        self.assert_refused(self.fetch(), "no OpenPGP signature")

    def test_a_server_that_refuses_what_it_does_not_have(self):
        """As object stores do for whoever may not list their files."""
        self.server.stop()
        self.server = Nginx(self.served, extra="if (!-f $request_filename) { return 403; }").start()
        self.addCleanup(self.server.stop)
        self.keys.sign(self.list, "alice", suffix=".sig")
        self.assert_fetched(self.fetch())
        (self.served / "SHA256SUMS.sig").unlink()
        self.assert_refused(self.fetch(), "signature", self.url("SHA256SUMS.gpg"), "403", status=exit_status.AUTH)
        self.assert_refused(self.fetch(self.url("nothing.gpg")), self.url("nothing.gpg"), "403", status=exit_status.AUTH)

    def test_what_cannot_be_signed(self):
        self.assert_refused(self.fetch(checksum="a" * 64), "checksum list", status=exit_status.USAGE)
        self.assert_refused(self.fetch(signature=None), "--keyring=", status=exit_status.USAGE)
        self.assert_refused(self.fetch(self.url("x").replace("//", "//user:geheim@")), "user name",
                            status=exit_status.USAGE)

    def test_keys_that_have_ended(self):
        past = ["--faked-system-time", "20200101T000000"]
        self.keys.make("carol", *past, lifetime="1d")
        self.keys.sign(self.list, "carol", options=past)
        self.assert_refused(self.fetch(keyring=self.keys.export(self.path / "carol", "carol")), "key that has expired",
                            "clock says 2")
        dora = self.keys.make("dora")
        self.keys.sign(self.list, "dora")
        self.keys.revoke("dora", dora)
        self.assert_refused(self.fetch(keyring=self.keys.export(self.path / "dora", "dora")), "key that was revoked")

    def test_a_signature_that_can_be_forged(self):
        self.keys.sign(self.list, "alice", options=["--digest-algo", "SHA1"])
        self.assert_refused(self.fetch(), "SHA-1")

    def test_two_signatures(self):
        self.keys.sign(self.list, "alice", "bob")
        self.assert_fetched(self.fetch())
        result = self.fetch(keyring=self.keys.export(self.path / "both", "alice", "bob"))
        self.assertIn(self.bob, result.stderr)
        self.assert_fetched(result)
        one, other = (self.keys.sign(self.list, name, suffix=f".{name}").read_bytes() for name in ("alice", "bob"))
        (self.served / "SHA256SUMS.gpg").write_bytes(other + one)
        self.assert_fetched(self.fetch())
        self.list.write_bytes(self.list.read_bytes() + b"\n")  # signed by nobody
        self.assert_refused(self.fetch())

    def test_a_message_is_no_signature(self):
        """A signature of another text, by the right key: gpgv must not accept it for the list."""
        (self.path / "other").write_text("something else\n")
        for kind in ("--sign", "--clear-sign"):
            message = self.keys.sign(self.path / "other", "alice", kind=kind)
            (self.served / "SHA256SUMS.gpg").write_bytes(message.read_bytes())
            self.assert_refused(self.fetch())
        signed = self.keys.sign(self.list, "alice")
        signed.write_bytes(signed.read_bytes() + message.read_bytes())
        self.assert_refused(self.fetch())

    def test_garbage(self):
        self.keys.sign(self.list, "alice")
        self.list.write_bytes(random.Random(1).randbytes(1 << 20))
        self.assert_refused(self.fetch())
        self.list.write_bytes(bytes((1 << 20) + 1))
        self.assert_refused(self.fetch(), "larger than 1 MiB", "not a checksum list")
        self.write_list()
        for size in (1, 1000, 1 << 20):
            (self.served / "SHA256SUMS.gpg").write_bytes(random.Random(size).randbytes(size))
            self.assert_refused(self.fetch())

    def sign_inline(self, *names):
        signed = self.keys.sign(self.list, *names, kind="--clear-sign", suffix=".asc")
        self.list.write_bytes(signed.read_bytes())
        signed.unlink()

    def test_the_signature_of_a_message_beside_its_text(self):
        """It is of a text, and does not cover the ends of lines: anybody can take it out of the message, and put names
        and checksums behind what it covers."""
        text = f"{'a' * 64}  old.squashfs\n" + self.list.read_text()
        self.list.write_text(text)
        self.sign_inline("alice")
        message = self.list.read_text()
        signature = message[message.index("-----BEGIN PGP SIGNATURE-----"):]
        for served in (text, text.replace("old.squashfs\n", "old.squashfs" + "\r" * 20000 + "/live.squashfs\n"),
                       text.replace("live.squashfs\n", "live.squashfs\r\r\n")):
            self.list.write_text(served, newline="")
            (self.served / "SHA256SUMS.asc").write_text(signature)
            self.assert_refused(self.fetch())
            # One of an unknown key makes gpgv fail in any case.
            (self.path / "other").write_text("something else\n")
            other = self.keys.sign(self.path / "other", "bob", options=["--textmode", "--armor"])
            (self.served / "SHA256SUMS.asc").write_text(signature + other.read_text())
            self.assert_refused(self.fetch())
        self.write_list()
        self.keys.sign(self.list, "alice", options=["--textmode", "--armor"], suffix=".asc")
        self.assert_refused(self.fetch(), "text mode")

    def test_a_list_that_programs_read_differently(self):
        for line in ("live.squashfs\r\r", "x" * 10000, "x\0", "\x1b[2J"):
            self.write_list()
            with open(self.list, "a", newline="") as file:
                file.write(f"{'b' * 64}  {line}\n")
            signed = self.keys.sign(self.list, "alice")
            self.assert_refused(self.fetch())
            signed.unlink()

    def test_the_login_in_options_is_for_the_images_server(self):
        self.keys.sign(self.list, "alice")
        with FaultServer(self.list) as lists, FaultServer(self.served / "SHA256SUMS.gpg") as signatures:
            self.assert_fetched(self.fetch(f"http://127.0.0.1:{signatures.port}/x.gpg",
                                           checksum=f"http://127.0.0.1:{lists.port}/SHA256SUMS",
                                           options=["--option=curl:user=alice:geheim", "--option=curl:header=X-Key: geheim"]))
            for server in (lists, signatures):
                self.assertTrue(server.requests)
                for request in server.requests:
                    self.assertNotIn("Authorization", request.headers)
                    self.assertNotIn("geheim", str(request.headers))

    def test_a_list_that_is_signed_inline(self):
        self.list.write_text("# a comment, as Fedora has it\n- dashes\n" + self.list.read_text())
        self.sign_inline("alice")
        self.assert_fetched(self.fetch())
        self.assert_fetched(self.fetch(self.url("SHA256SUMS")))

    def test_only_what_is_signed_counts(self):
        """The signed part has another checksum for this image; the text around it has the matching one."""
        right = self.list.read_text()
        self.list.write_text(f"{'a' * 64}  live.squashfs\n")
        self.sign_inline("alice")
        signed = self.list.read_text()
        for text in (right + signed, signed + right, f"{right}{signed}{right}"):
            self.list.write_text(text)
            result = self.fetch()
            self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
            self.assertIn(f"sha256:{'a' * 64}", result.stderr)
            self.assertFalse(self.output.exists())
        self.write_list()
        self.sign_inline("alice")
        self.list.write_text(f"{'a' * 64}  live.squashfs\n{self.list.read_text()}{'b' * 64}  live.squashfs\n")
        self.assert_fetched(self.fetch())

    def test_inline_lists_that_are_not_accepted(self):
        right = self.list.read_text()
        self.sign_inline("alice")
        signed = self.list.read_text()
        unsigned = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{right}"
        for text in (signed + signed, signed.replace("live", "evil", 1), signed[:len(signed) // 2], unsigned,
                     signed.replace("\n\n", f"\n{right}\n", 1), unsigned + "\n" + signed):
            with self.subTest(text):
                self.list.write_text(text)
                self.assert_refused(self.fetch())
        self.write_list()
        self.sign_inline("bob")
        self.assert_refused(self.fetch(), "not one of the trusted keys")

    @needs_root
    def test_without_gpgv(self):
        self.keys.sign(self.list, "alice")
        overlay = self.path / "overlay"
        overlay.mkdir()
        self.assert_refused(self.fetch(prefix=(*WITH_OTHER_GPGV, str(overlay))), "install the package gpgv",
                            status=exit_status.UNSUPPORTED)

    @needs_root
    @processes.without_sanitizers  # which have no filter
    @unittest.skipUnless(os.path.exists("/usr/bin/perl"), "needs perl")
    def test_what_gpgv_can_do(self):
        self.keys.sign(self.list, "alice")
        overlay = self.path / "overlay"
        overlay.mkdir()
        open_to_all = self.path / "open"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        (overlay / "gpgv").write_text(NOSY_GPGV % (self.server.port, open_to_all))
        (overlay / "gpgv").chmod(0o755)
        result = self.fetch(prefix=(*WITH_OTHER_GPGV, str(overlay)))
        self.assertEqual(result.returncode, 0, result.stderr)
        user = pwd.getpwnam(os.environ["BOOTFERRY_WORKER_USER"]).pw_uid
        self.assertIn(f" uid={user} read=yes connect=no unix=no write=no fork=no", result.stderr)
        self.assertFalse((open_to_all / "written").exists())

    def test_a_subkey_signs_for_its_key(self):
        erin = self.keys.make("erin")
        self.keys.gpg("--quick-add-key", erin, "rsa2048", "sign", "never")
        self.keys.sign(self.list, "erin", options=["--armor"], suffix=".sign")  # as Debian does
        result = self.fetch(keyring=self.keys.export(self.path / "erin", "erin", armoured=True))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"signed by {erin} erin <erin@example.org>", result.stderr)
        listed = self.keys.gpg("--with-colons", "--list-keys", "erin").decode()
        subkey = [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")][1]
        self.assertNotEqual(subkey, erin)

    def test_it_can_be_interrupted(self):
        signed = self.keys.sign(self.list, "alice")
        for file in (self.list, signed):
            with self.subTest(file.name), FaultServer(file, [Fault(silent=True)]) as slow:
                address = f"http://127.0.0.1:{slow.port}/{file.name}"
                checksum = address if file == self.list else self.url(self.list.name)
                client = processes.start([os.environ["BOOTFERRYCTL"], "fetch", f"--checksum={checksum}",
                                          f"--signature={self.url(signed.name) if file == self.list else address}",
                                          f"--keyring={self.keyring}", self.url(), str(self.output)],
                                         stderr=subprocess.PIPE, text=True)
                self.addCleanup(processes.stop, client)
                processes.wait_for(client, lambda server=slow: server.requests)
                client.send_signal(signal.SIGINT)
                messages = client.stderr.read()
                self.assertEqual(client.wait(timeout=120), exit_status.INTERRUPTED, messages)
                self.assertFalse(self.was_asked_for_the_image())


@needs_root
class Cms(FetchCase):
    """Signatures as openssl(1) makes them, with certificates of the test's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="bootferry-certificates-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = pathlib.Path(folder.name)
        cls.certificate("alice")
        cls.certificate("bob")

    @staticmethod
    def openssl(*words):
        return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout

    @classmethod
    def certificate_from(cls, name, begin, end):
        """With dates that `openssl req` does not take."""
        folder = cls.certificates
        (folder / "index").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "ca.conf").write_text(
            f"[ca]\ndefault_ca = it\n[it]\ndatabase = {folder}/index\nserial = {folder}/serial\nnew_certs_dir = {folder}\n"
            "policy = any\ndefault_md = sha256\n[any]\nO = supplied\nCN = supplied\n")
        cls.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    f"/O=Example/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / "request")
        cls.openssl("ca", "-batch", "-notext", "-selfsign", "-config", folder / "ca.conf", "-keyfile", folder / f"{name}.key",
                    "-in", folder / "request", "-startdate", begin, "-enddate", end, "-out", folder / f"{name}.pem")

    @classmethod
    def certificate(cls, name, *extensions, issuer=None):
        key, path = (cls.certificates / f"{name}.{suffix}" for suffix in ("key", "pem"))
        added = [word for extension in extensions for word in ("-addext", extension)]
        signed = ["-CA", cls.certificates / f"{issuer}.pem", "-CAkey", cls.certificates / f"{issuer}.key"] if issuer else []
        cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    f"/O=Example/CN={name}", "-keyout", key, "-out", path, *added, *signed)

    def sign(self, name="alice", *options, suffix=".p7s", kind="DER"):
        signed = pathlib.Path(f"{self.list}{suffix}")
        self.openssl("cms", "-sign", "-binary", "-in", self.list, "-signer", self.certificates / f"{name}.pem", "-inkey",
                     self.certificates / f"{name}.key", "-outform", kind, "-out", signed, *options)
        return signed

    def fetch_with(self, name="alice", **options):
        return self.fetch(keyring=self.certificates / f"{name}.pem", **options)

    def assert_signed_by(self, result, name="alice"):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, f"sha256:[0-9a-f]{{64}} /O=Example/CN={name}")
        self.assertTrue(self.output.read_bytes() == self.image.read_bytes())
        self.output.unlink()
        self.wanted = self.server.access_log().count("GET /live.squashfs")

    def test_a_signature_beside_the_list(self):
        for options in ([], ["-nocerts"], ["-noattr", "-nocerts"], ["-md", "sha512"], ["-keyid"]):
            for kind in ("DER", "PEM"):
                with self.subTest(options=options, kind=kind):
                    self.sign("alice", *options, kind=kind)
                    self.assert_signed_by(self.fetch_with())

    def test_the_older_form_of_smime(self):
        self.openssl("smime", "-sign", "-binary", "-in", self.list, "-signer", self.certificates / "alice.pem", "-inkey",
                     self.certificates / "alice.key", "-outform", "DER", "-out", f"{self.list}.p7s", "-md", "sha256")
        self.assert_signed_by(self.fetch_with())

    def test_certificates_of_this_machine(self):
        self.sign()
        (self.settings / "keys/b.pem").write_bytes((self.certificates / "bob.pem").read_bytes())
        self.assert_refused(self.fetch(keyring=False), "/O=Example/CN=alice, whose certificate is not a trusted one")
        (self.settings / "keys/a.crt").write_bytes((self.certificates / "alice.pem").read_bytes())
        self.assert_signed_by(self.fetch(keyring=False))
        (self.settings / "keys/c.pem").write_bytes((self.certificates / "alice.key").read_bytes())
        self.assert_refused(self.fetch(keyring=False), "c.pem' holds no certificate", status=exit_status.USAGE)
        good = (self.certificates / "bob.pem").read_text()
        begin, end = good.index("-----BEGIN"), good.index("-----END")
        for damaged, words in ((good[:begin + 60] + "!" + good[begin + 61:] + good, "is damaged"),
                               (good[:end] + good, "has no end"), (good + good[:end], "has no end")):
            (self.settings / "keys/c.pem").write_text(damaged)
            self.assert_refused(self.fetch(keyring=False), "a certificate in", f"c.pem' {words}", status=exit_status.USAGE)

    def test_a_signer_with_a_certificate_of_a_trusted_authority(self):
        self.certificate("authority", "keyUsage=critical,keyCertSign")
        self.certificate("carol", "basicConstraints=critical,CA:FALSE", "keyUsage=digitalSignature",
                         "extendedKeyUsage=codeSigning", issuer="authority")
        self.sign("carol")
        self.assert_signed_by(self.fetch_with("authority"), "carol")
        self.assert_signed_by(self.fetch_with("carol"), "carol")

    def test_an_authority_that_may_only_certify_web_servers(self):
        self.certificate("root", "keyUsage=critical,keyCertSign")
        for team, *uses in (("images",), ("web", "extendedKeyUsage=serverAuth")):
            self.certificate(team, "keyUsage=critical,keyCertSign", *uses, issuer="root")
            self.certificate(f"{team}-signer", "basicConstraints=critical,CA:FALSE", "keyUsage=digitalSignature",
                             "extendedKeyUsage=codeSigning", issuer=team)
        self.sign("images-signer", "-certfile", self.certificates / "images.pem")
        self.assert_signed_by(self.fetch_with("root"), "images-signer")
        self.sign("web-signer", "-certfile", self.certificates / "web.pem")
        self.assert_refused(self.fetch_with("root"), "/O=Example/CN=web-signer was issued by an authority that may not")

    def test_another_certificate(self):
        self.sign("bob")
        self.assert_refused(self.fetch_with(), "/O=Example/CN=bob, whose certificate is not a trusted one")
        self.sign("bob", "-nocerts")
        self.assert_refused(self.fetch_with(), "whose certificate is not a trusted one")
        self.certificate("impostor")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                     "/O=Example/CN=alice", "-keyout", self.certificates / "impostor.key", "-out",
                     self.certificates / "impostor.pem")
        self.sign("impostor")
        self.assert_refused(self.fetch_with(), "not a trusted one")

    def test_kinds_that_nobody_is_trusted_for(self):
        self.sign()
        self.assert_refused(self.fetch(), "it is a CMS signature, and no certificate is trusted")
        pathlib.Path(f"{self.list}.p7s").unlink()
        self.keys.sign(self.list, "alice")
        self.assert_refused(self.fetch_with(), "it is no CMS signature, and no OpenPGP key is trusted")

    def test_both_kinds(self):
        self.sign()
        self.assert_signed_by(self.fetch_with(options=[f"--keyring={self.keyring}"]))
        self.keys.sign(self.list, "alice")
        self.assert_fetched(self.fetch_with(options=[f"--keyring={self.keyring}"]))

    def test_any_bit_that_is_changed(self):
        signed = self.sign("alice", "-nocerts")
        for file in (self.list, signed):
            good = file.read_bytes()
            for place in {0, len(good) - 2, *random.Random(6).sample(range(len(good) - 40, len(good)), 3)}:
                with self.subTest(file=file.name, place=place):
                    file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
                    self.assert_refused(self.fetch_with())
            file.write_bytes(good)
        self.assert_signed_by(self.fetch_with())

    def test_purposes_and_dates(self):
        for name, extension in (("web", "extendedKeyUsage=serverAuth"), ("agreement", "keyUsage=keyAgreement")):
            self.certificate(name, extension)
            self.sign(name)
            self.assert_refused(self.fetch_with(name), f"the certificate of /O=Example/CN={name}")
        for name, words, *dates in (("late", "has expired", "20200101000000Z", "20200102000000Z"),
                                    ("early", "is not valid yet", "20980101000000Z", "20990101000000Z")):
            self.certificate_from(name, *dates)
            self.sign(name)
            self.assert_refused(self.fetch_with(name), f"the certificate of /O=Example/CN={name} {words}", "clock says 2")

    def test_a_digest_that_can_be_forged(self):
        self.sign("alice", "-md", "sha1")
        self.assert_refused(self.fetch_with(), "SHA1, which can be forged")

    def test_what_is_no_signature(self):
        signed = self.sign("alice", "-nodetach")
        self.assert_refused(self.fetch_with(), "a text of its own")
        whole = self.sign().read_bytes()
        for wrong in (whole[:-10], b"\x30\x80", b"\x30" + random.Random(3).randbytes(100_000),
                      b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n"):
            signed.write_bytes(wrong)
            self.assert_refused(self.fetch_with(), "no CMS signature")

    def test_other_forms(self):
        """Text before the signature in PEM is skipped, as others do; S/MIME and base 64 alone are not read."""
        signed = self.sign("alice", kind="PEM")
        pem = signed.read_text()
        signed.write_text("\n# of a test\n\n" + pem)
        self.assert_signed_by(self.fetch_with())
        der = "".join(pem.splitlines()[1:-1])
        for other in (f"MIME-Version: 1.0\nContent-Type: application/pkcs7-signature\n\n{der}\n", der + "\n"):
            signed.write_text(other)
            self.assert_refused(self.fetch_with(), "no CMS signature in DER or PEM", "-outform DER")

    @needs_root
    def test_without_gpgv(self):
        self.sign()
        overlay = self.path / "overlay"
        overlay.mkdir()
        self.assert_signed_by(self.fetch_with(prefix=(*WITH_OTHER_GPGV, str(overlay))))


class Service(SignatureCase):
    def daemon(self, **options):
        daemon = Daemon(self.path / "run", environment={"BOOTFERRY_SETTINGS": str(self.settings)}, **options)
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    def trust(self, name):
        self.keys.export(self.settings / f"keys/{name}.gpg", name)

    def deploy(self, daemon, *options, url=None):
        return daemon.ctl("deploy", *options, url or self.url(), "/dev/ram0", timeout=300)

    def assert_refused(self, result, *words):
        self.assertIn(result.returncode, exit_status.FAILURES, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr.strip().splitlines()[-1])
        self.assertFalse(self.was_asked_for_the_image())

    def test_a_signed_image_names_its_signer(self):
        self.trust("alice")
        self.keys.sign(self.list, "alice")
        daemon = self.daemon()
        result = self.deploy(daemon, f"--checksum={self.url('SHA256SUMS')}", "--verify=required")
        self.assertEqual(result.returncode, 0, result.stderr)
        signer = f"{self.alice} alice <alice@example.org>"
        self.assertIn(f"the checksum list is signed by {signer}", result.stderr)
        self.assertIn(signer, daemon.busctl("get-property", "org.bootferry1", "/org/bootferry1/transfer/_1",
                                            "org.bootferry1.Transfer", "SignedBy").stdout)
        self.assertIn(f"is signed by {signer}", daemon.log_text())

    def test_what_is_not_signed_does_not_boot(self):
        self.trust("bob")
        self.keys.sign(self.list, "alice")
        daemon = self.daemon()
        checksum = f"--checksum={self.url('SHA256SUMS')}"
        self.assert_refused(self.deploy(daemon, checksum, "--verify=required"), "not one of the trusted keys")
        self.assert_refused(self.deploy(daemon, checksum, "--signature=auto"), "not one of the trusted keys")
        self.assert_refused(self.deploy(daemon, "--verify=required"), "checksum list")
        self.assert_refused(self.deploy(daemon, checksum, "--verify=no"), "required")
        self.assert_refused(self.deploy(daemon, checksum, f"--signature={self.keyring}"), "URL")

    def test_the_machines_own_setting_cannot_be_undone(self):
        (self.settings / "verify").write_text("required\n")
        self.trust("alice")
        daemon = self.daemon()
        digest = self.list.read_text().split()[0]
        for options in ((), (f"--checksum={digest}",), (f"--checksum={self.url('SHA256SUMS')}",)):
            self.assert_refused(self.deploy(daemon, *options))
        started = daemon.busctl("call", "org.bootferry1", "/org/bootferry1", "org.bootferry1.Manager", "StartTransfer",
                                "ssa{sv}", self.url(), "/dev/ram0", "1", "require-live-image", "b", "false")
        self.assertIn("only a signed image", started.stderr)
        self.keys.sign(self.list, "alice")
        result = self.deploy(daemon, f"--checksum={self.url('SHA256SUMS')}")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_setting_that_cannot_be_read_is_not_ignored(self):
        (self.settings / "verify").write_text("recquired\n")
        self.assert_refused(self.deploy(self.daemon()), "does not contain the word required")

    def test_keys_from_a_credential(self):
        credentials = self.path / "credentials"
        credentials.mkdir()
        self.keys.export(credentials / "bootferry.keys", "alice", armoured=True)
        self.keys.sign(self.list, "alice")
        options = {"CREDENTIALS_DIRECTORY": str(credentials), "BOOTFERRY_SETTINGS": str(self.settings)}
        with Daemon(self.path / "run", environment=options) as daemon:
            result = self.deploy(daemon, f"--checksum={self.url('SHA256SUMS')}", "--signature=auto")
            self.assertEqual(result.returncode, 0, result.stderr)
        (self.settings / "verify").write_text("required\n")  # the kernel command line can set credentials
        with Daemon(self.path / "run2", environment=options) as daemon:
            result = self.deploy(daemon, f"--checksum={self.url('SHA256SUMS')}", "--signature=auto")
            self.assertIn("no key is trusted", result.stderr)
            self.assertNotEqual(result.returncode, 0)

    def test_a_disk_that_holds_an_image_is_deployed_again_or_refused(self):
        from loop_device import LoopDevice
        self.trust("alice")
        self.keys.sign(self.list, "alice")
        backing = self.path / "disk"
        with open(backing, "wb") as disk:
            disk.truncate(16 << 20)
        loop = LoopDevice(backing)
        self.addCleanup(loop.detach)
        daemon = self.daemon()
        checksum = f"--checksum={self.url('SHA256SUMS')}"
        for options, words in (((), None), ((), "holds an image already"), (("--reset",), None)):
            result = daemon.ctl("deploy", checksum, "--verify=required", *options, self.url(), loop.path, timeout=300)
            if words is None:
                self.assertEqual(result.returncode, 0, result.stderr)
            else:
                self.assertEqual(result.returncode, exit_status.TARGET_REFUSED, result.stderr)
                self.assertIn(words, result.stderr)


if __name__ == "__main__":
    tap.main()
