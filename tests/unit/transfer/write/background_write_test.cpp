// SPDX-License-Identifier: LGPL-2.1-or-later
// The caller continues while a piece is written, but is never two pieces ahead. Its next call throws a
// failure, once; then the writer can be used again.
#include "background_write.h"

#include <algorithm>
#include <array>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace bootferry {
namespace {

constexpr std::array<std::byte, 4> piece{};

TEST(BackgroundWrite, WritesInTheOrderOfTheCalls) {
    std::vector<std::uint64_t> positions;
    BackgroundWrite background([&](auto, std::uint64_t position) { positions.push_back(position); });
    for (std::uint64_t position = 0; position < 100; ++position) {
        background.start(piece, position);
    }
    background.wait();
    ASSERT_EQ(positions.size(), 100);
    EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
}

TEST(BackgroundWrite, TheCallerContinuesDuringAWrite) {
    std::latch callerWentOn(1);
    std::thread::id writer;
    BackgroundWrite background([&](auto, auto) {
        callerWentOn.wait();
        writer = std::this_thread::get_id();
    });
    background.start(piece, 0);
    callerWentOn.count_down();
    background.wait();
    EXPECT_NE(writer, std::this_thread::get_id());
}

TEST(BackgroundWrite, ThePreviousPieceIsFreeWhenStartReturns) {
    std::array<std::byte, 4> first{};
    std::byte seen{1};
    BackgroundWrite background([&](auto bytes, auto) { seen = bytes.front(); });
    background.start(first, 0);
    background.start(piece, 4);
    first.fill(std::byte{7});
    background.wait();
    EXPECT_EQ(seen, std::byte{0});
}

TEST(BackgroundWrite, ThrowsAFailureOnceAndThenWorksAgain) {
    bool fails = true;
    int written = 0;
    BackgroundWrite background([&](auto, auto) {
        if (fails) {
            throw std::runtime_error("the disk is full");
        }
        ++written;
    });
    background.start(piece, 0);
    EXPECT_THROW(background.wait(), std::runtime_error);
    background.wait();
    background.start(piece, 0);
    EXPECT_THROW(background.start(piece, 4), std::runtime_error);
    fails = false;
    background.start(piece, 4);
    background.wait();
    EXPECT_EQ(written, 1);
}

TEST(BackgroundWrite, TheDestructorWaitsForTheWrite) {
    int written = 0;
    {
        BackgroundWrite background([&](auto, auto) { ++written; });
        background.start(piece, 0);
    }
    EXPECT_EQ(written, 1);
}

} // namespace
} // namespace bootferry
