// SPDX-License-Identifier: LGPL-2.1-or-later
#include "telling_tail.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

class TellingTailTest : public testing::Test {
protected:
    void add(const std::string& text) { tail_.add(std::as_bytes(std::span(text))); }

    [[nodiscard]] std::string before() const {
        const auto bytes = tail_.beforeRun();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    TellingTail tail_;
};

TEST_F(TellingTailTest, ARunIsCountedAndTheBytesBeforeItAreKept) {
    add("abc");
    EXPECT_EQ(before(), "ab");
    EXPECT_EQ(tail_.run(), 1U);
    add("cc");
    add("c");
    EXPECT_EQ(before(), "ab");
    EXPECT_EQ(tail_.run(), 4U);
    EXPECT_EQ(tail_.runByte(), std::byte{'c'});
    add("");
    add("00");
    EXPECT_EQ(before(), "abcccc");
    EXPECT_EQ(tail_.run(), 2U);
    add("0x");
    EXPECT_EQ(before(), "abcccc000");
    EXPECT_EQ(tail_.run(), 1U);
}

TEST_F(TellingTailTest, ItIsKnownFromTheLeastProofOn) {
    add(std::string(TellingTail::most - 1, 'a'));
    EXPECT_FALSE(tail_.isKnown());
    add("b");
    EXPECT_FALSE(tail_.isKnown());
    add("c");
    EXPECT_TRUE(tail_.isKnown());
    EXPECT_EQ(before(), std::string(TellingTail::most - 1, 'a') + "b");
    add("d");
    EXPECT_EQ(before(), std::string(TellingTail::most - 2, 'a') + "bc");
    tail_.forget();
    EXPECT_FALSE(tail_.isKnown());
    EXPECT_EQ(tail_.run(), 0U);
}

// However the bytes are divided, the tail is the same.
TEST_F(TellingTailTest, PiecesMakeNoDifference) {
    std::string text;
    for (std::size_t i = 0; text.size() < 40'000; ++i) {
        text += std::string(i * i % 7000, i % 3 == 0 ? 'x' : '0') + "abc";
    }
    text += std::string(20'000, '0');
    for (const std::size_t piece : {1U, 2U, 7U, 64U, 4095U, 4096U, 4097U, 100'000U}) {
        tail_.forget();
        for (std::size_t at = 0; at < text.size(); at += piece) {
            add(text.substr(at, piece));
        }
        EXPECT_EQ(tail_.run(), 20'000U) << piece;
        EXPECT_TRUE(before() == text.substr(text.size() - 20'000 - TellingTail::most, TellingTail::most))
            << piece;
    }
}

} // namespace
} // namespace bootferry
