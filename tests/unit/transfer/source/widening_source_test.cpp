// SPDX-License-Identifier: LGPL-2.1-or-later
// The fake clock advances by 10 ms each time it is read, so that opening and each read take 10 ms.
#include "widening_source.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "range_server.h"

namespace bootferry {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t size = 200'003;
constexpr std::size_t memory = 3 * 4096;

WideningSettings settings() {
    return {.limits = {.connections = 3,
                       .farAway = milliseconds(10),
                       .fast = 1e9,
                       .leastRest = 1,
                       .warmUp = milliseconds(10),
                       .measuring = milliseconds(30),
                       .growth = 0},
            .memory = memory,
            .now = [time = std::chrono::steady_clock::time_point()]() mutable {
                return time += milliseconds(10);
            }};
}

class WideningSourceTest : public ::testing::Test {
protected:
    std::unique_ptr<ByteSource> open(std::uint64_t offset = 0) {
        if (!transport_) {
            transport_.emplace(server_, settings_);
        }
        OpenRequest request;
        request.url = "x://h/";
        request.offset = offset;
        request.validator = offset > 0 ? "\"v1\"" : "";
        return transport_->open(request);
    }

    // Reads to the end or to a failure; returns the offset there.
    std::uint64_t read(ByteSource& source, std::uint64_t offset = 0) {
        auto position = offset;
        try {
            (void)readAll(
                [&](std::span<std::byte> into) {
                    const auto count = source.read(into);
                    position += count;
                    return count;
                },
                offset);
        } catch (const Error& error) {
            failure_ = error;
        }
        return position;
    }

    std::vector<OpenRequest> whole() {
        auto requests = server_.requests();
        std::erase_if(requests, [](const auto& request) { return request.length.has_value(); });
        return requests;
    }

