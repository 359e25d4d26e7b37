# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small live image as the tests of transfers need it: a real squashfs, of which a packer gets about half off."""

import pathlib
import random
import subprocess
import tempfile


def make_squashfs(path, size, seed=1):
    """Of about `size` bytes; its blocks are stored, so that the outer compression has something to do."""
    source = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="bootferry-squashfs-") as folder:
        with open(pathlib.Path(folder, "noise"), "wb") as file:
            while file.tell() < size:
                file.write(source.randbytes(50_000) + bytes(range(250)) * 200)
        subprocess.run(["mksquashfs", folder, path, "-quiet", "-no-progress", "-noappend", "-noI", "-noD", "-noF", "-noX"],
                       check=True, stdout=subprocess.DEVNULL)
