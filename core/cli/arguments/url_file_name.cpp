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
                    fmt::format("cannot take the file name from {}: {}; specify FILE", url.shown(), why));
    };
    const auto path = url.path().substr(0, url.path().find('?'));
    const auto written = lowered(path.substr(path.rfind('/') + 1));
    const auto decoded = url.decodedPath();
    auto name = decoded.substr(decoded.rfind('/') + 1);
    if (name.empty()) {
        refuseName("it has none");
    }
    if (written.find("%2f") != std::string::npos) {
        refuseName("it contains a slash");
    }
    if (name == "." || name == "..") {
        refuseName("it is a folder's");
    }
    if (name == "-") {
        refuseName("'-' stands for standard output");
    }
    if (plainText(name, name.size()) != name) {
        refuseName("it contains unprintable characters");
    }
    return name;
}

} // namespace bootferry
