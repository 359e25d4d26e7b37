// SPDX-License-Identifier: LGPL-2.1-or-later
#include "parallel_ranges.h"

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "handles.h"
#include "range_server.h"

namespace bootferry {
namespace {

constexpr std::uint64_t size = 100'003;
constexpr std::uint64_t from = 7;
constexpr SegmentBuffers buffers{.count = 4, .size = 4096};

class ParallelRangesTest : public ::testing::Test {
protected:
    void start(unsigned connections) {
        OpenRequest rest;
        rest.url = "x://h/";
        rest.offset = from;
        rest.validator = "\"v1\"";
        rest.cancelFd = cancel_.get();
        SourceInfo whole;
        whole.size = size;
        ranges_ = std::make_unique<ParallelRanges>(server_, rest, whole, buffers);
        ranges_->use(connections);
    }

    // Reads to the end or to a failure; returns the offset there.
    std::uint64_t read(std::size_t most = SIZE_MAX) {
        auto position = from;
        try {
            (void)readAll(
                [&](std::span<std::byte> into) {
                    const auto count = ranges_->read(into.first(std::min(most, into.size())));
                    position += count;
                    delivered_ = position;
                    return count;
                },
                from);
        } catch (const Error& error) {
            failure_ = error;
        }
        return position;
    }

    static void waitForCancel(const OpenRequest& request) {
        pollfd entry{.fd = request.cancelFd, .events = POLLIN, .revents = 0};
        ::poll(&entry, 1, -1);
    }

