# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the cases in meson's testlog.junit.xml, and names those that failed or were skipped.

Prints to standard output `passed failed skipped`, for tests/run to add up; to standard error a line
for each case that did not simply pass. A skip always comes with its reason.
"""

import sys
import xml.etree.ElementTree


def tally(path, label):
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{label}: {case.get('classname') or ''} {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAILED  {name}", file=sys.stderr)
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped += 1
            reason = case.find("skipped")
            text = "" if reason is None else (reason.get("message") or reason.text or "").strip()
            print(f"SKIPPED {name}: {text or 'no reason given'}", file=sys.stderr)
        else:
            passed += 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*tally(sys.argv[1], sys.argv[2]))
