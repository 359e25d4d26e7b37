// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks the size in an FTP server's reply: libcurl takes one that is too large for its numbers as an empty
// file. Pure.
#pragma once

#include <string_view>

namespace bootferry::curl {

// The answer to SIZE (RFC 3659, section 4), or the "(1234 bytes)" at the beginning of a transfer, is more
// than any file has (2^63 - 1).
[[nodiscard]] bool hasImpossibleSize(std::string_view reply);

} // namespace bootferry::curl