    RangeServer server_{size};
    UniqueFd cancel_{eventfd(0, EFD_CLOEXEC)};
    std::unique_ptr<ParallelRanges> ranges_;
    std::optional<Error> failure_;
    std::atomic<std::uint64_t> delivered_ = from;
};

TEST_F(ParallelRangesTest, APartThatDoesNotShowItsVersionIsNotTaken) {
    server_.info.validator.clear();
    server_.accepted = "\"v1\"";
    start(2);
    EXPECT_EQ(read(), from);
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code(), ErrorCode::Range);
}

TEST_F(ParallelRangesTest, DeliverEveryByteInOrder) {
    start(4);
    EXPECT_EQ(read(), size);
    EXPECT_FALSE(failure_);
    EXPECT_LE(server_.mostAtATime(), 4U);
    for (const auto& request : server_.requests()) {
        EXPECT_EQ(request.validator, "\"v1\"");
        EXPECT_LE(request.length.value(), buffers.size);
    }
}

TEST_F(ParallelRangesTest, FetchOnlyAsMuchAsTheBuffersHold) {
    constexpr std::size_t piece = 512;
    std::uint64_t furthest = 0;
    server_.onOpen = [&](const OpenRequest& request) {
        furthest = std::max(furthest, request.offset + request.length.value() - delivered_);
    };
    start(4);
    EXPECT_EQ(read(piece), size);
    EXPECT_LE(furthest, buffers.count * buffers.size + piece);
}

TEST_F(ParallelRangesTest, ContinueWithoutARefusedConnection) {
    int opened = 0;
    server_.onOpen = [&](const OpenRequest&) {
        if (++opened > 1 && opened < 4) {
            throw Error(ErrorCode::Unreachable, "server answered 503");
        }
    };
    start(3);
    EXPECT_EQ(read(), size);
    EXPECT_FALSE(failure_);
    EXPECT_EQ(server_.mostAtATime(), 1U);
}

TEST_F(ParallelRangesTest, AnotherConnectionContinuesABrokenOnesSegment) {
    constexpr std::uint64_t second = from + buffers.size;
    bool wasCut = false;
    server_.cutAfter = [&wasCut](const OpenRequest& request) {
        const bool isCut = request.offset == second && !std::exchange(wasCut, true);
        return isCut ? std::optional<std::size_t>(1500) : std::nullopt;
    };
    start(2);
    EXPECT_EQ(read(), size);
    const auto requests = server_.requests();
    EXPECT_EQ(std::count_if(requests.begin(), requests.end(),
                            [](const auto& request) { return request.offset == second; }),
              2)
        << "1500 bytes to compare are all there are";
}

// The last bytes are wrong, as from a script on the server that ends with the text of an error. If they were
// delivered already, the reader has to compare.
TEST_F(ParallelRangesTest, WrongBytesOfABrokenConnectionAreNotContinued) {
    server_.wrongBeforeCut = 100;
    for (const std::uint64_t segment : {0U, 1U, 5U}) {
        std::atomic<bool> wasCut = false;
        server_.cutAfter = [&wasCut, segment](const OpenRequest& request) {
            const bool isCut = request.offset == from + segment * buffers.size && !wasCut.exchange(true);
            return isCut ? std::optional<std::size_t>(1500) : std::nullopt;
        };
        start(2);
        std::vector<std::byte> all;
        std::array<std::byte, 512> piece{};
        std::optional<ErrorCode> failure;
        try {
            while (const auto count = ranges_->read(piece)) {
                all.insert(all.end(), piece.data(), piece.data() + count);
            }
        } catch (const Error& error) {
            failure = error.code();
        }
        bool isRight = true;
        for (std::size_t i = 0; i < all.size(); ++i) {
            isRight = isRight && all[i] == RangeServer::byteAt(from + i);
        }
        EXPECT_TRUE(wasCut);
        EXPECT_EQ(failure.has_value(), all.size() < size - from);
        EXPECT_TRUE(isRight || failure == ErrorCode::Protocol) << segment;
        ranges_.reset();
    }
}

TEST_F(ParallelRangesTest, TheLastConnectionsFailureComesAfterItsBytes) {
    server_.cutAfter = [](const OpenRequest& request) {
        return request.offset == from + buffers.size ? std::optional<std::size_t>(1500) : std::nullopt;
    };
    start(1);
    EXPECT_EQ(read(), from + buffers.size + 1500);
    EXPECT_EQ(failure_.value().code(), ErrorCode::Unreachable);
}

TEST_F(ParallelRangesTest, NeverMixTwoVersions) {
    int opened = 0;
    server_.onOpen = [&](const OpenRequest&) {
        if (++opened == 6) {
            server_.info.validator = "\"v2\"";
        }
    };
    start(4);
    EXPECT_LE(read(), from + 8 * buffers.size);
    EXPECT_EQ(failure_.value().code(), ErrorCode::Range);
}

TEST_F(ParallelRangesTest, RefuseAPartOfAnotherServer) {
    server_.locationOf = [](const OpenRequest& request) { return request.offset > from ? "x://other/" : ""; };
    start(3);
    (void)read();
    ASSERT_TRUE(failure_);
    EXPECT_EQ(failure_->code(), ErrorCode::Range);
}

TEST_F(ParallelRangesTest, RefuseASourceOfADifferentSize) {
    server_.info.size = size + 1;
    start(4);
    EXPECT_EQ(read(), from);
    EXPECT_EQ(failure_.value().code(), ErrorCode::Range);
}

TEST_F(ParallelRangesTest, CancellingReachesAllConnections) {
    server_.onRead = [&](const OpenRequest& request) {
        ASSERT_EQ(eventfd_write(cancel_.get(), 1), 0);
        waitForCancel(request);
    };
    start(4);
    EXPECT_EQ(read(), from);
    EXPECT_EQ(failure_.value().code(), ErrorCode::Cancelled);
}

TEST_F(ParallelRangesTest, TheDestructorCancelsAllConnections) {
    server_.onRead = &waitForCancel;
    start(3);
    while (server_.openNow() < 3) {
        std::this_thread::yield();
    }
    ranges_.reset(); // hangs if the threads are not cancelled
    EXPECT_EQ(server_.openNow(), 0U);
}

TEST_F(ParallelRangesTest, FewerConnectionsFetchTheRest) {
    start(4);
    ranges_->use(1);
    EXPECT_EQ(read(), size);
    EXPECT_FALSE(failure_);
}

} // namespace
} // namespace bootferry
