# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exit statuses of bootferryctl (core/cli/console/exit_status.cpp, bootferryctl(1))."""

OTHER = 1
USAGE = 2
NOT_FOUND = 10
AUTH = 11
TLS = 12
UNREACHABLE = 13
TIMEOUT = 14
PROTOCOL = 15
RANGE = 16
CHECKSUM = 17
NOT_LIVE = 18
CORRUPT = 19
TARGET_REFUSED = 20
NO_ROOM = 21
IO = 22
NOT_PERMITTED = 23
UNSUPPORTED = 24
NOT_VERIFIED = 25
NO_SERVICE = 30
INTERRUPTED = 130

# Failures with a reason: no success, no interrupt, no crash of bootferryctl.
FAILURES = {OTHER, USAGE, *range(NOT_FOUND, UNSUPPORTED + 1), NO_SERVICE}
