// SPDX-License-Identifier: LGPL-2.1-or-later
#include "argument_values.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

template <typename Parse>
std::string refusalOf(Parse parse, const std::string& text) {
    try {
        (void)parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
    return "accepted";
}

TEST(ArgumentValues, ARateHasCurlsUnits) {
    EXPECT_EQ(parseRate("200000"), 200'000U);
    EXPECT_EQ(parseRate("500K"), 500U << 10U);
    EXPECT_EQ(parseRate("500k"), 500U << 10U);
    EXPECT_EQ(parseRate("10M"), 10U << 20U);
    EXPECT_EQ(parseRate("2g"), std::uint64_t{2} << 30U);
    EXPECT_EQ(parseRate("0"), std::nullopt);
    EXPECT_EQ(parseRate("0M"), std::nullopt);
    for (const auto* text :
         {"", "K", "1.5M", "10MB", "10 M", "-1", "1T", "fast", "8589934592G", "99999999999999999999"}) {
        EXPECT_NE(refusalOf(parseRate, text).find("expected bytes per second"), std::string::npos) << text;
    }
}

TEST(ArgumentValues, ATimeLimitOfZeroIsNone) {
    EXPECT_EQ(parseTimeLimit("0"), std::nullopt);
    EXPECT_EQ(parseTimeLimit("0s"), std::nullopt);
    EXPECT_EQ(parseTimeLimit("5min"), std::chrono::minutes(5));
    for (const auto* text : {"", "-1", "00x", "0x", "soon", "s"}) {
        EXPECT_NE(refusalOf(parseTimeLimit, text).find("expected a time"), std::string::npos) << text;
    }
}

TEST(ArgumentValues, ADigestAloneSaysByItsLengthWhatItIs) {
    const std::string short_(64, 'A');
    const std::string long_(128, 'b');
    EXPECT_EQ(parseChecksum(short_), "sha256:" + std::string(64, 'a'));
    EXPECT_EQ(parseChecksum(long_), "sha512:" + long_);
    EXPECT_EQ(parseChecksum("sha256:" + short_), "sha256:" + std::string(64, 'a'));
    for (const auto& text : {std::string(63, 'a'), std::string(96, 'a'), std::string(32, 'a'), std::string(),
                             "md5:" + short_, std::string("sha256")}) {
        EXPECT_NE(refusalOf(parseChecksum, text).find("expected sha256:HEX"), std::string::npos) << text;
    }
    EXPECT_NE(refusalOf(parseChecksum, std::string(63, 'a') + "g").find("has 64 hexadecimal digits"),
              std::string::npos);
}

} // namespace
} // namespace bootferry
