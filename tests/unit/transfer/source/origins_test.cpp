// SPDX-License-Identifier: LGPL-2.1-or-later
// A table of failures and the decisions after them: no clock, no server. A decision is compared as a text,
// its wait as the longest that the jitter allows.
#include "origins.h"

#include <functional>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;

class OriginsTest : public testing::Test {
protected:
    OriginsTest() {
        rules.policy.first = 1s;
        rules.policy.longest = 16s;
    }

    Origins make(std::size_t count = 1) {
        const std::vector<std::string> names{"A", "B", "C"};
        return {{names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count)}, rules, 1};
    }

    // An attempt of the current origin that delivers up to this byte and fails then.
    static void deliverTo(Origins& origins, std::uint64_t offset, const SourceInfo& info = resumable,
                          std::uint64_t from = 0) {
        origins.opened({.offset = from, .restartReason = {}}, info);
        origins.delivered(offset);
    }

    [[nodiscard]] std::string after(Origins& origins, ErrorCode code, std::uint64_t offset = 0,
                                    std::optional<std::chrono::seconds> retryAfter = {}) const {
        Error failure(code, "no");
        if (retryAfter) {
            failure.setRetryAfter(*retryAfter);
        }
        return described(origins.failed(failure, offset, now));
    }

    [[nodiscard]] std::string longest(Origins::Wait wait) const {
        auto longest = rules.policy.first;
        while (longest < wait) {
            longest *= 2;
        }
        return wait > 0ms ? fmt::format(" in {} s", longest / 1s) : "";
    }

    [[nodiscard]] std::string described(const Origins::Decision& decision) const {
        if (const auto* retry = std::get_if<Origins::Retry>(&decision)) {
            return "retry" + longest(retry->wait);
        }
        if (const auto* change = std::get_if<Origins::Switch>(&decision)) {
            return fmt::format("switch to {}", change->index);
        }
        if (const auto* again = std::get_if<Origins::StartOver>(&decision)) {
            return fmt::format("start over{}: {}", longest(again->wait), again->why);
        }
        const auto& reason = std::get<Origins::GiveUp>(decision).reason;
        return fmt::format("give up: {}: {}", errorName(reason.code()), reason.what());
    }

    static inline const SourceInfo resumable{
        .size = 1000, .resumable = true, .validator = "v1", .strongValidator = true};

    OriginRules rules;
    Origins::Time now{1000h};
};

TEST_F(OriginsTest, TheCodeOfAFailureDecides) {
    struct {
        ErrorCode code;
        std::uint64_t offset;
        const char* decision;
    } const table[] = {
        // clang-format off
        {ErrorCode::Cancelled,   0,   "give up: Cancelled: no"},
        {ErrorCode::Invalid,     0,   "give up: Invalid: no"},
        {ErrorCode::NotFound,    0,   "give up: NotFound: no"},
        {ErrorCode::NotFound,    100, "give up: NotFound: no"},
        {ErrorCode::Auth,        0,   "give up: Auth: no"},
        {ErrorCode::Tls,         0,   "give up: Tls: no"},
        {ErrorCode::Io,          0,   "give up: Io: no"},
        {ErrorCode::Internal,    0,   "give up: Internal: no"},
        {ErrorCode::Unreachable, 0,   "retry in 1 s"},
        {ErrorCode::Unreachable, 100, "retry in 1 s"},
        {ErrorCode::Timeout,     0,   "retry in 1 s"},
        {ErrorCode::Protocol,    0,   "retry in 1 s"},
        {ErrorCode::Range,       0,   "retry in 1 s"},
        {ErrorCode::Protocol,    100, "retry in 1 s"},
        {ErrorCode::Range,       100, "start over: no"},
        // clang-format on
    };
    for (const auto& [code, offset, decision] : table) {
        auto origins = make();
        if (offset > 0) {
            deliverTo(origins, offset);
        }
        EXPECT_EQ(after(origins, code, offset), decision) << errorName(code) << " at " << offset;
    }
}

