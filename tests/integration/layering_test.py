# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folders of the sources include what the table in docs/ARCHITECTURE.md says, and nothing else."""

import collections
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

SOURCE = pathlib.Path(os.environ["BOOTFERRY_SOURCE"])
ROOTS = ("core", "plugins", "initrd-generator")
ENDINGS = (".c", ".cpp", ".h", ".hpp")
LIBRARY = re.compile(r"lib[a-z0-9]+|spdlog|zlib|nothing")


def table():
    """Each folder of the table, in its order, with the folders that it builds on."""
    text = (SOURCE / "docs/ARCHITECTURE.md").read_text()
    rows = re.findall(r"(?m)^\| `([\w/-]+)` \| .* \| (.*) \|$", text[text.index("\n## The folders"):])
    folders = {}
    for folder, cell in rows:
        assert folder not in folders, f"{folder} has two rows"
        names = cell.split(", ")
        folders[folder] = [name.strip("`") for name in names if name.startswith("`")]
        for name in names:
            assert name.startswith("`") or LIBRARY.fullmatch(name), f"{folder}: what is '{name}'?"
    return folders


def sources():
    """The source files of each folder."""
    found = collections.defaultdict(list)
    for root in ROOTS:
        for path in sorted((SOURCE / root).rglob("*")):
            if path.suffix in ENDINGS:
                found[str(path.parent.relative_to(SOURCE))].append(path)
    return found


class Layering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = table()
        cls.sources = sources()
        cls.reach = {}  # what a folder may include
        for folder, names in cls.table.items():
            cls.reach[folder] = {folder}.union(*({name} | cls.reach.get(name, set()) for name in names))

    def includes(self, folder):
        """The folders that the includes of this folder lead to: the nearest one, as the compiler sees it."""
        header = {path.name: name for name in sorted(self.reach[folder], key=list(self.table).index)
                  for path in self.sources[name]}
        header |= {path.name: folder for path in self.sources[folder]}
        known = {path.name for paths in self.sources.values() for path in paths}
        for path in self.sources[folder]:
            for name in re.findall(r'(?m)^ *# *include (?:"|<bootferry/)([^">]+)[">]', path.read_text()):
                last = name.rpartition("/")[2]
                if last in known:
                    yield path.relative_to(SOURCE), name, header.get(last)

    def test_each_folder_with_sources_has_a_row(self):
        self.assertEqual(set(self.table), set(self.sources))

    def test_a_row_builds_on_rows_above_it(self):
        above = set()
        for folder, names in self.table.items():
            self.assertLessEqual(set(names), above, folder)
            above.add(folder)

    def test_no_include_leads_elsewhere(self):
        for folder in self.table:
            for path, name, where in self.includes(folder):
                self.assertIsNotNone(where, f"{path} includes {name}, which {folder} does not build on")

    def test_each_row_names_what_is_used(self):
        for folder, names in self.table.items():
            used = {where for _, _, where in self.includes(folder)} - {folder}
            for name in names:
                others = set().union(*({other} | self.reach[other] for other in names if other != name))
                needed = name in used or any(each in used - others for each in self.reach[name])
                self.assertTrue(needed, f"{folder} uses nothing of {name}")

    def test_a_library_shows_its_folder_to_nobody_by_itself(self):
        for path in [build for root in ROOTS for build in (SOURCE / root).rglob("meson.build")]:
            for call in re.findall(r"static_library(\((?:[^()]|\([^()]*\))*\))", path.read_text()):
                if "bootferry-fmt" not in call:  # includes nothing of ours
                    self.assertIn("implicit_include_directories: false", call, path)


if __name__ == "__main__":
    tap.main()
