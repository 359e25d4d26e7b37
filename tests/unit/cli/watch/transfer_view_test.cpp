// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_view.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

constexpr std::uint64_t MiB = 1U << 20U;

TransferStatus running() {
    TransferStatus status;
    status.id = 2;
    status.state = TransferState::Transferring;
    status.url = "http://a/live.iso";
    status.target = "/dev/sdb";
    status.startedUSec = 1'000'000;
    status.bytes = 12 * MiB;
    status.total = 48 * MiB;
    status.rate = 4 * MiB;
    status.remainingUSec = 9'000'000;
    return status;
}

TransferStatus ended() {
    auto status = running();
    setDone(status, 48 * MiB, 48 * MiB, "", std::chrono::seconds(12));
    return status;
}

TEST(TransferView, ARunningTransferHasPercentBytesRateAndTimeLeft) {
    EXPECT_EQ(receivedText(running()), "25 %, 12.0 MiB of 48.0 MiB");
    EXPECT_EQ(rateText(running()), "4.0 MiB/s, 9 s left");
    EXPECT_EQ(tookText(running()), "");
}

TEST(TransferView, AnEndedTransferHasItsTimeAndMeanRate) {
    EXPECT_EQ(receivedText(ended()), "48.0 MiB");
    EXPECT_EQ(rateText(ended()), "");
    EXPECT_EQ(tookText(ended()), "12 s, 4.0 MiB/s");
}

TEST(TransferView, WhatIsNotKnownIsNoNumber) {
    TransferStatus status;
    EXPECT_EQ(receivedText(status), "nothing yet");
    status.bytes = MiB;
    EXPECT_EQ(receivedText(status), "1.0 MiB");
    EXPECT_EQ(rateText(status), "");
    status.bytes = 0;
    setFailed(status, Error(ErrorCode::NotFound, "no"), "", std::chrono::seconds(1));
    EXPECT_EQ(receivedText(status), "nothing");
}

TEST(TransferView, AHundredPercentIsAll) {
    auto status = running();
    status.bytes = status.total - 1;
    EXPECT_EQ(receivedText(status), "99 %, 48.0 MiB of 48.0 MiB");
}

// Records of older versions have no fraction.
TEST(TransferView, ThePercentageNeedsNoFraction) {
    auto status = running();
    status.fraction = -1;
    EXPECT_EQ(receivedText(status), "25 %, 12.0 MiB of 48.0 MiB");
}

TEST(TransferView, TheTableAlignsAndHasTheUrlLast) {
    auto first = ended();
    first.id = 1;
    TransferStatus last;
    last.id = 3;
    last.target = "/dev/x\n";
    last.url = "http://b/";
    EXPECT_EQ(
        transferTable({first, running(), last}),
        "ID  STATE          DONE              RECEIVED       RATE  LEFT  TARGET      URL\n"
        "1   done          100 %              48.0 MiB          -     -  /dev/sdb    http://a/live.iso\n"
        "2   transferring   25 %  12.0 MiB of 48.0 MiB  4.0 MiB/s   9 s  /dev/sdb    http://a/live.iso\n"
        "3   connecting        -                     -          -     -  /dev/x\\x0a  http://b/\n");
}

} // namespace
} // namespace bootferry
