// SPDX-License-Identifier: LGPL-2.1-or-later
// An honest worker's life passes; each step aside from it is a breach.
#include "worker_conduct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packet.h"

namespace bootferry {
namespace {

using channel::Call;
using testing::HasSubstr;

const std::string sum = "sha256:" + std::string(64, 'a');

PacketWriter packetOf(Call call) {
    PacketWriter packet;
    packet.number(static_cast<std::uint32_t>(call));
    return packet;
}

PacketWriter pluginPacket(std::string_view name = "curl 1") {
    auto packet = packetOf(Call::Plugin);
    packet.text(name);
    return packet;
}

PacketWriter progressPacket(const Progress& progress, std::string_view state = "transferring") {
    auto packet = packetOf(Call::Progress);
    packet.text(state);
    packet.text(progress.detail);
    packet.wide(progress.bytes);
    packet.wide(progress.total);
    packet.wide(progress.written);
    packet.number(progress.attempt);
    return packet;
}

PacketWriter targetPacket(std::uint64_t size) {
    auto packet = packetOf(Call::Target);
    packet.wide(size);
    return packet;
}

PacketWriter atLeastPacket(std::uint64_t size) {
    auto packet = packetOf(Call::AtLeast);
    packet.wide(size);
    return packet;
}

PacketWriter sourcePacket(std::uint64_t size, std::string_view validator, std::uint64_t modified = 0) {
    auto packet = packetOf(Call::Source);
    packet.wide(size);
    packet.text(validator);
    packet.wide(modified);
    return packet;
}

PacketWriter openedPacket(std::uint32_t origin) {
    auto packet = packetOf(Call::Opened);
    packet.number(origin);
    return packet;
}

PacketWriter resultPacket(Call call, std::uint64_t bytes, std::uint64_t written,
                          std::string_view digest = "") {
    auto packet = packetOf(call);
    packet.wide(bytes);
    packet.wide(written);
    packet.text(digest);
    return packet;
}

PacketWriter failurePacket(std::uint32_t code, std::string_view reason) {
    auto packet = packetOf(Call::Failed);
    packet.number(code);
    packet.text(reason);
    return packet;
}

PacketWriter probedPacket(const ProbedSource& probed, std::uint32_t code = 0, std::string_view reason = "") {
    auto packet = packetOf(Call::Probed);
    packet.number(code);
    packet.text(reason);
    packet.wide(probed.size.value_or(unknownSize));
    packet.text(probed.validator);
    packet.number(probed.ranges ? channel::probedRanges | channel::probedResumable : 0);
    packet.text(probed.compression);
    packet.text(probed.format);
    packet.text(probed.whyNotLive);
    packet.wide(probed.declared.value_or(unknownSize));
    packet.wide(probed.decoded.value_or(unknownSize));
    packet.text(probed.location);
    packet.text(probed.label);
    packet.text(probed.partitionTable);
    packet.number(static_cast<std::uint32_t>(probed.layout.state));
    packet.text(probed.layout.layout);
    packet.text(probed.layout.image);
    packet.text(probed.layout.why);
    return packet;
}

PacketWriter checksumPacket(std::uint32_t code, std::string_view text) {
    auto packet = packetOf(Call::Checksum);
    packet.number(code);
    packet.text(text);
    return packet;
}

class WorkerConductTest : public testing::Test {
protected:
    template <typename Message = WorkerConduct::Message>
    Message judged(const PacketWriter& packet) {
        auto word = conduct().judge(packet.bytes(), now_);
        if constexpr (std::is_same_v<Message, WorkerConduct::Message>) {
            return word;
        } else {
            return std::get<Message>(word);
        }
    }

    WorkerConduct& conduct() {
        if (!conduct_) {
            conduct_.emplace(job_, role_);
        }
        return *conduct_;
    }

    void restart() { conduct_.reset(); }

    void begin() {
        (void)judged(packetOf(Call::Job));
        if (role_ != WorkerRole::Verifier) {
            (void)judged(pluginPacket());
        }
    }

    void verify() {
        role_ = WorkerRole::Verifier;
        job_.request.checksum = sum;
    }

