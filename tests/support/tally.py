# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the cases in one of meson's logs (NAME.junit.xml), and names those that failed or were skipped.

Prints to standard output `passed failed skipped`, for tests/run to add up; to standard error a line
for each case that did not simply pass. A skip always comes with its reason, which meson leaves out of
the junit file: it is in the cases' own words in NAME.txt.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree


def reasons(path):
    """case → why it was skipped"""
    text = pathlib.Path(path.removesuffix(".junit.xml") + ".txt").read_text(errors="replace")
    return dict(re.findall(r"^ok \d+ - (\S+) # SKIP (.+)$", text, re.MULTILINE))


def tally(path, label):
    passed = failed = skipped = 0
    why = reasons(path)
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
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
