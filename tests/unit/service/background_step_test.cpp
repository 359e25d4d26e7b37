// SPDX-License-Identifier: LGPL-2.1-or-later
#include "background_step.h"

#include <future>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

class BackgroundStepTest : public testing::Test {
protected:
    void runUntil(const bool& ended) {
        while (!ended) {
            ASSERT_GE(sd_event_run(event_.get(), UINT64_MAX), 0);
        }
    }

    EventHandle event_ =
        makeHandle<EventHandle>([](sd_event** event) { return sd_event_new(event); }, "making an event loop");
};

TEST_F(BackgroundStepTest, TheLoopRunsWhileTheWorkBlocks) {
    std::promise<void> released;
    bool ended = false;
    BackgroundStep step(
        event_.get(), [&] { released.get_future().wait(); },
        [&](const std::optional<Error>& failure) {
            EXPECT_FALSE(failure);
            ended = true;
        });
    ASSERT_EQ(sd_event_run(event_.get(), 0), 0);
    EXPECT_FALSE(ended);
    released.set_value();
    runUntil(ended);
}

TEST_F(BackgroundStepTest, AFailureArrivesOnTheLoop) {
    std::optional<Error> seen;
    bool ended = false;
    BackgroundStep step(
        event_.get(), [] { throw Error(ErrorCode::TooLarge, "too large"); },
        [&](const std::optional<Error>& failure) {
            seen = failure;
            ended = true;
        });
    runUntil(ended);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->code(), ErrorCode::TooLarge);
}

TEST_F(BackgroundStepTest, AnExceptionOfAnotherKindIsInternal) {
    std::optional<Error> seen;
    bool ended = false;
    BackgroundStep step(
        event_.get(), [] { throw std::runtime_error("unexpected"); },
        [&](const std::optional<Error>& failure) {
            seen = failure;
            ended = true;
        });
    runUntil(ended);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->code(), ErrorCode::Internal);
    EXPECT_STREQ(seen->what(), "unexpected");
}

TEST_F(BackgroundStepTest, MayBeReplacedAtItsEnd) {
    std::unique_ptr<BackgroundStep> step;
    bool ended = false;
    step = std::make_unique<BackgroundStep>(
        event_.get(), [] {},
        [&](const std::optional<Error>&) {
            step = std::make_unique<BackgroundStep>(
                event_.get(), [] {}, [&](const std::optional<Error>&) { ended = true; });
        });
    runUntil(ended);
    EXPECT_TRUE(ended);
}

TEST_F(BackgroundStepTest, DestroyedEarlyItWaitsForTheWorkAndCallsNobody) {
    bool worked = false;
    {
        const BackgroundStep step(
            event_.get(), [&] { worked = true; }, [](const std::optional<Error>&) { FAIL(); });
    }
    EXPECT_TRUE(worked);
    EXPECT_EQ(sd_event_run(event_.get(), 0), 0);
}

} // namespace
} // namespace bootferry