    void receive(std::uint64_t capacity = 1000) {
        begin();
        (void)judged(targetPacket(unknownSize));
        conduct().targetGiven(capacity);
        conduct().answered();
    }

    void stage(std::string_view digest = "") {
        receive();
        (void)judged(resultPacket(Call::Staged, 10, 20, digest));
        conduct().answered();
    }

    std::string breach(const PacketWriter& packet) {
        try {
            (void)judged(packet);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::Internal);
            EXPECT_THAT(error.what(), testing::StartsWith("violated the protocol: "));
            return error.what();
        }
        ADD_FAILURE() << "it passed";
        return {};
    }

    WorkerJob job_;
    WorkerRole role_ = WorkerRole::Alone;
    WorkerConduct::Time now_{std::chrono::hours(1)};

private:
    std::optional<WorkerConduct> conduct_;
};

TEST_F(WorkerConductTest, AnHonestLifePasses) {
    (void)judged<WorkerConduct::JobWanted>(packetOf(Call::Job));
    EXPECT_EQ(judged<WorkerConduct::PluginLoaded>(pluginPacket()).nameAndVersion, "curl 1");
    const Progress moving{.state = TransferState::Transferring, .bytes = 5, .total = 10};
    EXPECT_EQ(judged<Progress>(progressPacket(moving)), moving);
    EXPECT_EQ(judged<WorkerConduct::TargetWanted>(targetPacket(10)).size, 10U);
    (void)judged(progressPacket(moving)); // a plugin's thread may report progress while a call waits
    conduct().targetGiven(20);
    conduct().answered();
    const auto staged = judged<WorkerConduct::Staged>(resultPacket(Call::Staged, 10, 20)).result;
    EXPECT_EQ(staged, (WorkerResult{.bytes = 10, .written = 20}));
    conduct().answered();
    EXPECT_EQ(judged<WorkerConduct::Finished>(resultPacket(Call::Finished, 10, 20)).result, staged);
}

TEST_F(WorkerConductTest, OnDemandAWorkerIsReadyBeforeItAsksForTheTarget) {
    begin();
    EXPECT_THAT(breach(packetOf(Call::Ready)), HasSubstr("Ready out of turn")) << "not on demand";
    restart();
    job_.request.onDemand = true;
    (void)judged(packetOf(Call::Job));
    EXPECT_THAT(breach(packetOf(Call::Ready)), HasSubstr("Ready out of turn")) << "before Plugin";
    (void)judged(pluginPacket());
    EXPECT_THAT(breach(targetPacket(10)), HasSubstr("Target out of turn"));
    (void)judged<WorkerConduct::Ready>(packetOf(Call::Ready));
    EXPECT_THAT(breach(targetPacket(10)), HasSubstr("Target out of turn")) << "without an answer";
    conduct().answered();
    EXPECT_THAT(breach(packetOf(Call::Ready)), HasSubstr("Ready out of turn")) << "twice";
    EXPECT_EQ(judged<WorkerConduct::TargetWanted>(targetPacket(10)).size, 10U);
}

TEST_F(WorkerConductTest, ASecondTargetIsForAContinuationThatStartsOver) {
    receive();
    EXPECT_THAT(breach(targetPacket(unknownSize)), HasSubstr("Target out of turn"));
    restart();
    job_.request.continuation = Continuation{.offset = 5, .size = 10, .validator = "v"};
    receive();
    (void)judged<WorkerConduct::TargetWanted>(targetPacket(unknownSize));
    conduct().targetGiven(1000);
    conduct().answered();
    EXPECT_THAT(breach(targetPacket(unknownSize)), HasSubstr("Target out of turn"));
    restart();
    stage();
    EXPECT_THAT(breach(targetPacket(unknownSize)), HasSubstr("Target out of turn"));
}

TEST_F(WorkerConductTest, WhoReceivesNeitherGetsATargetNorCertifies) {
    role_ = WorkerRole::Receiver;
    job_.request.checksum = sum;
    begin();
    (void)judged<WorkerConduct::Opened>(openedPacket(0));
    EXPECT_THAT(breach(packetOf(Call::Relayed)), HasSubstr("Relayed out of turn"));
    EXPECT_THAT(breach(packetOf(Call::Abandoned)), HasSubstr("Abandoned out of turn"));
    (void)judged<WorkerConduct::RelayWanted>(packetOf(Call::Relay));
    EXPECT_THAT(breach(packetOf(Call::Relayed)), HasSubstr("Relayed out of turn")) << "waits for the answer";
    conduct().answered();
    EXPECT_THAT(breach(packetOf(Call::Relay)), HasSubstr("Relay out of turn"));
    EXPECT_THAT(breach(atLeastPacket(1)), HasSubstr("AtLeast out of turn"));
    EXPECT_THAT(breach(sourcePacket(1, "v")), HasSubstr("Source out of turn"));
    EXPECT_THAT(breach(targetPacket(1)), HasSubstr("Target out of turn"));
    EXPECT_THAT(breach(resultPacket(Call::Staged, 1, 1, sum)), HasSubstr("Staged out of turn"));
    EXPECT_THAT(breach(resultPacket(Call::Finished, 1, 1, sum)), HasSubstr("Finished out of turn"));
    (void)judged<WorkerConduct::Relayed>(packetOf(Call::Relayed));
    EXPECT_THAT(breach(failurePacket(4, "no")), HasSubstr("Failed out of turn"));
}

TEST_F(WorkerConductTest, WhoReceivesTheImageStatesNoChecksum) {
    role_ = WorkerRole::Receiver;
    job_.request.checksumUrl = Url::parse("http://server/SHA256SUMS");
    begin();
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
    (void)judged<WorkerConduct::RelayWanted>(packetOf(Call::Relay));
}

TEST_F(WorkerConductTest, WhoReadsTheListOfATransferStatesTheChecksumOrFails) {
    job_.purpose = JobPurpose::TransferChecksum;
    job_.request.checksumUrl = Url::parse("http://server/SHA256SUMS");
    begin();
    EXPECT_THAT(breach(packetOf(Call::Done)), HasSubstr("Done out of turn"));
    EXPECT_THAT(breach(packetOf(Call::Relay)), HasSubstr("Relay out of turn"));
    EXPECT_THAT(breach(openedPacket(0)), HasSubstr("Opened out of turn"));
    EXPECT_THAT(breach(probedPacket({.format = "squashfs"})), HasSubstr("Probed out of turn"));
    EXPECT_THAT(breach(checksumPacket(3, "no such entry")), HasSubstr("it continued without a checksum"));
    restart();
    begin();
    EXPECT_EQ(judged<WorkerConduct::ChecksumFound>(checksumPacket(0, sum)).checksum, sum);
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
    (void)judged<WorkerConduct::Done>(packetOf(Call::Done));
}

TEST_F(WorkerConductTest, WhoVerifiesCertifiesAndHasNothingOfTheNetwork) {
    verify();
    (void)judged<WorkerConduct::JobWanted>(packetOf(Call::Job));
    for (const auto& packet : {pluginPacket(), openedPacket(0), checksumPacket(0, sum), packetOf(Call::Relay),
                               packetOf(Call::Relayed), packetOf(Call::Done)}) {
        EXPECT_THAT(breach(packet), HasSubstr("out of turn"));
    }
    (void)judged<WorkerConduct::SourceKnown>(sourcePacket(10, "v"));
    (void)judged<WorkerConduct::TargetWanted>(targetPacket(10));
    conduct().targetGiven(20);
    conduct().answered();
    const auto staged = judged<WorkerConduct::Staged>(resultPacket(Call::Staged, 10, 20, sum)).result;
    EXPECT_EQ(staged, (WorkerResult{.bytes = 10, .written = 20, .digest = sum}));
    conduct().answered();
    EXPECT_EQ(judged<WorkerConduct::Finished>(resultPacket(Call::Finished, 10, 20, sum)).result, staged);
}

TEST_F(WorkerConductTest, WithoutATargetNothingIsStaged) {
    begin();
    (void)judged(targetPacket(10));
    conduct().answered(); // it was refused
    EXPECT_THAT(breach(resultPacket(Call::Staged, 0, 0)), HasSubstr("Staged out of turn"));
}

TEST_F(WorkerConductTest, CallsOutOfTurnAreBreaches) {
    EXPECT_THAT(breach(pluginPacket()), HasSubstr("Plugin out of turn"));
    (void)judged(packetOf(Call::Job));
    EXPECT_THAT(breach(packetOf(Call::Job)), HasSubstr("Job out of turn"));
    EXPECT_THAT(breach(targetPacket(1)), HasSubstr("Target out of turn")); // before the plugin
    EXPECT_THAT(breach(resultPacket(Call::Staged, 1, 0)), HasSubstr("Staged out of turn"));
    EXPECT_THAT(breach(resultPacket(Call::Finished, 1, 0)), HasSubstr("Finished out of turn"));
    (void)judged(pluginPacket());
    EXPECT_THAT(breach(pluginPacket()), HasSubstr("Plugin out of turn"));
}

TEST_F(WorkerConductTest, OnlyProgressIsAllowedWhileACallWaits) {
    begin();
    (void)judged(targetPacket(1));
    EXPECT_THAT(breach(resultPacket(Call::Staged, 1, 0)), HasSubstr("Staged out of turn"));
    EXPECT_THAT(breach(failurePacket(4, "no")), HasSubstr("Failed out of turn"));
}

TEST_F(WorkerConductTest, NothingIsAllowedAfterTheLastCall) {
    stage();
    (void)judged(resultPacket(Call::Finished, 10, 20));
    EXPECT_THAT(breach(failurePacket(4, "no")), HasSubstr("Failed out of turn"));
    EXPECT_THAT(breach(progressPacket({})), HasSubstr("Progress out of turn"));
}

TEST_F(WorkerConductTest, UnknownCallsAndBrokenPacketsAreBreaches) {
    begin();
    EXPECT_THAT(breach(packetOf(static_cast<Call>(99))), HasSubstr("no call 99"));
    EXPECT_THAT(breach(PacketWriter()), HasSubstr("is truncated"));
    EXPECT_THAT(breach(packetOf(Call::Progress)), HasSubstr("is truncated"));
    auto long_ = progressPacket({});
    long_.number(1);
    EXPECT_THAT(breach(long_), HasSubstr("trailing bytes"));
}

TEST_F(WorkerConductTest, TextsComeOutPlainAndCut) {
    (void)judged(packetOf(Call::Job));
    EXPECT_EQ(judged<WorkerConduct::PluginLoaded>(pluginPacket("curl\n\x1b[2J\xff")).nameAndVersion,
              "curl  [2J?");
    const auto shown = judged<Progress>(progressPacket({.detail = "a\xe2\x80\xae" + std::string(3000, 'x')}));
    EXPECT_EQ(shown.detail.size(), 1024U);
    EXPECT_TRUE(shown.detail.starts_with("a x"));
    const auto failed =
        judged<WorkerConduct::Failed>(failurePacket(4, "bad\r\n\xc2\x9b" + std::string(3000, 'y')));
    EXPECT_TRUE(std::string(failed.reason.what()).starts_with("bad   y"));
    EXPECT_EQ(std::string(failed.reason.what()).size(), channel::longestReason);
}

TEST_F(WorkerConductTest, AFailureHasACodeThatFitsAndAReason) {
    struct Row {
        std::uint32_t reported;
        bool cancelled;
        ErrorCode taken;
    };
    for (const auto& row :
         {Row{4, false, ErrorCode::Auth}, Row{1, false, ErrorCode::Internal},
          Row{1, true, ErrorCode::Cancelled}, Row{0, false, ErrorCode::Internal},
          Row{1000, false, ErrorCode::Internal}, Row{UINT32_MAX, false, ErrorCode::Internal}}) {
        WorkerConduct conduct(job_, role_);
        (void)conduct.judge(packetOf(Call::Job).bytes(), now_);
        if (row.cancelled) {
            conduct.cancelled();
        }
        const auto word = conduct.judge(failurePacket(row.reported, "").bytes(), now_);
        const auto& reason = std::get<WorkerConduct::Failed>(word).reason;
        EXPECT_EQ(reason.code(), row.taken) << row.reported;
        EXPECT_THAT(reason.what(), HasSubstr("no reason"));
    }
}

TEST_F(WorkerConductTest, StatesOfAnEndedTransferAreBreaches) {
    begin();
    for (const auto* state : {"done", "failed", "cancelled", "nonsense", ""}) {
        EXPECT_THAT(breach(progressPacket({}, state)), HasSubstr("state")) << state;
    }
}

TEST_F(WorkerConductTest, NumbersThatNoFileHasAreBreaches) {
    begin();
    constexpr std::uint64_t tooMuch = std::uint64_t{1} << 63U;
    EXPECT_THAT(breach(progressPacket({.bytes = tooMuch})), HasSubstr("more than a file can have"));
    EXPECT_THAT(breach(progressPacket({.total = tooMuch})), HasSubstr("more than a file can have"));
    EXPECT_THAT(breach(progressPacket({.written = 1})), HasSubstr("to a target of 0"));
    EXPECT_THAT(breach(targetPacket(tooMuch)), HasSubstr("more than a file can have"));
}

TEST_F(WorkerConductTest, TheImagesOwnSizeComesOnceAndBeforeTheTarget) {
    judged<WorkerConduct::JobWanted>(packetOf(Call::Job));
    EXPECT_THAT(breach(atLeastPacket(1)), HasSubstr("AtLeast out of turn")); // before the plugin
    judged<WorkerConduct::PluginLoaded>(pluginPacket());
    EXPECT_EQ(judged<WorkerConduct::AtLeast>(atLeastPacket(UINT64_MAX)).size, std::uint64_t{INT64_MAX});
    EXPECT_THAT(breach(atLeastPacket(1)), HasSubstr("AtLeast out of turn"));
    judged<WorkerConduct::TargetWanted>(targetPacket(10));
    EXPECT_THAT(breach(atLeastPacket(1)), HasSubstr("AtLeast out of turn"));
}

TEST_F(WorkerConductTest, APlaceIsOneOfTheRequests) {
    job_.request.mirrors = {Url::parse("http://b/"), Url::parse("http://c/")};
    WorkerConduct conduct(job_, role_);
    const auto opened = [&](std::uint32_t origin) {
        return std::get<WorkerConduct::Opened>(conduct.judge(openedPacket(origin).bytes(), now_)).origin;
    };
    (void)conduct.judge(packetOf(Call::Job).bytes(), now_);
    EXPECT_THROW(opened(0), Error); // before the plugin
    (void)conduct.judge(pluginPacket().bytes(), now_);
    EXPECT_EQ(opened(0), 0U);
    EXPECT_EQ(opened(2), 2U);
    EXPECT_THROW(opened(3), Error);
    EXPECT_THROW(opened(UINT32_MAX), Error);
}

TEST_F(WorkerConductTest, MoreThanTheTargetHoldsIsABreach) {
    receive(1000);
    (void)judged(progressPacket({.written = 1000}));
    EXPECT_THAT(breach(progressPacket({.written = 1001})), HasSubstr("1001 bytes to a target of 1000"));
    EXPECT_THAT(breach(resultPacket(Call::Staged, 1, 1001)), HasSubstr("1001 bytes to a target of 1000"));
}

TEST_F(WorkerConductTest, ProgressGoesBackToTheBeginningOrNotAtAll) {
    begin();
    (void)judged(progressPacket({.bytes = 50}));
    EXPECT_THAT(breach(progressPacket({.bytes = 49})), HasSubstr("from 50 back to 49"));
    (void)judged(progressPacket({.bytes = 0})); // starting over
    (void)judged(progressPacket({.bytes = 10}));
}

TEST_F(WorkerConductTest, AnAnnouncedSizeThatIsExceededIsDropped) {
    begin();
    EXPECT_EQ(judged<Progress>(progressPacket({.bytes = 11, .total = 10})).total, unknownSize);
}

TEST_F(WorkerConductTest, AttemptsAreCountedOn) {
    job_.attempt = 5;
    begin();
    EXPECT_THAT(breach(progressPacket({.attempt = 4})), HasSubstr("attempt 4"));
    (void)judged(progressPacket({.attempt = 6}));
    EXPECT_THAT(breach(progressPacket({.attempt = UINT32_MAX})), HasSubstr("attempt"));
}

TEST_F(WorkerConductTest, WhatIsFinishedIsWhatWasStaged) {
    stage();
    EXPECT_THAT(breach(resultPacket(Call::Finished, 10, 21)), HasSubstr("another result"));
}

TEST_F(WorkerConductTest, TheChecksumIsTheRequestedOne) {
    verify();
    receive();
    for (const auto& digest :
         {std::string(), std::string("sha256:anything"), "sha256:" + std::string(64, 'b')}) {
        WorkerConduct fresh(conduct()); // a copy that has not staged yet
        EXPECT_THROW((void)fresh.judge(resultPacket(Call::Staged, 1, 1, digest).bytes(), now_), Error)
            << digest;
    }
}

TEST_F(WorkerConductTest, WhoVerifiesStatesAChecksumThatDiffers) {
    const auto differs = [](std::string_view checksum) {
        auto packet = packetOf(Call::Differs);
        packet.text(checksum);
        return packet;
    };
    const auto other = "sha256:" + std::string(64, 'b');
    begin();
    EXPECT_THAT(breach(differs(other)), HasSubstr("Differs out of turn")) << "no checksum is requested";
    restart();
    verify();
    receive();
    EXPECT_EQ(judged<WorkerConduct::ChecksumDiffers>(differs(other)).received, other);
    EXPECT_THAT(breach(differs(sum)), HasSubstr("it reported the requested checksum as a different one"));
    EXPECT_THAT(breach(differs("sha512:" + std::string(128, 'b'))), HasSubstr("of another algorithm"));
    EXPECT_THAT(breach(differs("sha256:\x1b[31m")), HasSubstr("it reported an invalid checksum"));
}

TEST_F(WorkerConductTest, AChecksumThatWasNotRequestedIsABreach) {
    receive();
    EXPECT_THAT(breach(resultPacket(Call::Staged, 1, 1, sum)), HasSubstr("checksum"));
}

TEST_F(WorkerConductTest, AFloodIsABreachButABurstIsNot) {
    begin();
    for (int i = 0; i < 400; ++i) {
        (void)judged(progressPacket({}));
    }
    now_ += std::chrono::seconds(4);
    for (int i = 0; i < 400; ++i) {
        (void)judged(progressPacket({}));
    }
    EXPECT_THAT(
        [&]() -> std::string {
            for (int i = 0; i < 1000; ++i) {
                try {
                    (void)judged(progressPacket({}));
                } catch (const Error& error) {
                    return error.what();
                }
            }
            return {};
        }(),
        HasSubstr("too many messages"));
}

TEST_F(WorkerConductTest, AVersionIsReportedAtFirstAndOnEachChange) {
    judged<WorkerConduct::JobWanted>(packetOf(Call::Job));
    EXPECT_THAT(breach(sourcePacket(1, "a")), HasSubstr("Source out of turn")); // before the plugin
    judged<WorkerConduct::PluginLoaded>(pluginPacket());
    const auto first = judged<WorkerConduct::SourceKnown>(sourcePacket(10, "\"etag\""));
    EXPECT_EQ(first.size, 10U);
    EXPECT_EQ(first.validator, "\"etag\"");
    EXPECT_FALSE(first.modified);
    EXPECT_EQ(judged<WorkerConduct::SourceKnown>(sourcePacket(10, "b", 1'500'000'000)).modified,
              1'500'000'000);
    EXPECT_FALSE(judged<WorkerConduct::SourceKnown>(sourcePacket(10, "b", UINT64_MAX)).modified);
    judged<WorkerConduct::TargetWanted>(targetPacket(10));
    conduct().answered();
    EXPECT_FALSE(judged<WorkerConduct::SourceKnown>(sourcePacket(unknownSize, "b")).size);
    EXPECT_FALSE(judged<WorkerConduct::SourceKnown>(sourcePacket(UINT64_MAX - 1, "b")).size);
    for (const auto& unfit : {std::string("two\nlines"), std::string("\0", 1), std::string(1025, 'x')}) {
        EXPECT_EQ(judged<WorkerConduct::SourceKnown>(sourcePacket(10, unfit)).validator, "");
    }
}

TEST_F(WorkerConductTest, AProbeReportsEachOriginThenTheChecksumThenItsEnd) {
    job_.purpose = JobPurpose::Probe;
    job_.request.mirrors.push_back(Url::parse("http://mirror/x"));
    job_.request.checksumUrl = Url::parse("http://a/SHA256SUMS");
    begin();
    EXPECT_THAT(breach(packetOf(Call::Done)), HasSubstr("Done out of turn"));
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
    const auto first = judged<WorkerConduct::SourceProbed>(
        probedPacket({.size = 7, .validator = "v", .ranges = true, .format = "squashfs", .declared = 6}));
    EXPECT_EQ(first.probed.size, 7U);
    EXPECT_EQ(first.probed.validator, "v");
    EXPECT_EQ(first.probed.declared, 6U);
    EXPECT_FALSE(first.probed.decoded);
    EXPECT_TRUE(first.probed.ranges && first.probed.resumable);
    const auto second = judged<WorkerConduct::SourceProbed>(probedPacket({}, 3, "there is\nnothing"));
    EXPECT_EQ(second.probed.failure.value().code(), ErrorCode::NotFound);
    EXPECT_STREQ(second.probed.failure->what(), "there is nothing");
    EXPECT_THAT(breach(probedPacket({.format = "squashfs"})), HasSubstr("Probed out of turn"));
    EXPECT_EQ(judged<WorkerConduct::ChecksumFound>(checksumPacket(0, sum)).checksum, sum);
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
    (void)judged<WorkerConduct::Done>(packetOf(Call::Done));
    EXPECT_THAT(breach(packetOf(Call::Done)), HasSubstr("out of turn"));
}

TEST_F(WorkerConductTest, WhatAProbeReportsIsCleanedAndBounded) {
    job_.purpose = JobPurpose::Probe;
    job_.request.mirrors.resize(3, job_.request.url);
    begin();
    const auto probed = judged<WorkerConduct::SourceProbed>(
                            probedPacket({.size = UINT64_MAX - 1,
                                          .validator = "a\x1b[31m",
                                          .location = "http://a/\x1b[31m",
                                          .compression = "gzip\n",
                                          .whyNotLive = "\x1b]0;x\x07" + std::string(1000, 'x'),
                                          .declared = UINT64_MAX - 1}))
                            .probed;
    EXPECT_FALSE(probed.size || probed.declared);
    EXPECT_EQ(probed.validator, "");
    EXPECT_EQ(probed.location, "http://a/ [31m");
    EXPECT_EQ(probed.compression.find('\n'), std::string::npos);
    EXPECT_EQ(probed.whyNotLive.find('\x1b'), std::string::npos);
    EXPECT_LE(probed.whyNotLive.size(), channel::longestWhyNotLive);
    EXPECT_THAT(breach(probedPacket({})), HasSubstr("no reason"));
    const auto failed = judged<WorkerConduct::SourceProbed>(probedPacket({.size = 1}, 1, "")).probed;
    EXPECT_EQ(failed.failure.value().code(), ErrorCode::Internal) << "nobody cancelled it";
    EXPECT_FALSE(failed.size);
}

TEST_F(WorkerConductTest, ALayoutIsOneOfTheTable) {
    using State = ProbedLayout::State;
    job_.purpose = JobPurpose::Probe;
    job_.request.mirrors.resize(20, job_.request.url);
    begin();
    const auto packet = [](ProbedLayout layout, std::string table = "", std::string label = "") {
        return probedPacket({.format = "ISO 9660",
                             .label = std::move(label),
                             .partitionTable = std::move(table),
                             .layout = std::move(layout)});
    };
    const auto look = judged<WorkerConduct::SourceProbed>(
                          packet({State::Elsewhere, "live-build", "live/a\x1b[31m.squashfs", "x\ny"}, "MBR",
                                 "\x1b" + std::string(1000, 'l')))
                          .probed;
    EXPECT_EQ(look.layout, (ProbedLayout{State::Elsewhere, "live-build", "live/a [31m.squashfs", "x y"}));
    EXPECT_EQ(look.partitionTable, "MBR");
    EXPECT_EQ(look.label, " " + std::string(channel::longestLabel - 1, 'l'));
    const auto noImage = judged<WorkerConduct::SourceProbed>(
                             probedPacket({.whyNotLive = "x", .layout = {State::Found, "LiveOS", "a", ""}}))
                             .probed;
    EXPECT_EQ(noImage.layout, ProbedLayout{});
    for (const auto& layout :
         {ProbedLayout{static_cast<State>(6), "", "", "x"}, ProbedLayout{State::Found, "mine", "a", ""}}) {
        EXPECT_THAT(breach(packet(layout)), HasSubstr("an unknown layout"));
    }
    for (const auto& layout :
         {ProbedLayout{State::None, "", "", ""}, ProbedLayout{State::Found, "LiveOS", "", ""},
          ProbedLayout{State::Elsewhere, "", "a", ""}, ProbedLayout{State::NotServed, "casper", "", ""}}) {
        EXPECT_THAT(breach(packet(layout)), HasSubstr("without saying which"));
    }
    EXPECT_THAT(breach(packet({}, "BSD")), HasSubstr("an unknown partition table"));
}

TEST_F(WorkerConductTest, AChecksumOfAProbeIsOneOrAReason) {
    job_.purpose = JobPurpose::Checksum;
    job_.request.checksumUrl = Url::parse("http://a/SHA256SUMS");
    begin();
    EXPECT_THAT(breach(probedPacket({.format = "squashfs"})), HasSubstr("Probed out of turn"));
    EXPECT_THAT(breach(checksumPacket(0, "md5:00")), HasSubstr("it reported an invalid checksum"));
    restart();
    begin();
    EXPECT_EQ(judged<WorkerConduct::ChecksumMissing>(checksumPacket(3, "no such entry")).reason.code(),
              ErrorCode::NotFound);
    (void)judged<WorkerConduct::Done>(packetOf(Call::Done));
}

TEST_F(WorkerConductTest, AProbeNeverGetsATarget) {
    for (const auto purpose :
         {JobPurpose::OptionCheck, JobPurpose::Probe, JobPurpose::Checksum, JobPurpose::TransferChecksum}) {
        restart();
        job_.purpose = purpose;
        begin();
        EXPECT_THAT(breach(targetPacket(1)), HasSubstr("Target out of turn"));
        EXPECT_THAT(breach(atLeastPacket(1)), HasSubstr("AtLeast out of turn"));
        EXPECT_THAT(breach(sourcePacket(1, "v")), HasSubstr("Source out of turn"));
        EXPECT_THAT(breach(resultPacket(Call::Staged, 0, 0)), HasSubstr("Staged out of turn"));
    }
    restart();
    job_.purpose = JobPurpose::Transfer;
    begin();
    EXPECT_THAT(breach(packetOf(Call::Done)), HasSubstr("Done out of turn"));
    EXPECT_THAT(breach(probedPacket({.format = "squashfs"})), HasSubstr("Probed out of turn"));
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
}

TEST_F(WorkerConductTest, WhereOnlyOptionsAreCheckedNothingIsProbed) {
    job_.purpose = JobPurpose::OptionCheck;
    job_.request.checksumUrl = Url::parse("http://a/SHA256SUMS");
    (void)judged(packetOf(Call::Job));
    EXPECT_THAT(breach(packetOf(Call::Done)), HasSubstr("Done out of turn")) << "before the plugin";
    (void)judged(pluginPacket());
    EXPECT_THAT(breach(probedPacket({.format = "squashfs"})), HasSubstr("Probed out of turn"));
    EXPECT_THAT(breach(checksumPacket(0, sum)), HasSubstr("Checksum out of turn"));
    (void)judged<WorkerConduct::Done>(packetOf(Call::Done));
}

} // namespace
} // namespace bootferry
