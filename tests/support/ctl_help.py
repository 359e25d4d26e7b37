# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs and options in bootferryctl's own help: verbs in the overview, options in the help of each verb."""

import os
import re
import subprocess


def output_of(*words):
    return subprocess.run([os.environ["BOOTFERRYCTL"], *words], check=True, capture_output=True, text=True).stdout


def verbs():
    return re.findall(r"^  ([a-z][a-z-]*)\b", output_of("--help"), re.MULTILINE)


def options(verb=None):
    """Their long names."""
    text = output_of(verb, "--help") if verb else output_of("--help")
    return set(re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.MULTILINE))


def all_options():
    return options().union(*(options(verb) for verb in verbs()))
