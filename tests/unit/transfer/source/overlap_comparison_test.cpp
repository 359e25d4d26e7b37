// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlap_comparison.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

// Compares with a source that delivers `now` in pieces of at most three bytes. Returns the error, or "".
std::string compare(const std::string& before, std::string now, bool mustBeTelling = false) {
    const auto delivered = std::as_bytes(std::span(before));
    try {
        requireSameBytes({.delivered = delivered, .end = 1000, .mustBeTelling = mustBeTelling},
                         [&now](std::span<std::byte> into) {
                             const auto count = std::min({into.size(), now.size(), std::size_t{3}});
                             std::memcpy(into.data(), now.data(), count);
                             now.erase(0, count);
                             return count;
                         });
    } catch (const Error& failure) {
        EXPECT_EQ(failure.code(), ErrorCode::Range);
        return failure.what();
    }
    return "";
}

TEST(OverlapComparisonTest, TheSameBytesPass) {
    EXPECT_EQ(compare("some bytes", "some bytes"), "");
    EXPECT_EQ(compare("some bytes", "some bytes and those behind them"), "");
    EXPECT_EQ(compare("some bytes", "some bytes", true), "");
}

TEST(OverlapComparisonTest, EachByteCounts) {
    for (std::size_t at = 0; at < 10; ++at) {
        std::string now = "some bytes";
        ++now[at];
        EXPECT_EQ(compare("some bytes", now),
                  "the source changed: the 10 B before byte 1000 are different now");
    }
}

TEST(OverlapComparisonTest, DifferentBytesMayBeThoseOfAnotherOffset) {
    EXPECT_EQ(compare("some bytes", "ome bytes.", true),
              "the source changed: the 10 B before byte 1000 are different now, or the server ignores the "
              "offset");
}

TEST(OverlapComparisonTest, ASourceThatEndsBeforeIsAnotherOne) {
    EXPECT_EQ(compare("some bytes", "some byte"), "the source changed: it is shorter now");
    EXPECT_EQ(compare("some bytes", ""), "the source changed: it is shorter now");
}

// A server may limit its answers, or cut each one: that does not show another version.
TEST(OverlapComparisonTest, AnAnswerThatEndsBeforeItsSourceIsACut) {
    const std::string before = "some bytes";
    for (const std::uint64_t size : {999U, 1000U, 5000U}) {
        try {
            requireSameBytes({.delivered = std::as_bytes(std::span(before)), .end = 1000, .size = size},
                             [](std::span<std::byte>) { return std::size_t{0}; });
            ADD_FAILURE() << "nothing was thrown";
        } catch (const Error& failure) {
            EXPECT_EQ(failure.code(), size < 1000 ? ErrorCode::Range : ErrorCode::Unreachable) << size;
            EXPECT_STREQ(failure.what(), size < 1000 ? "the source changed: it is shorter now"
                                                     : "the answer ended 10 B before byte 1000");
        }
    }
}

TEST(OverlapComparisonTest, BytesThatAreAllAlikeProveNoOffset) {
    EXPECT_EQ(compare("0000000000", "0000000000"), "");
    EXPECT_EQ(compare("0000000000", "0000000000", true),
              "the 10 B before byte 1000 are all alike, so that comparing them proves nothing");
    EXPECT_EQ(compare("0000000001", "0000000001", true), "");
}

TEST(OverlapComparisonTest, ARunIsComparedWithoutItsBytes) {
    const std::string before = "some bytes";
    const std::size_t run = 200'000;
    const auto compareRun = [&](std::string now) {
        try {
            requireSameBytes({.delivered = std::as_bytes(std::span(before)),
                              .run = run,
                              .runByte = std::byte{'0'},
                              .end = 300'000,
                              .mustBeTelling = true},
                             [&now](std::span<std::byte> into) {
                                 const auto count = std::min({into.size(), now.size(), std::size_t{1000}});
                                 std::memcpy(into.data(), now.data(), count);
                                 now.erase(0, count);
                                 return count;
                             });
        } catch (const Error& failure) {
            return std::string(failure.what());
        }
        return std::string();
    };
    const auto right = before + std::string(run, '0');
    EXPECT_EQ(compareRun(right), "");
    for (const std::size_t at : {0UL, before.size() - 1, before.size(), right.size() / 2, right.size() - 1}) {
        auto wrong = right;
        ++wrong[at];
        EXPECT_TRUE(compareRun(wrong).starts_with("the source changed: the ")) << at;
    }
    EXPECT_EQ(compareRun(right.substr(0, right.size() - 1)), "the source changed: it is shorter now");
}

} // namespace
} // namespace bootferry
