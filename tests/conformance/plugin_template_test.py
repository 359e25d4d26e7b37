# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed template, copied out of the tree and renamed as the guide says, built with each build system against
the installation, checked, run and installed."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from installed import Installed, run  # noqa: E402

CHECK = os.environ["BOOTFERRY_PLUGIN_CHECK"]
CLASS = pathlib.Path(os.environ["SOURCE_ROOT"]) / "tests/conformance/classy.cpp"


class PluginTemplateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installed = Installed()
        cls.addClassCleanup(cls.installed.close)
        cls.environment = {**cls.installed.environment,
                           "PATH": os.pathsep.join([os.path.dirname(CHECK), os.environ["PATH"]])}
        cls.template = pathlib.Path("".join(cls.installed.pkg_config("--variable=plugintemplatedir")))

    def copy(self, tool, language="c", folder=""):
        if shutil.which(tool) is None:
            self.skipTest(f"{tool} is not installed")
        tree = self.installed.path / f"{tool}-{language}{folder}" / "pattern"
        shutil.copytree(self.template, tree)
        if language == "c":
            (tree / "example.c").rename(tree / "pattern.c")
        else:
            (tree / "example.c").unlink()
            (tree / "pattern.cpp").write_text(CLASS.read_text().replace("classy", "pattern"))
        for file in tree.iterdir():
            if file.suffix != ".md":
                file.write_text(file.read_text().replace("example", "pattern"))
        return tree

    def run_in(self, tree, *command, **more):
        return run(*command, cwd=tree, env={**self.environment, **more})

    def assert_works(self, folder, target):
        run(CHECK, folder / "pattern.so", "pattern://anywhere/100003", env=self.environment)
        run(os.environ["BOOTFERRYCTL"], "fetch", "pattern://anywhere/1234", folder / "fetched",
            env={**self.environment, "BOOTFERRY_PLUGIN_DIR": str(folder)})
        self.assertEqual((folder / "fetched").stat().st_size, 1234)
        plugindir = os.path.realpath("".join(self.installed.pkg_config("--variable=plugindir")))
        installed = pathlib.Path(f"{target}{plugindir}")
        self.assertTrue((installed / "pattern.so").is_file())
        self.assertEqual(os.readlink(installed / "scheme-pattern.so"), "pattern.so")
        for file in target.rglob("*"):
            if not file.is_dir():
                self.assertIn("pattern.so", file.name)

    def test_the_guide_and_the_manual_page_are_installed(self):
        self.assertTrue((self.template / "plugin-guide.md").is_file())
        self.assertTrue(next(self.installed.root.rglob("bootferry-plugin-check.1*")).is_file())

    def test_make(self):
        tree = self.copy("make")
        self.run_in(tree, "make", "CFLAGS=-Wall -Wextra -Wpedantic -Werror")
        self.assertIn("ok 1 - reads the whole resource", self.run_in(tree, "make", "check"))
        target = tree.parent / "target"
        self.run_in(tree, "make", "install", DESTDIR=str(target))
        self.assert_works(tree, target)
        self.run_in(tree, "make", "clean")
        self.assertFalse((tree / "pattern.so").exists())

    def test_make_in_cxx(self):
        tree = self.copy("make", "cpp")
        self.run_in(tree, "make", "CXXFLAGS=-Wall -Wextra -Wpedantic -Werror")
        self.assertEqual(self.run_in(tree, "make", "--silent", "check", "CHECK_OPTIONS=--check 'very end'"),
                         "1..2\nok 1 - reads the whole resource\nok 2 - resumes at the very end\n")

    def test_meson_in_cxx(self):
        tree = self.copy("meson", "cpp")
        (tree / "meson.build").write_text((tree / "meson.build").read_text().replace(
            "check_options = []", "check_options = ['--check', 'very end']"))
        self.run_in(tree, "meson", "setup", "--werror", "build")
        self.run_in(tree, "meson", "compile", "-C", "build")
        self.assertRegex(self.run_in(tree, "meson", "test", "-C", "build"), "conformance +OK .*2 subtests passed")

    def test_cmake_in_cxx(self):
        tree = self.copy("cmake", "cpp")
        (tree / "CMakeLists.txt").write_text((tree / "CMakeLists.txt").read_text().replace(
            "set(CHECK_OPTIONS)", "set(CHECK_OPTIONS --check 'very end')".replace("'", '"')))
        self.run_in(tree, "cmake", "-B", "build", "-DCMAKE_CXX_FLAGS=-Werror")
        self.run_in(tree, "cmake", "--build", "build")
        self.assertRegex(self.run_in(tree, "ctest", "--test-dir", "build", "-V"), r"(?m)^1: 1\.\.2$")

    def test_meson(self):
        tree = self.copy("meson")
        self.run_in(tree, "meson", "setup", "--werror", "build")
        self.run_in(tree, "meson", "compile", "-C", "build")
        self.assertRegex(self.run_in(tree, "meson", "test", "-C", "build"), "Ok: +1")
        target = tree.parent / "target"
        self.run_in(tree, "meson", "install", "-C", "build", DESTDIR=str(target))
        self.assert_works(tree / "build", target)

    def test_cmake(self):
        tree = self.copy("cmake")
        self.run_in(tree, "cmake", "-B", "build", "-DCMAKE_C_FLAGS=-Werror")
        self.run_in(tree, "cmake", "--build", "build")
        self.assertIn("100% tests passed", self.run_in(tree, "ctest", "--test-dir", "build"))
        target = tree.parent / "target"
        self.run_in(tree, "cmake", "--install", "build", DESTDIR=str(target))
        self.assert_works(tree / "build", target)

    def test_a_library_that_is_not_linked_is_an_error(self):
        for tool, commands in {"make": [["make"]],
                               "meson": [["meson", "setup", "build"], ["meson", "compile", "-C", "build"]],
                               "cmake": [["cmake", "-B", "build"], ["cmake", "--build", "build"]]}.items():
            with self.subTest(tool=tool):
                tree = self.copy(tool, folder="unlinked")
                with (tree / "pattern.c").open("a") as source:
                    source.write("\nextern int of_a_library(void);\n"
                                 "__attribute__((visibility(\"default\"))) int unlinked(void);\n"
                                 "int unlinked(void) {\n    return of_a_library();\n}\n")
                with self.assertRaisesRegex(AssertionError, "undefined (reference|symbol).*of_a_library"):
                    for command in commands:
                        self.run_in(tree, *command)

    def test_another_folder_for_the_plugin(self):
        for tool, commands in {"make": [["make", "install", "PLUGINDIR=/opt/plugins"]],
                               "cmake": [["cmake", "-B", "build", "-DPLUGINDIR=/opt/plugins"], ["cmake", "--build", "build"],
                                         ["cmake", "--install", "build"]]}.items():
            with self.subTest(tool=tool):
                tree = self.copy(tool, folder="elsewhere")
                target = tree.parent / "target"
                for command in commands:
                    self.run_in(tree, *command, DESTDIR=str(target))
                self.assertEqual(sorted(path.name for path in (target / "opt/plugins").iterdir()),
                                 ["pattern.so", "scheme-pattern.so"])
                self.assertEqual([path.name for path in target.iterdir()], ["opt"])

    def test_the_example_with_an_event_loop(self):
        if subprocess.run(["pkg-config", "--exists", "libnfs >= 4", "libnfs < 6"], check=False).returncode != 0:
            self.skipTest("there is no libnfs 4 or 5")
        tree = self.installed.path / "nfs"
        shutil.copytree(pathlib.Path("".join(self.installed.pkg_config("--variable=pluginexamplesdir"))) / "nfs", tree)
        self.run_in(tree, "make", "CXXFLAGS=-Wall -Wextra -Wpedantic -Werror")
        self.assertIn("Schemes: nfs\n", self.run_in(tree, os.environ["BOOTFERRYCTL"], "plugins", "--describe", tree / "nfs.so"))
        target = self.installed.path / "nfs-target"
        self.run_in(tree, "make", "install", DESTDIR=str(target))
        self.assertEqual(sorted(file.name for file in target.rglob("*.so")), ["nfs.so", "scheme-nfs.so"])


if __name__ == "__main__":
    tap.main()
