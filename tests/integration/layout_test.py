# SPDX-License-Identifier: LGPL-2.1-or-later
"""`bootferryctl check` on ISOs of xorriso and genisoimage: which layout they have, or that they are no live image, or that
the first MiB does not show it. Root images are a few bytes: only their names are looked at."""

import gzip
import json
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import exit_status  # noqa: E402
import tap  # noqa: E402
from nginx import Nginx  # noqa: E402
from squashfs import make_squashfs  # noqa: E402

MIB = 1 << 20
BLOCK = 2048
USUAL = "LiveOS/squashfs.img"
DEBIAN = "live/filesystem.squashfs"
ANSWER = ("live", "layout", "root_image", "arguments", "label")


def xorriso(tree, iso, *options):
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "CDROM", *options, "-o", iso, tree], check=True,
                   capture_output=True)


def genisoimage(tree, iso, *options):
    subprocess.run(["genisoimage", "-quiet", "-V", "CDROM", *options, "-o", iso, tree], check=True, capture_output=True)


class LayoutTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bootferry-layout-")
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        cls.path.chmod(0o755)
        cls.served = cls.path / "served"
        cls.served.mkdir()
        cls.server = Nginx(cls.served).start()
        cls.addClassCleanup(cls.server.stop)

    def tree(self, *names):
        top = pathlib.Path(tempfile.mkdtemp(dir=self.path))
        for name in names:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text("the bytes of a root image\n")
        return top

    def iso(self, *names, make=xorriso, options=("-R",)):
        """Its name on the server."""
        made = self.served / f"{self.id().rpartition('.')[2]}.iso"
        made.unlink(missing_ok=True)
        make(self.tree(*names), made, *options)
        return made.name

    def check(self, name, *options):
        return subprocess.run([os.environ["BOOTFERRYCTL"], "check", *options, f"http://127.0.0.1:{self.server.port}/{name}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)

    def answer(self, name, *options):
        result = self.check(name, "--json=short", *options)
        answer, = json.loads(result.stdout)
        self.assertEqual(answer["usable"], result.returncode == 0, result.stderr)
        return answer, result

    def assert_found(self, name, *options, layout="LiveOS", root_image=USUAL, arguments=None):
        answer, result = self.answer(name, *options)
        self.assertEqual([answer[key] for key in ANSWER], [True, layout, root_image, arguments, "CDROM"])
        self.assertEqual((result.returncode, result.stderr, answer["warnings"]), (0, "", []))
        self.assertIn(f"Layout: {root_image}", self.check(name, *options).stdout)

    def assert_fails(self, name, *options, reason, **values):
        """With the class that bootferry-live-root has for it."""
        answer, result = self.answer(name, *options)
        self.assertEqual(result.returncode, exit_status.NOT_LIVE, result.stderr)
        self.assertIn(reason, result.stderr.splitlines()[-1])
        self.assertEqual(answer["error"], "org.bootferry1.Error.NotLive")
        self.assertEqual({key: answer[key] for key in values}, values)
        return self.check(name, *options).stdout

    def assert_not_known(self, name, reason):
        answer, result = self.answer(name)
        self.assertEqual((result.returncode, answer["live"], answer["root_image"]), (0, None, None), result.stderr)
        self.assertIn(reason, answer["warnings"][0])
        self.assertIn("not known from the first MiB: ", answer["warnings"][0])
        self.assertIn(answer["warnings"][0], result.stderr)
        self.assertIn("Layout: not known from the first MiB: ", self.check(name).stdout)


class Served(LayoutTest):
    def test_every_way_that_names_are_written(self):
        for options in (("-R",), ("-R", "-J"), ("-r", "-iso-level", "3", "-full-iso9660-filenames")):
            with self.subTest(options):
                self.assert_found(self.iso(USUAL, "boot/grub/grub.cfg", options=options))

    def test_genisoimage(self):
        if not shutil.which("genisoimage"):
            self.skipTest("no genisoimage")
        for options in (("-R",), ("-J",), ("-R", "-J"), ("-R", "-udf")):
            with self.subTest(options):
                self.assert_found(self.iso(USUAL, "boot/x", make=genisoimage, options=options))
        # The kernel shows such names in lower case.
        plain = self.iso(USUAL, make=genisoimage, options=())
        self.assert_fails(plain, reason="its top folder contains 'liveos'", live=False)
        self.assert_found(plain, "--dir=liveos", layout=None, root_image="liveos/squashfs.img",
                          arguments="rd.live.dir=liveos rd.live.squashimg=squashfs.img")

    def test_a_hybrid_as_kiwi_makes_it(self):
        """A partition of its own, with folders of its own, behind the first ones."""
        name = self.iso(USUAL, "EFI/BOOT/bootx64.efi", options=("-R", "-J", "-partition_offset", "16", "-iso-level", "3"))
        self.assert_found(name)
        self.assertEqual(self.answer(name)[0]["partition_table"], "MBR")
        self.assertIn("Image: ISO 9660 'CDROM' with a partition table (MBR), ", self.check(name).stdout)
        bare = self.served / "bare.squashfs"
        make_squashfs(bare, 8_000_000)
        self.assertIsNone(self.answer(bare.name)[0]["partition_table"])

    def test_compressed(self):
        name = self.iso(USUAL)
        content = (self.served / name).read_bytes()
        (self.served / "iso.gz").write_bytes(gzip.compress(content))
        (self.served / "iso.xz").write_bytes(lzma.compress(content))
        subprocess.run(["zstd", "-q", "-f", self.served / name, "-o", self.served / "iso.zst"], check=True)
        for packed in ("iso.gz", "iso.xz", "iso.zst"):
            with self.subTest(packed):
                self.assert_found(packed)

    def test_the_layout_that_the_boot_names(self):
        debian = self.iso(DEBIAN, "isolinux/isolinux.cfg")
        arguments = "rd.live.dir=live rd.live.squashimg=filesystem.squashfs"
        out = self.assert_fails(debian, reason=f"its root image is {DEBIAN} (live-build: Debian and others): a boot needs {arguments}",
                                live=True, layout="live-build", root_image=DEBIAN, arguments=arguments)
        self.assertIn(f"Layout: {DEBIAN} (live-build: Debian and others), with {arguments}\n", out)
        named = ("--dir=live", "--squashimg=filesystem.squashfs")
        self.assert_found(debian, *named, layout="live-build", root_image=DEBIAN, arguments=arguments)
        self.assert_fails(self.iso(USUAL), *named, reason="rd.live.dir=LiveOS rd.live.squashimg=squashfs.img", live=True)
        self.assert_found(self.iso("images/today/root.sfs"), "--dir=/images/today", "--squashimg=root.sfs", layout=None,
                          root_image="images/today/root.sfs",
                          arguments="rd.live.dir=images/today rd.live.squashimg=root.sfs")

    def test_a_root_tree(self):
        answer, _ = self.answer(self.iso("etc/passwd", "sbin/init"))
        self.assertEqual([answer[key] for key in ANSWER], [True, "root tree", None, None, "CDROM"])

    def test_a_bare_squashfs(self):
        make_squashfs(self.served / "bare.squashfs", 8_000_000)
        answer, result = self.answer("bare.squashfs")
        self.assertEqual([answer[key] for key in ANSWER], [None, "bare", None, None, None])
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("Layout: bare, its contents are not known from the first MiB", self.check("bare.squashfs").stdout)

    def test_labels(self):
        bare = self.served / "root.ext4"
        bare.write_bytes(bytes(8 * MIB))
        subprocess.run(["mkfs.ext4", "-q", "-F", "-L", "my root", bare], check=True)
        answer, _ = self.answer(bare.name)
        self.assertEqual((answer["label"], answer["live"], answer["format"]), ("my root", None, "ext4"))


class NotServed(LayoutTest):
    def test_layouts_of_others(self):
        for image, layout in (("casper/filesystem.squashfs", "casper"), ("casper/minimal.squashfs", "casper"),
                              ("arch/x86_64/airootfs.sfs", "archiso")):
            out = self.assert_fails(self.iso(image, "boot/vmlinuz"), reason="bootferry does not serve this layout", live=True,
                                    layout=layout, root_image=image, arguments=None)
            self.assertIn(f"({layout}: ", out)
        self.assert_fails(self.iso(DEBIAN, "live/module.squashfs"), reason="there are several root images, which bootferry does not stack",
                          layout="live-build")

    def test_a_data_volume(self):
        name = self.iso("sources/install.wim", "setup.exe", "LiveOS.txt")
        out = self.assert_fails(name, reason="would fail: not a live image: it is an ISO 9660 volume without a live system: it has no "
                                f"'{USUAL}', nor another known root image; its top folder contains 'LiveOS.txt', 'setup.exe', "
                                "'sources'", live=False, layout=None, root_image=None, format="ISO 9660", label="CDROM")
        self.assertIn("Layout: none\n", out)
        self.assertNotIn("Memory", out)

    def test_an_empty_root_image(self):
        tree = self.tree(USUAL)
        (tree / USUAL).write_text("")
        xorriso(tree, self.served / "empty.iso", "-R")
        self.assert_fails("empty.iso", reason=f"'{USUAL}' is empty")

    def test_escapes_in_names(self):
        tree = self.tree("a\x1b[31mb")
        xorriso(tree, self.served / "escapes.iso", "-R", "-V", "\x1b]0;x\x07")
        for option in ("--json=short", "--json=off"):
            result = self.check("escapes.iso", option)
            self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertIn("'a [31mb'", result.stderr)

    def test_a_disk_image(self):
        disk = self.served / "disk.img"
        disk.write_bytes(bytes(16 * MIB))
        for label, kind in (("gpt", "GPT"), ("dos", "MBR")):
            subprocess.run(["sfdisk", "-q", disk], input=f"label: {label}\n,\n", text=True, check=True, capture_output=True)
            self.assert_fails(disk.name, reason=f"it is a disk image with a partition table ({kind})", live=False, format=None,
                              partition_table=kind)

    def test_zeros(self):
        zeros = self.served / "zeros"
        with open(zeros, "wb") as file:
            file.truncate(200 * MIB)
        self.assert_fails(zeros.name, reason="it is not an ISO 9660", live=False)


class NotKnown(LayoutTest):
    def test_folders_behind_the_first_mib(self):
        """As on a DVD with many packages: LiveOS is behind all the others."""
        names = [f"0pool/{'n' * 100}{number:05}/x" for number in range(700)]
        name = self.iso(*names, USUAL)
        self.assert_not_known(name, "lies behind it")

    def test_udf(self):
        """A Windows medium has its files in UDF, and a file that says so in ISO 9660."""
        if not shutil.which("genisoimage"):
            self.skipTest("no genisoimage")
        name = self.iso("readme.txt", make=genisoimage, options=("-udf",))
        self.assert_not_known(name, "its files are in a UDF volume, which is not read here (ISO 9660: 'readme.txt')")

    def test_a_link(self):
        tree = self.tree("live/squashfs.img")
        (tree / "LiveOS").symlink_to("live")
        xorriso(tree, self.served / "link.iso", "-R")
        self.assert_not_known("link.iso", "its 'LiveOS' is a link")

    def test_broken_folders(self):
        """The fields that lead to the folders, made wrong one at a time: no crash of the worker, and no guess."""
        image = bytearray((self.served / self.iso(USUAL)).read_bytes())
        place, size = 16 * BLOCK + 156 + 2, 16 * BLOCK + 156 + 10
        root = struct.unpack_from("<I", image, place)[0] * BLOCK
        for offset, value in ((place, 2**32 - 1), (place, 16), (size, 2**32 - 1), (root, 1), (root, 255), (16 * BLOCK + 128, 3)):
            with self.subTest((offset, value)):
                broken = bytearray(image)
                struct.pack_into("<I" if offset in (place, size) else "<H", broken, offset, value)
                (self.served / "broken.iso").write_bytes(broken)
                answer, result = self.answer("broken.iso")
                self.assertIn(result.returncode, (0, exit_status.NOT_LIVE))
                self.assertIn(answer["live"], (None, True) if offset == size else (None, False))
        lost = bytearray(image)
        struct.pack_into("<I", lost, place, 2**30)
        (self.served / "lost.iso").write_bytes(lost)
        self.assert_fails("lost.iso", reason="it is cut off or damaged: its top folder lies behind its end", live=False)
        for size in (40, 20):  # 20: less than the head that other readers want
            (self.served / "cut.iso").write_bytes(image[:size * BLOCK])
            self.assert_fails("cut.iso", reason="the image is incomplete: its header says")


class Arguments(LayoutTest):
    def test_values_are_those_of_the_boot(self):
        for option in ("--dir=../x", "--squashimg=../x", "--squashimg="):
            result = self.check("x", option)
            self.assertEqual(result.returncode, exit_status.USAGE, result.stderr)
            self.assertIn(option.partition("=")[0], result.stderr)


if __name__ == "__main__":
    tap.main()
