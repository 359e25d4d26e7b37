// SPDX-License-Identifier: LGPL-2.1-or-later
// An escaped slash (%2F) must not become one: "%2e%2e%2fpasswd" would be a path.
#include "url_file_name.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {

std::string fileNameOf(const Url& url) {
    const auto refuseName = [&](const char* why) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("{} {}: name a FILE behind the URL", url.redacted(), why));
    };
    const auto path = url.path().substr(0, url.path().find('?'));
    const auto written = lowered(path.substr(path.rfind('/') + 1));
    const auto decoded = url.decodedPath();
    auto name = decoded.substr(decoded.rfind('/') + 1);
    if (name.empty()) {
        refuseName("names no file");
    }
    if (written.find("%2f") != std::string::npos) {
        refuseName("names a file with a slash");
    }
    if (name == "." || name == "..") {
        refuseName("names a folder");
    }
    if (name == "-") {
        refuseName("names a file that would be standard output");
    }
    if (plainText(name, name.size()) != name) {
        refuseName("names a file with characters that a terminal cannot show");
    }
    return name;
}

} // namespace bootferry
