# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the unittest cases of one file and reports each of them in TAP (testanything.org).

meson understands TAP, so every case is counted and named by itself in `meson test`, and a file
that dies half-way is seen as short of its plan. Lines are printed as the cases end, not at the end
of the file: a boot takes a minute, and a person watching wants to see it.

A test file ends with:  if __name__ == "__main__": tap.main()
"""

import ctypes
import os
import pathlib
import re
import signal
import sys
import tempfile
import traceback
import unittest


class _TapResult(unittest.TestResult):
    """Prints exactly one line per case, whatever happened to it."""

    def __init__(self, cases):
        super().__init__()
        self._names = [self._name(case) for case in cases]
        self._reported = set()
        self._skipped = {}  # why a subtest was: then its case is no success, and no failure either
        self._failed = set()  # of cases with subtests
        print(f"1..{len(self._names)}", flush=True)

    @staticmethod
    def _name(test):
        # '#' would begin a TAP directive.
        return test.id().removeprefix("__main__.").replace("#", "")

    def _report(self, verdict, name, directive=""):
        if name in self._reported:
            return
        self._reported.add(name)
        print(f"{verdict} {len(self._reported)} - {name}{directive}", flush=True)

    @staticmethod
    def _explain(err):
        # A console's output may contain characters that XML forbids, and meson writes some of this.
        text = re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "?", "".join(traceback.format_exception(*err)))
        for line in text.rstrip().splitlines():
            print(f"#   {line}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._report("ok", self._name(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        # An error of setUpClass or tearDownClass has a name that is no case: its cases are
        # reported by finish() or were reported already, only the reason is printed here.
        if self._name(test) in self._names:
            self._report("not ok", self._name(test))
        self._explain(err)

    addError = addFailure

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self._name(test) in self._names:
            self._report("ok", self._name(test), f" # SKIP {reason}")
        elif hasattr(test, "test_case"):
            self._skipped[self._name(test.test_case)] = reason
        else:
            # setUpClass skipped: its id is "setUpClass (__main__.Class)".
            for name in self._names:
                if test.id().endswith(f".{name.rsplit('.', 1)[0]})"):
                    self._report("ok", name, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed.add(self._name(test))
            print(f"#   in {subtest.id()}:", flush=True)
            self._explain(err)

    def stopTest(self, test):
        super().stopTest(test)
        # A case whose only failures were in its subtests has not been heard of yet.
        name = self._name(test)
        if name in self._skipped and name not in self._failed:
            self._report("ok", name, f" # SKIP {self._skipped[name]}")
        self._report("not ok", name)

    def finish(self):
        for name in self._names:
            self._report("not ok", name)


def _cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _cases(item)
        else:
            yield item


def _exit_on_sigterm(_signal, _frame):
    # meson ends a test that ran too long with SIGTERM: unwinding stops its servers and machines.
    sys.exit(1)


def _own_mounts():
    """Gives the test a mount namespace of its own. Tests run beside each other, and one that starts a process in a new
    mount namespace copies all mounts that it sees. A copy keeps a file system alive after umount(8), and its loop
    device attached after `losetup --detach`: what the kernel writes at the end of the copy then lands in a file that
    its test has written anew."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_namespace, recursive, private, detach = 0x20000, 0x4000, 1 << 18, 2  # CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH
    if libc.unshare(new_namespace) != 0 or libc.mount(b"none", b"/", None, recursive | private, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"making a mount namespace: {os.strerror(error)}")
    # What a test with own_mounts=False has mounted.
    prefix = os.path.join(tempfile.gettempdir(), "bootferry-")
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if (point := line.split()[4]).startswith(prefix):
            libc.umount2(point.encode(), detach)


def main(own_mounts=True):
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) has it ignored, which programs that are tested would inherit
    if own_mounts and os.geteuid() == 0:
        _own_mounts()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:], module)
    else:
        suite = loader.loadTestsFromModule(module)
    result = _TapResult(list(_cases(suite)))
    suite.run(result)
    result.finish()
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
