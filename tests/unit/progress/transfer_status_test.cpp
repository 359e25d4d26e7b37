// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_status.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TransferStatus done() {
    TransferStatus status;
    status.id = 3;
    status.url = "http://10.0.0.1/live.iso";
    status.target = status.device = "/dev/ram0";
    status.state = TransferState::Done;
    status.bytes = status.written = status.total = std::uint64_t{48} << 20U;
    status.startedUSec = 1'000'000;
    status.finishedUSec = 13'000'000;
    return status;
}

TEST(TransferStatus, TheSummaryContainsWhatIsKnown) {
    auto status = done();
    EXPECT_EQ(summaryText(status), "48.0 MiB from http://10.0.0.1/live.iso in 12 s, 4.0 MiB/s");
    status.attempt = 3;
    status.digest = "sha256:5d35";
    EXPECT_EQ(summaryText(status),
              "48.0 MiB from http://10.0.0.1/live.iso in 12 s, 4.0 MiB/s, 2 retries, verified sha256:5d35");
    status.reused = true;
    EXPECT_EQ(summaryText(status), "holds an image already, which is used as it is, not verified");
}

TEST(TransferStatus, TheSummaryNamesTheSourcesThatServed) {
    auto status = done();
    status.sources = {"http://10.0.0.2/copy/live.iso"};
    EXPECT_EQ(summaryText(status), "48.0 MiB from http://10.0.0.2/copy/live.iso in 12 s, 4.0 MiB/s");
    status.sources = {status.url, "ftp://10.0.0.3/live.iso"};
    EXPECT_EQ(summaryText(status),
              "48.0 MiB from http://10.0.0.1/live.iso and ftp://10.0.0.3/live.iso in 12 s, 4.0 MiB/s");
}

TEST(TransferStatus, TheMeanRateIsThatOfTheBytesThatCame) {
    const auto status = done();
    EXPECT_EQ(
        summaryText(status, std::uint64_t{36} << 20U),
        "48.0 MiB from http://10.0.0.1/live.iso, 36.0 MiB of them by an earlier fetch, in 12 s, 1.0 MiB/s");
    EXPECT_FALSE(meanRate(status, status.bytes));
}

TEST(TransferStatus, AMillisecondIsNoSecond) {
    auto status = done();
    status.bytes = status.written = 1000;
    status.finishedUSec = status.startedUSec + 2'000;
    EXPECT_EQ(summaryText(status), "1000 B from http://10.0.0.1/live.iso in 2 ms, 488.3 KiB/s");
}

TEST(TransferStatus, JsonTellsWhetherTheBytesWereVerified) {
    const auto verified = [](const TransferStatus& status) {
        return std::get<bool>(parseJsonObject(toJson(status).text(JsonStyle::Short))->at("verified"));
    };
    auto status = done();
    EXPECT_FALSE(verified(status));
    status.digest = "sha256:5d35";
    EXPECT_TRUE(verified(status));
    status.state = TransferState::Failed;
    EXPECT_FALSE(verified(status));
}

// The clock may be set during the transfer.
TEST(TransferStatus, TheEndIsTheStartAndTheTimeThatPassed) {
    auto status = done();
    setDone(status, 10, 20, "sha256:5d35", std::chrono::milliseconds(1500));
    EXPECT_EQ(durationOf(status), std::chrono::milliseconds(1500));
    EXPECT_EQ(status.state, TransferState::Done);
    EXPECT_TRUE(isVerified(status));
    setFailed(status, Error(ErrorCode::Cancelled, "cancelled"), "", std::chrono::nanoseconds(1));
    EXPECT_EQ(durationOf(status), std::chrono::microseconds(1));
    EXPECT_EQ(status.state, TransferState::Cancelled);
    EXPECT_EQ(status.errorName, "org.bootferry1.Error.Cancelled");
}

TEST(TransferStatus, AMismatchHasTheDigestAndAnotherFailureHasNone) {
    auto status = done();
    setFailed(status, Error(ErrorCode::Checksum, "no match"), "sha256:5d35", std::chrono::seconds(1));
    EXPECT_EQ(status.digest, "sha256:5d35");
    EXPECT_FALSE(isVerified(status));
    setFailed(status, Error(ErrorCode::Timeout, "too slow"), "sha256:5d35", std::chrono::seconds(1));
    EXPECT_EQ(status.digest, "");
}

TEST(TransferStatus, ProgressTextHasTheNumbersOrTheReasonForAWait) {
    TransferStatus status;
    EXPECT_EQ(progressText(status), "connecting");
    status.state = TransferState::Waiting;
    status.detail = "waiting for the network";
    EXPECT_EQ(progressText(status), "waiting for the network");
    status.state = TransferState::Transferring;
    status.bytes = std::uint64_t{12} << 20U;
    status.total = std::uint64_t{48} << 20U;
    status.rate = std::uint64_t{4} << 20U;
    status.remainingUSec = 9'000'000;
    EXPECT_EQ(progressText(status), " 25 %  12.0 MiB of 48.0 MiB  4.0 MiB/s  9 s left");
}

TEST(TransferStatus, AvoidsDivisionByZero) {
    auto status = done();
    status.finishedUSec = status.startedUSec;
    EXPECT_FALSE(durationOf(status));
    EXPECT_FALSE(meanRate(status));
    EXPECT_EQ(summaryText(status), "48.0 MiB from http://10.0.0.1/live.iso");
}

TEST(TransferStatus, RoundTripsThroughJson) {
    auto status = done();
    status.digest = "sha256:5d35";
    status.plugin = "curl 0.1.0";
    status.attempt = 2;
    const auto read = transferFromJson(toJson(status).text(JsonStyle::Pretty));
    ASSERT_TRUE(read);
    EXPECT_EQ(toJson(*read).text(JsonStyle::Short), toJson(status).text(JsonStyle::Short));
    EXPECT_EQ(*read, status);
    EXPECT_EQ(read->digest, status.digest);
}

TEST(TransferStatus, AnUnknownSizeIsNull) {
    TransferStatus status;
    EXPECT_NE(toJson(status).text(JsonStyle::Short).find("\"total\":null"), std::string::npos);
    EXPECT_EQ(transferFromJson(toJson(status).text(JsonStyle::Short))->total, unknownSize);
    EXPECT_FALSE(transferFromJson("{}"));
    EXPECT_FALSE(transferFromJson("{\"state\":\"flying\"}"));
}

} // namespace
} // namespace bootferry
