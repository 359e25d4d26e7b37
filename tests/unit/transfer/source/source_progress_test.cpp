// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_progress.h"

#include <gtest/gtest.h>

#include "fake_transport.h"

namespace bootferry {
namespace {

using namespace std::chrono_literals;

const Url image = Url::parse("http://user:hunter22@first.example:8080/image?token=s3cret");

class SourceProgressTest : public testing::Test {
protected:
    RecordingListener listener;
    ProgressReporter reporter{listener};
    SourceProgress progress{reporter, {"first.example", "mirror.example"}};
};

TEST(OriginNamesTest, AnAuthorityIsEnoughUnlessSeveralShareIt) {
    const auto other = Url::parse("http://second.example/image");
    const auto sibling = Url::parse("http://first.example:8080/other?token=s3cret");
    EXPECT_EQ(originNames({image, other}),
              (std::vector<std::string>{"first.example:8080", "second.example"}));
    EXPECT_EQ(originNames({image, other, sibling}),
              (std::vector<std::string>{"http://first.example:8080/image?...", "second.example",
                                        "http://first.example:8080/other?..."}));
}

TEST(OriginNamesTest, OriginsThatLookAlikeAreNumbered) {
    const auto first = Url::parse("http://first.example/get?site=a");
    const auto other = Url::parse("http://second.example/image");
    const auto sibling = Url::parse("http://first.example/get?site=b");
    EXPECT_EQ(originNames({first, other, sibling}),
              (std::vector<std::string>{"http://first.example/get?...", "second.example",
                                        "http://first.example/get?... (mirror 2)"}));
}

TEST_F(SourceProgressTest, TheNextPartOfATransferIsNoNews) {
    progress.connecting(image);
    EXPECT_EQ(reporter.progress().state, TransferState::Connecting);
    EXPECT_EQ(reporter.progress().detail, "connecting to first.example:8080");
    progress.transferring(100);
    EXPECT_EQ(reporter.progress().state, TransferState::Transferring);
    EXPECT_EQ(reporter.progress().total, 100U);
    const auto reports = listener.seen.size();
    progress.connecting(image);
    progress.transferring(100);
    EXPECT_EQ(reporter.progress().state, TransferState::Transferring);
    EXPECT_EQ(listener.seen.size(), reports);
}

TEST_F(SourceProgressTest, AfterAFailureConnectingIsNewsAgain) {
    progress.transferring(std::nullopt);
    progress.waiting(2s, "refused", true);
    EXPECT_EQ(reporter.progress().state, TransferState::Waiting);
    EXPECT_EQ(reporter.progress().detail, "retrying in 2 s: refused");
    progress.connecting(image);
    EXPECT_EQ(reporter.progress().state, TransferState::Connecting);
}

TEST_F(SourceProgressTest, WithoutANetworkItIsTheNetworkThatIsWaitedFor) {
    progress.waiting(2s, "no route", false);
    EXPECT_EQ(reporter.progress().detail, "waiting for the network (no route)");
}

TEST_F(SourceProgressTest, ASwitchNamesBothAndTheReason) {
    progress.switching(0, 1, Error(ErrorCode::Unreachable, "refused"));
    EXPECT_EQ(reporter.progress().detail, "switching from first.example to mirror.example: refused");
}

TEST_F(SourceProgressTest, ANewStartForgetsBytesAndSize) {
    progress.transferring(100);
    progress.delivered(40);
    EXPECT_EQ(reporter.progress().bytes, 40U);
    progress.startsAt(0, std::nullopt);
    EXPECT_EQ(reporter.progress().bytes, 0U);
    EXPECT_EQ(reporter.progress().total, unknownSize);
}

} // namespace
} // namespace bootferry
