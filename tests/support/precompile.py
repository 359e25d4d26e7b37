# SPDX-License-Identifier: LGPL-2.1-or-later
"""Precompiles a header with clang, for a build folder that meson set up with -Dprecompiled-header=RESULT.

Usage: precompile.py BUILD HEADER RESULT

clang takes a precompiled header only from the same options. They are those of a unit test's compile command: the
tests use what the header contains, so that their commands also define the macros that belong to it.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys

_OF_A_TEST = "tests/unit/request/url_test.cpp"
_WITH_A_VALUE = ("-include-pch", "-MQ", "-MF", "-o", "-c")


def options(build):
    commands = json.loads((build / "compile_commands.json").read_text())
    words = iter(shlex.split(next(entry["command"] for entry in commands if entry["file"].endswith(_OF_A_TEST))))
    return [word for word in words if word != "-MD" and not (word in _WITH_A_VALUE and next(words))]


def main(build, header, result):
    command = [*options(pathlib.Path(build)), "-fpch-instantiate-templates", "-x", "c++-header"]
    subprocess.run([*command, os.path.abspath(header), "-o", result], cwd=build, check=True)


main(*sys.argv[1:])