// The rows of the table in the header, in its order.
TEST_F(OriginsTest, TheFirstRowThatAppliesCounts) {
    using State = std::function<void(Origins&)>;
    const auto mixed = [](Origins& origins) {
        origins.continueFrom({.offset = 300, .size = 1000, .validator = "v1"});
        deliverTo(origins, 600, resumable, 300);
    };
    const auto wrongMixture = [this, mixed](Origins& origins) {
        mixed(origins);
        (void)after(origins, ErrorCode::Checksum, 600);
        origins.startedOver();
        deliverTo(origins, 600);
    };
    const auto toAPipe = [](Origins& origins) {
        deliverTo(origins, 600);
        origins.forbidStartOver();
    };
    const auto failing = [this](ErrorCode code, unsigned times, State before = {}) {
        return [=, this](Origins& origins) {
            before ? before(origins) : deliverTo(origins, 600);
            for (unsigned i = 0; i < times; ++i) {
                (void)after(origins, code, 600);
                origins.waited(now);
            }
        };
    };
    const struct {
        const char* row;
        ErrorCode code;
        std::size_t origins;
        bool isVerified;
        State state;
        const char* decision;
    } table[] = {
        // clang-format off
        {"cancelled", ErrorCode::Cancelled, 2, false, {}, "give up: Cancelled: no"},
        {"wrong bytes, size unknown", ErrorCode::NotLive, 2, false,
            [](Origins& origins) { deliverTo(origins, 600, {.resumable = true, .validator = ""}); origins.ended(); },
            "start over in 1 s: no"},
        {"wrong bytes, maybe mixed", ErrorCode::Checksum, 2, false, mixed, "start over: no"},
        {"wrong bytes, another is left", ErrorCode::Checksum, 2, false, {}, "start over: no"},
        {"wrong bytes, maybe mixed before", ErrorCode::Checksum, 1, false, wrongMixture, "give up: Checksum: no"},
        {"wrong bytes, none is left", ErrorCode::Checksum, 1, false, {}, "give up: Checksum: no"},
        {"unusable, validators may be ignored", ErrorCode::Range, 1, true, {}, "switch to 0"},
        {"unusable, Protocol, once", ErrorCode::Protocol, 1, false, failing(ErrorCode::Unreachable, 1), "retry in 2 s"},
        {"unusable, Protocol, twice", ErrorCode::Protocol, 1, false,
            failing(ErrorCode::Protocol, 1, failing(ErrorCode::Unreachable, 1)), "start over: no"},
        {"unusable, a pipe has the bytes", ErrorCode::Range, 1, false, toAPipe, "retry in 1 s"},
        {"unusable, a pipe has the bytes, third try", ErrorCode::Range, 1, false, failing(ErrorCode::Range, 2, toAPipe),
            "give up: Range: no; data written to a pipe cannot be taken back"},
        {"unusable, Range, otherwise", ErrorCode::Range, 1, false, {}, "start over: no"},
        {"permanent, another is left", ErrorCode::NotFound, 2, false, {}, "switch to 1"},
        {"permanent, none is left", ErrorCode::NotFound, 1, false, {}, "give up: NotFound: no"},
        {"transient, a mixture was wrong", ErrorCode::Unreachable, 2, false, wrongMixture, "retry in 1 s"},
        {"transient, another has not failed", ErrorCode::Unreachable, 2, false, {}, "switch to 1"},
        {"transient, all have failed", ErrorCode::Unreachable, 1, false, {}, "retry in 1 s"},
        // clang-format on
    };
    for (const auto& [row, code, count, isVerified, state, decision] : table) {
        rules.contentIsVerified = isVerified;
        auto origins = make(count);
        state ? state(origins) : deliverTo(origins, 600);
        EXPECT_EQ(after(origins, code, 600), decision) << row;
    }
    rules.contentIsVerified = false;
    rules.deadline = now;
    rules.timeout = 60s;
    auto late = make();
    EXPECT_EQ(after(late, ErrorCode::NotFound), "give up: NotFound: gave up after 1 min 00 s: no");
    EXPECT_EQ(after(late, ErrorCode::Timeout), "give up: Timeout: gave up after 1 min 00 s: no");
}

TEST_F(OriginsTest, TheDeadlineHasTheCodeOfTheRequestedOrigin) {
    rules.deadline = now + 1s;
    rules.timeout = 60s;
    auto origins = make(2);
    EXPECT_EQ(after(origins, ErrorCode::Auth), "switch to 1");
    now += 1s;
    EXPECT_TRUE(after(origins, ErrorCode::Timeout).starts_with("give up: Auth: gave up after"));
}

TEST_F(OriginsTest, WaitsGrowUntilBytesArrive) {
    auto origins = make();
    for (const auto* wait : {"1 s", "2 s", "4 s", "8 s", "16 s", "16 s"}) {
        EXPECT_EQ(after(origins, ErrorCode::Unreachable), fmt::format("retry in {}", wait));
        origins.waited(now);
    }
    deliverTo(origins, 1);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 1), "retry in 1 s");
}

// Otherwise, with a server that always stops early, all its clients would fetch the first bytes again and
// again without a pause.
TEST_F(OriginsTest, BytesThatHaveArrivedBeforeShortenNoWait) {
    auto origins = make();
    const SourceInfo whole{.size = 1000, .resumable = false, .validator = "v1"};
    for (const auto* wait : {"1 s", "2 s", "4 s", "8 s"}) {
        deliverTo(origins, 600, whole);
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), fmt::format("retry in {}", wait));
        origins.waited(now);
        EXPECT_TRUE(origins.request(600).restartReason);
        origins.startedOver();
    }
    deliverTo(origins, 601, whole);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 601), "retry in 1 s");
}

TEST_F(OriginsTest, BytesThatContinueOthersShortenTheWait) {
    auto origins = make();
    deliverTo(origins, 600);
    (void)after(origins, ErrorCode::Range, 600);
    origins.startedOver();
    for (const std::uint64_t offset : {100U, 200U, 300U}) {
        deliverTo(origins, offset, resumable, offset - 100);
        (void)after(origins, ErrorCode::Unreachable, offset);
    }
    deliverTo(origins, 301, resumable, 300);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 301), "retry in 1 s");
}

