// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_status.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

TransferView done() {
    TransferView view;
    view.id = 3;
    view.url = "http://10.0.0.1/live.iso";
    view.target = view.device = "/dev/ram0";
    view.progress.state = TransferState::Done;
    view.progress.bytes = view.progress.written = view.progress.total = std::uint64_t{48} << 20U;
    view.startedUSec = 1'000'000;
    view.finishedUSec = 13'000'000;
    return view;
}

TEST(TransferView, TheSummaryHasWhatIsKnown) {
    auto view = done();
    EXPECT_EQ(summaryText(view), "48.0 MiB from http://10.0.0.1/live.iso in 12 s, 4.0 MiB/s");
    view.progress.attempt = 3;
    view.digest = "sha256:5d35";
    EXPECT_EQ(summaryText(view),
              "48.0 MiB from http://10.0.0.1/live.iso in 12 s, 4.0 MiB/s, 2 retries, sha256:5d35");
    view.reused = true;
    EXPECT_EQ(summaryText(view), "holds an image already, which is used as it is");
}

TEST(TransferView, NothingIsDividedByNothing) {
    auto view = done();
    view.finishedUSec = view.startedUSec;
    EXPECT_FALSE(durationOf(view));
    EXPECT_FALSE(meanRate(view));
    EXPECT_EQ(summaryText(view), "48.0 MiB from http://10.0.0.1/live.iso");
}

TEST(TransferView, JsonTellsTheSame) {
    auto view = done();
    view.digest = "sha256:5d35";
    view.plugin = "curl 0.1.0";
    view.progress.attempt = 2;
    const auto read = transferFromJson(toJson(view).text(JsonStyle::Pretty));
    ASSERT_TRUE(read);
    EXPECT_EQ(toJson(*read).text(JsonStyle::Short), toJson(view).text(JsonStyle::Short));
    EXPECT_EQ(read->progress, view.progress);
    EXPECT_EQ(read->digest, view.digest);
}

TEST(TransferView, AnUnknownSizeIsNull) {
    TransferView view;
    EXPECT_NE(toJson(view).text(JsonStyle::Short).find("\"total\":null"), std::string::npos);
    EXPECT_EQ(transferFromJson(toJson(view).text(JsonStyle::Short))->progress.total, unknownSize);
    EXPECT_FALSE(transferFromJson("{}"));
    EXPECT_FALSE(transferFromJson("{\"state\":\"flying\"}"));
}

} // namespace
} // namespace bootferry
