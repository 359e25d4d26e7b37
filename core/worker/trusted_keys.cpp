// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trusted_keys.h"

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "openpgp_keys.h"
#include "trusted_certificates.h"

namespace bootferry {

void TrustedKeys::addText(std::string_view text, const std::string& name) {
    if (holdsCertificates(text)) {
        certificates += certificatesIn(text, name);
    } else {
        openpgp += binaryKeys(text, name);
    }
}

void TrustedKeys::addFile(const std::string& path) {
    const auto text = readSmallFile(path);
    if (!text) {
        throw Error(ErrorCode::NotFound, fmt::format("the keys in '{}': there is no such file", path));
    }
    addText(*text, path);
}

void TrustedKeys::addFolder(const std::string& folder) {
    openpgp += keysFromFolder(folder);
    certificates += certificatesFromFolder(folder);
}

} // namespace bootferry
