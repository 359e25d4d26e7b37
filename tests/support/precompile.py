# SPDX-License-Identifier: LGPL-2.1-or-later
"""Precompiles a header, for a build folder that meson set up with -Dprecompiled-header=RESULT (without the .gch of g++).

Usage: precompile.py BUILD TEST HEADER RESULT

Compilers take a precompiled header only from the same options. They are those of a unit test's compile command: the
tests use what the header contains, so that their commands also define the macros that belong to it. g++ wants no others
to be defined.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys

_WITH_A_VALUE = ("-include-pch", "-include", "-MQ", "-MF", "-o", "-c")


def command_of(build, test):
    commands = json.loads((build / "compile_commands.json").read_text())
    words = iter(shlex.split(next(entry["command"] for entry in commands if entry["file"].endswith(test))))
    return [word for word in words if word != "-MD" and not (word in _WITH_A_VALUE and next(words))]


def main(build, test, header, result):
    command = command_of(pathlib.Path(build), test)
    if not result.endswith(".gch"):
        command.append("-fpch-instantiate-templates")
    subprocess.run([*command, "-x", "c++-header", os.path.abspath(header), "-o", result], cwd=build, check=True)


main(*sys.argv[1:])