TEST_F(OriginsTest, StartingOverAgainAndAgainIsPaced) {
    auto origins = make();
    deliverTo(origins, 600);
    std::uint64_t stop = 500;
    for (const auto* decision : {"start over: no", "start over in 2 s: no", "start over in 4 s: no"}) {
        EXPECT_EQ(after(origins, ErrorCode::Range, ++stop), decision);
        origins.startedOver();
        deliverTo(origins, 400);
        deliverTo(origins, stop, resumable, 400);
    }
    deliverTo(origins, 601, resumable, 500);
    EXPECT_EQ(after(origins, ErrorCode::Range, 601), "start over: no");
}

// Otherwise two servers that cut would be asked in turn without a pause, by all their clients.
TEST_F(OriginsTest, MirrorsThatCutAreNotAskedWithoutAPause) {
    auto origins = make(2);
    std::uint64_t offset = 0;
    for (int round = 0; round < 5; ++round) {
        deliverTo(origins, offset + 1, resumable, offset);
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, ++offset), "switch to 1");
        deliverTo(origins, offset + 1, resumable, offset);
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, ++offset), "retry in 1 s");
        origins.waited(now);
        EXPECT_EQ(origins.current(), 0U);
    }
    for (const auto* wait : {"2 s", "4 s", "8 s"}) { // nothing new arrives
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, offset), "switch to 1");
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, offset), fmt::format("retry in {}", wait));
        origins.waited(now);
    }
}

TEST_F(OriginsTest, AWaitGrowsWithTheRoundsNotWithTheOrigins) {
    auto origins = make(3);
    for (const auto* wait : {"1 s", "2 s", "4 s"}) {
        (void)after(origins, ErrorCode::Unreachable);
        (void)after(origins, ErrorCode::Unreachable);
        EXPECT_EQ(after(origins, ErrorCode::Unreachable), fmt::format("retry in {}", wait));
        origins.waited(now);
    }
}

TEST_F(OriginsTest, ANewRouteShortensTheNextWait) {
    auto origins = make();
    (void)after(origins, ErrorCode::Unreachable);
    (void)after(origins, ErrorCode::Unreachable);
    origins.networkChanged();
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "retry in 1 s");
}

TEST_F(OriginsTest, AServerThatKeepsViolatingItsProtocolIsAllOriginsFailed) {
    auto origins = make();
    EXPECT_EQ(after(origins, ErrorCode::Protocol), "retry in 1 s");
    EXPECT_EQ(after(origins, ErrorCode::Protocol), "retry in 2 s");
    EXPECT_EQ(after(origins, ErrorCode::Protocol), "give up: Protocol: no");
}

TEST_F(OriginsTest, OriginsTakeTurnsAndWaitOnlyAfterAll) {
    auto origins = make(3);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "switch to 2");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(origins.current(), 0U);
}

TEST_F(OriginsTest, WhatHasFailedForGoodIsNotAskedAgain) {
    auto origins = make(3);
    EXPECT_EQ(after(origins, ErrorCode::NotFound), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "switch to 2");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(origins.current(), 1U);
    EXPECT_EQ(after(origins, ErrorCode::Auth), "switch to 2");
    EXPECT_EQ(after(origins, ErrorCode::Tls), "give up: NotFound: A: no; B: no; C: no");
}

TEST_F(OriginsTest, AServerThatAsksForAWaitGetsIt) {
    auto origins = make(2);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 0, 60s), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "retry in 1 s");
    origins.waited(now + 2s);
    EXPECT_EQ(origins.current(), 1U) << "the other one may be asked earlier";
    EXPECT_EQ(after(origins, ErrorCode::NotFound), "retry in 64 s");
    origins.waited(now + 64s);
    EXPECT_EQ(origins.current(), 0U);
}

TEST_F(OriginsTest, NothingIsWaitedForBeyondTheDeadline) {
    rules.deadline = now + 1s;
    rules.timeout = 60s;
    auto origins = make();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(after(origins, ErrorCode::Unreachable), "retry in 1 s");
    }
    now += 1s;
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "give up: Unreachable: gave up after 1 min 00 s: no");
}

TEST_F(OriginsTest, AMirrorIsAskedForTheSameVersion) {
    for (const bool verified : {false, true}) {
        rules.contentIsVerified = verified;
        auto origins = make(2);
        deliverTo(origins, 100);
        EXPECT_EQ(origins.request(100).validator, "v1");
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, 100), "switch to 1");
        EXPECT_EQ(origins.request(100).validator, verified ? "" : "v1");
        EXPECT_EQ(origins.request(100).overlap, 100U) << "an equal validator is that of another server";
        EXPECT_FALSE(origins.request(100).restartReason);
    }
}

TEST_F(OriginsTest, WhatCannotBeContinuedStartsOver) {
    auto alone = make();
    deliverTo(alone, 100, {.size = 1000, .resumable = false, .validator = "v1"});
    EXPECT_EQ(after(alone, ErrorCode::Unreachable, 100), "retry in 1 s");
    EXPECT_EQ(alone.request(100).restartReason, "the server cannot resume");

    auto unnamed = make(2);
    deliverTo(unnamed, 100, {.size = 1000, .resumable = true, .validator = ""});
    EXPECT_EQ(after(unnamed, ErrorCode::Unreachable, 100), "switch to 1");
    EXPECT_EQ(unnamed.request(100).restartReason, "cannot verify that B has the same bytes");
    unnamed.startedOver();
    EXPECT_FALSE(unnamed.request(0).restartReason);
    EXPECT_EQ(unnamed.current(), 1U);
}

