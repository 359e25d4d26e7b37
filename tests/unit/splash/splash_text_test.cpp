// SPDX-License-Identifier: LGPL-2.1-or-later
#include "splash_text.h"

#include <gmock/gmock.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using Time = MessagePace::Time;

constexpr std::uint64_t MiB = 1 << 20;

TransferStatus transferring(std::string url = "http://10.0.2.2:8000/live.iso") {
    TransferStatus status;
    status.url = std::move(url);
    status.state = TransferState::Transferring;
    status.bytes = 21 * MiB;
    status.total = 49 * MiB;
    return status;
}

TransferStatus in(TransferState state, std::string detail = "") {
    auto status = transferring();
    status.state = state;
    status.detail = std::move(detail);
    return status;
}

std::string messageOf(TransferStatus status) {
    status.rate = 4 * MiB;
    status.remainingUSec = 7'000'000;
    return splashContents(status).message;
}

TEST(SplashContents, showsProgressRateRemainingTimeAndHost) {
    EXPECT_EQ(messageOf(transferring()), "42 %  21.0 MiB of 49.0 MiB  4.0 MiB/s  7 s left  from 10.0.2.2");
}

TEST(SplashContents, namesTheServerThatServes) {
    auto status = transferring();
    status.sources = {status.url, "ftp://10.0.2.9/live.iso"};
    EXPECT_THAT(messageOf(status), EndsWith("  from 10.0.2.9"));
}

TEST(SplashContents, givesALongHostItsOwnLine) {
    EXPECT_EQ(messageOf(transferring("https://images.some-department.example.org/live.iso")),
              "42 %  21.0 MiB of 49.0 MiB  4.0 MiB/s  7 s left\n"
              "from images.some-department.example.org");
}

TEST(SplashContents, omitsUnknownParts) {
    auto status = transferring();
    status.total = unknownSize;
    const auto contents = splashContents(status);
    EXPECT_EQ(contents.message, "21.0 MiB  from 10.0.2.2");
    EXPECT_EQ(contents.percent, std::nullopt);
}

TEST(SplashContents, hasThePercentageWhileWaiting) {
    EXPECT_EQ(splashContents(transferring()).percent, 42U);
    EXPECT_EQ(splashContents(in(TransferState::Waiting)).percent, 42U);
}

TEST(SplashContents, showsAtMost100Percent) {
    auto status = transferring();
    status.bytes = 50 * MiB; // the server sent more than it announced
    EXPECT_EQ(splashContents(status).percent, 100U);
}

TEST(SplashContents, showsWhatTheTransferWaitsFor) {
    EXPECT_EQ(messageOf(in(TransferState::Waiting, "waiting for the network (no route)")),
              "Waiting for the network (no route)");
    EXPECT_EQ(messageOf(in(TransferState::Waiting,
                           "retrying in 8 s: connecting to 10.0.2.2:8000: Connection refused")),
              "Retrying in 8 s: connecting to 10.0.2.2:8000: Connection refused");
    EXPECT_EQ(messageOf(in(TransferState::Connecting, "connecting to 10.0.2.2:8000")),
              "Connecting to 10.0.2.2:8000");
    EXPECT_EQ(messageOf(in(TransferState::Verifying)), "Verifying the live system");
}

TEST(SplashContents, showsTheReasonOfAFailureAndTheUrl) {
    auto status = in(TransferState::Failed);
    status.errorMessage = "server answered 404 Not Found";
    EXPECT_EQ(messageOf(status), "Cannot fetch the live system: server answered 404 Not Found\n"
                                 "(http://10.0.2.2:8000/live.iso)");
}

TEST(SplashContents, restoresTheSplashWhenTheTransferIsDone) {
    EXPECT_EQ(splashContents(in(TransferState::Done), "updates"), SplashContents{});
}

TEST(SplashContents, pausesTheBootProgressUntilTheEnd) {
    EXPECT_TRUE(splashContents(in(TransferState::Waiting)).bootPaused);
    EXPECT_FALSE(splashContents(in(TransferState::Failed)).bootPaused);
}

