// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the steps: the target is requested after the head was checked, and the head is written after
// everything else was verified and the supervisor has agreed.
#include "pipeline.h"

#include <cstring>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "continuation_proof.h"
#include "incomplete_mark.h"
#include "live_image_probe.h"
#include "pipeline_fixture.h"
#include "verify/sha256_of.h"

namespace bootferry {
namespace {

std::string markedHead() {
    std::string head(512, '\0');
    return head.replace(0, incompleteMark.size(), incompleteMark);
}

class PipelineTest : public PipelineFixture {
protected:
    PipelineTest() {
        server.content = someContent(300000);
        std::memcpy(server.content.data() + 32769, "CD001", 5);
    }

    void awaitCommit(const PipelineResult& result) override {
        PipelineFixture::awaitCommit(result);
        headWhenStaged = head();
        EXPECT_EQ(result.written, delivers->content.size());
    }

    [[nodiscard]] std::string head() const { return onTarget(512); }

    std::string headWhenStaged;
    const FakeTransport* delivers = &server;
};

TEST_F(PipelineTest, WritesTheHeadLast) {
    const auto result = run();
    EXPECT_EQ(requestedSize, server.content.size());
    EXPECT_EQ(headWhenStaged, markedHead());
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_EQ(result.bytes, server.content.size());
    EXPECT_EQ(server.committed, 1);
    EXPECT_EQ(listener.seen.back().state, TransferState::Committing);
}

TEST_F(PipelineTest, RequestsATargetWithoutASizeIfItIsUnknown) {
    server.tellsSize = false;
    (void)run();
    EXPECT_EQ(requestedSize, std::nullopt);
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
}

TEST_F(PipelineTest, RequestsNoTargetForAnythingButALiveImage) {
    server.content = "<!DOCTYPE html>\n<html><body>Please log in</body></html>";
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::NotLive);
    EXPECT_STREQ(error.what(),
                 "not a live image: it begins with '<!DOCTYPE html> <html><body>Please log i', an HTML page: "
                 "check the URL");
    EXPECT_EQ(targetRequests, 0);
}

TEST_F(PipelineTest, DoesNotCommitATruncatedImage) {
    server.content.replace(0, 4, "hsqs").replace(40, 8, std::string("\xe1\x93\x04\0\0\0\0\0", 8)); // 300001
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::NotLive);
    EXPECT_STREQ(error.what(),
                 "the image is incomplete: its header says 293.0 KiB, but the server has only 293.0 KiB "
                 "(300001 and 300000 bytes)");
    EXPECT_EQ(commitRequests, 0);
    EXPECT_EQ(head(), markedHead());
    server.content.append("x");
    (void)run();
    EXPECT_EQ(commitRequests, 1);
}

TEST_F(PipelineTest, RequestsNoDiskForAnImageWithoutADeclaredSize) {
    server.content.replace(32769, 5, "     ").replace(1080, 2, "\x53\xef"); // ext4
    settings.requireDeclaredSize = true;
    EXPECT_EQ(failure().code(), ErrorCode::NotLive);
    EXPECT_EQ(targetRequests, 0);
    settings.requireDeclaredSize = false;
    (void)run();
}

TEST_F(PipelineTest, FetchesAnythingIfNoLiveImageIsRequired) {
    server.content = "just a text";
    settings.requireLiveImage = false;
    (void)run();
    EXPECT_EQ(onTarget(11), "just a text");
}

TEST_F(PipelineTest, FailsIfTheTargetIsRefused) {
    refusal = Error(ErrorCode::TooLarge, "the image needs 3.4 GiB");
    EXPECT_EQ(failure().code(), ErrorCode::TooLarge);
    EXPECT_EQ(server.committed, 0);
}

TEST_F(PipelineTest, AChangedSourceStartsOverOnTheSameTarget) {
    server.script = {{.breakAfter = 200000}};
    server.beforeRead = [this, changed = false](int) mutable {
        if (server.requests.size() == 1 && server.delivered >= 150000 && !std::exchange(changed, true)) {
            server.validator = "\"v2\"";
            server.content.replace(1000, 3, "NEW");
        }
    };
    (void)run();
    EXPECT_EQ(targetRequests, 1);
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_TRUE(listener.sawDetail("starting over: the source changed"));
}

