# SPDX-License-Identifier: LGPL-2.1-or-later
"""Precompiles headers into one, for a build folder that meson set up with -Dprecompiled-header=.

Usage: precompile.py BUILD FILE RESULT HEADER... [-- FILE RESULT HEADER...]...

With clang, RESULT is the value of that option, and for the tests that with -tests behind it. With g++ it is FOLDER/NAME: the option's value with .gch behind it is the
FOLDER, of whose files g++ takes the first one that it can; the header without .gch is there, and empty, for the others.
Compilers take a precompiled header only from the same options. They are those of FILE's compile command, so that the
macros that belong to the headers have to be defined there. g++ wants no others to be defined.
"""

import itertools
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


def precompile(build, source, result, *headers):
    command = command_of(build, source)
    result = pathlib.Path(result)
    together = result.with_name(f"{result.name}-all.h")
    if result.parent.suffix == ".gch":
        result.parent.mkdir(exist_ok=True)
        result.parent.with_suffix("").write_text("")
        together = result.parent.with_name(f"{result.parent.stem}-{result.name}-all.h")  # all files in the folder are tried
    else:
        command.append("-fpch-instantiate-templates")
    together.write_text("".join(f'#include "{os.path.abspath(header)}"\n' for header in headers))
    subprocess.run([*command, "-x", "c++-header", together, "-o", result], cwd=build, check=True)


def main(build, *words):
    for _, group in itertools.groupby(words, lambda word: word == "--"):
        group = list(group)
        if group != ["--"]:
            precompile(pathlib.Path(build), *group)


main(*sys.argv[1:])
