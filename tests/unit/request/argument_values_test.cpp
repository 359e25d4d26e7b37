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
        EXPECT_NE(refusalOf(parseTimeLimit, text).find("expected 0 for never, or a time"), std::string::npos)
            << text;
    }
}

// A number alone is MiB in dracut and bytes in tmpfs(5): the one is taken that can be meant.
TEST(ArgumentValues, ASizeWithoutAUnitIsWhatCanBeMeant) {
    const std::pair<const char*, const char*> sizes[] = {{"1", "1m"},
                                                         {"512", "512m"},
                                                         {"4096", "4096m"},
                                                         {"32768", "32768m"},
                                                         {"1048575", "1048575m"},
                                                         {"67108864", "67108864"},
                                                         {"4294967296", "4294967296"},
                                                         {"50%", "50%"},
                                                         {"100%", "100%"},
                                                         {"1m", "1m"},
                                                         {"1024k", "1024k"},
                                                         {"2G", "2G"}};
    for (const auto& [text, size] : sizes) {
        EXPECT_EQ(parseTmpfsSize(text), size);
        EXPECT_EQ(parseTmpfsSize(size), size) << "the unit's option is parsed once more";
    }
    for (const auto* text : {"1048576", "2097152", "67108863"}) {
        EXPECT_NE(refusalOf(parseTmpfsSize, text).find("expected a unit"), std::string::npos) << text;
    }
    for (const auto* text : {"1k", "4k", "1023k"}) {
        EXPECT_NE(refusalOf(parseTmpfsSize, text).find("1 MiB or more"), std::string::npos) << text;
    }
    for (const auto* text : {"", "0", "0m", "m", "%", "101%", "1.5g", "2gb", "-1", "2 g", "2t"}) {
        EXPECT_NE(refusalOf(parseTmpfsSize, text).find("a share of the memory"), std::string::npos) << text;
    }
}

TEST(ArgumentValues, ADigestAloneSaysByItsLengthWhatItIs) {
    const std::string short_(64, 'A');
    const std::string long_(128, 'b');
    EXPECT_EQ(parseChecksum(short_), "sha256:" + std::string(64, 'a'));
    EXPECT_EQ(parseChecksum(long_), "sha512:" + long_);
    EXPECT_EQ(parseChecksum("sha256:" + short_), "sha256:" + std::string(64, 'a'));
    EXPECT_EQ(parseChecksum("SHA256:" + short_), "sha256:" + std::string(64, 'a'));
    EXPECT_EQ(parseChecksum("Sha512:" + long_), "sha512:" + long_);
    for (const std::size_t count : {63U, 96U, 32U, 129U}) {
        EXPECT_TRUE(
            refusalOf(parseChecksum, std::string(count, 'a')).ends_with("this one " + std::to_string(count)));
    }
    for (const auto& text : {std::string(31, 'a'), std::string(), "md5:" + short_, std::string("sha256")}) {
        EXPECT_NE(refusalOf(parseChecksum, text).find("expected sha256:HEX"), std::string::npos) << text;
    }
    EXPECT_NE(refusalOf(parseChecksum, std::string(63, 'a') + "g").find("has 64 hexadecimal digits"),
              std::string::npos);
}

} // namespace
} // namespace bootferry