// 206 with another range, 400, 403 …: the code is Protocol, and the origin is being opened.
TEST_F(OriginsTest, AServerWhoseAnswersToAnOffsetCannotBeUsedIsAskedForAllOfIt) {
    auto origins = make();
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "retry in 1 s");
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "retry in 2 s") << "it may have been an accident";
    EXPECT_EQ(origins.request(600).overlap, 600U);
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "start over: no");
    EXPECT_EQ(origins.request(600).offset, 0U);
    EXPECT_EQ(origins.request(600).restartReason, "no");
    EXPECT_TRUE(origins.request(600).restartsWhenOpened);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "retry in 8 s") << "it is not there for now";
    EXPECT_TRUE(origins.request(600).restartsWhenOpened);
    origins.startedOver();
    deliverTo(origins, 500);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 500), "retry in 16 s");
    EXPECT_EQ(origins.request(500).restartReason, "the server cannot resume") << "it has shown that";
}

TEST_F(OriginsTest, AnUnusableAnswerIsForgottenWhenAMirrorHasMovedOn) {
    auto origins = make(2);
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "start over: no");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "retry in 4 s") << "not there for the whole of it";
    origins.waited(now);
    EXPECT_EQ(origins.current(), 0U);
    deliverTo(origins, 700, resumable, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 700), "switch to 1");
    EXPECT_FALSE(origins.request(700).restartReason);
}

TEST_F(OriginsTest, AServerWithoutUsableAnswersIsAllOriginsFailed) {
    auto origins = make();
    deliverTo(origins, 600);
    (void)after(origins, ErrorCode::Unreachable, 600);
    for (const auto* decision :
         {"retry in 2 s", "start over: no", "retry in 8 s", "retry in 16 s", "give up: Protocol: no"}) {
        EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), decision);
    }
}

TEST_F(OriginsTest, AViolationAfterTheFirstByteIsNoRefusalOfTheOffset) {
    auto origins = make();
    deliverTo(origins, 600);
    for (std::uint64_t offset = 601; offset < 610; ++offset) {
        EXPECT_EQ(after(origins, ErrorCode::Protocol, offset - 1), "retry in 1 s");
        deliverTo(origins, offset, resumable, offset - 1);
    }
}

TEST_F(OriginsTest, WhatIsRefusedOnceIsAskedOfTheMirror) {
    auto origins = make(2);
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "switch to 1");
    EXPECT_EQ(origins.request(600).overlap, 600U);
    EXPECT_FALSE(origins.request(600).restartReason);
}

// As with a pipe: an origin that cannot continue is not asked again; the others are.
TEST_F(OriginsTest, BytesThatCannotBeDiscardedAreOnlyContinued) {
    auto origins = make(2);
    deliverTo(origins, 600);
    origins.forbidStartOver();
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Range, 600), "retry in 1 s") << "it may have been an accident";
    origins.waited(now);
    EXPECT_EQ(origins.current(), 0U);
    deliverTo(origins, 700, resumable, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 700), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Range, 700), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 700), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Range, 700), "retry in 2 s") << "it is given up";
    origins.waited(now);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 700), "retry in 4 s");
    origins.waited(now);
    EXPECT_EQ(origins.current(), 0U);
    EXPECT_EQ(after(origins, ErrorCode::NotFound, 700),
              "give up: NotFound: A: no; B: no; data written to a pipe cannot be taken back");
}

TEST_F(OriginsTest, AServerThatCannotResumeEndsWhatCannotBeDiscarded) {
    auto origins = make(2);
    deliverTo(origins, 600, {.size = 1000, .resumable = false, .validator = "v1"});
    origins.forbidStartOver();
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    origins.waited(now);
    deliverTo(origins, 700, {.size = 1000, .resumable = true, .validator = ""}, 600);
    EXPECT_EQ(
        after(origins, ErrorCode::NotFound, 700),
        "give up: Range: A: the server cannot resume; B: no; data written to a pipe cannot be taken back");
}

TEST_F(OriginsTest, AnotherSizeIsAnotherSource) {
    auto origins = make();
    deliverTo(origins, 100);
    auto other = resumable;
    other.size = 999;
    EXPECT_THROW((void)origins.answered(origins.request(100), other), Error);
    EXPECT_TRUE(origins.answered(origins.request(100), resumable));
}

TEST_F(OriginsTest, WhatShowsNoVersionIsCompared) {
    const auto window = Origins::comparedBytes;
    const auto unnamed = SourceInfo{.size = 10 * window, .resumable = true, .validator = ""};
    const auto named =
        SourceInfo{.size = 10 * window, .resumable = true, .validator = "v1", .strongValidator = true};

    auto never = make(); // neither ETag nor Last-Modified
    deliverTo(never, 3 * window, unnamed);
    EXPECT_EQ(never.request(3 * window).offset, 2 * window);
    EXPECT_EQ(never.request(3 * window).overlap, window);
    EXPECT_EQ(never.request(100).offset, 0U);
    EXPECT_EQ(never.request(100).overlap, 100U);
    EXPECT_TRUE(never.answered(never.request(3 * window), unnamed));

    auto forgetful = make(); // the part has no validator
    deliverTo(forgetful, 3 * window, named);
    EXPECT_EQ(forgetful.request(3 * window).overlap, 0U);
    EXPECT_FALSE(forgetful.answered(forgetful.request(3 * window), unnamed));
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto request = forgetful.request(3 * window);
        EXPECT_EQ(request.validator, "v1");
        EXPECT_EQ(request.overlap, window);
        EXPECT_TRUE(forgetful.answered(request, unnamed));
        forgetful.opened(request, unnamed);
    }
    EXPECT_EQ(forgetful.known().validator, "v1");
}

