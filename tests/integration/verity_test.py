# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root image with a hash tree: what is refused before anything is mounted, and why.

The kernel of this machine need not have dm-verity: whether it verifies is a boot test (verity_boot_test.py).
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import live_root_test  # noqa: E402
import tap  # noqa: E402

HAS_DEVICE_MAPPER = "device-mapper" in pathlib.Path("/proc/devices").read_text()


def format_tree(image, tree, *options):
    """The root hash of a new hash tree."""
    words = ["veritysetup", "format", *options, image, tree]
    made = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout
    return re.search(r"Root hash:\s*([0-9a-f]+)", made)[1]


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
        self.refused(f"the root hash is {self.hash}, and {other} is expected", roothash=other)
        self.refused("40 digits, and one of sha256 has 64", roothash="0" * 40)

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
        self.refused("another image's", "is expected", tree=self.wrong("tree"))
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
        self.refused("nothing that the root hash", medium=live_root_test.ext4(self.tree, self.wrong("ext4")))

    def test_words(self):
        self.refused("expected the root hash", roothash="0123")
        self.refused("expected the root hash", roothash="x" * 64)
        self.refused("hash-offset:BYTES", tree="--verity-offset=7")
        self.refused("damaged blocks would be used", options=["--verity-options=ignore-corruption"])
        self.assert_refused([f"--roothash={self.hash}", "/dev/null"], "either --verity-tree=FILE or --verity-offset=")
        self.assert_refused([f"--verity-tree={self.hashes}", "/dev/null"], "without --roothash=")

    @unittest.skipIf(HAS_DEVICE_MAPPER, "this kernel has a device mapper")
    def test_kernel_that_cannot_verify(self):
        self.refused("this kernel cannot verify an image as it is read: the module 'dm_verity' is not in the initrd")


if __name__ == "__main__":
    if os.geteuid() == 0 and live_root_test.IN_NAMESPACE not in os.environ:
        os.environ[live_root_test.IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    tap.main()
