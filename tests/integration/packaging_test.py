# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packaging knows everything that is installed: each file of `meson install` belongs to one package of Debian's folder
and to one of the RPM spec, which name the same split and the version of meson.build."""

import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

SOURCE = pathlib.Path(os.environ["BOOTFERRY_SOURCE"])
BUILD = pathlib.Path(os.environ["BOOTFERRY_BUILD_ROOT"])
DEBIAN = SOURCE / "packaging/debian"
SPEC = (SOURCE / "packaging/rpm/bootferry.spec").read_text()


def introspect(what):
    return json.loads(subprocess.run(["meson", "introspect", f"--{what}", BUILD], capture_output=True, text=True,
                                     check=True).stdout)


class Layout:
    """Where this build installs, and what the folders are called in a package."""

    def __init__(self):
        options = {option["name"]: option["value"] for option in introspect("buildoptions")}
        self.prefix = options["prefix"]
        self._libdir = f"{self.prefix}/{options['libdir']}/"
        self._libexecdir = f"{self.prefix}/{options['libexecdir']}/bootferry/"

    def files(self, libdir, libexecdir, zsh):
        """What is installed, without the leading slash, as a build with other folders would have it."""
        for path in introspect("installed").values():
            if path.startswith(self._libexecdir):
                path = f"/usr/{libexecdir}/bootferry/" + path.removeprefix(self._libexecdir)
            elif path.startswith((self._libdir + "bootferry/", self._libdir + "pkgconfig/")):
                path = f"/usr/{libdir}/" + path.removeprefix(self._libdir)
            elif "/zsh/" in path:
                path = f"/usr/share/zsh/{zsh}/{pathlib.PurePath(path).name}"
            else:
                path = "/usr" + path.removeprefix(self.prefix)
            yield path.removeprefix("/")


def owners(path, packages):
    """The packages that name the file or a folder that it is in."""
    return [name for name, patterns in packages.items() for pattern in patterns
            if fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, pattern.rstrip("/") + "/*")]


class Debian(unittest.TestCase):
    def setUp(self):
        self.packages = {}
        for file in DEBIAN.glob("*.install"):
            lines = [line.split() for line in file.read_text().splitlines()]
            self.packages[file.stem] = [words[0] for words in lines if words[0].startswith("usr/")]
            for words in lines:
                if not words[0].startswith("usr/"):
                    self.assertTrue((SOURCE / words[0]).exists(), words[0])

    def test_each_file_is_in_one_package(self):
        for path in Layout().files("lib/x86_64-linux-gnu", "lib", "vendor-completions"):
            with self.subTest(path=path):
                self.assertEqual(len(owners(path, self.packages)), 1, owners(path, self.packages))

    def test_each_line_is_of_some_file(self):
        files = list(Layout().files("lib/x86_64-linux-gnu", "lib", "vendor-completions"))
        for package, patterns in self.packages.items():
            for pattern in patterns:
                if not re.search(r"[/-](nfs|sftp)\.|/bootferry-export$", pattern):  # not in every build
                    self.assertTrue(any(owners(path, {package: [pattern]}) for path in files), pattern)

    def test_each_package_has_a_list(self):
        control = (DEBIAN / "control").read_text()
        self.assertEqual(set(re.findall(r"^Package: (.*)$", control, re.MULTILINE)), set(self.packages))

    def test_the_version(self):
        version = introspect("projectinfo")["version"]
        first = (DEBIAN / "changelog").read_text().splitlines()[0]
        self.assertRegex(first, rf"^bootferry \({re.escape(version)}-[^)]+\) ")


class Rpm(unittest.TestCase):
    MACROS = {"_prefix": "usr", "_bindir": "usr/bin", "_libexecdir": "usr/libexec", "_libdir": "usr/lib64",
              "plugindir": "usr/lib64/bootferry/plugins", "_datadir": "usr/share", "_mandir": "usr/share/man",
              "_includedir": "usr/include", "_unitdir": "usr/lib/systemd/system",
              "_systemdgeneratordir": "usr/lib/systemd/system-generators", "_journalcatalogdir": "usr/lib/systemd/catalog",
              "_sysusersdir": "usr/lib/sysusers.d", "_tmpfilesdir": "usr/lib/tmpfiles.d"}

    def setUp(self):
        self.packages, self.documents = {}, []
        for name, text in re.findall(r"^%files ?(.*)\n((?:[^\n]+\n)+)", SPEC, re.MULTILINE):
            lines = text.splitlines()
            self.packages[name] = [re.sub(r"%\{(\w+)\}", lambda macro: self.MACROS[macro[1]], line)
                                   for line in lines if line.startswith("%{")]
            for line in lines:
                if line.startswith(("%doc ", "%license ")):
                    self.documents += line.split()[1:]

    def test_each_file_is_in_one_package(self):
        for path in Layout().files("lib64", "libexec", "site-functions"):
            with self.subTest(path=path):
                self.assertEqual(len(owners(path, self.packages)), 1, owners(path, self.packages))

    def test_the_documents_are_there(self):
        for path in self.documents:
            self.assertTrue((SOURCE / path).exists(), path)

    def test_the_split_is_debians(self):
        names = {f"bootferry-{name}".removesuffix("-").replace("-devel", "-dev") for name in self.packages}
        self.assertEqual(names, {file.stem for file in DEBIAN.glob("*.install")})

    def test_the_version(self):
        self.assertIn(f"\nVersion:        {introspect('projectinfo')['version']}\n", SPEC)


class News(unittest.TestCase):
    def test_it_begins_with_this_version(self):
        titles = re.findall(r"^## ([\d.]+)", (SOURCE / "docs/NEWS.md").read_text(), re.MULTILINE)
        self.assertEqual(titles[0], introspect("projectinfo")["version"])


if __name__ == "__main__":
    tap.main()