// Zeros are zeros in the next version, too.
TEST_F(OriginsTest, AVersionThatNoAnswerShowsIsProvedByBytesThatTell) {
    const auto window = Origins::comparedBytes;
    auto origins = make();
    deliverTo(origins, 3 * window, {.size = 10 * window, .resumable = true});
    EXPECT_EQ(origins.request(3 * window).overlap, window);
    EXPECT_TRUE(origins.request(3 * window).mustBeTelling);
    rules.contentIsVerified = true;
    auto verified = make();
    deliverTo(verified, 3 * window, {.size = 10 * window, .resumable = true});
    EXPECT_FALSE(verified.request(3 * window).mustBeTelling);
}

// As with ftp, where REST may be acknowledged and ignored, at any time. Bytes that are all alike are refused
// until others have proved an offset once.
TEST_F(OriginsTest, AnOffsetThatNoAnswerShowsIsProvedEachTime) {
    const auto window = Origins::comparedBytes;
    const auto info = SourceInfo{.size = 10 * window,
                                 .resumable = true,
                                 .validator = "v1",
                                 .strongValidator = true,
                                 .showsOffset = false};
    auto origins = make();
    deliverTo(origins, 3 * window, info);
    const auto proof = origins.request(3 * window);
    EXPECT_EQ(proof.offset, 2 * window);
    EXPECT_EQ(proof.validator, "v1");
    EXPECT_TRUE(proof.mustBeTelling);
    EXPECT_TRUE(origins.answered(proof, info));
    origins.opened(proof, info);
    const auto again = origins.request(4 * window);
    EXPECT_EQ(again.overlap, window);
    EXPECT_FALSE(again.mustBeTelling);
    EXPECT_TRUE(origins.answered(again, info));

    auto near = make(); // the overlap begins at the first byte: no offset is sent
    deliverTo(near, window, info);
    EXPECT_FALSE(near.request(window).mustBeTelling);
    near.opened(near.request(window), info);
    EXPECT_TRUE(near.request(2 * window).mustBeTelling);

    auto another = make();
    deliverTo(another, 3 * window, info);
    another.opened(another.request(3 * window), info);
    another.startedOver();
    auto changed = info;
    changed.validator = "v2";
    deliverTo(another, 3 * window, changed);
    EXPECT_TRUE(another.request(3 * window).mustBeTelling);

    auto earlier = make(); // of an earlier run it is not known how its server answers
    earlier.continueFrom({.offset = 3 * window, .size = info.size, .validator = "v1"});
    EXPECT_FALSE(earlier.request(3 * window).mustBeTelling);
    EXPECT_FALSE(earlier.answered(earlier.request(3 * window), info));
    EXPECT_TRUE(earlier.request(3 * window).mustBeTelling);
    EXPECT_TRUE(earlier.answered(earlier.request(3 * window), info));
}

// A time is the same for two versions of one second, or where it was set.
TEST_F(OriginsTest, OnlyAStrongValidatorOfTheSameResourceContinuesWithoutAComparison) {
    const auto window = Origins::comparedBytes;
    const auto strong =
        SourceInfo{.size = 10 * window, .resumable = true, .validator = "v1", .strongValidator = true};
    auto origins = make(2);
    deliverTo(origins, 3 * window, strong);
    EXPECT_EQ(origins.request(3 * window).overlap, 0U);
    EXPECT_TRUE(origins.answered(origins.request(3 * window), strong));

    auto weak = make();
    auto dated = strong;
    dated.strongValidator = false;
    deliverTo(weak, 3 * window, dated);
    EXPECT_EQ(weak.request(3 * window).overlap, window);
    EXPECT_EQ(weak.request(3 * window).validator, "v1");
    EXPECT_FALSE(weak.request(3 * window).mustBeTelling);

    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 3 * window), "switch to 1");
    EXPECT_EQ(origins.request(3 * window).overlap, window) << "of the mirror";
    EXPECT_TRUE(origins.request(3 * window).mustBeTelling);
    origins.opened(origins.request(3 * window), strong);
    EXPECT_EQ(origins.request(4 * window).overlap, 0U) << "of the same mirror";
    origins.delivered(4 * window);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 4 * window), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(origins.current(), 0U);
    EXPECT_EQ(origins.request(4 * window).overlap, window) << "back again";
}

TEST_F(OriginsTest, ARedirectToAnotherPlaceIsAnotherServer) {
    const auto window = Origins::comparedBytes;
    auto here = resumable;
    here.size = 10 * window;
    here.location = "http://one/";
    auto there = here;
    there.location = "http://two/";
    auto origins = make();
    deliverTo(origins, 3 * window, here);
    EXPECT_TRUE(origins.answered(origins.request(3 * window), here));
    EXPECT_FALSE(origins.answered(origins.request(3 * window), there));
    const auto request = origins.request(3 * window);
    EXPECT_EQ(request.overlap, window);
    EXPECT_TRUE(request.mustBeTelling);
    EXPECT_TRUE(origins.answered(request, there));
    origins.opened(request, there);
    EXPECT_EQ(origins.request(4 * window).overlap, 0U);
}

