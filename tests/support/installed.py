# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a plugin's author has: bootferry as `meson install` puts it into a DESTDIR, found with pkg-config."""

import os
import pathlib
import subprocess
import tempfile


def run(*command, **options):
    """Returns standard output; a failure raises AssertionError with all that was printed."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


class Installed:
    """A temporary folder `path` that other users can read (root's worker is one), with the installation in `root`."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="bootferry-installed-")
        self.path = pathlib.Path(self._folder.name)
        self.path.chmod(0o755)
        self.root = self.path / "root"
        run("meson", "install", "-C", os.environ["BUILD_ROOT"], "--no-rebuild", "--quiet",
            env={**os.environ, "DESTDIR": str(self.root)})
        self.pkgconfig = next(self.root.rglob("bootferry.pc")).parent
        # The file is relocatable, so that it needs no PKG_CONFIG_SYSROOT_DIR.
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(self.pkgconfig)}

    def close(self):
        self._folder.cleanup()

    def pkg_config(self, *arguments):
        return run("pkg-config", *arguments, "bootferry", env=self.environment).split()