TEST_F(PipelineTest, ReportsAMatchingChecksum) {
    settings.checksum = sha256Of(server.content);
    EXPECT_EQ(run().checksum, settings.checksum);
}

TEST_F(PipelineTest, AWrongChecksumLeavesTheHeadMarked) {
    settings.checksum = Checksum::parse("sha256:" + std::string(64, '0'));
    EXPECT_EQ(failure().code(), ErrorCode::Checksum);
    EXPECT_EQ(commitRequests, 0);
    EXPECT_EQ(head(), markedHead());
    EXPECT_EQ(server.committed, 0);
}

class WrongBytesTest : public PipelineTest {
protected:
    WrongBytesTest() {
        server.content.replace(0, 4, "hsqs")
            .replace(40, 8, std::string("\xe0\x93\x04\0\0\0\0\0", 8)); // 300000
        mirror.content = server.content;
        mirror.validator = "\"other\"";
        mirrors = {&mirror};
        settings.checksum = sha256Of(mirror.content);
        resume.contentIsVerified = true;
    }

    void expectTheMirrorsBytes() {
        delivers = &mirror;
        EXPECT_EQ(run().checksum, settings.checksum);
        EXPECT_EQ(headWhenStaged, markedHead());
        EXPECT_TRUE(onTarget(mirror.content.size()) == mirror.content);
        EXPECT_EQ(mirror.committed, 1);
        EXPECT_EQ(server.committed, 0);
        EXPECT_LE(targetRequests, 1);
    }

    FakeTransport mirror;
};

TEST_F(WrongBytesTest, AWrongChecksumMovesOnToTheMirror) {
    server.content.replace(100000, 3, "BAD");
    expectTheMirrorsBytes();
    EXPECT_TRUE(listener.sawDetail("the checksum does not match"));
}

TEST_F(WrongBytesTest, AnHtmlPageMovesOnToTheMirror) {
    server.content = "<!DOCTYPE html>\n<html><body>Please log in</body></html>";
    expectTheMirrorsBytes();
}

TEST_F(WrongBytesTest, HalfAnImageMovesOnToTheMirror) {
    server.content.resize(150000);
    expectTheMirrorsBytes();
}

// The text of an error in place of the rest, and the end of the connection: no verdict on the image.
TEST_F(WrongBytesTest, AnErrorPageBeforeTheConnectionIsLostIsReceivedAgain) {
    mirrors.clear();
    settings.checksum = sha256Of(server.content);
    const auto right = server.content;
    const auto wrong = "hs<html>" + someContent(right.size() - 8);
    int attempts = 0;
    for (const auto endEarly : {false, true}) {
        server.script.push_back(Attempt{.breakAfter = liveProbeSize + 1000, .endEarly = endEarly});
    }
    server.onOpen = [&] { server.content = ++attempts <= 2 ? wrong : right; };
    EXPECT_EQ(run().checksum, settings.checksum);
    EXPECT_TRUE(onTarget(right.size()) == right);
    EXPECT_EQ(server.requests.size(), 3U);
    EXPECT_TRUE(listener.sawDetail("wrong bytes, and then"));
}

TEST_F(WrongBytesTest, ALongPageThatIsNotCutIsAVerdict) {
    mirrors.clear();
    server.content = "<html>" + someContent(std::size_t{4} << 20U);
    server.script = {{.breakAfter = std::size_t{3} << 20U}};
    EXPECT_EQ(failure().code(), ErrorCode::NotLive);
    EXPECT_EQ(server.requests.size(), 1U);
    EXPECT_LT(server.delivered, std::size_t{1} << 20U);
}

TEST_F(WrongBytesTest, TheReasonOfEachIsNamed) {
    server.content.resize(150000);
    mirror.content.replace(100000, 3, "BAD");
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::Checksum);
    const std::string text = error.what();
    EXPECT_NE(text.find("the image is incomplete"), std::string::npos) << text;
    EXPECT_NE(text.find("; mirror1: the checksum does not match"), std::string::npos) << text;
    EXPECT_EQ(head(), markedHead());
    EXPECT_EQ(server.requests.size() + mirror.requests.size(), 2U);
}

