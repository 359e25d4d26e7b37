// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exit_status.h"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "no_service.h"
#include "service_stopped.h"

namespace bootferry {
namespace {

std::set<ErrorCode> allCodes() {
    std::set<ErrorCode> codes;
    for (int number = 0; number < 100; ++number) {
        if (const auto code = errorCodeFromNumber(number)) {
            codes.insert(*code);
        }
    }
    return codes;
}

TEST(ExitStatus, OfEachErrorIsItsOwn) {
    std::set<int> numbers;
    std::set<ErrorCode> codes;
    for (const auto& [number, code, text] : exitStatuses()) {
        EXPECT_TRUE(numbers.insert(number).second) << number;
        if (code) {
            EXPECT_TRUE(codes.insert(*code).second) << number;
        }
    }
    EXPECT_EQ(codes, allCodes());
}

// systemctl(1) shows other numbers under names with other meanings, and shells use some for signals
// (exit_status.h).
TEST(ExitStatus, AvoidsNumbersThatMeanSomethingElse) {
    for (const auto& [number, code, text] : exitStatuses()) {
        EXPECT_TRUE(number <= 2 || (number >= 10 && number < 64) || number == exitInterrupted) << number;
    }
}

TEST(ExitStatus, IsTheSameOverDBus) {
    for (const auto code : allCodes()) {
        const auto name = "org.bootferry1.Error." + std::string(errorName(code));
        EXPECT_EQ(exitStatusOfName(name), exitStatusOf(code)) << name;
        EXPECT_EQ(exitStatusOf(Error(code, "x")), exitStatusOf(code)) << name;
    }
    EXPECT_EQ(exitStatusOfName("org.bootferry1.Error.OfTomorrow"), EXIT_FAILURE);
    EXPECT_EQ(exitStatusOfName(""), EXIT_FAILURE);
}

// Scripts rely on these.
TEST(ExitStatus, NeverChanges) {
    EXPECT_EQ(exitStatusOf(ErrorCode::Internal), 1);
    EXPECT_EQ(exitStatusOf(ErrorCode::Invalid), 2);
    EXPECT_EQ(exitStatusOf(ErrorCode::NotFound), 10);
    EXPECT_EQ(exitStatusOf(ErrorCode::Auth), 11);
    EXPECT_EQ(exitStatusOf(ErrorCode::Tls), 12);
    EXPECT_EQ(exitStatusOf(ErrorCode::Unreachable), 13);
    EXPECT_EQ(exitStatusOf(ErrorCode::Timeout), 14);
    EXPECT_EQ(exitStatusOf(ErrorCode::Protocol), 15);
    EXPECT_EQ(exitStatusOf(ErrorCode::Range), 16);
    EXPECT_EQ(exitStatusOf(ErrorCode::Checksum), 17);
    EXPECT_EQ(exitStatusOf(ErrorCode::NotLive), 18);
    EXPECT_EQ(exitStatusOf(ErrorCode::Corrupt), 19);
    EXPECT_EQ(exitStatusOfName(serviceStopped), exitNoService);
    EXPECT_EQ(exitStatusOf(ErrorCode::TargetRefused), 20);
    EXPECT_EQ(exitStatusOf(ErrorCode::TooLarge), 21);
    EXPECT_EQ(exitStatusOf(ErrorCode::Io), 22);
    EXPECT_EQ(exitStatusOf(ErrorCode::NotPermitted), 23);
    EXPECT_EQ(exitStatusOf(ErrorCode::Unsupported), 24);
    EXPECT_EQ(exitNotVerified, 25);
    EXPECT_EQ(exitStatusOf(NoService("it is not running")), 30);
    EXPECT_EQ(exitStatusOf(ErrorCode::Cancelled), 130);
    EXPECT_EQ(exitStatusOf(std::runtime_error("x")), 1);
}

} // namespace
} // namespace bootferry
