// SPDX-License-Identifier: LGPL-2.1-or-later
// The pages that tests compare with the code. The folder comes from the environment and not from a macro: a
// macro with the checkout's path would keep a compiler cache from serving one checkout with what another has
// compiled.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "files.h"

namespace bootferry {

// name: "dolly.md", "org.bootferry1.5" …
inline std::string readDocsPage(const std::string& name) {
    const char* folder = std::getenv("BOOTFERRY_DOCS_DIR");
    if (folder == nullptr) {
        throw std::runtime_error("set BOOTFERRY_DOCS_DIR to the folder docs/ (meson test does)");
    }
    return readSmallFile(std::string(folder) + "/" + name).value();
}

} // namespace bootferry
