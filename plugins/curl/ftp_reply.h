// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the size in an FTP server's reply: libcurl treats one that overflows its numbers as an empty file.
// Pure.
#pragma once

#include <string_view>

namespace bootferry::curl {

// True if the answer to SIZE (RFC 3659, section 4), or the "(1234 bytes)" at the beginning of a transfer,
// exceeds 2^63 - 1.
[[nodiscard]] bool hasImpossibleSize(std::string_view reply);

} // namespace bootferry::curl
