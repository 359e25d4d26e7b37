// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_mark.h"

#include <gtest/gtest.h>

#include "incomplete_mark.h"

namespace bootferry {
namespace {

std::optional<FillMark> read(const std::string& text) {
    return readFillMark(std::as_bytes(std::span(text)));
}

TEST(FillMark, IsReadAsItWasWritten) {
    for (const auto& mark : {FillMark{}, FillMark{.imageSize = 4'294'967'296, .version = 1},
                             FillMark{.imageSize = UINT64_MAX, .version = UINT64_MAX}}) {
        auto block = fillMarkText(mark);
        EXPECT_TRUE(block.starts_with(incompleteMark));
        EXPECT_LE(block.size(), 512U);
        EXPECT_EQ(read(block), mark);
        block.resize(4096);
        EXPECT_EQ(read(block), mark);
    }
}

TEST(FillMark, AnyOtherByteIsNone) {
    const auto text = fillMarkText({.imageSize = 5, .version = 7});
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char byte : {'\0', '0', ' ', 'F', '\xff'}) {
            auto other = text;
            other[at] = byte;
            EXPECT_EQ(read(other).has_value(), other == text) << at;
        }
        EXPECT_FALSE(read(text.substr(0, at)));
    }
    auto plain = std::string(incompleteMark);
    EXPECT_FALSE(read(plain));
    plain.resize(512);
    EXPECT_FALSE(read(plain));
}

} // namespace
} // namespace bootferry