TEST_F(OriginsTest, AServerWhoseAnswersStayShortIsGivenUp) {
    const auto window = Origins::comparedBytes;
    const auto unnamed = SourceInfo{.size = 10 * window, .resumable = true};
    auto origins = make();
    deliverTo(origins, 3 * window, unnamed);
    (void)after(origins, ErrorCode::Unreachable, 3 * window);
    for (const auto compared : {window, window / 8, std::uint64_t{4096}, std::uint64_t{4096}}) {
        const auto request = origins.request(3 * window);
        EXPECT_EQ(request.overlap, compared);
        EXPECT_TRUE(origins.answered(request, unnamed));
        origins.compared(1000);
        EXPECT_TRUE(after(origins, ErrorCode::Unreachable, 3 * window).starts_with("retry in "));
        EXPECT_TRUE(after(origins, ErrorCode::Unreachable, 3 * window).starts_with("retry in "))
            << "no answer";
        EXPECT_TRUE(origins.answered(origins.request(3 * window), unnamed));
        EXPECT_TRUE(after(origins, ErrorCode::Timeout, 3 * window).starts_with("retry in ")) << "not a byte";
    }
    for (unsigned answer = 5; answer <= Origins::shortAnswersAllowed; ++answer) {
        EXPECT_TRUE(origins.answered(origins.request(3 * window), unnamed));
        origins.compared(1000);
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, 3 * window).starts_with("give up"),
                  answer == Origins::shortAnswersAllowed);
    }
}

TEST_F(OriginsTest, ALongAnswerAmongShortOnesIsProgress) {
    const auto window = Origins::comparedBytes;
    const auto unnamed = SourceInfo{.size = 100 * window, .resumable = true};
    auto origins = make();
    deliverTo(origins, 3 * window, unnamed);
    auto offset = 3 * window;
    for (unsigned answer = 0; answer < 3 * Origins::shortAnswersAllowed; ++answer) {
        EXPECT_TRUE(after(origins, ErrorCode::Unreachable, offset).starts_with("retry")) << answer;
        const auto request = origins.request(offset);
        EXPECT_TRUE(origins.answered(request, unnamed));
        origins.compared(request.overlap);
        origins.opened(request, unnamed);
        offset += answer % 4 == 3 ? request.overlap : 10;
        origins.delivered(offset);
    }
}

// As with a token in the path. The bytes prove what the place does not, if they are there anyway.
TEST_F(OriginsTest, ARedirectToAnotherPlaceEachTimeIsComparedAtOnce) {
    const auto window = Origins::comparedBytes;
    auto info = resumable;
    info.size = 10 * window;
    auto origins = make();
    deliverTo(origins, 3 * window, info);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 3 * window), "retry in 1 s");
    auto request = origins.request(3 * window);
    EXPECT_EQ(request.overlap, window);
    info.location = "http://one/token1";
    EXPECT_FALSE(origins.answered(request, info));
    request = origins.request(3 * window);
    request.isTelling = true;
    EXPECT_TRUE(origins.answered(request, info));
    origins.opened(request, info);
    EXPECT_EQ(origins.request(4 * window).overlap, 0U);
    info.location = "http://one/token2";
    request.isTelling = true;
    EXPECT_TRUE(origins.answered(request, info));
    origins.opened(request, info);
    EXPECT_EQ(origins.request(4 * window).overlap, window) << "it will be another one";
    info.location = "http://one/token3";
    request.overlap = 4095;
    EXPECT_FALSE(origins.answered(request, info)) << "too few";
}

// The bytes of an earlier run may be those of a mirror, unless this process has just received them itself.
TEST_F(OriginsTest, WhatAnEarlierRunHasLeftIsCompared) {
    const auto window = Origins::comparedBytes;
    auto info = resumable;
    info.size = 10 * window;
    for (const bool isTrusted : {false, true}) {
        auto origins = make();
        origins.continueFrom({.offset = 3 * window, .size = info.size, .validator = "v1"}, isTrusted);
        EXPECT_EQ(origins.request(3 * window).overlap, isTrusted ? 0U : window);
        EXPECT_TRUE(origins.answered(origins.request(3 * window), info));
        info.strongValidator = false;
        EXPECT_EQ(origins.answered(origins.request(3 * window), info), !isTrusted);
        EXPECT_EQ(origins.request(3 * window).overlap, window);
        info.strongValidator = true;
    }
}

