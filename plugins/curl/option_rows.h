// SPDX-License-Identifier: LGPL-2.1-or-later
// The curl plugin's options as data: see option_rows.cpp.
#pragma once

#include <span>
#include <string>

namespace bootferry::curl {

class CurlOptions;

struct OptionRow {
    const char* key;
    const char* help;
    void (*apply)(CurlOptions&, const std::string& value); // throws Failure(INVALID)
};

[[nodiscard]] std::span<const OptionRow> optionRows();

} // namespace bootferry::curl
