// SPDX-License-Identifier: LGPL-2.1-or-later
// No test waits for a limit that a slow machine could miss: limits are hours away or already over.
#include "patience.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;

const Error pluginCancelled(ErrorCode::Cancelled, "the plugin has seen a cancel");

class PatienceTest : public testing::Test {
protected:
    void cancel() const { ASSERT_EQ(::eventfd_write(cancelled.get(), 1), 0); }

    UniqueFd cancelled{::eventfd(0, EFD_CLOEXEC)};
};

// Runs a call that ends as the plugin's do, when the descriptor becomes readable, and names the cause.
Error causeOfAWait(Patience& patience, const std::optional<Error>& before = {}, std::uint64_t arrived = 0) {
    try {
        patience.during([&] {
            while (!isReadable(patience.cancelFd())) {
                std::this_thread::sleep_for(1ms);
            }
            throw pluginCancelled;
        });
    } catch (const Error& failure) {
        return patience.causeOf(failure, before, arrived);
    }
    return Error(ErrorCode::Internal, "nothing was thrown");
}

TEST_F(PatienceTest, ASilenceIsATimeout) {
    Patience patience({.silence = 1ms, .read = {}, .transfer = {}}, cancelled.get());
    patience.beginRead();
    const auto cause = causeOfAWait(patience, Error(ErrorCode::Unreachable, "from before"));
    EXPECT_EQ(cause.code(), ErrorCode::Timeout);
    EXPECT_TRUE(std::string(cause.what()).starts_with("nothing arrived for")) << cause.what();
}

TEST_F(PatienceTest, AtTheEndOfTheTimeTheFailureBeforeIsTheCause) {
    for (const auto& limits : {TimeLimits{.silence = 1h, .read = 1ms, .transfer = {}},
                               TimeLimits{.silence = 1h, .read = {}, .transfer = 1ms}}) {
        Patience patience(limits, cancelled.get());
        patience.beginRead();
        EXPECT_STREQ(causeOfAWait(patience, Error(ErrorCode::Unreachable, "refused")).what(), "refused");
        EXPECT_STREQ(causeOfAWait(patience).what(), "no answer yet");
        const auto cause = causeOfAWait(patience, {}, 12);
        EXPECT_EQ(cause.code(), ErrorCode::Timeout);
        EXPECT_STREQ(cause.what(), "12 B had arrived");
    }
}

TEST_F(PatienceTest, ACancelOfTheUserIsTheCauseWhateverElseFailed) {
    Patience patience({.silence = 1h, .read = {}, .transfer = {}}, cancelled.get());
    patience.beginRead();
    cancel();
    EXPECT_EQ(causeOfAWait(patience).code(), ErrorCode::Cancelled);
    EXPECT_EQ(patience.causeOf(Error(ErrorCode::Protocol, "odd"), {}, 0).code(), ErrorCode::Cancelled);
}

TEST_F(PatienceTest, OtherFailuresAreTheirOwnCause) {
    Patience patience({.silence = 1h, .read = {}, .transfer = {}}, cancelled.get());
    EXPECT_STREQ(patience.causeOf(Error(ErrorCode::Protocol, "odd"), {}, 0).what(), "odd");
    EXPECT_EQ(patience.causeOf(pluginCancelled, {}, 0).code(), ErrorCode::Internal);
}

TEST_F(PatienceTest, TheClockRunsOnlyDuringCalls) {
    Patience patience({.silence = 1ms, .read = {}, .transfer = {}}, cancelled.get());
    patience.beginRead();
    EXPECT_EQ(patience.during([] { return 7; }), 7);
    std::this_thread::sleep_for(5ms);
    EXPECT_FALSE(isReadable(patience.cancelFd()));
    (void)causeOfAWait(patience); // which stops it as well
    EXPECT_FALSE(isReadable(patience.cancelFd()));
}

TEST_F(PatienceTest, WhatIsExemptIsAddedToTheRead) {
    const auto begun = Patience::Clock::now();
    Patience patience({.silence = 1h, .read = 1h, .transfer = 2h}, cancelled.get());
    patience.beginRead();
    EXPECT_TRUE(patience.exempt([] {
        std::this_thread::sleep_for(50ms);
        return true;
    }));
    const auto left = patience.withinRead(3h);
    EXPECT_GE(left, 1h + 50ms - (Patience::Clock::now() - begun));
}

TEST_F(PatienceTest, NoReadIsLongerThanTheTransfer) {
    Patience patience({.silence = 1h, .read = 2h, .transfer = 1h}, cancelled.get());
    patience.beginRead();
    EXPECT_LE(patience.withinRead(3h), 1h);
    EXPECT_EQ(patience.withinRead(1ms), 1ms);
    EXPECT_FALSE(patience.isReadOver());
    patience.endRead();
    EXPECT_LE(patience.withinRead(3h), 1h);
}

TEST_F(PatienceTest, WithoutALimitAWaitIsNotShortened) {
    Patience patience({.silence = 1h, .read = {}, .transfer = {}}, cancelled.get());
    patience.beginRead();
    EXPECT_EQ(patience.withinRead(1000h), 1000h);
    EXPECT_FALSE(patience.isReadOver());
}

TEST_F(PatienceTest, OnlyTheLimitOfAReadEndsARead) {
    Patience transfer({.silence = 1h, .read = {}, .transfer = 0us}, cancelled.get());
    transfer.beginRead();
    EXPECT_FALSE(transfer.isReadOver()); // Origins judges the limit of the transfer
    EXPECT_EQ(transfer.withinRead(1h), 0ms);
    Patience read({.silence = 1h, .read = 0us, .transfer = {}}, cancelled.get());
    read.beginRead();
    EXPECT_TRUE(read.isReadOver());
}

TEST_F(PatienceTest, ACancelEndsASleepAndSoDoesTheEndOfTheTransfer) {
    const Patience over({.silence = 1h, .read = {}, .transfer = 0us}, cancelled.get());
    over.sleepUntil(Patience::Clock::now() + 1h);
    const Patience patience({.silence = 1h, .read = {}, .transfer = {}}, cancelled.get());
    patience.sleepUntil(Patience::Clock::now() - 1h);
    cancel();
    EXPECT_THROW(patience.sleepUntil(Patience::Clock::now() + 1h), Error);
}

} // namespace
} // namespace bootferry
