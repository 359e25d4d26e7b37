// SPDX-License-Identifier: LGPL-2.1-or-later
// Parses values in the format of curl's command line (curl(1)). Each function throws Failure(INVALID) that
// describes the expected format and never contains the value, which may be a secret.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace bootferry::curl {

[[noreturn]] void refuse(const std::string& why);

// From 0 to highest.
[[nodiscard]] long parseNumber(std::string_view text, long highest = std::numeric_limits<int>::max());

// "2.5" → 2500; curl accepts decimal seconds.
[[nodiscard]] long parseSeconds(std::string_view text);

// "200K": curl's suffixes, powers of 1024.
[[nodiscard]] curl_off_t parseSize(std::string_view text);

// curl's syntax for protocols: "=https" sets, "ftp" and "+ftp" allow, "-ftp" forbids, in this order, starting
// from defaults. Protocols of curl that bootferry does not use are left out.
// → "http,https"; empty if none is left.
[[nodiscard]] std::string parseProtocols(std::string_view text, std::string_view defaults);

} // namespace bootferry::curl
