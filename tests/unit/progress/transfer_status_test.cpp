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
              "48.0 MiB from http://10.0.0.1/live.iso in 12 s, 4.0 MiB/s, 2 retries, sha256:5d35");
    status.reused = true;
    EXPECT_EQ(summaryText(status), "holds an image already, which is used as it is");
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
