// SPDX-License-Identifier: LGPL-2.1-or-later
// The retry rules, one per test: what resumes, what starts over, what fails at once, and that bytes of two
// versions of a resource are never mixed.
#include "resuming_source.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "fake_transport.h"
#include "handles.h"

namespace bootferry {
namespace {

using namespace std::chrono_literals;

class ResumingSourceTest : public testing::Test {
protected:
    ResumingSourceTest() {
        settings.policy.first = 1ms;
        settings.policy.longest = 2ms;
        server.content = someContent(1000);
        mirror.content = server.content;
    }

    std::unique_ptr<ResumingSource> make(bool withMirror = false) {
        std::vector<Origin> origins{{.url = Url::parse("http://first.example/x"), .transport = &server}};
        if (withMirror) {
            origins.push_back({.url = Url::parse("http://mirror.example/x"), .transport = &mirror});
        }
        return std::make_unique<ResumingSource>(std::move(origins), settings, reporter);
    }

    static std::string readAll(ResumingSource& source) {
        const auto all = std::make_shared<std::string>();
        source.compareWith([all](std::span<std::byte> into) {
            const bool areHere = into.size() <= all->size();
            std::memcpy(into.data(), all->data() + (areHere ? all->size() - into.size() : 0),
                        areHere ? into.size() : 0);
            return areHere;
        });
        std::array<std::byte, 64> buffer{};
        while (const auto count = source.read(buffer)) {
            all->append(reinterpret_cast<const char*>(buffer.data()), count);
        }
        return *all;
    }

    static ErrorCode failureOf(ResumingSource& source) {
        try {
            (void)readAll(source);
        } catch (const Error& error) {
            text = error.what();
            return error.code();
        }
        ADD_FAILURE() << "nothing was thrown";
        return ErrorCode::Internal;
    }

    static Attempt breaking(std::size_t after) { return {.breakAfter = after}; }
    static Attempt refusing(ErrorCode code) { return {.openFailure = Error(code, "no")}; }

