# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a plugin's author gets: the header, alone, in C and C++, with the frozen layout, and an example that
builds from it without the source tree. The "installation" is what `meson install` puts into a DESTDIR."""

import ctypes
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from installed import Installed, run  # noqa: E402

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
DIALECTS = [(["cc", "-x", "c"], "c99"), (["cc", "-x", "c"], "c11"), (["c++", "-x", "c++"], "c++11"),
            (["c++", "-x", "c++"], "c++20")]


class PluginHeaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = Installed()
        cls.addClassCleanup(cls.installed.close)
        cls.path = cls.installed.path
        cls.pkg_config = cls.installed.pkg_config

    def test_the_header_compiles_alone(self):
        source = self.path / "alone"
        source.write_text('#include "bootferry/plugin.h"\n#include "bootferry/plugin.h"\nextern int unused;\n')
        for compiler, dialect in DIALECTS:
            with self.subTest(dialect=dialect):
                run(*compiler, f"-std={dialect}", *STRICT, *self.pkg_config("--cflags"), "-fsyntax-only", source)

    def test_the_layout_is_that_of_version_1(self):
        for compiler, dialect in DIALECTS:
            with self.subTest(dialect=dialect):
                run(*compiler, f"-std={dialect}", *STRICT, *self.pkg_config("--cflags"), "-fsyntax-only",
                    SOURCE / "tests/conformance/layout_v1.c")

    def test_the_example_builds_out_of_tree_and_loads(self):
        for number, (compiler, dialect) in enumerate(DIALECTS):
            with self.subTest(dialect=dialect):
                tree = self.path / f"tree{number}"
                shutil.copytree(SOURCE / "plugins/example", tree)
                run(*compiler, f"-std={dialect}", "-D_POSIX_C_SOURCE=200809L", *STRICT, *self.pkg_config("--cflags"), "-shared",
                    "-fPIC", "-o", tree / "example.so", tree / "example.c")
                (tree / "scheme-example.so").symlink_to("example.so")
                ctypes.CDLL(str(tree / "example.so")).bootferry_plugin_entry  # exported under its C name
                listing = run(os.environ["BOOTFERRY_WORKER"], "--list-plugins",
                              env={**os.environ, "BOOTFERRY_PLUGIN_DIR": str(tree)})
                self.assertEqual(listing, "example\t1\texample\n")

    @unittest.skipUnless(ctypes.sizeof(ctypes.c_void_p) == 8, "the offsets are those of 64 bits")
    def test_a_plugin_of_the_days_of_version_1_works(self):
        tree = self.path / "frozen"
        tree.mkdir()
        run("cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", *STRICT, "-shared", "-fPIC", "-fvisibility=hidden", "-o",
            tree / "frozen.so", SOURCE / "tests/conformance/frozen_v1.c")
        (tree / "scheme-frozen.so").symlink_to("frozen.so")
        environment = {**os.environ, "BOOTFERRY_PLUGIN_DIR": str(tree)}
        run(os.environ["BOOTFERRYCTL"], "fetch", "--option=frozen:colour=green", "frozen://long-ago/1000007",
            tree / "fetched", env=environment)
        self.assertTrue((tree / "fetched").read_bytes() == bytes(p % 251 for p in range(1000007)), "the bytes differ")
        with self.assertRaisesRegex(AssertionError, "colour=green alone"):
            run(os.environ["BOOTFERRYCTL"], "fetch", "--option=frozen:colour=red", "frozen://long-ago/7",
                tree / "refused", env=environment)

    def test_a_plugin_may_talk_from_its_threads(self):
        tree = self.path / "chatty"
        tree.mkdir()
        run("cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-pthread",
            *self.pkg_config("--cflags"), "-shared", "-fPIC", "-o", tree / "chatty.so",
            SOURCE / "tests/conformance/chatty.c")
        (tree / "scheme-chatty.so").symlink_to("chatty.so")
        run(os.environ["BOOTFERRYCTL"], "fetch", "chatty://host/3000017", tree / "fetched",
            env={**os.environ, "BOOTFERRY_PLUGIN_DIR": str(tree)})
        self.assertTrue((tree / "fetched").read_bytes() == bytes(p % 251 for p in range(3000017)), "the bytes differ")

    def test_pkg_config_leads_into_the_installation_wherever_it_lies(self):
        moved = self.path / "moved"
        self.installed.root.rename(moved)
        self.addCleanup(moved.rename, self.installed.root)
        pkgconfig = next(moved.rglob("bootferry.pc")).parent
        for variable, holds in {"plugindir": "curl.so", "includedir": "bootferry/plugin.h"}.items():
            folder = run("pkg-config", f"--variable={variable}", "bootferry",
                         env={**os.environ, "PKG_CONFIG_PATH": str(pkgconfig)}).strip()
            path = pathlib.Path(folder, holds)
            self.assertTrue(path.is_file(), path)
            self.assertTrue(path.resolve().is_relative_to(moved), path)
        plugindir = pathlib.Path(run("pkg-config", "--variable=plugindir", "bootferry",
                                     env={**os.environ, "PKG_CONFIG_PATH": str(pkgconfig)}).strip())
        self.assertEqual(os.readlink(plugindir / "scheme-https.so"), "curl.so")


if __name__ == "__main__":
    tap.main()
