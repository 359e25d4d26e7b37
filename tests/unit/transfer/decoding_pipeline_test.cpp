// SPDX-License-Identifier: LGPL-2.1-or-later
// Compressed images through the whole pipeline: the target gets the decoded bytes, while counting, verifying
// and resuming apply to the bytes as served.
#include "pipeline.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "decode/encoded.h"
#include "pipeline_fixture.h"
#include "verify/sha256_of.h"

namespace bootferry {
namespace {

class DecodingPipelineTest : public PipelineFixture {
protected:
    DecodingPipelineTest() {
        std::memcpy(image.data() + 32769, "CD001", 5);
        server.readSize = 4001;
    }

    [[nodiscard]] bool imageIsOnTarget() const { return onTarget(image.size()) == image; }

    std::string image = someContent(5'000'000);
};

TEST_F(DecodingPipelineTest, DecodesEachCodec) {
    for (const auto* tool : {"gzip", "pigz", "xz -T2 --block-size=1MiB", "zstd"}) {
        SCOPED_TRACE(tool);
        server.content = encoded(tool, image);
        const auto result = run();
        EXPECT_TRUE(imageIsOnTarget());
        EXPECT_EQ(result.bytes, server.content.size());
        EXPECT_EQ(result.written, image.size());
        EXPECT_EQ(requestedSize, std::nullopt); // the decoded size is known only at the end
        EXPECT_EQ(listener.seen.back().total, server.content.size());
        EXPECT_GT(listener.seen.back().written, image.size() - (2 << 20)); // the head and the end come later
    }
}

TEST_F(DecodingPipelineTest, DecodesByteByByte) {
    image.resize(200'000);
    server.content = encoded("xz -0", image);
    server.readSize = 1;
    (void)run();
    EXPECT_TRUE(imageIsOnTarget());
}

TEST_F(DecodingPipelineTest, AnImageSmallerThanTheProbe) {
    image = std::string("hsqs") + std::string(996, 'x');
    server.content = encoded("zstd", image);
    EXPECT_EQ(run().written, image.size());
    EXPECT_TRUE(imageIsOnTarget());
}

TEST_F(DecodingPipelineTest, AnEmptyImageIsAnErrorBeforeTheTargetIsRequested) {
    settings.requireLiveImage = false;
    for (const auto& nothing : {std::string("\x50\x2a\x4d\x18\x04\x00\x00\x00"
                                            "abcd",
                                            12),
                                encoded("gzip", ""), encoded("xz", ""), encoded("zstd", "")}) {
        server.content = nothing;
        EXPECT_EQ(failure().code(), ErrorCode::Corrupt);
        EXPECT_EQ(targetRequests, 0);
    }
}

TEST_F(DecodingPipelineTest, TheDeclaredSizeIsReportedBeforeTheTargetIsRequested) {
    image.replace(32768 + 80, 4, std::string("\x10\x00\x00\x00", 4)); // 16 blocks …
    image.replace(32768 + 128, 2, std::string("\x00\x08", 2));        // … of 2048 bytes
    image.replace(32768, 1, "\x01");
    server.content = encoded("gzip", image);
    (void)run();
    EXPECT_EQ(leastSizeWhenAsked, 32768U) << "of the image in it";
    leastSize.reset();
    server.content = encoded("zstd --stream-size=5000000", image);
    (void)run();
    EXPECT_EQ(leastSizeWhenAsked, 5'000'000U) << "of the frame";
}

TEST_F(DecodingPipelineTest, ResumesWithinTheCompressedBytes) {
    server.content = encoded("gzip", image);
    for (std::size_t i = 1; i <= 20; ++i) {
        server.script.push_back({.breakAfter = server.content.size() / 25});
    }
    (void)run();
    EXPECT_TRUE(imageIsOnTarget());
    EXPECT_LE(server.delivered, 3 * server.content.size()); // the last bytes of each attempt are compared
}

TEST_F(DecodingPipelineTest, DecodesAChangedSourceFromTheBeginning) {
    server.content = encoded("gzip -1", image);
    server.script = {{.breakAfter = server.content.size() / 2}};
    server.beforeRead = [this, changed = false](int) mutable {
        if (server.delivered >= server.content.size() / 4 && !std::exchange(changed, true)) {
            server.validator = "\"v2\"";
            image.replace(1000, 3, "NEW");
            server.content = encoded("zstd", image); // the last attempt breaks here, in either length
        }
    };
    (void)run();
    EXPECT_EQ(targetRequests, 1);
    EXPECT_TRUE(imageIsOnTarget());
    EXPECT_TRUE(listener.sawDetail("starting over"));
}

TEST_F(DecodingPipelineTest, VerifiesTheServedFile) {
    server.content = encoded("xz", image);
    settings.checksum = sha256Of(server.content);
    EXPECT_EQ(run().checksum, settings.checksum);
    EXPECT_TRUE(imageIsOnTarget());
}

TEST_F(DecodingPipelineTest, StopsADecompressionBombAtTheTargetsSize) {
    capacity = 4 << 20;
    image.resize(40 << 20);
    for (const auto* tool : {"gzip", "xz -0", "zstd"}) {
        SCOPED_TRACE(tool);
        server.content = encoded(tool, image);
        const auto error = failure();
        EXPECT_EQ(error.code(), ErrorCode::TooLarge);
        EXPECT_NE(std::string(error.what()).find("has 4.0 MiB"), std::string::npos) << error.what();
    }
}

TEST_F(DecodingPipelineTest, RefusesADeclaredSizeThatIsTooLargeEarly) {
    capacity = 4 << 20;
    server.content = encoded("zstd -1 --stream-size=5000000", image);
    server.readSize = 100;
    EXPECT_EQ(failure().code(), ErrorCode::TooLarge);
    EXPECT_LT(server.delivered, server.content.size());
}

TEST_F(DecodingPipelineTest, DamagedDataIsAPermanentFailure) {
    server.content = encoded("zstd", image);
    server.content[server.content.size() * 3 / 4] ^= 1;
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::Corrupt) << error.what();
    EXPECT_FALSE(isTransient(error.code()));
    EXPECT_FALSE(imageIsOnTarget());
}

TEST_F(DecodingPipelineTest, DamagedDataMovesOnToTheMirror) {
    FakeTransport mirror;
    mirrors = {&mirror};
    mirror.readSize = 4001;
    for (const auto* tool : {"gzip", "xz -T2 --block-size=1MiB", "zstd"}) {
        SCOPED_TRACE(tool);
        mirror.content = encoded(tool, image);
        for (const bool isHalf : {false, true}) {
            server.content = mirror.content;
            if (isHalf) {
                server.content.resize(server.content.size() / 2);
            } else {
                server.content.replace(server.content.size() - 9, 9, "damaged..");
            }
            EXPECT_EQ(run().written, image.size());
            EXPECT_TRUE(imageIsOnTarget());
        }
    }
}

TEST_F(DecodingPipelineTest, RequiresALiveImageInside) {
    server.content = encoded("gzip", "just a text");
    const auto error = failure();
    EXPECT_EQ(error.code(), ErrorCode::NotLive);
    EXPECT_STREQ(error.what(), "not a live image: it begins with 'just a text'");
    server.content = encoded("gzip | xz", image);
    EXPECT_NE(std::string(failure().what()).find("compressed with gzip"), std::string::npos);
    EXPECT_EQ(targetRequests, 0);
}

TEST_F(DecodingPipelineTest, KeepsTheCompressedBytesWithoutDecoding) {
    settings.requireLiveImage = settings.decode = false;
    server.content = image = encoded("gzip", image);
    (void)run();
    EXPECT_TRUE(imageIsOnTarget());
}

TEST_F(DecodingPipelineTest, WhatIsServedIsComparedAfterABreak) {
    std::minstd_rand noise; // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in each run
    std::generate(image.begin() + 40'000, image.end(), [&] { return static_cast<char>(noise()); });
    server.content = encoded("gzip -1", image);
    server.validator.clear();
    server.readSize = 10'007;
    server.script = {{.breakAfter = 700'000}, {.breakAfter = 200'000}, {.breakAfter = 300'000}};
    ASSERT_GT(server.content.size(), 1'000'000U);
    (void)run();
    EXPECT_TRUE(imageIsOnTarget());
    ASSERT_EQ(server.requests.size(), 4U);
    EXPECT_EQ(server.requests[1].offset, 700'000U - Origins::comparedBytes);
}

} // namespace
} // namespace bootferry
