# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manual pages name what the programs' --help names, and groff finds nothing to complain about."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import ctl_help  # noqa: E402
import tap  # noqa: E402

DOCS = pathlib.Path(os.environ["BOOTFERRY_DOCS"])


def help_of(program):
    return subprocess.run([os.environ[program], "--help"], check=True, capture_output=True, text=True).stdout


def page(name):
    return (DOCS / name).read_text()


def items(text, macro):
    """What `.It Fl Fl name` or `.It Cm name` lines begin with."""
    return {word for line in text.splitlines() if line.startswith(".It ")
            for word in re.findall(rf"{macro} ([a-z-]+)", line)}


class ManualPages(unittest.TestCase):
    def test_bootferryctl(self):
        text = page("bootferryctl.1")
        self.assertEqual(items(text, "Fl Fl"), ctl_help.all_options())
        self.assertEqual(items(text, "Cm"), set(ctl_help.verbs()))

    def test_bootferryd(self):
        self.assertEqual(items(page("bootferryd.8"), "Fl Fl"),
                         set(re.findall(r"^  --([a-z-]+)", help_of("BOOTFERRYD"), re.MULTILINE)))

    def test_bootferry_plymouth(self):
        self.assertEqual(items(page("bootferry-plymouth.8"), "Fl Fl"),
                         set(re.findall(r"^  --([a-z-]+)", help_of("BOOTFERRY_PLYMOUTH"), re.MULTILINE)))

    def test_they_can_be_shown(self):
        for path in sorted(DOCS.glob("*.[1-8]")):
            with self.subTest(page=path.name):
                shown = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", path], capture_output=True, text=True)
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))


if __name__ == "__main__":
    tap.main()