TEST_F(WrongBytesTest, AMixtureSaysNothingOfTheOriginsInIt) {
    server.content.replace(100, 3, "OLD");
    server.script = {{.breakAfter = 200000}};
    expectTheMirrorsBytes();
    ASSERT_EQ(mirror.requests.size(), 2U);
    EXPECT_EQ(mirror.requests[0].offset, 200000U - Origins::comparedBytes);
    EXPECT_EQ(mirror.requests[1].offset, 0U);
}

TEST_F(WrongBytesTest, APipeCannotTakeThemBack) {
    blockSize = 0;
    server.content += someContent(3 * BlockWriter::chunkSize);
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::Checksum);
    EXPECT_NE(std::string(error.what()).find("cannot be taken back"), std::string::npos) << error.what();
    EXPECT_TRUE(mirror.requests.empty());
}

TEST_F(WrongBytesTest, ABodyWithoutALengthThatEndsEarlyWasCut) {
    server.tellsSize = false;
    server.script = {{.breakAfter = 200000, .endEarly = true}, {.breakAfter = 100000, .endEarly = true}};
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_TRUE(mirror.requests.empty());
    EXPECT_EQ(server.requests.size(), 3U);
}

TEST_F(WrongBytesTest, ABodyWithoutALengthThatAlwaysEndsThereIsWrong) {
    server.tellsSize = false;
    server.content.resize(150000);
    expectTheMirrorsBytes();
    EXPECT_EQ(server.requests.size(), resume.policy.protocolFailuresAllowed);
}

class SplicingTest : public PipelineTest {
protected:
    SplicingTest() {
        blockSize = 1; // a file
        server.spliceable = true;
        server.content = someContent(BlockWriter::headSize + 300000);
        std::memcpy(server.content.data() + 32769, "CD001", 5);
    }
};

TEST_F(SplicingTest, SplicesAfterTheHeadOfAFile) {
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_EQ(server.spliced, 300000U);
}

TEST_F(SplicingTest, ResumesWhileSplicing) {
    const std::size_t inTheTail = BlockWriter::headSize + 1000;
    server.script = {{.breakAfter = inTheTail}, {.breakAfter = 3}, {.breakAfter = 50000}};
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_LE(server.requests.size(), 5U); // one that ended within the bytes to compare
    EXPECT_LE(server.delivered, server.content.size() + 4 * mostCompared);
    EXPECT_GT(server.spliced, 290000U);
}

TEST_F(SplicingTest, SplicedBytesAreComparedAfterABreak) {
    server.validator.clear();
    const std::size_t inTheTail = BlockWriter::headSize + 200000;
    server.script = {{.breakAfter = inTheTail}};
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_EQ(server.requests.at(1).offset, inTheTail - Origins::comparedBytes);

    server.requests.clear();
    server.delivered = 0;
    server.script = {{.breakAfter = inTheTail}};
    server.beforeRead = [this](int) {
        if (server.requests.size() == 2) {
            server.content[BlockWriter::headSize + 199999] = '!';
        }
    };
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_TRUE(listener.sawDetail("starting over: the source changed"));
}

TEST_F(SplicingTest, WhatIsHashedIsNotSpliced) {
    settings.checksum = sha256Of(server.content);
    server.script = {{.breakAfter = BlockWriter::headSize + 1000}, {.breakAfter = 3}, {.breakAfter = 50000}};
    EXPECT_EQ(run().checksum, settings.checksum);
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_EQ(server.spliced, 0U);
}

TEST_F(SplicingTest, TheChecksumStartsOverWithTheStream) {
    server.script = {{.breakAfter = BlockWriter::headSize + 200000}};
    server.beforeRead = [this, changed = false](int) mutable {
        if (server.delivered >= BlockWriter::headSize + 150000 && !std::exchange(changed, true)) {
            server.validator = "\"v2\"";
            server.content.replace(1000, 3, "NEW");
        }
    };
    auto changed = server.content;
    settings.checksum = sha256Of(changed.replace(1000, 3, "NEW"));
    EXPECT_EQ(run().checksum, settings.checksum);
    EXPECT_TRUE(onTarget(changed.size()) == changed);
    EXPECT_TRUE(listener.sawDetail("starting over: the source changed"));
}

TEST_F(SplicingTest, WritesADeviceInWholeBlocks) {
    blockSize = 512;
    (void)run();
    EXPECT_TRUE(onTarget(server.content.size()) == server.content);
    EXPECT_EQ(server.spliced, 0U);
}

} // namespace
} // namespace bootferry
