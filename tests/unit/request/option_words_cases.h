// SPDX-License-Identifier: LGPL-2.1-or-later
// Option words (curl's and dolly's) after parsing, as text for comparison.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "errors.h"
#include "transfer_request.h"

namespace bootferry {

struct OptionWordsCase {
    const char* text;
    const char* wanted;
};
using OptionWordsCases = std::vector<OptionWordsCase>;

// "key=value key", in order
inline std::string inWords(const std::vector<PluginOption>& options, std::string_view plugin) {
    std::string words;
    for (const auto& option : options) {
        EXPECT_EQ(option.plugin, plugin);
        words += (words.empty() ? "" : " ") + option.key +
                 (option.value.empty() ? std::string() : "=" + option.value);
    }
    return words;
}

template <typename Parse>
std::string refusalBy(Parse parse, std::string_view text) {
    try {
        return "accepted as " + parse(text);
    } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::Invalid || error.code() == ErrorCode::Unsupported) << text;
        return error.what();
    }
}

// Each text is refused with a reason that contains `wanted`.
template <typename Parse>
void expectRefusals(Parse parse, const OptionWordsCases& table) {
    for (const auto& [text, wanted] : table) {
        const auto error = refusalBy(parse, text);
        EXPECT_NE(error.find(wanted), std::string::npos) << text << " → " << error;
    }
}

template <typename Parse>
void expectParsed(Parse parse, const OptionWordsCases& table) {
    for (const auto& [text, wanted] : table) {
        EXPECT_NO_THROW(EXPECT_EQ(parse(text), wanted) << text) << text;
    }
}

} // namespace bootferry
