// SPDX-License-Identifier: LGPL-2.1-or-later
#include "environment.h"

#include <cstdlib>

namespace bootferry {

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): see the header
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::string environment(const char* name, const std::string& fallback) {
    return environment(name).value_or(fallback);
}

} // namespace bootferry