    RangeServer server_{size};
    WideningSettings settings_ = settings();
    std::optional<WideningTransport> transport_;
    std::optional<Error> failure_;
};

TEST_F(WideningSourceTest, SwitchesFromOneConnectionToSeveral) {
    const auto source = open();
    EXPECT_EQ(read(*source), size);
    EXPECT_FALSE(failure_);
    EXPECT_EQ(whole().size(), 1U);
    EXPECT_GT(server_.parts(), 10U);
    EXPECT_LE(server_.mostAtATime(), 4U); // the first one is closed when the others have begun
    EXPECT_EQ(source->info().size, size);
}

TEST_F(WideningSourceTest, BeginsAtAnOffset) {
    EXPECT_EQ(read(*open(60'000), 60'000), size);
    EXPECT_GT(server_.parts(), 10U);
}

TEST_F(WideningSourceTest, StaysWithOneIfSeveralAreNotPossible) {
    const std::vector<std::function<void()>> reasons{
        [this] { server_.info.ranges = false; },
        [this] { server_.info.resumable = false; },
        [this] { server_.info.validator.clear(); },
        [this] { settings_.limits.connections = 1; },
        [this] { settings_.limits.farAway = std::chrono::hours(1); },
    };
    const auto info = server_.info;
    for (const auto& reason : reasons) {
        server_.info = info;
        settings_ = settings();
        transport_.reset();
        reason();
        EXPECT_EQ(read(*open()), size);
        EXPECT_EQ(server_.parts(), 0U);
    }
}

TEST_F(WideningSourceTest, ContinuesIfTheServerRefusesMoreConnections) {
    for (const auto code : {ErrorCode::Unreachable, ErrorCode::Range, ErrorCode::Auth}) {
        transport_.reset();
        const auto before = whole().size();
        server_.onOpen = [code](const OpenRequest& request) {
            if (request.length) {
                throw Error(code, "no more than one");
            }
        };
        EXPECT_EQ(read(*open()), size);
        EXPECT_FALSE(failure_);
        EXPECT_EQ(whole().size(), before + 1); // the first connection continued
        const auto tried = server_.parts();
        EXPECT_EQ(read(*open()), size);
        EXPECT_EQ(server_.parts(), tried) << "the next attempt tried again";
    }
}

TEST_F(WideningSourceTest, GoesBackIfMoreConnectionsAreNotFaster) {
    settings_.limits.growth = 1e9;
    EXPECT_EQ(read(*open()), size);
    EXPECT_FALSE(failure_);
    ASSERT_EQ(whole().size(), 2U);
    EXPECT_GT(whole().back().offset, 0U);
    EXPECT_EQ(whole().back().validator, "\"v1\"");
    EXPECT_LT(server_.parts(), 30U);
}

TEST_F(WideningSourceTest, TheAttemptFailsWhenTheLastConnectionBreaks) {
    server_.cutAfter = [](const OpenRequest& request) {
        return request.length && request.offset > 50'000 ? std::optional<std::size_t>(100) : std::nullopt;
    };
    const auto stopped = read(*open());
    EXPECT_EQ(failure_.value().code(), ErrorCode::Unreachable);
    EXPECT_GT(stopped, 50'000U);
    server_.cutAfter = {};
    EXPECT_EQ(read(*open(stopped), stopped), size);
}

// As a server does that sends the text of an error in some parts: several connections would meet it again.
TEST_F(WideningSourceTest, WrongBytesOfALostConnectionEndTheUseOfSeveralOnlyIfItStartsOver) {
    server_.wrongBeforeCut = 5;
    server_.cutAfter = [](const OpenRequest& request) {
        return request.length && request.offset > 50'000 ? std::optional<std::size_t>(100) : std::nullopt;
    };
    std::uint64_t position = 0;
    std::vector<std::byte> buffer(4096);
    const auto source = open();
    try {
        while (const auto count = source->read(buffer)) {
            position += count;
        }
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_TRUE(isTransient(error.code())) << error.what();
    }
    const auto parts = server_.parts();
    auto resumed = open(position);
    (void)resumed->read(buffer);
    resumed.reset();
    EXPECT_EQ(server_.parts(), parts);
    EXPECT_EQ(read(*open()), size);
    EXPECT_FALSE(failure_);
    EXPECT_EQ(server_.parts(), parts) << "several connections again";
}

TEST_F(WideningSourceTest, AServerThatSendsWrongPartsIsAskedByOneConnection) {
    std::atomic<std::uint64_t> lostAt = UINT64_MAX;
    std::atomic<bool> isAskedAgain = false;
    std::atomic<std::uint64_t> reached = 0;
    server_.wrongBeforeCut = 100;
    server_.cutAfter = [&](const OpenRequest& request) -> std::optional<std::size_t> {
        if (request.length && request.offset > 50'000 && lostAt == UINT64_MAX) {
            lostAt = request.offset;
            return 2000;
        }
        isAskedAgain = isAskedAgain || request.offset == lostAt;
        return std::nullopt;
    };
    server_.onRead = [&](const OpenRequest& request) {
        while (isAskedAgain && request.offset == lostAt && reached <= lostAt) {
            std::this_thread::yield(); // the reader takes the wrong ones
        }
    };
    auto source = open();
    std::vector<std::byte> buffer(4096);
    std::optional<Error> failure;
    try {
        while (const auto count = source->read(buffer)) {
            reached += count;
        }
    } catch (const Error& error) {
        failure = error;
    }
    source.reset();
    EXPECT_EQ(failure.value().code(), ErrorCode::Protocol);
    EXPECT_THAT(failure.value().what(), ::testing::HasSubstr("had sent wrong bytes before byte"));
    server_.cutAfter = {};
    const auto parts = server_.parts();
    EXPECT_EQ(read(*open(50'000), 50'000), size);
    EXPECT_EQ(server_.parts(), parts);
}

TEST_F(WideningSourceTest, ASourceThatChangesMidwayIsARangeError) {
    server_.onOpen = [this](const OpenRequest& request) {
        if (request.offset > 50'000) {
            server_.info.validator = "\"v2\"";
        }
    };
    EXPECT_LT(read(*open()), size);
    EXPECT_EQ(failure_.value().code(), ErrorCode::Range);
}

} // namespace
} // namespace bootferry
