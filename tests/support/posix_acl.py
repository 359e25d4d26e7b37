# SPDX-License-Identifier: LGPL-2.1-or-later
"""POSIX access control lists as the kernel stores them in extended attributes (linux/posix_acl_xattr.h), so that tests
need no setfacl."""

import errno
import os
import struct

ACCESS = "system.posix_acl_access"
DEFAULT = "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
_NO_ID = 0xFFFFFFFF


def packed(*entries):
    """Of (tag, permissions) or (tag, permissions, number of the user or group)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry, *[_NO_ID][len(entry) - 2:]) for entry in entries)


def of(path):
    """The entries of a file's list; empty if it has none."""
    try:
        text = os.getxattr(path, ACCESS)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        return []
    return [entry[:2] if entry[2] == _NO_ID else entry for entry in struct.iter_unpack("<HHI", text[4:])]


def put(path, *entries, name=ACCESS):
    """False: the file system has no such lists."""
    try:
        os.setxattr(path, name, packed(*entries))
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return False
    return True