// As of a script on the server that ends with the text of an error.
TEST_F(OriginsTest, BytesBeforeAnEarlyEndAreCompared) {
    for (const auto code : {ErrorCode::Unreachable, ErrorCode::Timeout}) {
        auto origins = make();
        auto info = resumable;
        info.size = 1000;
        deliverTo(origins, 600, info);
        EXPECT_EQ(origins.request(600).overlap, 0U) << "a part has ended";
        EXPECT_EQ(after(origins, code, 600), "retry in 1 s");
        EXPECT_EQ(origins.request(600).overlap, 600U);
        EXPECT_FALSE(origins.request(600).mustBeTelling);
        EXPECT_EQ(after(origins, code, 600), "retry in 2 s");
        EXPECT_EQ(origins.request(600).overlap, 600U) << "not compared yet";
        origins.opened(origins.request(600), info);
        EXPECT_EQ(after(origins, code, 600), "retry in 4 s");
        EXPECT_EQ(origins.request(600).overlap, 0U) << "the same last bytes again";
        origins.opened(origins.request(600), info);
        origins.delivered(1000);
        EXPECT_EQ(after(origins, code, 1000), "retry in 1 s");
        EXPECT_TRUE(origins.isComplete(1000));
    }
}

// The last bytes may be those of the violation.
TEST_F(OriginsTest, BytesBeforeAViolationAreCompared) {
    auto origins = make();
    deliverTo(origins, 600);
    EXPECT_FALSE(origins.isComplete(600));
    EXPECT_EQ(after(origins, ErrorCode::Protocol, 600), "retry in 1 s");
    EXPECT_EQ(origins.request(600).overlap, 600U);
    origins.opened(origins.request(600), resumable);
    EXPECT_EQ(origins.request(600).overlap, 0U);

    origins.delivered(1000);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 1000), "retry in 1 s");
    EXPECT_TRUE(origins.isComplete(1000)) << "the connection broke after the last byte";
    origins.opened(origins.request(1000), resumable);
    (void)after(origins, ErrorCode::Range, 1000);
    EXPECT_FALSE(origins.isComplete(1000)) << "the source saw that it has changed";
}

// As behind a redirector, where each server has its own ETag for the same bytes.
TEST_F(OriginsTest, AValidatorThatVariesIsIgnoredUnderAChecksum) {
    const auto window = Origins::comparedBytes;
    const auto info =
        SourceInfo{.size = 10 * window, .resumable = true, .validator = "v1", .strongValidator = true};
    auto other = info;
    other.validator = "v2";
    for (const bool verified : {false, true}) {
        rules.contentIsVerified = verified;
        auto origins = make();
        deliverTo(origins, 3 * window, info);
        (void)after(origins, ErrorCode::Unreachable, 3 * window);
        EXPECT_EQ(after(origins, ErrorCode::Range, 3 * window), verified ? "switch to 0" : "start over: no");
        if (verified) {
            const auto request = origins.request(3 * window);
            EXPECT_EQ(request.validator, "");
            EXPECT_EQ(request.overlap, window);
            EXPECT_TRUE(origins.answered(request, other));
            EXPECT_EQ(after(origins, ErrorCode::Range, 3 * window), "start over: no") << "the bytes differ";
        }
    }
}

TEST_F(OriginsTest, WrongBytesMoveOnUntilAllHaveFailed) {
    for (const auto code : {ErrorCode::Checksum, ErrorCode::NotLive, ErrorCode::Corrupt}) {
        auto origins = make(2);
        deliverTo(origins, 1000);
        EXPECT_EQ(after(origins, code, 1000), "start over: no");
        EXPECT_EQ(origins.current(), 1U);
        origins.startedOver();
        deliverTo(origins, 1000);
        EXPECT_EQ(after(origins, code, 1000), fmt::format("give up: {}: A: no; B: no", errorName(code)));
    }
}

// What was received is wrong, and must not be kept for the next try.
TEST_F(OriginsTest, WrongBytesGiveTheCode) {
    auto origins = make(2);
    EXPECT_EQ(after(origins, ErrorCode::NotFound), "switch to 1");
    deliverTo(origins, 1000);
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "give up: Checksum: A: no; B: no");
}

TEST_F(OriginsTest, WrongBytesMoveOnToAMirrorThatIsNotThereYet) {
    auto origins = make(2);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable), "switch to 1");
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 0, 60s), "retry in 1 s");
    origins.waited(now + 2s);
    EXPECT_EQ(origins.current(), 0U);
    deliverTo(origins, 1000);
    EXPECT_EQ(after(origins, ErrorCode::NotLive, 1000), "start over in 64 s: no");
}

TEST_F(OriginsTest, AMixtureIsDeliveredAnewByOneOrigin) {
    rules.contentIsVerified = true;
    auto origins = make(2);
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    const auto request = origins.request(600);
    EXPECT_EQ(request.validator, "");
    origins.opened(request, resumable);
    origins.delivered(1000);
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "start over: no") << "nobody is to blame";
    EXPECT_EQ(origins.current(), 1U);
    origins.startedOver();
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "retry in 1 s");
    origins.waited(now);
    EXPECT_EQ(origins.current(), 1U);
    EXPECT_EQ(origins.request(600).validator, "v1");
    EXPECT_EQ(after(origins, ErrorCode::Range, 600), "start over in 2 s: no");
}

// Nothing shows which origins the bytes of an earlier run came from.
TEST_F(OriginsTest, WhatAnEarlierRunHasLeftMayBeAMixture) {
    auto origins = make();
    origins.continueFrom({.offset = 600, .size = 1000, .validator = "v1"});
    deliverTo(origins, 1000, resumable, 600);
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "start over: no");
    origins.startedOver();
    deliverTo(origins, 1000);
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "give up: Checksum: no");
}

