// SPDX-License-Identifier: LGPL-2.1-or-later
// Values as curl writes them on its command line (curl(1)). Each throws Failure(INVALID) that says what is
// wanted and never what was given.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace bootferry::curl {

[[noreturn]] void refuse(const std::string& why);

// From 0 to highest.
[[nodiscard]] long parseNumber(std::string_view text, long highest = std::numeric_limits<int>::max());

// "2.5" → 2500; curl takes decimal seconds.
[[nodiscard]] long parseSeconds(std::string_view text);

// "200K": curl's suffixes, powers of 1024.
[[nodiscard]] curl_off_t parseSize(std::string_view text);

// curl's language for protocols: "=https" sets, "ftp" and "+ftp" allow, "-ftp" forbids, in this order,
// starting from defaults. What curl knows and bootferry has no use for is left out.
// → "http,https"; empty where nothing is left.
[[nodiscard]] std::string parseProtocols(std::string_view text, std::string_view defaults);

} // namespace bootferry::curl
