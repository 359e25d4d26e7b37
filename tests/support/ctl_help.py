# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bootferryctl's own help names: the verbs in the overview, the options in each verb's help."""

import os
import re
import subprocess


def said(*words):
    return subprocess.run([os.environ["BOOTFERRYCTL"], *words], check=True, capture_output=True, text=True).stdout


def verbs():
    return re.findall(r"^  ([a-z][a-z-]*)\b", said("--help"), re.MULTILINE)


def options(verb=None):
    """Their long names."""
    text = said(verb, "--help") if verb else said("--help")
    return set(re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.MULTILINE))


def all_options():
    return options().union(*(options(verb) for verb in verbs()))