// All of them came from one source, which has no better ones; a mirror may.
TEST_F(OriginsTest, WhatAnEarlierRunHasReceivedAsAWholeIsJudged) {
    const Continuation whole{.offset = 999, .size = 1000, .validator = "v1", .isWhole = true};
    auto origins = make();
    const auto goOn = [whole](Origins& source) {
        source.continueFrom(whole);
        source.opened(source.request(whole.offset), resumable);
        source.delivered(1000);
    };
    goOn(origins);
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "give up: Checksum: no");
    auto several = make(2);
    goOn(several);
    EXPECT_EQ(after(several, ErrorCode::Checksum, 1000), "start over: no");
    EXPECT_EQ(several.current(), 1U);
}

// Also with the same validator, which two servers may have for different bytes.
TEST_F(OriginsTest, BytesOfSeveralOriginsBlameNone) {
    auto origins = make(2);
    deliverTo(origins, 600);
    EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), "switch to 1");
    const auto request = origins.request(600);
    EXPECT_EQ(request.validator, "v1");
    origins.opened(request, resumable);
    origins.delivered(1000);
    EXPECT_EQ(after(origins, ErrorCode::Corrupt, 1000), "start over: no");
    origins.startedOver();
    deliverTo(origins, 600);
    for (const auto* wait : {"1 s", "2 s", "4 s"}) {
        EXPECT_EQ(after(origins, ErrorCode::Unreachable, 600), fmt::format("retry in {}", wait));
        EXPECT_FALSE(origins.request(600).restartReason) << "it continues alone";
        origins.waited(now);
    }
    EXPECT_EQ(origins.current(), 0U) << "it does not come back";
    EXPECT_TRUE(origins.request(600).restartReason);
    origins.startedOver();
    deliverTo(origins, 1000);
    EXPECT_EQ(after(origins, ErrorCode::Corrupt, 1000), "start over: no");
    EXPECT_EQ(origins.current(), 1U) << "the other one is wrong, all by itself";
}

// Otherwise a server without validators that cuts each time would be asked for ever.
TEST_F(OriginsTest, AMixtureOfOneOriginIsWrongInTheEnd) {
    const SourceInfo unnamed{.size = 1000, .resumable = true, .validator = ""};
    auto origins = make();
    const auto mix = [&] {
        deliverTo(origins, 600, unnamed);
        (void)after(origins, ErrorCode::Unreachable, 600);
        origins.waited(now);
        EXPECT_FALSE(origins.request(600).restartReason);
        origins.opened(origins.request(600), unnamed);
        origins.delivered(1000);
    };
    mix();
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "start over: no");
    origins.startedOver();
    for (int pure = 1; pure < 3; ++pure) {
        deliverTo(origins, 600, unnamed);
        (void)after(origins, ErrorCode::Unreachable, 600);
        origins.waited(now);
        EXPECT_TRUE(origins.request(600).restartReason);
        origins.startedOver();
    }
    mix();
    EXPECT_EQ(after(origins, ErrorCode::Checksum, 1000), "give up: Checksum: no");
}

TEST_F(OriginsTest, ABodyWithoutALengthIsWrongEvenIfItWasResumed) {
    const SourceInfo unmeasured{.size = {}, .resumable = true, .validator = "v1"};
    auto origins = make();
    for (const auto* decision : {"start over in 1 s: no", "start over in 2 s: no", "give up: NotLive: no"}) {
        deliverTo(origins, 300, unmeasured);
        origins.opened({.offset = 300, .validator = "v1", .restartReason = {}}, unmeasured);
        origins.delivered(600);
        origins.ended();
        EXPECT_EQ(after(origins, ErrorCode::NotLive, 600), decision);
        origins.startedOver();
    }
}

TEST_F(OriginsTest, ABodyWithoutALengthIsWrongOnlyIfItAlwaysEndsThere) {
    const SourceInfo unmeasured{.size = {}, .resumable = false, .validator = ""};
    auto origins = make();
    for (const auto* decision : {"start over in 1 s: no", "start over in 2 s: no", "give up: NotLive: no"}) {
        deliverTo(origins, 600, unmeasured);
        origins.ended();
        EXPECT_EQ(after(origins, ErrorCode::NotLive, 600), decision);
        origins.startedOver();
    }
    auto inTheMiddle = make();
    deliverTo(inTheMiddle, 600, unmeasured);
    EXPECT_EQ(after(inTheMiddle, ErrorCode::Corrupt, 600), "give up: Corrupt: no");
    auto measured = make();
    deliverTo(measured, 600);
    measured.ended();
    EXPECT_EQ(after(measured, ErrorCode::NotLive, 600), "give up: NotLive: no");
}

TEST_F(OriginsTest, AServerThatAlwaysStopsAtTheSameByteIsAllOriginsFailed) {
    auto origins = make();
    for (const auto* decision : {"start over: no", "start over in 2 s: no"}) {
        deliverTo(origins, 400);
        EXPECT_EQ(after(origins, ErrorCode::Range, 400), decision);
        origins.startedOver();
    }
    deliverTo(origins, 400);
    EXPECT_EQ(after(origins, ErrorCode::Range, 400),
              "give up: Protocol: it always stops after 400 of 1000 bytes: no");
}

} // namespace
} // namespace bootferry
