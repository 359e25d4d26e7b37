# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the cases in one of meson's logs (NAME.junit.xml), and names those that failed or were skipped.

Prints to standard output `passed failed skipped`, for tests/run to add up; to standard error a line
for each case that did not simply pass. A failure comes with the last lines that its test file printed about it, a
skip with its reason, which meson leaves out of the junit file: it is in the cases' own words in NAME.txt.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

_LINES_OF_A_FAILURE = 60

def reasons(path):
    """case → why it was skipped"""
    text = pathlib.Path(path.removesuffix(".junit.xml") + ".txt").read_text(errors="replace")
    return dict(re.findall(r"^ok \d+ - (\S+) # SKIP (.+)$", text, re.MULTILINE))


def explanation(suite):
    """The messages of a test file without the verdicts, and those in failures, where GoogleTest puts them."""
    messages = [line for line in (suite.findtext("system-out") or "").splitlines() if line.startswith("#")]
    for failure in suite.iter("failure"):
        messages += (failure.text or failure.get("message") or "").splitlines()
    return messages[-_LINES_OF_A_FAILURE:]


def tally(path, label):
    counts = [0, 0, 0]
    why = reasons(path)
    for suite in xml.etree.ElementTree.parse(path).iter("testsuite"):
        of_suite = count(suite, label, why)
        counts = [sum(pair) for pair in zip(counts, of_suite)]
        if of_suite[1]:
            print(*(f"        {line}" for line in explanation(suite)), sep="\n", file=sys.stderr)
    return counts


def count(suite, label, why):
    passed = failed = skipped = 0
    for case in suite.iter("testcase"):
        name = f"{label}: {case.get('classname') or ''} {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAILED  {name}", file=sys.stderr)
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped += 1
            reason = case.find("skipped")
            text = "" if reason is None else (reason.get("message") or reason.text or "").strip()
            text = text or why.get(name.split()[-1], "no reason given")
            print(f"SKIPPED {name}: {text}", file=sys.stderr)
        else:
            passed += 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*tally(sys.argv[1], sys.argv[2]))
