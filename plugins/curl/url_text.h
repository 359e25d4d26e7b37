// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a URL may be shown. It comes from a server here (a redirect), so it need not be a valid one.
#pragma once

#include <string>

namespace bootferry::curl {

// "http", as the URL has it.
[[nodiscard]] std::string schemeOf(const std::string& url);

// The host of an authority, without brackets.
[[nodiscard]] std::string hostOf(const std::string& authority);

// Host and port, without the userinfo that a redirect may contain.
[[nodiscard]] std::string authorityOf(const std::string& url);

// Host and port, the scheme's own port if the URL has none.
[[nodiscard]] std::string hostAndPortOf(const std::string& url);

// The URL without its userinfo and its query, in which tokens stand; cut to a length that a console can show.
[[nodiscard]] std::string shownUrl(const std::string& url);

} // namespace bootferry::curl
