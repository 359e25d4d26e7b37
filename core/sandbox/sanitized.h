// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether this is a build with AddressSanitizer, which needs system calls that no sandbox allows, and which
// looks for leaks when a process ends.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define BOOTFERRY_SANITIZED true
#elif defined(__has_feature)
#define BOOTFERRY_SANITIZED __has_feature(address_sanitizer)
#else
#define BOOTFERRY_SANITIZED false
#endif
