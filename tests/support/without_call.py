# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program as on a kernel that lacks a system call (a seccomp filter: ENOSYS): without_call.py NUMBER PROGRAM..."""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_NUMBER = (0x20, 0, 0, 0)  # of the call, from struct seccomp_data
UNLESS_EQUAL_SKIP_ONE = (0x15, 0, 1)
RETURN = (0x06, 0, 0)
ENOSYS_RESULT, ALLOW = 0x00050000 | 38, 0x7FFF0000


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def main(number, *command):
    steps = [LOAD_NUMBER, (*UNLESS_EQUAL_SKIP_ONE, int(number)), (*RETURN, ENOSYS_RESULT), (*RETURN, ALLOW)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if os.geteuid() != 0 and prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    if prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(steps), code)), 0, 0) < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
