# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root image with a hash tree: what is refused before anything is mounted, and why.

The kernel of this machine need not have dm-verity: whether it verifies is a boot test (verity_boot_test.py).
"""

import base64
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import live_root_test  # noqa: E402
import tap  # noqa: E402
from fault_server import Fault, FaultServer  # noqa: E402

HAS_DEVICE_MAPPER = "device-mapper" in pathlib.Path("/proc/devices").read_text()


def format_tree(image, tree, *options):
    """The root hash of a new hash tree."""
    words = ["veritysetup", "format", *options, image, tree]
    made = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout
    return re.search(r"Root hash:\s*([0-9a-f]+)", made)[1]


def url(server, name):
    return f"http://127.0.0.1:{server.port}/{name}"


class WrongTree(live_root_test.LiveRootCase):
    def setUp(self):
        super().setUp()
        self.image = self.image_of(random.Random(7).randbytes(300_000))
        self.hashes = self.path / "hashes"
        self.hash = format_tree(self.image, self.hashes)

    def image_of(self, noise, name="image"):
        tree = self.folder({"usr/lib/systemd/systemd": "init"})
        (tree / "noise").write_bytes(noise)
        return live_root_test.squashfs(tree, self.path / name)

    def refused(self, *texts, tree=None, roothash=None, medium=None, options=()):
        place = tree if str(tree).startswith("--") else f"--verity-tree={tree or self.hashes}"
        words = [f"--roothash={roothash or self.hash}", place, *options, self.device(medium or self.image)]
        self.assert_refused(words, *texts)

    def wrong(self, name):
        return self.path / name

    def test_another_root_hash(self):
        other = "0" * len(self.hash)
        self.refused(f"the root hash is {self.hash}, and {other} is expected",
                     "rd.kiwi.live.reset overwrites the disk", roothash=other)
        self.refused("40 digits, but a sha256 hash has 64", roothash="0" * 40)

    def test_no_tree(self):
        self.refused("the hash tree", "does not exist", tree=self.wrong("none"))
        self.refused("is not a file", tree=self.path)
        self.wrong("empty").write_bytes(b"")
        self.refused("the file ends at byte 0", tree=self.wrong("empty"))
        self.wrong("page").write_text("<!DOCTYPE html>\n" * 100)
        self.refused("no hash tree begins at byte 0", tree=self.wrong("page"))

    def test_cut_tree(self):
        shutil.copy(self.hashes, self.wrong("cut"))
        os.truncate(self.wrong("cut"), self.hashes.stat().st_size - 4096)
        self.refused("the hash tree is cut", tree=self.wrong("cut"))

    def test_tree_of_another_image(self):
        size = self.image.stat().st_size
        alike = self.image_of(random.Random(8).randbytes(300_000), "alike")
        self.assertEqual(alike.stat().st_size, size)
        format_tree(alike, self.wrong("tree"))
        self.refused("belongs to another image", "is expected", tree=self.wrong("tree"))
        small = self.image_of(b"", "small")
        roothash = format_tree(small, self.wrong("small tree"))
        self.refused("covers only 4.0 KiB of the image's", tree=self.wrong("small tree"), roothash=roothash)
        self.refused("a larger image", medium=small)

    def test_tree_of_a_part(self):
        roothash = format_tree(self.image, self.wrong("part"), "--data-blocks=2")
        self.refused("covers only 8.0 KiB", "--data-blocks", tree=self.wrong("part"), roothash=roothash)

    def test_tree_behind_the_image_at_another_place(self):
        size = self.image.stat().st_size
        roothash = format_tree(self.image, self.image, f"--hash-offset={size}", f"--data-blocks={size // 4096}")
        self.refused("no hash tree begins at byte 4096", tree="--verity-offset=4096", roothash=roothash)
        self.refused("the image ends at byte", tree=f"--verity-offset={1 << 40}", roothash=roothash)
        self.refused("is expected", tree=f"--verity-offset={size}", roothash="0" * 64)

    def test_image_on_a_medium_is_named(self):
        medium = self.medium({"LiveOS/squashfs.img": self.image})
        self.refused("verifying 'LiveOS/squashfs.img'", "is expected", medium=medium, roothash="0" * 64)

    def test_medium_without_an_image(self):
        self.refused("needs a root image", medium=live_root_test.ext4(self.tree, self.wrong("ext4")))

    def test_words(self):
        self.refused("expected the root hash", roothash="0123")
        self.refused("expected the root hash", roothash="x" * 64)
        self.refused("hash-offset:BYTES", tree="--verity-offset=7")
        self.refused("damaged blocks would be used", options=["--verity-options=ignore-corruption"])
        self.assert_refused([f"--roothash={self.hash}", "/dev/null"], "either --verity-tree=FILE or --verity-offset=")
        self.assert_refused([f"--verity-tree={self.hashes}", "/dev/null"], "without --roothash=")

    def test_a_library_that_cannot_be_loaded_is_reported_with_the_reason(self):
        (self.path / "libcryptsetup.so.12").write_bytes(b"")
        with unittest.mock.patch.dict(os.environ, {"LD_LIBRARY_PATH": str(self.path)}):
            self.refused("libcryptsetup.so.12 cannot be loaded", "file too short", "bootferry_verity")

    def certificate(self, name):
        key, certificate = self.path / f"{name}.key", self.path / f"{name}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", f"/CN={name}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate

    def sign(self, name, text):
        """As systemd's images and veritysetup's manual have it."""
        signed = self.path / "signature.p7s"
        subprocess.run(["openssl", "smime", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-signer",
                        self.path / f"{name}.pem", "-inkey", self.path / f"{name}.key", "-outform", "DER", "-out", signed],
                       check=True, capture_output=True, input=text.encode())
        return signed

    def test_the_signature_of_a_root_hash(self):
        keys = self.path / "settings/keys"
        keys.mkdir(parents=True)
        for name in ("alice", "bob"):
            self.certificate(name)
        signed = self.sign("alice", self.hash)
        encoded = "base64:" + base64.b64encode(signed.read_bytes()).decode()
        with unittest.mock.patch.dict(os.environ, {"BOOTFERRY_SETTINGS": str(keys.parent)}):
            self.refused("no certificate is trusted", options=[f"--roothash-signature={signed}"])
            shutil.copy(self.path / "alice.pem", keys)
            for signature in (signed, encoded):
                result = self.live_root(f"--roothash={self.hash}", f"--roothash-signature={signature}",
                                        f"--verity-tree={self.wrong('none')}", self.device(self.image))
                self.assertRegex(result.stderr, "the root hash is signed by sha256:[0-9a-f]{64} /CN=alice\n.* does not exist")
            asked = subprocess.run([os.environ["BOOTFERRY_LIVE_ROOT"], "--can=verify", f"--roothash={'0' * 64}",
                                    f"--roothash-signature={encoded}"], capture_output=True, text=True, check=False)
            self.assertEqual(asked.returncode, 1)
            self.sign("bob", self.hash)
            self.refused("the signature of the root hash", "not a trusted one", options=[f"--roothash-signature={signed}"])
            self.sign("alice", "0" * 64)
            self.refused("it is not a signature of this text", options=[f"--roothash-signature={signed}"])
            self.refused("does not exist", options=[f"--roothash-signature={self.wrong('nothing')}"])
            signed.write_text("<html>")
            self.refused("no CMS signature", options=[f"--roothash-signature={signed}"])
            self.refused("no CMS signature", options=["--roothash-signature=base64:AAAA"])

    def test_what_an_initrd_cannot_do_is_known_before_the_deployment(self):
        def asked(ability):
            return subprocess.run([os.environ["BOOTFERRY_LIVE_ROOT"], f"--can={ability}"], capture_output=True, text=True,
                                  check=False)
        if not HAS_DEVICE_MAPPER:
            self.assertIn("the module 'dm_verity' is not in the initrd", asked("verify").stderr)
            self.assertIn("the module 'dm_crypt' is not in the initrd", asked("encrypt").stderr)
        (self.path / "libcryptsetup.so.12").write_bytes(b"")
        with unittest.mock.patch.dict(os.environ, {"LD_LIBRARY_PATH": str(self.path)}):
            for ability, option in (("verify", "bootferry_verity"), ("encrypt", "bootferry_encryption")):
                result = asked(ability)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, f"cannot {ability} .*libcryptsetup.so.12 cannot be loaded.*{option}=")

    @unittest.skipIf(HAS_DEVICE_MAPPER, "this kernel has a device mapper")
    def test_kernel_that_cannot_verify(self):
        self.refused("this kernel cannot verify an image as it is read: the module 'dm_verity' is not in the initrd")


class HashTree(unittest.TestCase):
    """`bootferryctl hash-tree`, which units run."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-verity-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.path.chmod(0o755)
        self.tree = self.path / "tree"
        self.tree.write_bytes(random.Random(1).randbytes(100_000))
        self.file = self.path / "run" / "verity"
        self.file.parent.mkdir()

    def fetch(self, image, tree, *options, credentials=None):
        environment = {**os.environ, "BOOTFERRY_SYSTEM_CREDENTIALS": str(credentials or self.path / "none")}
        return subprocess.run([os.environ["BOOTFERRYCTL"], "hash-tree", *options, image, tree, self.file],
                              capture_output=True, text=True, env=environment)

    def secret(self, text):
        (self.path / "secret").write_text(text)
        return self.path / "secret"

    def test_the_tree_of_an_image_is_fetched_again_after_a_failure(self):
        with FaultServer(self.tree, faults=[Fault(status=503), Fault(cut=30_000)]) as server:
            result = self.fetch(url(server, "live.iso"), url(server, "live.iso.verity"), "--option=dolly:timeout=5")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.file.read_bytes(), self.tree.read_bytes())
        self.assertEqual({request.path for request in server.requests}, {"/live.iso.verity"})

    def test_the_images_login_is_for_the_images_server(self):
        login = f"--userinfo-file={self.secret('someone:geheim')}"
        with FaultServer(self.tree) as images, FaultServer(self.tree) as elsewhere:
            for server in (images, elsewhere):
                result = self.fetch(url(images, "live.iso"), url(server, "tree"), login)
                self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Authorization", images.requests[0].headers)
        self.assertNotIn("Authorization", elsewhere.requests[0].headers)

    def test_a_credential_of_the_trees_server_is_used(self):
        credentials = self.path / "credentials"
        credentials.mkdir()
        with FaultServer(self.tree) as elsewhere:
            for name, value in (("user", "other"), ("password", "geheim")):
                (credentials / f"bootferry.{name}.127.0.0.1-{elsewhere.port}").write_text(value)
            result = self.fetch("http://10.0.0.1/live.iso", url(elsewhere, "tree"), credentials=credentials)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Authorization", elsewhere.requests[0].headers)

    def test_no_tree(self):
        with FaultServer(self.tree, faults=[Fault(status=404)]) as server:
            result = self.fetch(url(server, "live.iso"), url(server, "live.iso.verity"))
        self.assertEqual(result.returncode, exit_status.NOT_FOUND, result.stderr)
        self.assertIn("/live.iso.verity: ", result.stderr)
        self.assertFalse(self.file.exists())

    def test_a_tree_is_judged_before_its_image_is_there(self):
        image = self.path / "image"
        image.write_bytes(random.Random(2).randbytes(1 << 20))
        roothash = format_tree(image, self.tree)
        with FaultServer(self.tree) as server:
            words = [url(server, "live.iso"), url(server, "live.iso.verity")]
            right = self.fetch(*words, f"--roothash={roothash}")
            wrong = self.fetch(*words, f"--roothash={'0' * 64}")
            self.tree.write_text("<!DOCTYPE html>\n" * 100)
            page = self.fetch(*words, f"--roothash={roothash}")
            nonsense = self.fetch(*words, "--roothash=nonsense")
        self.assertEqual(right.returncode, 0, right.stderr)
        for result, reason in ((wrong, f"the root hash is {roothash}, and {'0' * 64} is expected"),
                               (page, "no hash tree begins at byte 0")):
            self.assertEqual(result.returncode, exit_status.CHECKSUM, result.stderr)
            self.assertIn(reason, result.stderr)
        self.assertEqual(nonsense.returncode, exit_status.USAGE, nonsense.stderr)

    def test_a_file_that_is_no_hash_tree_does_not_fill_the_memory(self):
        live_root_test.sparse(self.tree, (512 << 20) + 1)
        with FaultServer(self.tree) as server:
            result = self.fetch(url(server, "live.iso"), url(server, "live.iso.verity"))
        self.assertEqual(result.returncode, exit_status.NO_ROOM, result.stderr)
        self.assertIn("larger than 512.0 MiB", result.stderr)
        self.assertEqual(list(self.file.parent.iterdir()), [])

    def test_words(self):
        result = self.fetch("http://10.0.0.1/live.iso", "nonsense")
        self.assertEqual(result.returncode, exit_status.USAGE, result.stderr)


if __name__ == "__main__":
    if os.geteuid() == 0 and live_root_test.IN_NAMESPACE not in os.environ:
        os.environ[live_root_test.IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    tap.main()
