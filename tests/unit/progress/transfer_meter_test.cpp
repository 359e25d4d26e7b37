// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const TransferMeter::Time start{seconds(1000)};

class TransferMeterTest : public testing::Test {
protected:
    void report(std::uint64_t bytes, TransferState state = TransferState::Transferring) {
        meter_.progressed(status_, {.state = state, .bytes = bytes, .total = 1000}, now_);
    }

    TransferMeter meter_{{"a", "b", "c"}};
    TransferStatus status_;
    TransferMeter::Time now_ = start;
};

TEST_F(TransferMeterTest, ASourceIsAServerThatDeliveredBytes) {
    meter_.opened(0);
    report(0);
    EXPECT_THAT(status_.sources, IsEmpty());
    meter_.opened(1);
    report(0);
    report(10);
    EXPECT_THAT(status_.sources, ElementsAre("b"));
}

TEST_F(TransferMeterTest, TheSourceInUseIsTheLast) {
    meter_.opened(0);
    report(10);
    meter_.opened(2);
    report(10, TransferState::Waiting);
    EXPECT_THAT(status_.sources, ElementsAre("a"));
    report(20);
    EXPECT_THAT(status_.sources, ElementsAre("a", "c"));
    meter_.opened(0);
    report(30);
    EXPECT_THAT(status_.sources, ElementsAre("c", "a"));
}

TEST_F(TransferMeterTest, WhatIsDiscardedHasNoSource) {
    meter_.opened(0);
    report(10);
    report(0);
    EXPECT_THAT(status_.sources, IsEmpty());
    meter_.opened(1);
    report(5);
    EXPECT_THAT(status_.sources, ElementsAre("b"));
}

TEST_F(TransferMeterTest, AnEmptyFileHasASource) {
    meter_.opened(1);
    report(0, TransferState::Verifying);
    EXPECT_THAT(status_.sources, ElementsAre("b"));
}

TEST_F(TransferMeterTest, WhatAnEarlierFetchLeftHasNoSource) {
    meter_.continues(100);
    report(100, TransferState::Connecting);
    EXPECT_THAT(status_.sources, IsEmpty());
    meter_.opened(1);
    report(101);
    EXPECT_THAT(status_.sources, ElementsAre("b"));
}

TEST_F(TransferMeterTest, ARateIsKnownOnlyWhileBytesArrive) {
    report(0, TransferState::Connecting);
    for (unsigned half = 0; half <= 4; ++half) {
        report(half * 100);
        now_ += milliseconds(500);
    }
    EXPECT_EQ(status_.rate, 200U);
    EXPECT_EQ(status_.remainingUSec, 3'000'000U);
    EXPECT_DOUBLE_EQ(status_.fraction, 0.4);
    report(400, TransferState::Waiting);
    EXPECT_EQ(status_.rate, 0U);
    EXPECT_EQ(status_.remainingUSec, UINT64_MAX);
}

TEST_F(TransferMeterTest, ARateDoesNotIncludeTheWaitBeforeIt) {
    report(0, TransferState::Waiting);
    now_ += seconds(4);
    report(0);
    now_ += seconds(1);
    report(500);
    EXPECT_EQ(status_.rate, 500U);
}

TEST_F(TransferMeterTest, ARateFallsToNothingWhileNothingIsReported) {
    report(0);
    now_ += seconds(1);
    report(500);
    ASSERT_EQ(status_.rate, 500U);
    std::uint64_t before = status_.rate;
    for (unsigned second = 0; second < 4; ++second) {
        now_ += seconds(1);
        meter_.timePassed(status_, now_);
        EXPECT_LT(status_.rate, before);
        before = status_.rate;
    }
    now_ += seconds(4);
    meter_.timePassed(status_, now_);
    now_ += seconds(2);
    meter_.timePassed(status_, now_);
    EXPECT_EQ(status_.rate, 0U);
    EXPECT_EQ(status_.remainingUSec, UINT64_MAX);
    EXPECT_EQ(status_.bytes, 500U);
}

} // namespace
} // namespace bootferry