TEST(SplashContents, usesTheBarModeWhileThereIsAPercentage) {
    EXPECT_EQ(splashContents(transferring()).mode, bootMode);
    EXPECT_EQ(splashContents(transferring(), "updates").mode, "updates");
    // Themes suppress messages in the bar mode, and these must be visible.
    EXPECT_EQ(splashContents(in(TransferState::Waiting), "updates").mode, bootMode);
    EXPECT_EQ(splashContents(in(TransferState::Failed), "updates").mode, bootMode);
    auto unknown = transferring();
    unknown.total = unknownSize;
    EXPECT_EQ(splashContents(unknown, "updates").mode, bootMode);
}

TEST(FittedToScreen, keepsTextThatFits) {
    EXPECT_EQ(fittedToScreen("short"), "short");
    EXPECT_EQ(fittedToScreen(""), "");
    EXPECT_EQ(fittedToScreen(std::string(72, 'x')), std::string(72, 'x'));
}

TEST(FittedToScreen, breaksBetweenWordsAndWithinLongWords) {
    EXPECT_EQ(fittedToScreen(std::string(40, 'a') + " " + std::string(40, 'b')),
              std::string(40, 'a') + "\n" + std::string(40, 'b'));
    EXPECT_EQ(fittedToScreen("a " + std::string(80, 'b')),
              "a\n" + std::string(72, 'b') + "\n" + std::string(8, 'b'));
}

TEST(FittedToScreen, countsCharactersAndNotBytes) {
    std::string umlauts;
    for (int i = 0; i < 72; ++i) {
        umlauts += "ä";
    }
    EXPECT_EQ(fittedToScreen(umlauts + "ä"), umlauts + "\nä");
}

TEST(FittedToScreen, marksOmittedText) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += "word ";
    }
    const auto fitted = fittedToScreen(text);
    EXPECT_THAT(fitted, EndsWith(" ..."));
    EXPECT_EQ(std::count(fitted.begin(), fitted.end(), '\n'), 2);
}

TEST(FittedToScreen, removesTerminalSequences) {
    EXPECT_EQ(fittedToScreen("red\x1b[31m\ttext\r\n\x7f"), "red [31m text");
}

TEST(FittedToScreen, prefersToBreakBeforeAnAside) {
    EXPECT_EQ(fittedToScreen("Waiting (no route)"), "Waiting (no route)");
    EXPECT_EQ(
        fittedToScreen("Waiting for the network (connecting to 10.0.2.2:38191: Network is unreachable)"),
        "Waiting for the network\n(connecting to 10.0.2.2:38191: Network is unreachable)");
}

TEST(MessagePace, showsNewWordsAtOnceAndNewNumbersAfterADelay) {
    using enum TransferState;
    MessagePace pace;
    EXPECT_EQ(pace.next(Time(10s), Transferring, "1 %"), "1 %");
    EXPECT_EQ(pace.next(Time(11s), Transferring, "2 %"), "1 %");
    EXPECT_EQ(pace.next(Time(12s), Transferring, "3 %"), "3 %");
    EXPECT_EQ(pace.next(Time(12s), Verifying, "verifying"), "verifying");
}

TEST(MessagePace, keepsTheReasonDuringARetry) {
    using enum TransferState;
    MessagePace pace;
    EXPECT_EQ(pace.next(Time(0s), Connecting, "connecting"), "connecting");
    EXPECT_EQ(pace.next(Time(1s), Waiting, "waiting for the network"), "waiting for the network");
    EXPECT_EQ(pace.next(Time(8s), Connecting, "connecting"), "waiting for the network");
    EXPECT_EQ(pace.next(Time(8s), Waiting, "retrying in 8 s"), "retrying in 8 s");
    EXPECT_EQ(pace.next(Time(16s), Connecting, "connecting"), "retrying in 8 s");
    EXPECT_EQ(pace.next(Time(16s), Transferring, "1 %"), "1 %");
    EXPECT_EQ(pace.next(Time(17s), Connecting, "connecting"), "connecting");
}

} // namespace
} // namespace bootferry
