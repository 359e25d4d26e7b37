# SPDX-License-Identifier: LGPL-2.1-or-later
"""Walks through docs/plugin-guide.md: its `sh` blocks are run in order, in one shell, as they stand."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402
from installed import Installed  # noqa: E402

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
PROGRAMS = [os.environ["BOOTFERRYCTL"], os.environ["BOOTFERRY_PLUGIN_CHECK"]]


class PluginGuideTest(unittest.TestCase):
    def test_links_do_not_need_the_sources(self):
        """These are installed without the pages beside them."""
        for page in ("plugin-guide.md", "dolly.md", "sftp.md"):
            with self.subTest(page=page):
                self.assertEqual(re.findall(r"\]\((?!https?:|#)[^)]*\)", (SOURCE / "docs" / page).read_text()), [])

    def test_the_guide_works(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", (SOURCE / "docs/plugin-guide.md").read_text(), re.M | re.S)
        self.assertGreaterEqual(len(blocks), 4)
        installed = Installed()
        self.addCleanup(installed.close)
        environment = {
            **installed.environment,
            "PATH": ":".join([os.path.dirname(program) for program in PROGRAMS] + [os.environ["PATH"]]),
        }
        result = subprocess.run(["bash", "-euxo", "pipefail", "-c", "\n".join(blocks)], cwd=installed.path, env=environment,
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("ok 1 - reads the whole resource", result.stdout)
        self.assertEqual((installed.path / "pattern/plugin-guide.md").read_text(), (SOURCE / "docs/plugin-guide.md").read_text())


if __name__ == "__main__":
    tap.main()
