# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each MESSAGE_ID of the sources has its entry in the catalog, and journalctl takes the catalog as it is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

SOURCE = pathlib.Path(os.environ["BOOTFERRY_SOURCE"])
CATALOG = pathlib.Path(os.environ["BOOTFERRY_CATALOG"])
ID = r"[0-9a-f]{32}"


class Catalog(unittest.TestCase):
    def setUp(self):
        self.entries = dict(re.findall(rf"(?ms)^-- ({ID})\n(.*?)(?=^-- |\Z)", CATALOG.read_text()))

    def test_it_has_the_ids_of_the_sources(self):
        sources = "".join((SOURCE / "core/base" / name).read_text() for name in
                          ("journal_messages.h", "journal_messages.cpp"))
        ids = re.findall(rf'"({ID})"', sources)
        self.assertEqual(len(ids), len(set(ids)), "an id has one meaning")
        self.assertEqual(set(self.entries), set(ids))

    def test_each_failure_of_the_errors_table_has_an_id(self):
        codes = re.findall(r"CodeTraits\{ErrorCode::(\w+)", (SOURCE / "core/base/errors.cpp").read_text())
        named = re.findall(r"case ErrorCode::(\w+)", (SOURCE / "core/base/journal_messages.cpp").read_text())
        self.assertEqual(sorted(named), sorted(codes))

    def test_each_entry_is_complete(self):
        fields = set(re.findall(r'"(BOOTFERRY_\w+)"', (SOURCE / "core/service/manager.cpp").read_text()))
        documented = set(re.findall(r"BOOTFERRY_\w+", (SOURCE / "docs/bootferryd.8").read_text().split(".Sh FILES")[0]))
        self.assertEqual(documented, fields)
        for entry, text in self.entries.items():
            with self.subTest(entry=entry):
                head, _, body = text.partition("\n\n")
                self.assertEqual([line.split(":")[0] for line in head.splitlines()],
                                 ["Subject", "Defined-By", "Documentation"])
                self.assertGreater(len(body.split()), 8)
                self.assertLessEqual(set(re.findall(r"@(\w+)@", body)), fields)

    def test_journalctl_compiles_it(self):
        with tempfile.TemporaryDirectory(prefix="bootferry-catalog-") as root:
            folder = pathlib.Path(root, "usr/lib/systemd/catalog")
            folder.mkdir(parents=True)
            shutil.copy(CATALOG, folder)
            done = subprocess.run(["journalctl", f"--root={root}", "--update-catalog"], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            listed = subprocess.run(["journalctl", f"--root={root}", "--list-catalog"], capture_output=True, text=True,
                                    check=True).stdout
        for entry, text in self.entries.items():
            self.assertIn(f"{entry} bootferry: {text.splitlines()[0].removeprefix('Subject: ')}", listed)


if __name__ == "__main__":
    tap.main()