    static inline std::string text;
    FakeTransport server;
    FakeTransport mirror;
    ResumeSettings settings;
    RecordingListener listener;
    ProgressReporter reporter{listener};
};

TEST_F(ResumingSourceTest, ResumesAtTheByteWhereItStopped) {
    server.script = {breaking(100), breaking(0), breaking(333)};
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(server.delivered, server.content.size() + 100 + 333);
    ASSERT_EQ(server.requests.size(), 4U);
    EXPECT_EQ(server.requests[1].offset, 0U) << "100 bytes to compare are all there are";
    EXPECT_EQ(server.requests[1].validator, "\"v1\"");
    EXPECT_EQ(server.requests[3].offset, 0U) << "333 bytes to compare, too";
    EXPECT_EQ(reporter.progress().attempt, 4U);
}

TEST_F(ResumingSourceTest, WithoutRetriesTheFirstFailureIsTheResult) {
    settings.retries = false;
    server.script = {refusing(ErrorCode::Unreachable)};
    EXPECT_EQ(failureOf(*make()), ErrorCode::Unreachable);
    EXPECT_EQ(text, "no");
    EXPECT_EQ(server.requests.size(), 1U);
    server.script = {breaking(100)};
    EXPECT_EQ(failureOf(*make()), ErrorCode::Unreachable);
    EXPECT_EQ(server.requests.size(), 2U);
    settings.timeout = std::chrono::microseconds(1);
    server.script = {refusing(ErrorCode::Unreachable)};
    EXPECT_EQ(failureOf(*make()), ErrorCode::Unreachable);
    EXPECT_TRUE(text.starts_with("gave up after")) << text;
}

// One of a user with many pipes holds a page. It does not block here, so that too much shows as a loss.
TEST_F(ResumingSourceTest, APipeThatHoldsLittleIsNotOverfilled) {
    server.content = someContent(40'000);
    server.readSize = 40'000;
    const auto source = make();
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd readEnd(pipe[0]);
    const UniqueFd writeEnd(pipe[1]);
    ASSERT_EQ(::fcntl(pipe[1], F_SETPIPE_SZ, 4096), 4096);
    std::string all;
    while (const auto count = source->splice(writeEnd.get(), 1 << 20)) {
        std::array<char, 65536> buffer{};
        ASSERT_EQ(::read(readEnd.get(), buffer.data(), buffer.size()), static_cast<ssize_t>(count));
        all.append(buffer.data(), count);
    }
    EXPECT_TRUE(all == server.content);
}

TEST_F(ResumingSourceTest, StartsOverWhereTheEarlierTryHadAnotherVersion) {
    for (const auto& earlier : {Continuation{.offset = 300, .size = 1000, .validator = "\"v0\""},
                                Continuation{.offset = 300, .size = 999, .validator = "\"v1\""}}) {
        const auto source = make();
        source->continueFrom(earlier);
        EXPECT_THROW((void)readAll(*source), StartOver);
        source->startOver();
        EXPECT_EQ(readAll(*source), server.content);
    }
}

TEST_F(ResumingSourceTest, TheEndStaysTheEnd) {
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(source->read(buffer), 0U);
    source->finish();
    EXPECT_EQ(server.committed, 1);
}

TEST_F(ResumingSourceTest, ResumesAnEndBeforeTheAnnouncedSize) {
    server.script = {{.breakAfter = 400, .endEarly = true}};
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(server.requests.at(1).offset, 0U) << "400 bytes to compare are all there are";
}

TEST_F(ResumingSourceTest, AfterALongPartTheNextOneIsRequestedAtOnce) {
    server.content = someContent(300'000);
    server.readSize = 64;
    server.script = {{.breakAfter = 100'000, .endEarly = true}, {.breakAfter = 100'000, .endEarly = true}};
    const auto source = make();
    EXPECT_TRUE(readAll(*source) == server.content);
    EXPECT_EQ(server.requests.size(), 3U);
    EXPECT_EQ(reporter.progress().attempt, 1U);
}

TEST_F(ResumingSourceTest, WaitsForAServerThatStartsLate) {
    server.script.assign(20, refusing(ErrorCode::Unreachable));
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_TRUE(listener.sawDetail("no"));
}

TEST_F(ResumingSourceTest, WaitingForTheNetworkIsNoRetry) {
    for (const bool isUp : {false, true}) {
        ProgressReporter counting(listener);
        settings.isNetworkUp = [isUp] { return isUp; };
        server.script.assign(6, refusing(ErrorCode::Unreachable));
        server.script.push_back(breaking(100));
        ResumingSource source({{.url = Url::parse("http://first.example/x"), .transport = &server}}, settings,
                              counting);
        EXPECT_EQ(readAll(source), server.content);
        EXPECT_EQ(counting.progress().attempt, isUp ? 8U : 2U) << "a connection that breaks is one";
    }
    EXPECT_TRUE(listener.sawDetail("waiting for the network (no)"));
}

TEST_F(ResumingSourceTest, AnAttemptThatBeganWithoutTheNetworkIsNoRetry) {
    settings.isNetworkUp = [this] { return !server.requests.empty(); }; // comes during the first attempt
    server.script = {refusing(ErrorCode::Unreachable)};
    EXPECT_EQ(readAll(*make()), server.content);
    EXPECT_EQ(reporter.progress().attempt, 1U);
}

TEST_F(ResumingSourceTest, PermanentFailuresAreNotRetried) {
    for (const auto code : {ErrorCode::NotFound, ErrorCode::Auth, ErrorCode::Tls, ErrorCode::Invalid}) {
        server.requests.clear();
        server.script = {refusing(code)};
        const auto source = make();
        EXPECT_EQ(failureOf(*source), code);
        EXPECT_EQ(server.requests.size(), 1U);
    }
}

TEST_F(ResumingSourceTest, GivesUpAServerThatKeepsViolatingItsProtocol) {
    server.script.assign(10, refusing(ErrorCode::Protocol));
    const auto source = make();
    EXPECT_EQ(failureOf(*source), ErrorCode::Protocol);
    EXPECT_EQ(server.requests.size(), settings.policy.protocolFailuresAllowed);
}

TEST_F(ResumingSourceTest, NeverMixesAChangedSource) {
    server.script = {breaking(100)};
    const auto source = make();
    std::array<std::byte, 64> buffer{};
    std::size_t got = 0;
    while (got < 100) {
        got += source->read(buffer);
    }
    server.validator = "\"v2\"";
    server.content = someContent(500);
    EXPECT_THROW((void)source->read(buffer), StartOver);
    source->startOver();
    EXPECT_EQ(readAll(*source), server.content);
}

TEST_F(ResumingSourceTest, ADifferentSizeIsAChangeWithoutAValidator) {
    server.validator.clear();
    server.script = {breaking(100)};
    const auto source = make();
    std::array<std::byte, 100> buffer{};
    std::size_t got = 0;
    while (got < 100) {
        got += source->read(buffer);
    }
    server.content += "more";
    EXPECT_THROW((void)source->read(buffer), StartOver);
}

// A file that is overwritten in its place while it is sent.
class OverwrittenTest : public ResumingSourceTest {
protected:
    OverwrittenTest() {
        settings.unchangedFor = 0us;
        server.beforeRead = [this](int) {
            if (++reads == 50) {
                server.content.replace(500, 500, 500, 'B');
                server.validator = "\"v2\"";
            }
        };
    }
    int reads = 0;
};

TEST_F(OverwrittenTest, StartsOver) {
    const auto source = make();
    EXPECT_THROW((void)readAll(*source), StartOver);
    source->startOver();
    EXPECT_EQ(readAll(*source), server.content);
    ASSERT_EQ(server.requests.size(), 9U);
    EXPECT_EQ(server.requests[1].length, 1U);
    EXPECT_EQ(server.requests[1].validator, "");
}

TEST_F(OverwrittenTest, StartsOverThoughTheConnectionBrokeAtTheEnd) {
    server.script = {breaking(1000)};
    const auto source = make();
    EXPECT_THROW((void)readAll(*source), StartOver);
}

TEST_F(OverwrittenTest, IsAVerdictOfTheChecksum) {
    settings.contentIsVerified = true;
    (void)readAll(*make());
    EXPECT_EQ(server.requests.size(), 1U);
}

TEST_F(OverwrittenTest, IsNotLookedForAfterAShortAnswer) {
    settings.unchangedFor = 1h;
    (void)readAll(*make());
    EXPECT_EQ(server.requests.size(), 1U);
}

TEST_F(OverwrittenTest, IsLookedForOnce) {
    server.beforeRead = nullptr;
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(readAll(*source), "");
    EXPECT_EQ(server.requests.size(), 2U);
}

TEST_F(OverwrittenTest, CannotBeSeenIfTheServerIsGone) {
    server.script = {{}, refusing(ErrorCode::Unreachable)};
    EXPECT_EQ(readAll(*make()).size(), 1000U);
    EXPECT_EQ(server.requests.size(), 2U);
}

TEST_F(OverwrittenTest, IsNotWhatServersThatDifferShow) {
    server.beforeRead = nullptr;
    server.onOpen = [this] { server.validator = server.requests.size() % 3 == 1 ? "\"v1\"" : "\"v2\""; };
    EXPECT_EQ(readAll(*make()), server.content);
    EXPECT_EQ(server.requests.size(), 4U);
}

TEST_F(OverwrittenTest, IsNotWhatAValidatorPerAnswerShows) {
    server.beforeRead = nullptr;
    server.onOpen = [this] { server.validator = std::to_string(server.requests.size()); };
    EXPECT_EQ(readAll(*make()), server.content);
    EXPECT_EQ(server.requests.size(), 3U);
}

TEST_F(OverwrittenTest, IsNotWhatSizesThatDifferShow) {
    server.beforeRead = nullptr;
    const auto content = server.content;
    server.onOpen = [&] { server.content = content + std::string(server.requests.size() - 1, 'x'); };
    EXPECT_EQ(readAll(*make()).size(), 1000U);
    EXPECT_EQ(server.requests.size(), 3U);
}

TEST_F(OverwrittenTest, StartsOverIfTheSizeAloneIsAnother) {
    server.beforeRead = nullptr;
    const auto content = server.content;
    server.onOpen = [&] { server.content = content + (server.requests.size() > 1 ? "x" : ""); };
    const auto source = make();
    EXPECT_THROW((void)readAll(*source), StartOver);
    EXPECT_EQ(server.requests.size(), 7U);
}

TEST_F(OverwrittenTest, IsNotWhatAPageInPlaceOfAPartShows) {
    server.onOpen = [this] { server.ranges = server.requests.size() == 1; };
    EXPECT_EQ(readAll(*make()).size(), 1000U);
    EXPECT_EQ(server.requests.size(), 2U);
}

TEST_F(OverwrittenTest, LooksForAShortTimeWhateverIsReported) {
    settings.looksFor = 10ms;
    std::unique_ptr<ResumingSource> source;
    bool isCut = false;
    server.onOpen = [&] {
        const auto longest = std::chrono::steady_clock::now() + 10s;
        while (server.requests.size() > 1 && !isCut && std::chrono::steady_clock::now() < longest) {
            source->keepAlive();
            pollfd entry{.fd = server.requests.back().cancelFd, .events = POLLIN, .revents = 0};
            isCut = ::poll(&entry, 1, 1) > 0;
        }
        if (isCut) {
            throw Error(ErrorCode::Cancelled, "cancelled");
        }
    };
    source = make();
    EXPECT_EQ(readAll(*source).size(), 1000U);
    EXPECT_TRUE(isCut);
    EXPECT_EQ(server.requests.size(), 2U);
}

TEST_F(OverwrittenTest, AgainEndsIt) {
    server.beforeRead = [this](int) {
        if (++reads % 100 == 50) {
            server.validator = std::to_string(reads);
        }
    };
    const auto source = make();
    EXPECT_THROW((void)readAll(*source), StartOver);
    source->startOver();
    EXPECT_EQ(failureOf(*source), ErrorCode::Range);
    EXPECT_EQ(
        text,
        "the file on the server was changed again while it was sent: give each image a name of its own");
}

TEST_F(OverwrittenTest, AgainIsLeftToAMirror) {
    server.beforeRead = [this](int) {
        if (++reads % 100 == 50) {
            server.validator = std::to_string(reads);
        }
    };
    const auto source = make(true);
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW((void)readAll(*source), StartOver);
        source->startOver();
    }
    EXPECT_EQ(readAll(*source), mirror.content);
    EXPECT_EQ(mirror.requests.front().offset, 0U);
}

TEST_F(ResumingSourceTest, GivesUpAServerThatAnnouncesMoreThanItHas) {
    for (int i = 0; i < 5; ++i) {
        server.script.insert(server.script.end(), {breaking(400), refusing(ErrorCode::Range)});
    }
    const auto source = make();
    for (unsigned i = 1; i < settings.policy.protocolFailuresAllowed; ++i) {
        EXPECT_THROW((void)readAll(*source), StartOver);
        source->startOver();
    }
    EXPECT_EQ(failureOf(*source), ErrorCode::Protocol);
    EXPECT_EQ(text, "it always stops after 400 of 1000 bytes: no");
}

TEST_F(ResumingSourceTest, StartsOverAsLongAsAChangingSourceProgresses) {
    for (std::size_t i = 1; i <= 10; ++i) {
        server.script.insert(server.script.end(), {breaking(40 * i), refusing(ErrorCode::Range)});
    }
    const auto source = make();
    for (int i = 1; i <= 10; ++i) {
        EXPECT_THROW((void)readAll(*source), StartOver);
        source->startOver();
    }
    EXPECT_EQ(readAll(*source), server.content);
}

TEST_F(ResumingSourceTest, StartsOverIfTheServerCannotResume) {
    server.resumable = false;
    server.script = {breaking(100)};
    const auto source = make();
    EXPECT_THROW((void)readAll(*source), StartOver);
    source->startOver();
    EXPECT_EQ(readAll(*source), server.content);
}

class ComparisonTest : public ResumingSourceTest {
protected:
    // Reads everything, and keeps it for comparisons.
    std::string readCompared(ResumingSource& source) {
        source.compareWith([this](std::span<std::byte> into) {
            const auto last = received.substr(received.size() - into.size());
            std::memcpy(into.data(), last.data(), last.size());
            return true;
        });
        std::array<std::byte, 64> buffer{};
        while (const auto count = source.read(buffer)) {
            received.append(reinterpret_cast<const char*>(buffer.data()), count);
        }
        return received;
    }

    ErrorCode failureOfCompared(ResumingSource& source) {
        try {
            (void)readCompared(source);
        } catch (const Error& error) {
            text = error.what();
            return error.code();
        }
        ADD_FAILURE() << "nothing was thrown";
        return ErrorCode::Internal;
    }

    std::string received;
};

TEST_F(ComparisonTest, WithoutAValidatorTheLastBytesAreFetchedOnceMore) {
    server.content = someContent(200'000);
    server.readSize = 64;
    server.validator.clear();
    server.script = {breaking(100), breaking(100'000)};
    const auto source = make();
    EXPECT_TRUE(readCompared(*source) == server.content);
    ASSERT_EQ(server.requests.size(), 3U);
    EXPECT_EQ(server.requests[1].offset, 0U);
    EXPECT_EQ(server.requests[2].offset, 100'000U - 65'536U);
}

TEST_F(ComparisonTest, GoesOnWithWhatAnEarlierTryHasLeft) {
    received = server.content.substr(0, 300);
    const auto source = make();
    source->continueFrom({.offset = 300, .size = 1000, .validator = "\"v1\""});
    EXPECT_EQ(reporter.progress().bytes, 300U);
    EXPECT_EQ(readCompared(*source), server.content);
    ASSERT_EQ(server.requests.size(), 1U);
    EXPECT_EQ(server.requests[0].offset, 0U) << "300 bytes to compare are all there are";
    EXPECT_EQ(server.requests[0].validator, "\"v1\"");
}

TEST_F(ComparisonTest, GoesOnAtOnceWithWhatItHasJustReceived) {
    const auto source = make();
    source->continueAtOnce({.offset = 300, .size = 1000, .validator = "\"v1\""});
    EXPECT_EQ(readCompared(*source), server.content.substr(300));
    EXPECT_EQ(server.requests.at(0).offset, 300U);
}

TEST_F(ComparisonTest, OtherBytesStartOver) {
    server.validator.clear();
    server.script = {breaking(100)};
    server.beforeRead = [this](int) {
        if (server.requests.size() == 2) {
            server.content[99] = '!';
        }
    };
    const auto source = make();
    EXPECT_THROW((void)readCompared(*source), StartOver);
    received.clear();
    source->startOver();
    EXPECT_EQ(readCompared(*source), server.content);
}

TEST_F(ComparisonTest, AValidatorThatIsNotRepeatedProvesNothing) {
    server.repeatsValidator = false;
    server.content = someContent(100'000);
    server.script = {{.breakAfter = 50'000, .endEarly = true}};
    const auto source = make();
    EXPECT_EQ(readCompared(*source), server.content);
    ASSERT_EQ(server.requests.size(), 3U);
    EXPECT_EQ(server.requests[1].offset, 50'000U) << "a part has ended";
    EXPECT_EQ(server.requests[2].offset, 0U) << "50'000 bytes to compare are all there are";
}

TEST_F(ComparisonTest, AnOffsetThatIsIgnoredStartsOver) {
    server.content = someContent(200'000);
    server.readSize = 64;
    server.showsOffset = false;
    server.ignoresOffset = true;
    for (const bool alike : {false, true}) {
        if (alike) { // at the beginning and before the offset
            server.content.replace(0, 65'536, 65'536, '\0').replace(100'000, 65'536, 65'536, '\0');
        }
        server.script = {breaking(150'000)};
        received.clear();
        const auto source = make();
        EXPECT_THROW((void)readCompared(*source), StartOver) << alike;
        received.clear();
        source->startOver();
        EXPECT_TRUE(readCompared(*source) == server.content) << alike;
    }
}

TEST_F(ComparisonTest, AnOffsetThatIsHonouredIsProvedEachTime) {
    server.content = someContent(300'000);
    server.readSize = 64;
    server.showsOffset = false;
    server.script = {breaking(100'000), breaking(65'536 + 100'000), breaking(65'536 + 70'000)};
    const auto source = make();
    EXPECT_TRUE(readCompared(*source) == server.content);
    EXPECT_EQ(server.delivered, server.content.size() + 3 * 65'536U);
}

// REST is acknowledged, and the file comes from its beginning, after it was honoured before.
TEST_F(ComparisonTest, AnOffsetThatIsIgnoredTheSecondTimeStartsOver) {
    server.content = someContent(300'000);
    server.readSize = 64;
    server.showsOffset = false;
    server.script = {breaking(100'000), breaking(65'536 + 100'000)};
    server.beforeRead = [this](int) { server.ignoresOffset = server.requests.size() == 2; };
    const auto source = make();
    EXPECT_THROW((void)readCompared(*source), StartOver);
}

// Its time and its size are the same, as after a build that sets the time.
TEST_F(ComparisonTest, OtherBytesWithTheSameTimeStartOver) {
    server.strongValidator = false;
    server.script = {breaking(100)};
    server.beforeRead = [this](int) {
        if (server.requests.size() == 2) {
            server.content[99] = '!';
        }
    };
    const auto source = make();
    EXPECT_THROW((void)readCompared(*source), StartOver);
}

TEST_F(ComparisonTest, AMirrorWithOtherBytesAndTheSameValidatorStartsOver) {
    mirror.content[699] = '!';
    server.script = {breaking(700)};
    const auto source = make(true);
    EXPECT_THROW((void)readCompared(*source), StartOver);
    received.clear();
    source->startOver();
    EXPECT_EQ(readCompared(*source), mirror.content);
}

// What a server finds at the end counts, although all bytes have arrived.
TEST_F(ComparisonTest, ASourceThatSeesAtItsEndThatItChangedStartsOver) {
    server.script = {{.breakAfter = server.content.size(),
                      .readFailure = Error(ErrorCode::Range, "changed while it was read")}};
    const auto source = make();
    EXPECT_THROW((void)readCompared(*source), StartOver);
}

TEST_F(ComparisonTest, ABreakDuringTheComparisonIsResumed) {
    server.content = someContent(200'000);
    server.readSize = 64;
    server.validator.clear();
    server.script = {breaking(100'000), breaking(30'000), breaking(70'000)};
    const auto source = make();
    EXPECT_TRUE(readCompared(*source) == server.content);
    EXPECT_EQ(server.requests.at(2).offset, 100'000U - 8192U) << "less than the last time";
    EXPECT_EQ(server.requests.at(3).offset, 100'000U - 8192U + 70'000U - 8192U);
}

// In a sparse file. What proves anything is far before the offset.
TEST_F(ComparisonTest, ACutWithinALongRunOfZerosIsResumed) {
    server.content = someContent(50'000) + std::string(400'000, '\0') + someContent(50'000);
    server.readSize = 64;
    server.strongValidator = false;
    for (const bool named : {false, true}) {
        server.validator = named ? "W/1" : "";
        server.showsOffset = !named;
        server.script = {breaking(250'000), breaking(300'000), breaking(450'000)};
        server.requests.clear();
        received.clear();
        const auto source = make();
        EXPECT_TRUE(readCompared(*source) == server.content);
        ASSERT_GE(server.requests.size(), 3U);
        EXPECT_EQ(server.requests[1].offset, 50'000 - TellingTail::most);
    }
}

TEST_F(ComparisonTest, AnotherVersionWithTheSameZerosStartsOver) {
    server.content = someContent(50'000) + std::string(400'000, '\0') + someContent(50'000);
    server.readSize = 64;
    server.validator.clear();
    server.script = {breaking(250'000)};
    server.beforeRead = [this](int) {
        if (server.requests.size() == 2) {
            server.content[49'990] = '!';
        }
    };
    const auto source = make();
    EXPECT_THROW((void)readCompared(*source), StartOver);
}

// Bytes that were spliced were not seen: it starts over once, and sees them then.
TEST_F(ComparisonTest, ACutWithinSplicedZerosStartsOverOnce) {
    server.content = someContent(50'000) + std::string(400'000, '\0') + someContent(50'000);
    server.readSize = 7;
    server.spliceable = true;
    server.validator.clear();
    server.script = {breaking(250'000), {}, breaking(270'000), breaking(300'000)};
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const UniqueFd readEnd(pipe[0]);
    const UniqueFd writeEnd(pipe[1]);
    const auto source = make();
    source->compareWith([this](std::span<std::byte> into) {
        const auto last = received.substr(received.size() - into.size());
        std::memcpy(into.data(), last.data(), last.size());
        return true;
    });
    int startOvers = 0;
    for (std::array<std::byte, 64> buffer{};;) {
        try {
            auto count = std::size_t{0};
            if (source->info().spliceable) {
                count = source->splice(writeEnd.get(), 64);
                ASSERT_EQ(::read(readEnd.get(), buffer.data(), count), static_cast<ssize_t>(count));
            } else {
                count = source->read(buffer);
            }
            if (count == 0) {
                break;
            }
            received.append(reinterpret_cast<const char*>(buffer.data()), count);
        } catch (const StartOver&) {
            ++startOvers;
            received.clear();
            source->startOver();
        }
    }
    EXPECT_TRUE(received == server.content);
    EXPECT_EQ(startOvers, 1);
}

// As a server with a limit of its own, or behind a proxy that cuts.
// As of a script on the server that ends with the text of an error.
TEST_F(ComparisonTest, WrongBytesBeforeAnEarlyEndStartOver) {
    const auto right = server.content;
    for (const auto code : {ErrorCode::Unreachable, ErrorCode::Timeout}) {
        server.content.replace(399, 1, 1, '!');
        server.script = {{.breakAfter = 400, .readFailure = Error(code, "no")}};
        server.requests.clear();
        server.beforeRead = [this, right](int) {
            if (server.requests.size() == 2) {
                server.content = right;
            }
        };
        received.clear();
        const auto source = make();
        EXPECT_THROW((void)readCompared(*source), StartOver);
        received.clear();
        source->startOver();
        EXPECT_EQ(readCompared(*source), right);
    }
}

TEST_F(ComparisonTest, AnswersThatBringNoMoreThanIsComparedMakeProgress) {
    server.content = someContent(400'000);
    server.readSize = 64;
    server.strongValidator = false;
    for (const bool ends : {false, true}) {
        for (const bool named : {false, true}) {
            for (const std::size_t most : {10'000U, 32'768U, 65'535U, 65'536U, 65'537U, 70'000U}) {
                server.validator = named ? "W/1" : "";
                server.script.assign(400'000 / (most - 8192), {.breakAfter = most, .endEarly = ends});
                server.requests.clear();
                received.clear();
                const auto source = make();
                EXPECT_TRUE(readCompared(*source) == server.content) << most;
                EXPECT_LE(server.requests.size(), 400'000 / (most - 8192) + 4) << most << ends << named;
            }
        }
    }
}

TEST_F(ComparisonTest, AnswersThatAreTooShortToProveAnythingEndIt) {
    server.content = someContent(100'000);
    server.readSize = 64;
    server.strongValidator = false;
    for (const bool ends : {false, true}) {
        for (const std::size_t most : {1U, 1000U, 4095U, 4096U, 5000U}) {
            server.script.assign(1000, {.breakAfter = most, .endEarly = ends});
            server.script.front().breakAfter = 50'000;
            server.requests.clear();
            received.clear();
            const auto source = make();
            EXPECT_EQ(failureOfCompared(*source), ErrorCode::Protocol) << most;
            EXPECT_TRUE(text.starts_with("the server's answers are too short to show that")) << text;
            EXPECT_LE(server.requests.size(), 1 + Origins::shortAnswersAllowed) << most;
            EXPECT_TRUE(server.content.starts_with(received));
        }
    }
}

TEST_F(ComparisonTest, AMirrorTakesOverFromAnswersThatAreTooShort) {
    server.content = mirror.content = someContent(100'000);
    server.readSize = mirror.readSize = 64;
    server.strongValidator = mirror.strongValidator = false;
    server.script.assign(1000, breaking(1000));
    server.script.front().breakAfter = 50'000;
    mirror.script.assign(Origins::shortAnswersAllowed, refusing(ErrorCode::Unreachable));
    const auto source = make(true);
    EXPECT_TRUE(readCompared(*source) == server.content);
}

TEST_F(ComparisonTest, ARedirectorsServersContinueEachOtherUnderAChecksum) {
    settings.contentIsVerified = true;
    server.script = {breaking(400),
                     {.openFailure = Error(ErrorCode::Range, "the file on the server changed")}};
    const auto source = make();
    EXPECT_EQ(readCompared(*source), server.content);
    EXPECT_EQ(server.requests.at(1).validator, server.validator);
    EXPECT_EQ(server.requests.at(2).validator, "");
    EXPECT_EQ(server.delivered, server.content.size() + 400);
}

TEST_F(ResumingSourceTest, TriesMirrorsInTurnWithoutWaiting) {
    server.script.assign(50, refusing(ErrorCode::Unreachable));
    const auto source = make(true);
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(server.requests.size(), 1U);
    EXPECT_EQ(mirror.requests.size(), 1U);
}

TEST_F(ComparisonTest, AMirrorWithTheSameValidatorTakesOver) {
    server.script.assign(50, refusing(ErrorCode::Unreachable));
    server.script.front() = breaking(700);
    const auto source = make(true);
    EXPECT_EQ(readCompared(*source), server.content);
    EXPECT_EQ(mirror.requests.at(0).offset, 0U) << "700 bytes to compare are all there are";
    EXPECT_EQ(mirror.requests.at(0).validator, server.validator);
}

TEST_F(ComparisonTest, AMirrorWithAnotherValidatorStartsOverUnlessThereIsAChecksum) {
    server.content = mirror.content = someContent(200'000);
    mirror.validator = "\"other\"";
    server.script = {breaking(100'000)};
    const auto unguarded = make(true);
    EXPECT_THROW((void)readAll(*unguarded), StartOver);

    mirror.requests.clear();
    server.script = {breaking(100'000)};
    settings.contentIsVerified = true;
    const auto guarded = make(true);
    EXPECT_TRUE(readCompared(*guarded) == server.content);
    EXPECT_EQ(mirror.requests.at(0).validator, "");
    EXPECT_EQ(mirror.requests.at(0).offset, 100'000U - 65'536U);
}

TEST_F(ComparisonTest, AMirrorWithOtherBytesStartsOverUnderAChecksum) {
    settings.contentIsVerified = true;
    mirror.content[699] = '!';
    server.script = {breaking(700)};
    const auto source = make(true);
    EXPECT_THROW((void)readCompared(*source), StartOver);
    received.clear();
    source->startOver();
    EXPECT_EQ(readCompared(*source), mirror.content);
}

TEST_F(ResumingSourceTest, AMirrorWithoutAValidatorStartsOver) {
    server.validator.clear();
    server.script = {breaking(700)};
    const auto source = make(true);
    EXPECT_THROW((void)readAll(*source), StartOver);
    EXPECT_TRUE(mirror.requests.empty());
    source->startOver();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(mirror.requests.at(0).offset, 0U);
}

TEST_F(ResumingSourceTest, GivesUpAMirrorWithoutTheFile) {
    server.script.assign(9, refusing(ErrorCode::NotFound));
    const auto source = make(true);
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(server.requests.size(), 1U);
}

TEST_F(ResumingSourceTest, ReportsEveryServersReasonAndTheFirstOnesCode) {
    server.script.assign(9, {.openFailure = Error(ErrorCode::NotFound, "server answered 404")});
    mirror.script.assign(9, {.openFailure = Error(ErrorCode::Tls, "no trust in mirror.example")});
    const auto source = make(true);
    EXPECT_EQ(failureOf(*source), ErrorCode::NotFound);
    EXPECT_EQ(text, "first.example: server answered 404; no trust in mirror.example");
}

TEST_F(ResumingSourceTest, RespectsRetryAfterWhileTryingAMirror) {
    Error busy(ErrorCode::Unreachable, "server answered 503");
    busy.setRetryAfter(1s);
    server.script = {{.openFailure = busy}};
    mirror.script.assign(100000, refusing(ErrorCode::Unreachable));
    const auto source = make(true);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
    EXPECT_EQ(server.requests.size(), 2U);
    EXPECT_GT(mirror.requests.size(), 2U);
}

TEST_F(ResumingSourceTest, ReceivedBytesResetTheBackoff) {
    settings.policy.longest = 60s;
    settings.timeout = 10s; // without the reset the waits add up to half a minute
    server.script.assign(16, breaking(70));
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_EQ(server.requests.size(), 17U);
}

TEST_F(ResumingSourceTest, AStallIsAFailedAttempt) {
    settings.stallTimeout = 10ms;
    bool stalled = false;
    server.beforeRead = [&](int cancelFd) {
        if (!std::exchange(stalled, true)) {
            pollfd entry{.fd = cancelFd, .events = POLLIN, .revents = 0};
            ASSERT_EQ(::poll(&entry, 1, 10000), 1); // as a plugin does
            throw Error(ErrorCode::Cancelled, "gave up");
        }
    };
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
    EXPECT_TRUE(listener.sawDetail("nothing arrived for 1 s")) << "durations round up";
}

TEST_F(ResumingSourceTest, CancellingEndsReadsAndWaits) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    settings.cancelFd = readEnd.get();
    settings.policy.first = settings.policy.longest = 3600s; // a wait that only a cancel can end
    server.script = {refusing(ErrorCode::Unreachable)};
    const auto source = make();
    writeEnd.reset();
    EXPECT_EQ(failureOf(*source), ErrorCode::Cancelled);
}

TEST_F(ResumingSourceTest, TheOverallTimeoutReportsTheLastReason) {
    settings.timeout = 20ms;
    server.script.assign(100000, refusing(ErrorCode::Unreachable));
    const auto source = make();
    EXPECT_EQ(failureOf(*source), ErrorCode::Unreachable);
    EXPECT_NE(text.find("gave up after"), std::string::npos) << text;
    EXPECT_NE(text.find("no"), std::string::npos) << text;
}

TEST_F(ResumingSourceTest, GivesUpWhenNothingArrivesForTooLong) {
    settings.idleTimeout = 30ms;
    server.script.assign(1000, refusing(ErrorCode::Unreachable));
    const auto source = make();
    EXPECT_EQ(failureOf(*source), ErrorCode::Unreachable);
    EXPECT_NE(text.find("without new data: no"), std::string::npos) << text;
}

// A server that always stops early delivers the same bytes again and again.
TEST_F(ResumingSourceTest, BytesThatArriveAgainDoNotCountAsNew) {
    settings.idleTimeout = 30ms;
    server.resumable = false;
    server.script.assign(100'000, breaking(600));
    const auto source = make();
    while (!server.script.empty()) {
        try {
            (void)readAll(*source);
        } catch (const StartOver&) {
            source->startOver();
        } catch (const AllOriginsFailed& end) {
            EXPECT_EQ(end.code(), ErrorCode::Unreachable);
            return;
        }
    }
    FAIL() << "it was not given up";
}

TEST_F(ResumingSourceTest, GivesUpAServerThatIsSilentForTooLong) {
    settings.idleTimeout = 30ms;
    server.beforeRead = [](int cancelFd) {
        pollfd entry{.fd = cancelFd, .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&entry, 1, 10000), 1); // as a plugin does
        throw Error(ErrorCode::Cancelled, "gave up");
    };
    const auto source = make();
    EXPECT_EQ(failureOf(*source), ErrorCode::Timeout);
    EXPECT_NE(text.find("no answer yet"), std::string::npos) << text;
}

TEST_F(ResumingSourceTest, EachByteBeginsThePatienceAnew) {
    settings.idleTimeout = std::chrono::hours(1);
    server.script = {breaking(100), breaking(0), breaking(333)};
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
}

// The reader may be a process that writes to a slow pipe before it answers.
TEST_F(ResumingSourceTest, TheTimeOfTheReaderIsNotTheServers) {
    settings.idleTimeout = 2s;
    server.script = {breaking(100)};
    const auto source = make();
    source->discardIf([] {
        std::this_thread::sleep_for(2500ms);
        return true;
    });
    EXPECT_EQ(readAll(*source), server.content);
}

TEST_F(ResumingSourceTest, KeepsToTheRate) {
    settings.limitRate = 5000;
    server.script = {breaking(300)};
    const auto source = make();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(readAll(*source), server.content); // 1000 bytes: 200 ms, of which 100 may be saved
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 50ms);
}

TEST_F(ResumingSourceTest, IsCancelledWhileItKeepsToTheRate) {
    settings.limitRate = 1;
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const UniqueFd readEnd(ends[0]);
    UniqueFd writeEnd(ends[1]);
    settings.cancelFd = readEnd.get();
    const auto source = make();
    std::array<std::byte, 64> buffer{};
    EXPECT_EQ(source->read(buffer), 1U);
    writeEnd.reset();
    EXPECT_EQ(failureOf(*source), ErrorCode::Cancelled);
}

TEST_F(ResumingSourceTest, PassesRetryAfterToThePolicy) {
    Error busy(ErrorCode::Unreachable, "server answered 503");
    busy.setRetryAfter(0s);
    server.script = {{.openFailure = busy}};
    const auto source = make();
    EXPECT_EQ(readAll(*source), server.content);
}

} // namespace
} // namespace bootferry
