// SPDX-License-Identifier: LGPL-2.1-or-later
// Three interfaces depend on the codes: the plugin ABI's numbers, the D-Bus names, and the retry decisions.
#include "errors.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TEST(Errors, NamesAndNumbersRoundTrip) {
    for (int number = 1; number <= static_cast<int>(ErrorCode::Corrupt); ++number) {
        const auto code = errorCodeFromNumber(number);
        ASSERT_TRUE(code) << number;
        EXPECT_EQ(errorCodeFromName(errorName(*code)), code) << number;
    }
    EXPECT_FALSE(errorCodeFromNumber(0));
    EXPECT_FALSE(errorCodeFromNumber(static_cast<int>(ErrorCode::Corrupt) + 1));
    EXPECT_FALSE(errorCodeFromName("NoSuchThing"));
}

TEST(Errors, OnlyNetworkAndServerFailuresAreTransient) {
    EXPECT_TRUE(isTransient(ErrorCode::Unreachable));
    EXPECT_TRUE(isTransient(ErrorCode::Timeout));
    EXPECT_FALSE(isTransient(ErrorCode::NotFound));
    EXPECT_FALSE(isTransient(ErrorCode::Auth));
    EXPECT_FALSE(isTransient(ErrorCode::Tls));
    EXPECT_FALSE(isTransient(ErrorCode::TooLarge));
    EXPECT_FALSE(isTransient(ErrorCode::Cancelled));
}

TEST(Errors, ReadFromTheWidestContextToTheCause) {
    Error error(ErrorCode::Io, ENOENT, "opening '/dev/nothing'");
    error.addContext("preparing the target");
    EXPECT_STREQ(error.what(), "preparing the target: opening '/dev/nothing': No such file or directory");
    EXPECT_EQ(error.errnoValue(), ENOENT);
}

TEST(Errors, NoRoomIsAClassOfItsOwn) {
    EXPECT_EQ(Error(ErrorCode::Io, ENOSPC, "writing").code(), ErrorCode::TooLarge);
    EXPECT_EQ(Error(ErrorCode::Io, EDQUOT, "writing").code(), ErrorCode::TooLarge);
    EXPECT_EQ(Error(ErrorCode::Io, EFBIG, "writing").code(), ErrorCode::TooLarge);
    EXPECT_EQ(Error(ErrorCode::Io, EIO, "writing").code(), ErrorCode::Io);
    EXPECT_EQ(Error(ErrorCode::TargetRefused, ENOSPC, "opening").code(), ErrorCode::TargetRefused);
}

TEST(Errors, ConvertsLibsystemdsNegativeErrno) {
    EXPECT_EQ(checkSd(3, "unused"), 3);
    try {
        checkSd(-EPERM, "connecting");
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.errnoValue(), EPERM);
    }
}

} // namespace
} // namespace bootferry
