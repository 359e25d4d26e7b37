// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_queue.h"

#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <libssh/sftp.h>

#include "host.h"

namespace bootferry::sftp {
namespace {

constexpr std::uint32_t whole = 32768;

std::string early(ReadQueue& queue) {
    std::array<char, 16> bytes{};
    return {bytes.data(), queue.takeEarly(std::as_writable_bytes(std::span(bytes)))};
}

void put(std::span<std::byte> where, const std::string& text) {
    ASSERT_EQ(where.size(), text.size());
    std::memcpy(where.data(), text.data(), text.size());
}

TEST(ReadQueueTest, AsksInOrderUpToTheEndOfTheFile) {
    ReadQueue queue(10, 10 + whole + 5);
    const auto pieces = queue.refill(1'000'000);
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_EQ(pieces[0].offset, 10U);
    EXPECT_EQ(pieces[0].length, whole);
    EXPECT_EQ(pieces[1].offset, 10 + whole);
    EXPECT_EQ(pieces[1].length, 5U);
    EXPECT_NE(pieces[0].id, pieces[1].id);
    EXPECT_TRUE(queue.refill(1'000'000).empty());
}

TEST(ReadQueueTest, AsksForSeveralPiecesWhenAQuarterHasCome) {
    ReadQueue queue(0, std::nullopt);
    auto pieces = queue.refill(8 * whole);
    ASSERT_EQ(pieces.size(), 8U);
    for (std::uint32_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(queue.refill(8 * whole).empty());
        EXPECT_TRUE(queue.expectData(pieces[i].id, whole).empty());
        queue.delivered(whole);
    }
    EXPECT_EQ(queue.refill(8 * whole).size(), 2U);
}

TEST(ReadQueueTest, WhatComesEarlyIsKeptForItsTurn) {
    ReadQueue queue(0, whole + 5);
    const auto pieces = queue.refill(1'000'000);
    put(queue.expectData(pieces[1].id, 5), "later");
    EXPECT_EQ(early(queue), "");
    EXPECT_TRUE(queue.expectData(pieces[0].id, whole).empty());
    queue.delivered(whole);
    std::array<std::byte, 2> two{};
    EXPECT_EQ(queue.takeEarly(two), 2U);
    EXPECT_EQ(early(queue), "ter");
    EXPECT_EQ(early(queue), "");
}

TEST(ReadQueueTest, TheRestOfAShortAnswerIsRequestedAgain) {
    ReadQueue queue(0, whole);
    const auto first = queue.refill(whole);
    EXPECT_TRUE(queue.expectData(first.at(0).id, 100).empty());
    const auto rest = queue.refill(whole);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].offset, 100U);
    EXPECT_EQ(rest[0].length, whole - 100);
    queue.delivered(100);
    EXPECT_TRUE(queue.expectData(rest[0].id, whole - 100).empty());
}

TEST(ReadQueueTest, AnEndIsHeardOfWhenItIsReached) {
    ReadQueue queue(0, std::nullopt);
    const auto pieces = queue.refill(2 * whole);
    queue.takeStatus(pieces[1].id, SSH_FX_EOF);
    EXPECT_FALSE(queue.status());
    EXPECT_TRUE(queue.expectData(pieces[0].id, whole).empty());
    queue.delivered(whole);
    EXPECT_EQ(queue.status(), std::uint32_t{SSH_FX_EOF});
}

TEST(ReadQueueTest, AServerThatAnswersByteForByteIsGivenUpBeforeItFillsTheMemory) {
    ReadQueue queue(0, std::nullopt);
    auto pieces = queue.refill(8 * whole); // the first one is never answered
    const auto answerAll = [&] {
        for (int i = 0; i < 20000; ++i) {
            (void)queue.expectData(pieces.back().id, 1);
            pieces = queue.refill(8 * whole);
        }
    };
    EXPECT_THROW(answerAll(), plugin::Failure);
}

TEST(ReadQueueTest, AnAnswerToNoQuestionIsRefused) {
    ReadQueue queue(0, whole);
    const auto id = queue.refill(whole).at(0).id;
    EXPECT_THROW((void)queue.expectData(id + 1, 1), plugin::Failure);
    EXPECT_THROW((void)queue.expectData(id, whole + 1), plugin::Failure);
    EXPECT_THROW((void)queue.expectData(id, 0), plugin::Failure);
    EXPECT_TRUE(queue.expectData(id, whole).empty());
    EXPECT_THROW((void)queue.expectData(id, whole), plugin::Failure);
    EXPECT_THROW(queue.takeStatus(id, SSH_FX_EOF), plugin::Failure);
}

} // namespace
} // namespace bootferry::sftp
