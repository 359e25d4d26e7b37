// SPDX-License-Identifier: LGPL-2.1-or-later
// rd.kiwi.live.curl_options= holds words of curl's command line, with commas for the spaces between them.
// They are read as curl reads them (curl(1), "OPTIONS") and become options of the curl plugin. Two things are
// not curl's: --name=VALUE is taken for --name VALUE, and "\," is a comma that belongs to a word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

struct CurlOptions {
    std::vector<PluginOption> pluginOptions; // for the plugin "curl", in the order that was given
    std::vector<std::string> ignored;        // "--name: why it changes nothing"
};

// Throws Error(Invalid, Unsupported) that names the option and what to do. No value of any option stands in
// it, since it may be a secret.
[[nodiscard]] CurlOptions parseCurlOptions(std::string_view text);

// Is a URL of this scheme fetched by the curl plugin?
[[nodiscard]] bool isCurlScheme(std::string_view scheme);

} // namespace bootferry
