// SPDX-License-Identifier: LGPL-2.1-or-later
// rd.kiwi.live.curl_options= holds words of curl's command line, separated by commas instead of spaces. They
// are parsed as curl parses them (curl(1), "OPTIONS") and become options of the curl plugin. Two additions to
// curl's rules: --name=VALUE means --name VALUE, and "\," is a comma within a word.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

struct CurlOptions {
    std::vector<PluginOption> pluginOptions; // for the plugin "curl", in the order given
    std::vector<std::string> ignored;        // "--name: why it changes nothing"
};

// Throws Error(Invalid, Unsupported) that names the option and what to do, and never quotes an option's
// value, which may be a secret.
[[nodiscard]] CurlOptions parseCurlOptions(std::string_view text);

// The option of the curl plugin that serves curl's --NAME, as --option=curl: takes it: "insecure",
// "proxy=...". nullopt if curl has no such option, or the plugin none for it.
[[nodiscard]] std::optional<std::string> curlPluginOption(std::string_view name);
[[nodiscard]] std::optional<std::string> curlPluginOption(char letter);

// Whether the curl plugin fetches URLs of this scheme.
[[nodiscard]] bool isCurlScheme(std::string_view scheme);

} // namespace bootferry
